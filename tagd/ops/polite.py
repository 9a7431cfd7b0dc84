"""How this process stands back behind others, for the processor and for the disk."""

from __future__ import annotations

import os
from datetime import time
from typing import TYPE_CHECKING, Literal

import psutil

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tagd.hours import Hours

Disk = Literal["", "best-effort", "idle"]


def stand_back(nice: int, disk: Disk) -> str | None:
    """Take a niceness of at least `nice` (0 to 19), and let others go first at the disk. To be
    called before there are threads, which inherit it. Returns what could not be done, in words."""
    try:
        if nice > os.nice(0):
            os.nice(nice - os.nice(0))
        if disk:
            _set_disk(disk)
    except (OSError, psutil.Error, AttributeError) as error:
        return f"cannot stand back behind other programs: {error}"
    return None


def within(windows: Sequence[Hours], at: time) -> bool:
    """Whether this time of day is in one of the windows; with none it always is."""
    return not windows or any(window.hold(at) for window in windows)


def _set_disk(disk: Disk) -> None:
    process = psutil.Process()
    if disk == "idle":
        process.ionice(psutil.IOPRIO_CLASS_IDLE)
    else:
        process.ionice(psutil.IOPRIO_CLASS_BE, 7)  # the last of that class
