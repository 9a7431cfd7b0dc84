"""What a scan holds while it goes, and what it tells in the end."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tagd.catalogue.files.photos import RootRecord
from tagd.intake.roots import RootIdentity, Verdict, judge, same

if TYPE_CHECKING:
    from pathlib import Path

    from tagd.catalogue.files.photos import KnownFile
    from tagd.domain import Priority, SettledFile
    from tagd.intake.submit import Change


@dataclass(frozen=True, slots=True)
class ScanRequest:
    """Scan `top` and what is below it, in the watched folder `root`."""

    top: Path
    root: Path
    priority: Priority


@dataclass(frozen=True, slots=True)
class ScanReport:
    """What a scan did. `at` is seconds since 1970; `unreadable` and `untold` are folders."""

    at: float
    seconds: float
    complete: bool  # was not told to stop
    folders: int
    files: int  # met
    submitted: int  # new or changed, and settled
    young: int  # new or changed, and perhaps still being written
    moved: int
    missing: int
    forgotten: int
    unreadable: tuple[tuple[Path, str], ...]
    untold: tuple[bytes, ...]


@dataclass(slots=True)
class ScanPart:
    """One request, as it goes."""

    request: ScanRequest
    seen: RootIdentity | None
    record: RootRecord | None
    known: dict[bytes, KnownFile]
    expected: int  # of the known files, those that were there last time
    remembered: list[Path]  # disks that were mounted below
    sidecars: set[bytes]  # those that were read, by path key
    mounts: dict[int, RootRecord] = field(default_factory=dict)  # those met, by device
    found: int = 0
    files: int = 0
    left_alone: set[Path] = field(default_factory=set)  # met, of unknown ending, and no photos

    @property
    def is_whole(self) -> bool:
        return self.request.top == self.request.root

    def verdict(self) -> Verdict:
        if self.is_whole:
            return judge(
                self.record, self.seen, known=self.expected, found=self.found, files=self.files
            )
        return Verdict.TRUSTED if same(self.record, self.seen) else Verdict.REPLACED


@dataclass(slots=True)
class Tally:
    """What all parts of a scan found."""

    identities: set[int]  # of the known files, as a move leaves them
    batch: list[Change] = field(default_factory=list)
    # New paths of the inode, size and mtime of a known file: moved, perhaps, or linked.
    alike: list[tuple[SettledFile, bool]] = field(default_factory=list)
    blind: list[tuple[bytes, str]] = field(default_factory=list)
    untold: list[bytes] = field(default_factory=list)
    folders: int = 0
    submitted: int = 0
    young: int = 0
    moved: int = 0
    missing: int = 0
    forgotten: int = 0
