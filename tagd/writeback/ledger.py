"""The ledger of writes, kept in the catalogue; and what a kill left behind, set right by it."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tagd.catalogue.files import photos, sidecars
from tagd.catalogue.queue import jobs
from tagd.catalogue.written import inscriptions, revisions
from tagd.catalogue.written.inscriptions import Begun, Inscription
from tagd.domain import FileState, JobKind, Place, Priority, SettledFile
from tagd.errors import CatalogueError, InternalFault
from tagd.fs import signature_of
from tagd.metadata.keywords import Field
from tagd.metadata.ledger import FileIdentity, Intent
from tagd.metadata.recovery import Recovered, recover
from tagd.metadata.sidecar import BESIDE

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from pathlib import Path

    from sqlalchemy import Connection

    from tagd.catalogue.db.engine import Catalogue
    from tagd.catalogue.tagging.runs import Run
    from tagd.catalogue.written.inscriptions import Keywords as Stored
    from tagd.domain import Signature
    from tagd.metadata.keywords import Keywords
    from tagd.metadata.sidecar import SidecarRule


@dataclass(frozen=True, slots=True)
class CatalogueLedger:
    """The ledger of one file's writes to one place, as metadata's writer wants it."""

    catalogue: Catalogue
    file_id: int
    place: Place
    wish: str
    run: Run

    def begin(self, intent: Intent) -> None:
        """Note it; committed when this returns."""
        seen = intent.seen
        told = None if seen is None else (seen.inode, seen.size, seen.mtime_ns, seen.links)
        begun = Begun(
            intent.token,
            self.file_id,
            self.place,
            intent.path,
            told,
            intent.digest,
            stored(intent.ours),
            self.wish,
            intent.way,
        )
        with self.catalogue.write() as tx:
            inscriptions.begin(tx, begun, self.run)

    def done(self, intent: Intent, signature: Signature | None) -> None:
        """Settle it, note what was written, and look at the file once more, in one transaction:
        what the watch told of it meanwhile may have been taken for our own doing."""
        with self.catalogue.write() as tx:
            inscriptions.settle(tx, intent.token)
            # A look at the photo that has begun before now may have seen the file without these
            # words, which would then pass for taken away, or with those that are gone.
            jobs.start_over(tx, JobKind.TAG, [self.file_id])
            if signature is not None:
                self.keep(tx, intent)
                self.note(tx, intent.path, intent.ours, signature)
            if self.place is Place.EMBEDDED:
                _look_again(tx, self.file_id, intent.path, signature)
            else:
                _read_again(tx, self.file_id, intent.path)

    def keep(self, tx: Connection, intent: Intent) -> None:
        """Keep the way back from what was written."""
        digest, way = intent.digest, intent.way
        revisions.keep(tx, self.file_id, self.place, self.run, digest=digest, way=way)

    def note(self, tx: Connection, path: Path, ours: Keywords, signature: Signature) -> None:
        """Note what tagd answers for in the file from now on."""
        what = Inscription(self.place, path, stored(ours), self.wish, signature)
        inscriptions.put(tx, self.file_id, what, self.run, time.time())


@dataclass(frozen=True, slots=True)
class Recovery:
    """How what a kill cut short was set right: what a person should know, by path, and the tokens
    of the writes that cannot be set right yet, such as those on a disk that is not mounted, or that
    may only be read."""

    told: tuple[tuple[Path, str], ...]
    awaited: frozenset[str]


def recover_all(catalogue: Catalogue, run: Run) -> Recovery:
    """Set right every write that a kill cut short. To be called by the catalogue's owner, before
    anything is written."""
    with catalogue.read() as tx:
        found = inscriptions.begun(tx)
    return _recover(catalogue, run, [(each, each.path.parent) for each in found])


def recover_awaited(
    catalogue: Catalogue,
    run: Run,
    awaited: Collection[str],
    met: Mapping[str, Path],
    rule: SidecarRule = BESIDE,
) -> Recovery:
    """Try those again, by their tokens; `met` are the folders in which a scan met files of theirs.
    Where a photo lies elsewhere by now and nothing was met, nothing is left of the write; `rule`
    says which sidecars do not go with their photos."""
    with catalogue.read() as tx:
        found = [each for each in inscriptions.begun(tx) if each.token in awaited]
        homes = [(each, _home(tx, each, rule)) for each in found]
    # Only now, since a scan tells of what it met before it tells the catalogue who has moved.
    return _recover(catalogue, run, [(each, met.get(each.token, home)) for each, home in homes])


def _home(tx: Connection, begun: Begun, rule: SidecarRule) -> Path:
    """Return the folder in which to look: where it was, or where the photo lies by now as far as
    the catalogue knows, if it lay beside it. A disk that does not answer is still where it was."""
    folder = begun.path.parent
    try:
        if folder.is_dir():
            return folder
    except OSError:
        return folder
    known = inscriptions.target(tx, begun.file_id)
    goes_along = begun.place is Place.EMBEDDED or rule.beside(begun.path) == begun.path
    return folder if known is None or not goes_along else known.path.parent


def _recover(catalogue: Catalogue, run: Run, found: Sequence[tuple[Begun, Path]]) -> Recovery:
    told, awaited = [], set()
    for each, folder in found:
        intent = replace(_intent(each), path=folder / each.path.name)
        ledger = CatalogueLedger(catalogue, each.file_id, each.place, each.wish, run)
        try:
            came = recover(intent)
            is_written = came is Recovered.WRITTEN and bool(intent.digest)
            signature = signature_of(intent.path.lstat()) if is_written else None
            if came is not Recovered.AWAITED:
                ledger.done(intent, signature)
        except CatalogueError:
            raise
        except Exception as raised:  # noqa: BLE001 - whatever it is, it costs this write alone
            error = InternalFault.translated(intent.path, raised)
            told.append((intent.path, f"a write that was cut short is not set right yet: {error}"))
            awaited.add(each.token)
            continue
        if came is Recovered.AWAITED:
            awaited.add(each.token)
            continue
        if came is Recovered.KEPT:
            kept = f"{intent.swap.name} beside it is another version of it, to be looked at"
            told.append((intent.path, kept))
    return Recovery(tuple(told), frozenset(awaited))


def ours_of(stored: Stored) -> Keywords:
    """Keywords by field, as the catalogue keeps them, for the writer."""
    return {Field(name): values for name, values in stored.items()}


def stored(keywords: Keywords) -> Stored:
    """Return what `ours_of` was made of."""
    return {str(field): values for field, values in keywords.items()}


def _intent(begun: Begun) -> Intent:
    seen = None if begun.seen is None else FileIdentity(*begun.seen)
    ours = ours_of(begun.ours)
    return Intent(begun.path, begun.token, seen, begun.digest, ours, begun.way)


def _look_again(tx: Connection, file_id: int, path: Path, left: Signature | None) -> None:
    """Know the photo as it was left. Where it is another by now, or was called missing, or is known
    elsewhere, others did something that could not be told while we wrote."""
    if left is not None:
        inscriptions.take_signature(tx, file_id, path, left)
    try:
        now = signature_of(path.lstat())
    except OSError:
        return  # gone: that is told, or found by a scan
    known = inscriptions.target(tx, file_id)
    if known is not None and known.path == path:
        if known.signature.inode == 0:  # its file system keeps no stable ones
            now = replace(now, inode=0)
        if now == known.signature and known.state is not FileState.MISSING:
            return
    photos.submit(tx, [SettledFile(path, now, Priority.RESCAN)], time.time())


def _read_again(tx: Connection, file_id: int, sidecar: Path) -> None:
    """Have a sidecar read again that is not as it was left: somebody else has changed it."""
    try:
        signature = signature_of(sidecar.lstat())
    except OSError:
        return
    if not sidecars.is_ours(tx, sidecar, signature):
        jobs.enqueue(tx, JobKind.TAG, {file_id: Priority.NEW}, time.time())
