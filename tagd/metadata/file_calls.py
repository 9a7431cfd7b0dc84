"""The few things that Python's `os` does not offer, or not safely enough for a photo."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
from pathlib import Path
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
    from collections.abc import Callable, Iterator

_RENAME_NOREPLACE, _RENAME_EXCHANGE = 1, 2  # linux/fs.h
_AT_FDCWD: Final = -100
_UNSUPPORTED: Final = frozenset({errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP})
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_DENIED: Final = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})
_NO_FOLDER: Final = frozenset({errno.EEXIST, errno.ENOTDIR, errno.ELOOP})
_GONE: Final = frozenset({errno.ENOENT, errno.ENOTDIR})
# Attributes that only the system may set; what it denies there is no loss of the user's.
_SYSTEMS_OWN: Final = ("security.", "trusted.")
_ACL: Final = "system.posix_acl_access"
_RENAMEAT2: Final = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)


@contextlib.contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turn what the system says about the photo at `path` into an error for people."""
    try:
        yield
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
    """Whether anything has this name, a dangling link included. Raises OSError where nobody can
    tell, and where nothing can have it."""
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


def exchange(one: Path, other: Path) -> bool:
    """Let the two swap their names in one step; False where the file system cannot."""
    return _renameat2(one, other, _RENAME_EXCHANGE)


def rename_new(source: Path, target: Path) -> None:
    """Rename, never over something. Raises FileExistsError."""
    if _renameat2(source, target, _RENAME_NOREPLACE):
        return
    os.link(source, target)
    source.unlink()


def _renameat2(source: Path, target: Path, flags: int) -> bool:
    if _RENAMEAT2 is None:
        return False
    names = os.fsencode(source), os.fsencode(target)
    if _RENAMEAT2(_AT_FDCWD, names[0], _AT_FDCWD, names[1], flags) == 0:
        return True
    number = ctypes.get_errno()
    if number in _UNSUPPORTED:
        return False
    raise OSError(number, os.strerror(number), str(target))


def write_all(descriptor: int, data: bytes) -> None:
    """Every byte."""
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def copy_attributes(path: Path, descriptor: int) -> None:
    """Give the open file the owner, the mode, the ACL and the extended attributes of `path`.

    Raises MetadataUnsafe where one of them cannot be kept.
    """
    stat = path.lstat()
    if (stat.st_uid, stat.st_gid) != (os.fstat(descriptor).st_uid, os.fstat(descriptor).st_gid):
        try:
            os.fchown(descriptor, stat.st_uid, stat.st_gid)
        except PermissionError as error:
            raise MetadataUnsafe(
                path, "it belongs to somebody else, and would not any more"
            ) from error
    if _ACL in os.listxattr(descriptor):  # the folder's, for new files
        os.removexattr(descriptor, _ACL)
    # A person's own first: they cannot be set once the mode or the ACL forbids to write.
    for name in sorted(os.listxattr(path), key=lambda name: not name.startswith("user.")):
        try:
            os.setxattr(descriptor, name, os.getxattr(path, name))
        except OSError as error:
            if name.startswith(_SYSTEMS_OWN):
                continue
            raise MetadataUnsafe(path, f"its attribute {name} cannot be kept") from error
    # After the ACL, which has set most of it: before, the group might do for a moment what the
    # ACL's mask lets others do. Only where it differs: some file systems drop the ACL then.
    if os.fstat(descriptor).st_mode != stat.st_mode:
        os.fchmod(descriptor, stat.st_mode & 0o7777)


@contextlib.contextmanager
def followed(folder: Path) -> Iterator[Callable[[], Path]]:
    """What is yielded says where the folder is by then, should it be renamed, on a system that can
    tell; else where it was."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)

    def present() -> Path:
        try:
            if os.path.samestat(folder.stat(), os.fstat(descriptor)):
                return folder
        except FileNotFoundError:
            pass
        try:
            return Path(f"/proc/self/fd/{descriptor}").readlink()
        except OSError:
            return folder

    try:
        yield present
    finally:
        os.close(descriptor)


def sync_folder(folder: Path) -> None:
    """Make what was renamed in it durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
