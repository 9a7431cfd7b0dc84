"""One look at a path: is it a regular file, and what is its signature."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from tagd.fs import file_system_of, is_being_written, may_follow, path_of, signature_of

if TYPE_CHECKING:
    from pathlib import Path

    from tagd.domain import Signature
    from tagd.fs import FileSystem


class Devices:
    """The file systems by device number, looked up once each (a lookup reads mountinfo)."""

    def __init__(self) -> None:
        self.mounts: set[Path] = set()  # disks below watched folders, as scans met them
        self._known: dict[int, FileSystem] = {}

    def have_held(self, folder: Path) -> bool:
        """Return whether a disk was mounted at or below this folder. Safe from any thread."""
        return any(mount.is_relative_to(folder) for mount in tuple(self.mounts))

    def of(self, device: int, path: bytes) -> FileSystem:
        """Return the file system of `device`, on which `path` lies."""
        known = self._known.get(device)
        if known is None:
            known = self._known[device] = file_system_of(path_of(path))
        return known

    def forget(self) -> None:
        """Device numbers are given out again after an unmount: look up anew."""
        self._known = {}


def signature_at(path: Path, devices: Devices) -> Signature | None:
    """Return the signature of the regular file at `path`, through symlinks; None for anything else,
    be it gone, a folder, a FIFO, out of reach or a link that is not to be followed. Never opens
    it."""
    try:
        status = path.stat()
        if not may_follow(path.lstat(), status):
            return None
    except (OSError, ValueError):
        return None
    return signature_from(status, os.fsencode(path), devices)


def signature_from(status: os.stat_result, path: bytes, devices: Devices) -> Signature | None:
    """Return the same where somebody has looked already."""
    if not stat.S_ISREG(status.st_mode):
        return None
    return signature_of(status, stable_inode=devices.of(status.st_dev, path).keeps_inodes)


def is_closed(path: Path) -> bool:
    """Return whether certainly nobody on this machine has the file open for writing."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        return is_being_written(descriptor) is False
    finally:
        os.close(descriptor)


def unchanged(known: Signature, seen: Signature) -> bool:
    """Return whether the file is the one that is known. An inode number of 0 says nothing."""
    return (
        known.size == seen.size
        and known.mtime_ns == seen.mtime_ns
        and known.ctime_ns == seen.ctime_ns
        and (known.inode == seen.inode or 0 in {known.inode, seen.inode})
    )


def is_gone(path: Path) -> bool:
    """Return whether the file system says that nothing is there; an error that hides it says
    nothing."""
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return True
    except (OSError, ValueError):
        return False
    return False
