"""From the watch's events to changes of the catalogue: `PathEvent` → `Change`.

Every event is checked against the disk before anything is concluded from it: between the event and
now much may have happened, and after a lost event names may be wrong.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tagd.domain import EventKind, Priority
from tagd.intake.left_out import sparing_others
from tagd.intake.mirror import NO_MIRROR, Mirror
from tagd.intake.probe import is_gone, signature_at
from tagd.intake.recognise import Ending, ending_of, is_sidecar
from tagd.intake.submit import Renamed, SidecarGone, Vanished

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from tagd.domain import PathEvent, SettledFile, Signature
    from tagd.intake.left_out import Note
    from tagd.intake.probe import Devices
    from tagd.intake.recognise import Recogniser
    from tagd.intake.settle import Settler
    from tagd.intake.submit import Change


@dataclass(frozen=True, slots=True)
class Flow:
    """`scan` asks for a folder to be scanned; `stands` says whether the watched folder around a
    path is the one that is watched: only then does a deletion below it mean anything. `note` takes
    a file that met a mistake of ours. In `mirror` nothing is a photo."""

    settler: Settler
    recogniser: Recogniser
    devices: Devices
    scan: Callable[[Path], None]
    stands: Callable[[Path], bool]
    note: Note
    mirror: Mirror = NO_MIRROR

    def changes(self, events: Iterable[PathEvent]) -> list[Change]:
        """Return what to write because of these events, in their order."""
        changes: list[Change] = []
        for event in events:
            with sparing_others(event.path, self.note):
                changes.extend(self._folder(event) if event.is_folder else self._file(event))
        return changes

    def settled(self) -> list[Change]:
        """Return the files that have stood still long enough by now."""
        changes: list[Change] = []
        for path in self.settler.due():
            with sparing_others(path, self._given_up):
                signature = signature_at(path, self.devices)
                if signature is None:
                    self.settler.forget(path)
                else:
                    changes.extend(self._wanted(self.settler.saw(path, signature)))
        return changes

    def found(self, path: Path, signature: Signature, priority: Priority) -> list[Change]:
        """Note that a scan met a file that may still be growing."""
        changes: list[Change] = []
        with sparing_others(path, self._given_up):
            changes += self._wanted(self.settler.saw(path, signature, priority))
        return changes

    def _given_up(self, path: Path, error: Exception) -> None:
        self.settler.forget(path)  # or it would come up again and again
        self.note(path, error)

    def _file(self, event: PathEvent) -> list[Change]:
        if event.kind is EventKind.GONE:
            return self._gone(event)
        if event.kind is EventKind.MOVED:
            return self._moved(event)
        if self.mirror.holds(event.path) or ending_of(os.fspath(event.path)) is Ending.OTHER:
            return self._sidecar(event.path)
        signature = signature_at(event.path, self.devices)
        if signature is None:
            self.settler.forget(event.path)
            return []
        if event.kind is EventKind.CHANGED:
            return self._wanted(self.settler.saw(event.path, signature, Priority.NEW))
        return self._wanted(self.settler.whole(event.path, signature, Priority.NEW))

    def _sidecar(self, path: Path) -> list[Change]:
        """Read what is written beside a photo when its writer closes it."""
        signature = signature_at(path, self.devices) if is_sidecar(path) else None
        return [] if signature is None else [self.mirror.changed(path, signature)]

    def _folder(self, event: PathEvent) -> list[Change]:
        if event.kind is EventKind.GONE:
            return self._gone(event)
        if event.kind is EventKind.MOVED and event.destination is not None:
            self.settler.forget_below(event.path)
            self.scan(event.destination)
            return [Renamed(event.path, event.destination, is_folder=True)]
        self.scan(event.path)
        return []

    def _moved(self, event: PathEvent) -> list[Change]:
        destination = event.destination
        assert destination is not None
        self.settler.forget(event.path)
        signature = signature_at(destination, self.devices)
        if signature is None:
            # Moved on already, perhaps: the next event continues from this name.
            return [Renamed(event.path, destination, is_folder=False)]
        if self.mirror.holds(destination) or not self.recogniser.is_photo(destination, signature):
            return [*self._gone(event), *self._sidecar(destination)]
        file = self.settler.whole(destination, signature, Priority.NEW)
        renamed = Renamed(event.path, destination, is_folder=False, signature=signature)
        return [renamed, file, *self._behind(event.path)]

    def _behind(self, path: Path) -> list[Change]:
        """Return a file under the name that another has just left: the two may have been exchanged
        in one step, of which no other event tells."""
        signature = signature_at(path, self.devices)
        return (
            []
            if signature is None
            else self._wanted(self.settler.saw(path, signature, Priority.NEW))
        )

    def _gone(self, event: PathEvent) -> list[Change]:
        if not is_gone(event.path) or not self.stands(event.path):
            return []
        if event.is_folder and self.devices.have_held(event.path):
            # Whoever unmounts a disk often removes the folder that it was mounted at.
            self.scan(event.path.parent)
            return []
        if event.is_folder:
            self.settler.forget_below(event.path)
        else:
            self.settler.forget(event.path)
            self.recogniser.forget(event.path)
        if not event.is_folder and is_sidecar(event.path):
            return [SidecarGone(event.path)]
        return [Vanished(event.path, event.is_folder)]

    def _wanted(self, file: SettledFile | None) -> list[Change]:
        if file is None or not self.recogniser.is_photo(file.path, file.signature):
            return []
        return [file]
