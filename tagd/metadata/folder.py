"""A folder held open: what is done in it stays in it, whatever its name comes to lead to.

Whoever may write to the folder above could put a link in its place meanwhile, and have tagd write,
with tagd's rights, where they themselves may not. So links are followed as Apache's
SymLinksIfOwnerMatch does: those of root, of the user that tagd runs as, and of the owner of what
they lead to.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import xxhash

from tagd.fs import may_follow
from tagd.metadata import file_calls

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

_PATH: Final = getattr(os, "O_PATH", 0)
_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_READ: Final = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK  # a FIFO must not keep us
_NEW: Final = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_CHUNK: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Folder:
    """An open folder, and the path by which it was found. Names are of files directly in it."""

    path: Path
    descriptor: int

    def lstat(self, name: str) -> os.stat_result:
        """Do what `os.lstat` does."""
        return os.stat(name, dir_fd=self.descriptor, follow_symlinks=False)

    def exists(self, name: str) -> bool:
        """Return whether there is something of that name, a dangling link included."""
        try:
            self.lstat(name)
        except FileNotFoundError:
            return False
        return True

    @contextlib.contextmanager
    def opened(self, name: str, *, follow: bool = False) -> Iterator[int]:
        """Open a regular file, to be read. `follow`: a link leads to it where its owner may say so.

        Anything else that has its name by now, such as a FIFO, raises FileNotFoundError.
        """
        descriptor = (
            _followed(self.descriptor, name, _READ)
            if follow and stat.S_ISLNK(self.lstat(name).st_mode)
            else os.open(name, _READ | os.O_NOFOLLOW, dir_fd=self.descriptor)
        )
        try:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise FileNotFoundError(errno.ENOENT, "no regular file", name)
            yield descriptor
        finally:
            os.close(descriptor)

    def read(self, name: str) -> bytes:
        """Read all bytes of a regular file."""
        with self.opened(name) as descriptor, os.fdopen(os.dup(descriptor), "rb") as file:
            return file.read()

    def holds(self, name: str, digest: str) -> bool:
        """Return whether it is a regular file of just the bytes with this digest."""
        found = xxhash.xxh3_128()
        try:
            with self.opened(name) as descriptor:
                while chunk := os.read(descriptor, _CHUNK):
                    found.update(chunk)
        except FileNotFoundError:
            return False
        return found.hexdigest() == digest

    @contextlib.contextmanager
    def created(self, name: str, data: bytes, *, with_holes: bool = False) -> Iterator[int]:
        """Create a file with these bytes, for its owner alone. Raises FileExistsError."""
        descriptor = os.open(name, _NEW, 0o600, dir_fd=self.descriptor)
        try:
            file_calls.write_all(descriptor, data, with_holes=with_holes)
            yield descriptor
        finally:
            os.close(descriptor)

    def rename(self, old: str, new: str) -> None:
        """Rename, over whatever has the name."""
        os.rename(old, new, src_dir_fd=self.descriptor, dst_dir_fd=self.descriptor)

    def rename_new(self, old: str, new: str, into: Folder | None = None) -> None:
        """Rename, `into` another folder of the same disk perhaps, never over something. Raises
        FileExistsError.

        Where the file system knows neither that nor hard links, the name is taken first; what
        somebody writes into that empty file in the instant before it is replaced is lost.
        """
        target = (into or self).descriptor
        if file_calls.rename_new(self.descriptor, old, target, new):
            return
        try:
            os.link(old, new, src_dir_fd=self.descriptor, dst_dir_fd=target)
        except OSError as error:
            if error.errno not in file_calls.NO_LINKS:
                raise
            os.close(os.open(new, _NEW, 0o600, dir_fd=target))
            os.rename(old, new, src_dir_fd=self.descriptor, dst_dir_fd=target)
        else:
            self.unlink(old)

    def exchange(self, one: str, other: str) -> bool:
        """Let the two swap their names in one step; False where the file system cannot."""
        return file_calls.exchange(self.descriptor, one, other)

    def unlink(self, name: str) -> None:
        """Remove it, if it is there."""
        with contextlib.suppress(FileNotFoundError):
            os.unlink(name, dir_fd=self.descriptor)

    def sync(self) -> None:
        """Make what was renamed in it durable, on file systems that know of that."""
        try:
            os.fsync(self.descriptor)
        except OSError as error:
            if error.errno not in file_calls.UNSUPPORTED:
                raise

    def require_place(self) -> None:
        """Raise FileNotFoundError where its path leads elsewhere by now, or nowhere."""
        if not os.path.samestat(self.path.stat(), os.fstat(self.descriptor)):
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(self.path))

    @property
    def is_gone(self) -> bool:
        """Return whether the folder was removed, or its disk is not there any more."""
        try:
            return os.fstat(self.descriptor).st_nlink == 0
        except OSError:
            return True


@contextlib.contextmanager
def opened(path: Path, named: Collection[Path] | None = ()) -> Iterator[Folder]:
    """Hold a folder open. The path of a folder that a person `named`, above it, may lead anywhere;
    None: so may this one's.

    Raises OSError; PermissionError at a link that is not to be followed.
    """
    above = [path] if named is None else [root for root in named if path.is_relative_to(root)]
    start = max(above, key=lambda root: len(root.parts), default=Path(path.anchor))
    descriptor = os.open(start, _FOLDER | (_PATH if start != path else 0))
    try:
        for name in path.relative_to(start).parts:
            descriptor, above_it = _entered(descriptor, name), descriptor
            os.close(above_it)
        if start != path:
            descriptor, unread = os.open(".", _FOLDER, dir_fd=descriptor), descriptor
            os.close(unread)
        yield Folder(path, descriptor)
    finally:
        os.close(descriptor)


def _entered(parent: int, name: str) -> int:
    try:
        return os.open(name, _FOLDER | _PATH | os.O_NOFOLLOW, dir_fd=parent)
    except OSError as error:
        if error.errno not in {errno.ENOTDIR, errno.ELOOP}:
            raise
    return _followed(parent, name, _FOLDER | _PATH)


def _followed(parent: int, name: str, flags: int) -> int:
    """Open what a link leads to, where its owner may say so. Raises PermissionError."""
    link = os.open(name, _PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=parent)
    try:
        made = os.fstat(link)
        # By what this very link says: another may have its name by now.
        found = os.open(os.readlink("", dir_fd=link), flags, dir_fd=parent)
    finally:
        os.close(link)
    if not may_follow(made, os.fstat(found)):
        os.close(found)
        raise PermissionError(errno.EPERM, "a link of somebody else's leads there")
    return found
