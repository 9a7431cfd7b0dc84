"""Takes rights away from a decoder, so that a photo that takes it over can change and send nothing.

It may still read what its user may. Sources: landlock(7), include/uapi/linux/landlock.h (Linux 5.13
and later) and prctl(2). The numbers of these calls are the same on every architecture.
"""

from __future__ import annotations

import ctypes
import os
from typing import Final

_CREATE_RULESET, _RESTRICT_SELF = 444, 446
_VERSION: Final = 1  # LANDLOCK_CREATE_RULESET_VERSION
_PR_SET_NO_NEW_PRIVS: Final = 38

# LANDLOCK_ACCESS_FS_*, by the version of the interface that brought them.
_EXECUTE, _WRITE_FILE = 1 << 0, 1 << 1
_REMOVE_AND_MAKE: Final = sum(1 << bit for bit in range(4, 13))  # REMOVE_DIR to MAKE_SYM
_CHANGES: Final = {
    1: _EXECUTE | _WRITE_FILE | _REMOVE_AND_MAKE,
    2: 1 << 13,  # REFER: links and renames between folders
    3: 1 << 14,  # TRUNCATE
    5: 1 << 15,  # IOCTL_DEV
}
_TCP: Final = (4, 1 << 0 | 1 << 1)  # LANDLOCK_ACCESS_NET_BIND_TCP and CONNECT_TCP
_SCOPES: Final = (6, 1 << 0 | 1 << 1)  # LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET and SIGNAL


class _Ruleset(ctypes.Structure):
    """struct landlock_ruleset_attr; older kernels know its beginning alone."""

    _fields_ = (("fs", ctypes.c_uint64), ("net", ctypes.c_uint64), ("scoped", ctypes.c_uint64))


def landlock_version() -> int:
    """Return the version of the kernel's Landlock; 0 where there is none, or a sandbox forbids
    it."""
    return max(0, _call(_CREATE_RULESET, None, 0, _VERSION))


def confine() -> bool:
    """Have this process neither change files, nor run programs, nor use TCP or signal others, for
    good; what it has open stays open. Returns False where the kernel does not do that."""
    version = landlock_version()
    rules = _Ruleset(
        fs=sum(right for since, right in _CHANGES.items() if version >= since),
        net=_TCP[1] if version >= _TCP[0] else 0,
        scoped=_SCOPES[1] if version >= _SCOPES[0] else 0,
    )
    size = 24 if version >= _SCOPES[0] else 16 if version >= _TCP[0] else 8
    if not version:
        return False
    _libc().prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)  # which Landlock asks for
    if (ruleset := _call(_CREATE_RULESET, ctypes.byref(rules), size, 0)) < 0:
        return False
    # Nothing is allowed again by a rule.
    is_confined = _call(_RESTRICT_SELF, ruleset, 0) == 0
    os.close(ruleset)
    return is_confined


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None)


def _call(number: int, *arguments: object) -> int:
    """Make a system call; below 0 where it fails, as it does where the system is not Linux."""
    try:
        syscall = _libc().syscall
    except (AttributeError, OSError):
        return -1
    syscall.restype = ctypes.c_long
    words = [
        ctypes.c_size_t(argument) if isinstance(argument, int) else argument
        for argument in arguments
    ]
    return int(syscall(ctypes.c_long(number), *words))
