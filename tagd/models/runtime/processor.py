"""What this machine's processor is called, and what it can do."""

from __future__ import annotations

import platform
from pathlib import Path


def processor(cpuinfo: Path = Path("/proc/cpuinfo")) -> str:
    """Return the processor's name, as the kernel has it."""
    return _said("model name", cpuinfo) or platform.machine()


def computes_in_bf16(cpuinfo: Path = Path("/proc/cpuinfo")) -> bool:
    """Return whether it multiplies in bfloat16 itself, as far as the kernel says."""
    flags = (_said("flags", cpuinfo) or _said("Features", cpuinfo)).split()
    return not {"avx512_bf16", "amx_bf16", "bf16"}.isdisjoint(flags)


def _said(key: str, cpuinfo: Path) -> str:
    """Return what the kernel says of the first core under this key; empty where it says nothing."""
    try:
        lines = cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    found = (line.partition(":")[2].strip() for line in lines if line.startswith(key))
    return next(found, "")
