"""Whether a scan of a watched folder may call files missing. Pure.

A disk that is not mounted looks like a folder whose files were all deleted. So a watched folder is
remembered by device and inode, and where it is another one than last time, or has become empty,
nothing in it is called missing. Device numbers also change harmlessly, between two starts of the
machine for example: where at least half of the known files are found, the new identity is adopted,
and the next scan may judge.
"""

from __future__ import annotations

import stat
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from tagd.fs import display

if TYPE_CHECKING:
    import os
    from pathlib import Path


class Identity(Protocol):
    """What tells one folder from another of the same name."""

    @property
    def device(self) -> int: ...
    @property
    def inode(self) -> int: ...


@dataclass(frozen=True, slots=True)
class RootIdentity:
    """A watched folder as it is now. The inode is 0 where it is not kept."""

    device: int
    inode: int

    @classmethod
    def of(cls, status: os.stat_result, *, keeps_inodes: bool) -> RootIdentity:
        """Out of `os.stat`."""
        return cls(status.st_dev, status.st_ino if keeps_inodes else 0)


class Verdict(StrEnum):
    """What a scan may conclude from what it did not find."""

    TRUSTED = "trusted"  # the folder that we know: what is not there is missing
    ADOPTED = "adopted"  # another identity, the same files: remembered, the next scan judges
    ABSENT = "absent"  # not there at all
    REPLACED = "replaced"  # another folder under the same name, without our files
    EMPTIED = "emptied"  # held files and is empty

    @property
    def may_judge(self) -> bool:
        """Return whether files that were not found are to be called missing."""
        return self is Verdict.TRUSTED

    @property
    def remember(self) -> bool:
        """Return whether the folder is to be remembered as it is now."""
        return self in {Verdict.TRUSTED, Verdict.ADOPTED}


def judge(
    record: Identity | None, seen: RootIdentity | None, *, known: int, found: int, files: int
) -> Verdict:
    """Judge a scan: `record` is what the catalogue remembers, `seen` what is there; `known` files
    were present last time, `found` of them are still there, among `files` that the scan met in
    all."""
    if seen is None:
        return Verdict.ABSENT
    if known and not files:
        return Verdict.EMPTIED
    if same(record, seen):
        return Verdict.TRUSTED
    if found * 2 < known:
        return Verdict.REPLACED
    # Watched for the first time, with files known by `tagd tag`: nothing speaks against it.
    return Verdict.TRUSTED if record is None else Verdict.ADOPTED


def same(record: Identity | None, seen: Identity | None) -> bool:
    """Return whether both are the same folder, as far as its file system can tell."""
    if record is None or seen is None:
        return False
    return record.device == seen.device and (
        record.inode == seen.inode or 0 in {record.inode, seen.inode}
    )


def explain(verdict: Verdict, root: Path, known: int) -> str:
    """Put the verdict into words, for those that keep a scan from judging."""
    name, files = display(root), f"{known} file{'' if known == 1 else 's'}"
    return {
        Verdict.TRUSTED: f"{name} is the folder that it was",
        Verdict.ADOPTED: f"{name} has another identity but the files that it had: it is the same",
        Verdict.ABSENT: f"{name} is not there; its {files} are not called missing",
        Verdict.REPLACED: f"{name} is another folder or disk than last time and lacks most of what"
        f" it held; its {files} are not called missing",
        Verdict.EMPTIED: f"{name} held {files} and is empty, as if its disk were not mounted;"
        " they are not called missing",
    }[verdict]


def is_folder(status: os.stat_result) -> bool:
    """Return whether `os.stat` found a folder."""
    return stat.S_ISDIR(status.st_mode)
