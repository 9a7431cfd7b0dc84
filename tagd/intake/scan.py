"""A scan: folders compared with the catalogue. The source of truth, whatever the watch missed.

A file whose signature is the one that is known costs one `stat` and is not opened. What is new or
changed is submitted once it is settled. What is not there any more is first looked for among the
new paths (moved while nobody watched: same inode, size and mtime), else called missing, where the
watched folder may be judged (see `roots`). Nothing outside the watched folders is judged, nor what
lies below a folder that cannot be read, nor on a disk that was mounted below and of which nothing
is met. Sidecars that have changed since the last scan are told of; in a folder of their own they
alone are.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tagd.catalogue.files import photos, sidecars
from tagd.catalogue.files.photos import RootRecord
from tagd.domain import FileState, SettledFile
from tagd.errors import CatalogueError
from tagd.fs import file_system_of, key_of, path_of
from tagd.intake.left_out import sparing_others
from tagd.intake.mirror import NO_MIRROR, Mirror
from tagd.intake.probe import is_gone, signature_from, unchanged
from tagd.intake.recognise import Ending, ending_of, is_sidecar
from tagd.intake.roots import RootIdentity, Verdict, explain
from tagd.intake.scan_parts import ScanPart, ScanReport, ScanRequest, Tally
from tagd.intake.settle import stood_still
from tagd.intake.submit import BATCH
from tagd.intake.trouble import Trouble, TroubleKind
from tagd.intake.walk import walk
from tagd.metadata.ledger import token_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from sqlalchemy import Connection

    from tagd.catalogue.db.engine import Catalogue
    from tagd.catalogue.files.photos import KnownFile
    from tagd.domain import Priority, Signature
    from tagd.intake.exclude import Excludes
    from tagd.intake.left_out import Note
    from tagd.intake.probe import Devices
    from tagd.intake.recognise import Recogniser
    from tagd.intake.submit import Submitter

MARGIN_SECONDS = 60.0  # what a file system's clock may be behind


DOUBT_HINT = (
    "is its disk mounted? If the files are gone for good, this says so until a photo is there again"
)


@dataclass(frozen=True, slots=True)
class Scanner:
    """Scans. `young` takes what has to be observed again, `on_leftover` what a write of ours left;
    `is_told` says whether the watch covers a folder, `trouble` and `clear` what to tell people,
    and `note` takes a file that met a mistake of ours."""

    catalogue: Catalogue
    roots: Sequence[Path]
    excludes: Excludes
    settle_seconds: float
    forget_after_days: float
    devices: Devices
    recogniser: Recogniser
    submitter: Submitter
    young: Callable[[Path, Signature, Priority], None]
    is_told: Callable[[bytes], bool]
    trouble: Callable[[Trouble], None]
    clear: Callable[[TroubleKind, Path | None], None]
    stopping: Callable[[], bool]
    wall: Callable[[], float]
    on_leftover: Callable[[Path], None]
    note: Note
    mirror: Mirror = NO_MIRROR

    def scan(self, requests: Sequence[ScanRequest]) -> ScanReport:
        """Tell the whole story. Raises `CatalogueError`; a scan that is told to stop judges
        nothing."""
        begun, at = time.monotonic(), self.wall()
        if any(request.top == request.root for request in requests):
            self.devices.forget()
        parts = self._parts(requests)
        identities = {_identity(known.signature) for part in parts for known in part.known.values()}
        tally = Tally(identities - {0})
        for part in parts:
            self._compare(part, tally)
        self._flush(tally)
        complete = not self.stopping()
        if complete:
            self._conclude(parts, tally)
        return ScanReport(
            at=at,
            seconds=time.monotonic() - begun,
            complete=complete,
            folders=tally.folders,
            files=sum(part.files for part in parts),
            submitted=tally.submitted,
            young=tally.young,
            moved=tally.moved,
            missing=tally.missing,
            forgotten=tally.forgotten,
            unreadable=tuple((path_of(folder), why) for folder, why in tally.blind),
            untold=tuple(tally.untold),
        )

    def _parts(self, requests: Sequence[ScanRequest]) -> list[ScanPart]:
        """Return what the catalogue knows of the folders to be scanned, each as it is now."""
        parts = []
        # A file system that does not answer is not waited for in the midst of a transaction.
        all_seen = [self._seen(request.root) for request in requests]
        with self.catalogue.read() as tx:
            for request, seen in zip(requests, all_seen, strict=True):
                known = photos.known_files(tx, request.top)
                for inner in self.roots:
                    if inner != request.root and inner.is_relative_to(request.top):
                        # A watched folder of its own, which an exclude keeps out of this one.
                        _remove_below(known, key_of(inner))
                there = sum(file.state is not FileState.MISSING for file in known.values())
                record = photos.known_root(tx, request.root)
                disks = [file.path for file in photos.known_around(tx, request.top, request.root)]
                self.devices.mounts.update(disks)
                read = sidecars.read_below(tx, request.top)
                parts.append(ScanPart(request, seen, record, known, there, disks, read))
        return parts

    def _seen(self, root: Path) -> RootIdentity | None:
        try:
            status = root.stat()
        except OSError:
            return None
        system = self.devices.of(status.st_dev, key_of(root))
        return RootIdentity.of(status, keeps_inodes=system.keeps_inodes)

    def _compare(self, part: ScanPart, tally: Tally) -> None:
        """Walk one part. What is left in `part.known` was not met."""
        if part.seen is None:
            return
        for key, status in self._walk(part.request, tally):
            part.files += 1
            try:
                self._meet(part, key, status, tally)
            except CatalogueError:
                raise
            except Exception as error:  # noqa: BLE001 - one file must not cost the others
                self.note(path_of(key), error)

    def _meet(self, part: ScanPart, key: bytes, status: os.stat_result, tally: Tally) -> None:
        """Decide what to do with one file."""
        self._meet_disk(part, status.st_dev, key)
        known = part.known.pop(key, None)
        part.sidecars.discard(key)
        ending = ending_of(os.fsdecode(key)) if known is None else Ending.PHOTO
        if ending is Ending.OTHER or part.request.root in self.mirror.roots:
            self._note_sidecar(key, status, part, tally)
            return
        seen = signature_from(status, key, self.devices)
        if seen is None:
            return
        if known is not None and known.state is not FileState.MISSING:
            part.found += 1
            if unchanged(known.signature, seen):
                return
        local = not self.devices.of(status.st_dev, key).is_network
        whole = local and stood_still(seen, self.settle_seconds, self.wall())
        file = SettledFile(path_of(key), seen, part.request.priority)
        if known is None and _identity(seen) in tally.identities:
            tally.alike.append((file, whole))
        else:
            self._take(file, known, whole, tally)
        if ending is Ending.UNKNOWN and self.recogniser.left_alone(file.path, seen):
            part.left_alone.add(file.path)

    def _walk(self, request: ScanRequest, tally: Tally) -> Iterator[tuple[bytes, os.stat_result]]:
        """Walk over the files, and take a note of what else is met."""

        def on_folder(folder: bytes) -> None:
            tally.folders += 1
            if not self.is_told(folder):
                tally.untold.append(folder)

        def on_unreadable(folder: bytes, error: OSError) -> None:
            tally.blind.append((folder, error.strerror or str(error)))

        def on_passed_over(entry: bytes) -> None:
            if token_of(os.fsdecode(entry.rpartition(b"/")[2])) is not None:
                self.on_leftover(path_of(entry))

        return walk(
            key_of(request.top),
            key_of(request.root),
            self.excludes,
            stopping=self.stopping,
            on_folder=on_folder,
            on_unreadable=on_unreadable,
            on_passed_over=on_passed_over,
        )

    def _meet_disk(self, part: ScanPart, device: int, key: bytes) -> None:
        """Take note where the file lies on another disk than the watched folder."""
        if part.seen is None or device == part.seen.device or device in part.mounts:
            return
        place = self.devices.of(device, key).mount
        part.mounts[device] = RootRecord(place, device, 0, self.wall())
        if place != part.request.root and place.is_relative_to(part.request.root):
            self.devices.mounts.add(place)

    def _take(self, file: SettledFile, known: KnownFile | None, whole: bool, tally: Tally) -> None:
        """Take a file that is new, changed or back."""
        if not whole:
            self._observe(file, tally)
        elif known is not None or self.recogniser.is_photo(file.path, file.signature):
            tally.batch.append(file)
            if len(tally.batch) >= BATCH:
                self._flush(tally)

    def _note_sidecar(
        self, key: bytes, status: os.stat_result, part: ScanPart, tally: Tally
    ) -> None:
        """Note one that has changed since the last scan. Before the first its photo is new itself,
        but for one that lies elsewhere: that folder may be new to us, and its photos may not."""
        if part.record is None:
            if part.request.root not in self.mirror.roots:
                return
        elif status.st_ctime < part.record.scanned_at - MARGIN_SECONDS:
            return
        path = path_of(key)
        seen = signature_from(status, key, self.devices) if is_sidecar(path) else None
        if seen is not None:
            tally.batch.append(self.mirror.changed(path, seen))
            if len(tally.batch) >= BATCH:
                self._flush(tally)

    def _observe(self, file: SettledFile, tally: Tally) -> None:
        if not self.recogniser.left_alone(file.path, file.signature):
            tally.young += 1
            self.young(file.path, file.signature, file.priority)

    def _flush(self, tally: Tally) -> None:
        tally.submitted += self.submitter.submit(tally.batch, self.note).queued
        tally.batch = []

    def _conclude(self, parts: Sequence[ScanPart], tally: Tally) -> None:
        """Apply moves, then deletions, of all parts together: a file may move between watched
        folders."""
        gone: dict[bytes, KnownFile] = {}
        unread: list[Path] = []
        for part in parts:
            blind = [folder for folder, _ in tally.blind] + self._absent_disks(part)
            if key_of(part.request.top) not in blind and self._may_judge(part):
                gone.update(_gone(part, blind))
                part.sidecars -= {key for key in part.sidecars if _is_below(key, blind)}
                unread += filter(is_gone, map(path_of, part.sidecars))
                self.recogniser.forget_but(part.left_alone, part.request.top)
        now = self.wall()
        with self.catalogue.write() as tx:
            files = [file for file, _ in tally.alike]
            adopted = photos.adopt_moved(tx, files, [known.file_id for known in gone.values()], now)
            # By path, not by id: one that was renamed meanwhile is at another and stays.
            absent = [key for key, known in gone.items() if known.state is not FileState.MISSING]
            tally.missing = photos.mark_missing(tx, [path_of(key) for key in absent], now)
            tally.moved = len(adopted)
            sidecars.gone(tx, unread, now)
            for part in parts:
                self._remember(tx, part, now)
            if any(part.is_whole for part in parts):
                before = now - self.forget_after_days * 86_400
                tally.forgotten = photos.forget_missing(tx, before)
        for file, whole in tally.alike:
            if file.path not in adopted:
                with sparing_others(file.path, self.note):
                    self._take(file, None, whole, tally)
        self._flush(tally)

    def _remember(self, tx: Connection, part: ScanPart, now: float) -> None:
        """Remember the watched folder as it is now, and the disks that were met below it."""
        for disk in part.mounts.values():
            if disk.path in self.devices.mounts:
                photos.remember_root(tx, disk)
        if part.is_whole and part.seen is not None and part.verdict().remember:
            photos.remember_root(tx, _record(part.request.root, part.seen, now))

    def _absent_disks(self, part: ScanPart) -> list[bytes]:
        """Return where disks were mounted of which nothing is met now, though files are known
        there."""
        met, absent = {disk.path for disk in part.mounts.values()}, []
        for place in part.remembered:
            if place != part.request.top and part.request.top.is_relative_to(place):
                # Only a part of it was looked at, which may well be empty.
                if file_system_of(place).mount != place:
                    absent.append(key_of(place))
                continue
            prefix = key_of(place) + b"/"
            files = sum(
                key.startswith(prefix) and known.state is not FileState.MISSING
                for key, known in part.known.items()
            )
            if place in met or not files:
                self.clear(TroubleKind.ROOT_DOUBTED, place)
                continue
            absent.append(key_of(place))
            words = explain(Verdict.EMPTIED, place, files)
            self.trouble(Trouble(TroubleKind.ROOT_DOUBTED, words, hint=DOUBT_HINT, path=place))
        return absent

    def _may_judge(self, part: ScanPart) -> bool:
        verdict, root = part.verdict(), part.request.root
        if part.is_whole:
            if verdict in {Verdict.REPLACED, Verdict.EMPTIED}:
                words = explain(verdict, root, part.expected)
                self.trouble(Trouble(TroubleKind.ROOT_DOUBTED, words, hint=DOUBT_HINT, path=root))
            else:
                self.clear(TroubleKind.ROOT_DOUBTED, root)
        return verdict.may_judge


def _gone(part: ScanPart, blind: Iterable[bytes]) -> dict[bytes, KnownFile]:
    """Return the known files of a part that were not met, and that the file system says are not
    there. Those missing already are among them: they may have come back under another name."""
    for folder in blind:
        _remove_below(part.known, folder)
    return {key: known for key, known in part.known.items() if is_gone(path_of(key))}


def _is_below(key: bytes, folders: Iterable[bytes]) -> bool:
    return any(key.startswith(folder.rstrip(b"/") + b"/") for folder in folders)


def _remove_below(known: dict[bytes, KnownFile], folder: bytes) -> None:
    prefix = folder.rstrip(b"/") + b"/"
    for key in [key for key in known if key.startswith(prefix)]:
        del known[key]


def _identity(signature: Signature) -> int:
    """Return what a move does not change, hashed: those alike are compared again before anything is
    done. 0 where inode numbers say nothing."""
    return hash((signature.inode, signature.size, signature.mtime_ns)) if signature.inode else 0


def _record(root: Path, seen: RootIdentity, now: float) -> RootRecord:
    return RootRecord(root, seen.device, seen.inode, now)
