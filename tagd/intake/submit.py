"""Settled files, renames and deletions into the catalogue, in the order in which they happened and
a batch a transaction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tagd.catalogue.files import photos, sidecars
from tagd.catalogue.files.photos import Submitted
from tagd.domain import SettledFile, Signature
from tagd.errors import CatalogueError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from sqlalchemy import Connection

    from tagd.catalogue.db.engine import Catalogue
    from tagd.intake.left_out import Note

BATCH = 500  # files a transaction: about 20 ms, so that others wait no longer for theirs


@dataclass(frozen=True, slots=True)
class Renamed:
    """A file or folder has another path; for a file, with its signature there."""

    source: Path
    destination: Path
    is_folder: bool
    signature: Signature | None = None


@dataclass(frozen=True, slots=True)
class Vanished:
    """A file, or a folder with all that was in it, is not there any more."""

    path: Path
    is_folder: bool


@dataclass(frozen=True, slots=True)
class SidecarChanged:
    """A file that may go with a photo is there, or is another, with its signature. `beside` is its
    path, or what that would be beside its photo."""

    path: Path
    signature: Signature
    beside: Path


@dataclass(frozen=True, slots=True)
class SidecarGone:
    """A file that may have gone with a photo is not there any more."""

    path: Path


Change = SettledFile | Renamed | Vanished | SidecarChanged | SidecarGone


@dataclass(frozen=True, slots=True)
class Submitter:
    """Writes, and wakes the worker where it left something to do."""

    catalogue: Catalogue
    on_submitted: Callable[[], None]
    wall: Callable[[], float]

    def submit(self, changes: Sequence[Change], note: Note) -> Submitted:
        """Submit all of them, in transactions of at most `BATCH`. A change that cannot be written,
        for whatever reason, is left out and noted. Raises `CatalogueError`; what was committed
        before stays."""
        queued = unchanged = 0
        for start in range(0, len(changes), BATCH):
            done = self._write(changes[start : start + BATCH], note)
            queued, unchanged = queued + done.queued, unchanged + done.unchanged
            if done.queued:
                self.on_submitted()
        return Submitted(queued, unchanged)

    def _write(self, changes: Sequence[Change], note: Note) -> Submitted:
        """Write in one transaction; where that fails, the changes one by one."""
        try:
            with self.catalogue.write() as tx:
                return apply(tx, changes, self.wall())
        except CatalogueError:
            raise
        except Exception as error:  # noqa: BLE001 - one file must not cost the others
            if len(changes) == 1:
                note(_place(changes[0]), error)
                return Submitted(0, 0)
        done = [self._write([change], note) for change in changes]
        return Submitted(sum(part.queued for part in done), sum(part.unchanged for part in done))


def apply(tx: Connection, changes: Sequence[Change], now: float) -> Submitted:
    """Apply the changes in their order, neighbouring files together."""
    queued = unchanged = 0
    files: dict[Path, SettledFile] = {}
    for change in [*changes, None]:
        if isinstance(change, SettledFile):
            files[change.path] = change
            continue
        if files:
            done = photos.submit(tx, tuple(files.values()), now)
            queued, unchanged = queued + done.queued, unchanged + done.unchanged
            files = {}
        if isinstance(change, Renamed):
            _rename(tx, change, now)
        elif isinstance(change, Vanished):
            _vanish(tx, change, now)
        elif isinstance(change, SidecarChanged):
            queued += sidecars.submit(tx, change.path, change.signature, change.beside, now)
        elif isinstance(change, SidecarGone):
            queued += sidecars.gone(tx, [change.path], now)
    return Submitted(queued, unchanged)


def _place(change: Change) -> Path:
    return change.destination if isinstance(change, Renamed) else change.path


def _rename(tx: Connection, change: Renamed, now: float) -> None:
    photos.rename(
        tx,
        change.source,
        change.destination,
        is_folder=change.is_folder,
        now=now,
        signature=change.signature,
    )


def _vanish(tx: Connection, change: Vanished, now: float) -> None:
    if change.is_folder:
        photos.mark_missing_below(tx, change.path, now)
    else:
        photos.mark_missing(tx, [change.path], now)
