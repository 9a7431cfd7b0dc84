"""Lower priority for this process: on the CPU (nice) and on the disk (ionice)."""

from __future__ import annotations

import os
from typing import Literal

import psutil

Disk = Literal["", "best-effort", "idle"]


def lower_priority(nice: int, disk: Disk) -> str | None:
    """Take a niceness of at least `nice` (0 to 19), and a lower priority on the disk. To be called
    before there are threads, which inherit both. Returns what went wrong, in words."""
    try:
        if nice > os.nice(0):
            os.nice(nice - os.nice(0))
        if disk:
            _set_disk(disk)
    except (OSError, psutil.Error, AttributeError) as error:
        return f"cannot lower the priority of this process: {error}"
    return None


def _set_disk(disk: Disk) -> None:
    process = psutil.Process()
    if disk == "idle":
        process.ionice(psutil.IOPRIO_CLASS_IDLE)
    else:
        process.ionice(psutil.IOPRIO_CLASS_BE, 7)  # the last of that class
