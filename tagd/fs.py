"""The file system: names as bytes and as text, signatures of files, and its own kind."""

from __future__ import annotations

import errno
import fcntl
import os
import re
import signal
import stat
from dataclasses import dataclass
from pathlib import Path

from tagd.domain import Signature

# Inode numbers are made up, or not kept, by these: comparing them would re-read whole libraries.
UNSTABLE_INODES = frozenset({"cifs", "smb3", "vfat", "exfat", "msdos", "fuseblk", "9p"})
NETWORK = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "ncpfs", "9p", "afs", "ceph", "glusterfs", "lustre"}
)
# FUSE file systems on a local disk: the kernel tells of every change made through them.
LOCAL_FUSE = frozenset({"fuseblk", "fuse.ntfs", "fuse.ntfs-3g", "fuse.exfat"})

_MOUNTINFO = Path("/proc/self/mountinfo")
_OCTAL = re.compile(r"\\([0-7]{3})")
_EDGE = 1 << 63  # SQLite's integers are signed and have 64 bits
_SPREAD = 1 << 40  # nanoseconds, some 18 minutes


def display(path: Path) -> str:
    r"""Return the path as text that can be stored and printed: bytes that are not UTF-8 become
    `\xff`."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def current_folder() -> Path:
    """Return where relative paths start; where that was removed meanwhile, the folder that it
    was."""
    try:
        return Path.cwd()
    except FileNotFoundError:
        return Path(os.environ.get("PWD", "/"))


def key_of(path: Path) -> bytes:
    """Return what identifies the path: its bytes, since a name need not be UTF-8."""
    return os.fsencode(path)


def path_of(key: bytes) -> Path:
    """Return the path that `key_of` was given."""
    return Path(os.fsdecode(key))


def may_follow(link: os.stat_result, target: os.stat_result) -> bool:
    """Return whether a symbolic link is to be followed: where root, the user that tagd runs as, or
    the owner of what it leads to made it, as Apache's SymLinksIfOwnerMatch. Any other could have
    tagd tell its maker what is in the photos of others."""
    return link.st_uid in {0, os.geteuid(), target.st_uid}


def read_regular(path: Path, most: int = -1) -> bytes:
    """Read the bytes of the regular file at `path`, through links, at most so many. A FIFO, a
    device or a socket that has its name by now is not waited for: it raises FileNotFoundError, as
    nothing there would."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    except OSError as error:
        if error.errno == errno.ENXIO:  # a socket
            raise _no_file(path) from error
        raise
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise _no_file(path)
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            return file.read(most)
    finally:
        os.close(descriptor)


def _no_file(path: Path) -> FileNotFoundError:
    return FileNotFoundError(errno.ENOENT, "no regular file", str(path))


def is_being_written(descriptor: int) -> bool | None:
    """Return whether anybody has the file open for writing; None where the system does not tell, as
    of files that belong to others.

    A read lease is granted only where nobody has. Source: fcntl(2).
    """
    try:
        # Whoever opens it in this instant makes the kernel send a signal that must not end us.
        fcntl.fcntl(descriptor, fcntl.F_SETSIG, signal.SIGURG)
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)
    except OSError as error:
        return True if error.errno == errno.EAGAIN else None
    fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    return False


def held_time(nanoseconds: int) -> int:
    """Return a file's time as SQLite holds it, exactly from 1677 to 2262. One beyond comes out
    within minutes of the nearer end: which of them still differs with it, so that a change is
    noticed.

    ext4 goes to 2446, and Windows' shares and NTFS to 30828.
    """
    if -_EDGE <= nanoseconds < _EDGE:
        return nanoseconds
    within = nanoseconds % _SPREAD
    return _EDGE - 1 - within if nanoseconds > 0 else within - _EDGE


def held_inode(number: int) -> int:
    """Return an inode number as SQLite holds it: one past 2^63 as its complement."""
    return number - 2 * _EDGE if number >= _EDGE else number


def is_open_for_writing(path: Path) -> bool:
    """Return whether another program certainly has the file open for writing."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    except OSError:
        return False
    try:
        return is_being_written(descriptor) is True
    finally:
        os.close(descriptor)


def signature_of(status: os.stat_result, *, stable_inode: bool = True) -> Signature:
    """Return what says that a file is unchanged without opening it."""
    return Signature(
        size=status.st_size,
        mtime_ns=held_time(status.st_mtime_ns),
        ctime_ns=held_time(status.st_ctime_ns),
        inode=held_inode(status.st_ino) if stable_inode else 0,
    )


@dataclass(frozen=True, slots=True)
class FileSystem:
    """What a path lies on: the mount point, and the type as /proc/self/mountinfo names it."""

    mount: Path
    type: str

    @property
    def is_network(self) -> bool:
        """Return whether changes made by others reach us without the kernel telling."""
        return self.type in NETWORK or (
            self.type.startswith("fuse") and self.type not in LOCAL_FUSE
        )

    @property
    def keeps_inodes(self) -> bool:
        """Return whether a file has the same inode number tomorrow."""
        return self.type not in UNSTABLE_INODES and not self.type.startswith("fuse")


def network_mount_of(path: Path) -> Path | None:
    """Return where the network file system is mounted on which an absolute path lies; None for
    none. As the path is spelled: nothing of it is touched, since such a file system may not
    answer."""
    found = _deepest(path, _MOUNTINFO)
    return found.mount if found.is_network else None


def file_system_of(path: Path, mountinfo: Path = _MOUNTINFO) -> FileSystem:
    """Return the file system that `path` (or its nearest existing parent) lies on.

    Source: proc(5), mountinfo. Where there is no such file (macOS), the type is empty, which counts
    as a local one.
    """
    return _deepest(Path(os.path.realpath(path)), mountinfo)


def _deepest(real: Path, mountinfo: Path) -> FileSystem:
    best = FileSystem(Path("/"), "")
    try:
        lines = mountinfo.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return best
    for line in lines:
        before, _, after = line.partition(" - ")
        mount = Path(_OCTAL.sub(lambda octal: chr(int(octal[1], 8)), before.split(" ")[4]))
        # Later mounts lie over earlier ones at the same place, so that equal depth wins.
        if real.is_relative_to(mount) and len(mount.parts) >= len(best.mount.parts):
            best = FileSystem(mount, after.split(" ")[0])
    return best
