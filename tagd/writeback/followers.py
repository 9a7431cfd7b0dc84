"""Sidecars that go along with their photos, which are called otherwise or lie elsewhere by now.

    where it was left → is it still this photo's → where it should be → moved, never over another

One that another program has brought along already is known where it is. What others made, and holds
nothing of tagd's, stays where it is: their programs look after it.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tagd.catalogue.files import moves
from tagd.catalogue.queue import jobs
from tagd.catalogue.written import inscriptions
from tagd.domain import JobKind, Place, Priority
from tagd.errors import FileChanged
from tagd.fs import signature_of
from tagd.metadata import file_calls, reader, sidecar, xmp
from tagd.metadata.file_calls import translated
from tagd.metadata.safe_write import move, take
from tagd.metadata.writer import out_of_the_way
from tagd.writeback.ledger import CatalogueLedger, ours_of

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Connection

    from tagd.catalogue.db.engine import Catalogue
    from tagd.catalogue.tagging.runs import Run
    from tagd.catalogue.written.inscriptions import Inscription, Target
    from tagd.domain import Signature
    from tagd.metadata.keywords import Keywords
    from tagd.metadata.ledger import Intent
    from tagd.metadata.safe_write import WriteOptions
    from tagd.metadata.sidecar import SidecarRule


@dataclass(frozen=True, slots=True)
class Followers:
    """Brings sidecars along. `rule` says where they lie."""

    catalogue: Catalogue
    rule: SidecarRule
    run: Run
    options: WriteOptions

    def follow(self, target: Target) -> Target:
        """Bring the photo's sidecar along; the target, with where it is now. Raises a PhotoError;
        the sidecar is then where it was."""
        left = target.written.get(Place.SIDECAR)
        if left is None:
            return self._adopted(target)
        if self._lies_right(target, left):
            return target
        with translated(target.path):
            there = sidecar.find(target.path, self.rule, target.content)
        if there is not None and there != left.path:
            return self._known(target, left, there)
        return self._moved(target, left) if self._is_its(target, left) else target

    def _adopted(self, target: Target) -> Target:
        """Return the target with the sidecar of a file that showed the same photo and is gone: it
        moved, and nobody could tell, as where a file system keeps no inodes."""
        with self.catalogue.read() as tx:
            others = inscriptions.beside_others(tx, target)
        for file_id, path, left in others:
            with translated(path):
                is_there = file_calls.is_there(path)
            if is_there or not (self._is_its(target, left) or self._came_along(target, left)):
                continue
            with self.catalogue.write() as tx:
                inscriptions.hand_over(tx, file_id, target.file_id, Place.SIDECAR)
                # It may be there still, under a name that nobody knows yet: then this is its copy.
                moves.write_again(tx, file_id, time.time())
            return self.follow(_with(target, left))
        return target

    def _came_along(self, target: Target, left: Inscription) -> bool:
        """Return whether the photo has a sidecar where it is, and none is where it was left: a
        folder that moved has taken both along."""
        with translated(target.path):
            there = sidecar.find(target.path, self.rule, target.content)
            return there is not None and not file_calls.is_there(left.path)

    def make_way(self, target: Target) -> None:
        """Let a sidecar go that is where this photo's is to be and has another name by rights, such
        as that of a JPEG to whose `photo.xmp` a RAW file has come. Raises a PhotoError."""
        wanted = sidecar.home(target.path, self.rule)
        with self.catalogue.read() as tx:
            its = (inscriptions.target(tx, each) for each in inscriptions.holders(tx, wanted))
            others = [each for each in its if each is not None and each.file_id != target.file_id]
        for other in others:
            self.follow(other)

    def _lies_right(self, target: Target, left: Inscription) -> bool:
        return sidecar.is_named_for(target.path, left.path, self.rule)

    def _is_its(self, target: Target, left: Inscription) -> bool:
        """Return whether what was left is there, and is this photo's still: another may have come
        to its name since."""
        with translated(left.path):
            if not file_calls.is_there(left.path):
                return False
        said = sidecar.said_of(target.path, target.content, left.path)
        if said.content is not None:
            return said.content == target.content
        return bool(reader.of_packets([take(left.path, self.options).data]).claims)

    def _moved(self, target: Target, left: Inscription) -> Target:
        original = take(left.path, self.options)
        # Only now: another thread may bring another photo's there at this very moment.
        if not self._is_its(target, left):
            return target
        place = sidecar.renamed(target.path, left.path, self.rule)
        file_calls.make_folder(place.parent)
        self._clear(target, place)
        with translated(place):
            # Before the ledger knows of it: what was begun is looked at again, and so without end.
            if file_calls.is_there(place):
                raise FileChanged(place, "there is another file of its name")
        ledger = _MoveLedger(self.catalogue, target.file_id, Place.SIDECAR, left.wish, self.run)
        signature = move(
            original,
            place,
            ledger=ledger,
            ours=ours_of(left.ours),
            options=self.options,
        )
        with self.catalogue.write() as tx:
            # Whoever looked at the photo meanwhile found no sidecar, and nothing that is in it.
            jobs.enqueue(tx, JobKind.TAG, {target.file_id: Priority.NEW}, time.time())
        return _with(target, replace(left, path=place, signature=signature))

    def _clear(self, target: Target, place: Path) -> None:
        """Put the sidecar of another photo out of the way that had this one's name before. Where it
        has moved too its sidecar follows from there."""
        with self.catalogue.read() as tx:
            holders = inscriptions.holders(tx, place)
        with translated(place):
            if not file_calls.is_there(place):
                return
        if not holders and not self._is_left_over(target, place):
            return
        aside = out_of_the_way(place, self.options)
        with self.catalogue.write() as tx:
            for each in holders:
                inscriptions.moved(tx, each, Place.SIDECAR, aside, None)
            jobs.enqueue(tx, JobKind.WRITE, dict.fromkeys(holders, Priority.NEW), time.time())

    def _is_left_over(self, target: Target, place: Path) -> bool:
        """Return whether tagd alone wrote the sidecar there, for a photo that had the name
        before."""
        with translated(place):
            if place not in sidecar.outdated(target.path, self.rule, target.content):
                return False
        try:
            packet = xmp.parse(take(place, self.options, most=xmp.MOST_BYTES).data)
        except xmp.MalformedPacket:
            return False
        return xmp.is_tagds_alone(packet)

    def _known(self, target: Target, left: Inscription, there: Path) -> Target:
        """Deal with a photo that has a sidecar already: that one, which somebody has brought along,
        or one that has nothing to do with it."""
        with translated(there):
            found = signature_of(there.lstat())
        before = left.signature
        is_as_left = (found.size, found.mtime_ns) == (before.size, before.mtime_ns)
        is_that = is_as_left or sidecar.subject_of(there).content == target.content
        now = replace(left, path=there, signature=found if is_as_left else before)
        with self.catalogue.write() as tx:
            if is_that:
                inscriptions.moved(tx, target.file_id, Place.SIDECAR, there, now.signature)
            else:
                inscriptions.forget(tx, target.file_id, Place.SIDECAR)
        return _with(target, now if is_that else None)


class _MoveLedger(CatalogueLedger):
    """As any, but that what was written stays that of the run that wrote it."""

    __slots__ = ()

    def keep(self, tx: Connection, intent: Intent) -> None:
        """Keep nothing: its bytes are what they were."""

    def note(self, tx: Connection, path: Path, ours: Keywords, signature: Signature) -> None:
        """Note where it is now."""
        del ours  # as they were
        inscriptions.moved(tx, self.file_id, self.place, path, signature)


def _with(target: Target, left: Inscription | None) -> Target:
    written = dict(target.written)
    written.pop(Place.SIDECAR, None)
    if left is not None:
        written[Place.SIDECAR] = left
    return replace(target, written=written)
