"""The few things that Python's `os` does not offer, or not safely enough for a photo."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
from typing import TYPE_CHECKING, Final

from tagd.errors import (
    DiskFull,
    FileUnreadable,
    FileVanished,
    MetadataUnsafe,
    NameTooLong,
    NotWritable,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_RENAME_NOREPLACE, _RENAME_EXCHANGE = 1, 2  # linux/fs.h
UNSUPPORTED: Final = frozenset({errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP})
# What file systems without hard links say: exFAT, FUSE, and rclone the last.
NO_LINKS: Final = UNSUPPORTED | {errno.EPERM, errno.EMLINK, errno.EXDEV, errno.EIO}
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_DENIED: Final = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})
_NO_FOLDER: Final = frozenset({errno.EEXIST, errno.ENOTDIR, errno.ELOOP})
_GONE: Final = frozenset({errno.ENOENT, errno.ENOTDIR})
# Attributes that only the system may set; what it denies there is no loss of the user's.
_SYSTEMS_OWN: Final = ("security.", "trusted.")
_ACL: Final = "system.posix_acl_access"
_HOLE: Final = 1 << 16  # bytes of zeros that are worth a hole
_ZEROS: Final = bytes(_HOLE)
_RENAMEAT2: Final = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)


class AttributeLost(Exception):
    """A copy of a file could not be given something that the file has; says what."""


@contextlib.contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turn what the system says about the photo at `path` into an error for people."""
    try:
        yield
    except AttributeLost as error:
        raise MetadataUnsafe(path, str(error)) from error
    except OSError as error:
        reason = error.strerror or str(error)
        if error.errno in _FULL:
            raise DiskFull(path, "there is no room for a second copy beside it") from error
        if error.errno in _DENIED:
            raise NotWritable(
                path, f"its folder or the file cannot be written ({reason})"
            ) from error
        if error.errno == errno.ENAMETOOLONG:
            raise NameTooLong(path, "its name is longer than its file system takes") from error
        if error.errno in _GONE:
            raise FileVanished(path, "it is not there any more") from error
        raise FileUnreadable(path, reason) from error


def is_there(path: Path) -> bool:
    """Return whether anything has this name, a dangling link included. Raises OSError where nobody
    can tell, and where nothing can have it."""
    try:
        path.lstat()
    except OSError as error:
        if error.errno in {*_GONE, errno.ELOOP}:
            return False
        raise
    return True


def make_folder(folder: Path) -> None:
    """Make it, with those above it, where it is not there. Raises a PhotoError."""
    with translated(folder):
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            if error.errno in _NO_FOLDER:
                words = "what has the name of its folder is no folder"
                raise NotWritable(folder, words) from error
            raise


def exchange(folder: int, one: str, other: str) -> bool:
    """Let two files in an open folder swap their names in one step; False where the file system
    cannot."""
    return _renameat2(folder, one, folder, other, _RENAME_EXCHANGE)


def rename_new(folder: int, old: str, into: int, new: str) -> bool:
    """Rename from one open folder into another, never over something; False where the file system
    cannot tell. Raises FileExistsError."""
    return _renameat2(folder, old, into, new, _RENAME_NOREPLACE)


def _renameat2(folder: int, old: str, into: int, new: str, flags: int) -> bool:
    if _RENAMEAT2 is None:
        return False
    if _RENAMEAT2(folder, os.fsencode(old), into, os.fsencode(new), flags) == 0:
        return True
    number = ctypes.get_errno()
    if number in UNSUPPORTED:
        return False
    raise OSError(number, os.strerror(number), new)


def write_all(descriptor: int, data: bytes, *, with_holes: bool = False) -> None:
    """Write every byte; `with_holes` leaves out long runs of zeros, which then take no room."""
    view = memoryview(data)
    step = _HOLE if with_holes else max(1, len(data))
    for start in range(0, len(data), step):
        piece = view[start : start + step]
        if with_holes and piece == _ZEROS[: len(piece)]:
            os.lseek(descriptor, len(piece), os.SEEK_CUR)
            continue
        while piece:
            piece = piece[os.write(descriptor, piece) :]
    if with_holes:
        os.ftruncate(descriptor, len(data))


def copy_attributes(source: int, descriptor: int) -> None:
    """Give an open file the owner, the mode, the ACL and the extended attributes of another.

    Raises AttributeLost where one of them cannot be kept.
    """
    stat = os.fstat(source)
    if (stat.st_uid, stat.st_gid) != (os.fstat(descriptor).st_uid, os.fstat(descriptor).st_gid):
        try:
            os.fchown(descriptor, stat.st_uid, stat.st_gid)
        except PermissionError as error:
            raise AttributeLost("it belongs to somebody else, and would not any more") from error
    if _ACL in _attributes(descriptor):  # the folder's, for new files
        os.removexattr(descriptor, _ACL)
    # A person's own first: they cannot be set once the mode or the ACL forbids to write.
    for name in sorted(_attributes(source), key=lambda name: not name.startswith("user.")):
        try:
            os.setxattr(descriptor, name, os.getxattr(source, name))
        except OSError as error:
            if name.startswith(_SYSTEMS_OWN):
                continue
            raise AttributeLost(f"its attribute {name} cannot be kept") from error
    # After the ACL, which has set most of it: before, the group might do for a moment what the
    # ACL's mask lets others do. Only where it differs: some file systems drop the ACL then.
    if (os.fstat(descriptor).st_mode ^ stat.st_mode) & 0o777:
        try:
            os.fchmod(descriptor, stat.st_mode & 0o777)
        except PermissionError as error:
            raise AttributeLost("its permissions cannot be kept") from error


def _attributes(descriptor: int) -> list[str]:
    """Return the names of the extended attributes; none where the file system knows no such
    thing."""
    try:
        return os.listxattr(descriptor)
    except OSError as error:
        if error.errno not in UNSUPPORTED:
            raise
        return []
