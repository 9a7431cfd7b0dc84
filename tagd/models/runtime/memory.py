"""How much memory there is, and giving back what is not needed any more. Imports no torch."""

from __future__ import annotations

import ctypes
import gc
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tagd.models.runtime.device import Device

MIB = 2**20
MEMINFO = Path("/proc/meminfo")
CGROUP = Path("/sys/fs/cgroup")


def free_mb(device: Device, meminfo: Path = MEMINFO, cgroup: Path = CGROUP) -> int | None:
    """Return what may still be taken on the device, in MiB; None where nobody says.

    On a GPU that is what the driver says; else what the kernel calls available, less where a
    container's limit leaves less.
    """
    if device.name != "cpu":
        return _of_gpu(device)[0]
    found = [
        left for left in (_meminfo(meminfo, "MemAvailable:"), _left_in(cgroup)) if left is not None
    ]
    return min(found, default=None)


def whole_mb(device: Device, meminfo: Path = MEMINFO, cgroup: Path = CGROUP) -> int | None:
    """Return what the device has, in MiB, whoever takes it now; None where nobody says. In a
    container that is its limit, where one holds."""
    if device.name != "cpu":
        return _of_gpu(device)[1]
    found = [most for most in (_meminfo(meminfo, "MemTotal:"), _limit_of(cgroup)) if most]
    return min(found, default=None)


def reclaim() -> None:
    """Give memory that nothing refers to any more back to the system and to the GPU's driver."""
    gc.collect()
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_initialized():
        # A GPU that has gone has nothing to give; who asks it to compute hears of that.
        with suppress(RuntimeError):
            torch.cuda.empty_cache()
    trim()


def trim() -> None:
    """Give freed memory back to the system."""
    try:
        # glibc keeps what was freed; 0 asks it to keep none at its end.
        ctypes.CDLL(None).malloc_trim(0)
    except (AttributeError, OSError):
        return  # another C library, which does not keep it


def _of_gpu(device: Device) -> tuple[int | None, int | None]:
    """Return what is free and what there is, in MiB; None for a GPU that does not answer any
    more."""
    if (torch := sys.modules.get("torch")) is None:
        return None, None
    try:
        free, whole = torch.cuda.mem_get_info(device.name)
    except (RuntimeError, AssertionError):  # the latter where this PyTorch knows no GPU at all
        return None, None
    return free // MIB, whole // MIB


def _meminfo(meminfo: Path, name: str) -> int | None:
    try:
        lines = meminfo.read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    kib = [line.split()[1] for line in lines if line.startswith(name)]
    return int(kib[0]) // 1024 if kib else None


def _limit_of(cgroup: Path) -> int | None:
    """Return the limit, where one holds (cgroup v2)."""
    try:
        most = (cgroup / "memory.max").read_text(encoding="ascii").strip()
    except OSError:
        return None
    return None if most == "max" else int(most) // MIB


def _left_in(cgroup: Path) -> int | None:
    """Return what a limit leaves, where one holds (cgroup v2). Cached files count as free."""
    try:
        most = (cgroup / "memory.max").read_text(encoding="ascii").strip()
        used = int((cgroup / "memory.current").read_text(encoding="ascii"))
        stat = (cgroup / "memory.stat").read_text(encoding="ascii").splitlines()
    except (OSError, ValueError):
        return None
    cached = sum(int(line.split()[1]) for line in stat if line.startswith("inactive_file "))
    return None if most == "max" else max(0, int(most) - used + cached) // MIB
