"""Standing back behind other programs, and the hours of work."""

from __future__ import annotations

import subprocess
import sys
from datetime import time

import pytest

from tagd.hours import hours_of
from tagd.ops.polite import within

NIGHT, NOON, WHOLE = hours_of("22:00-06:00"), hours_of("12:00-13:00"), hours_of("00:00-24:00")


@pytest.mark.parametrize(
    ("windows", "at", "expected"),
    [
        ((), time(15), True),
        ((NIGHT,), time(23), True),
        ((NIGHT,), time(5, 59), True),
        ((NIGHT,), time(6), False),
        ((NIGHT, NOON), time(12, 30), True),
        ((NIGHT, NOON), time(15), False),
        ((WHOLE,), time(0), True),
        ((WHOLE,), time(23, 59, 59), True),
    ],
)
def test_the_hours(windows: tuple[object, ...], at: time, expected: bool) -> None:
    assert within(windows, at) is expected  # type: ignore[arg-type]  # Hours, all of them


@pytest.mark.parametrize(
    ("nice", "disk", "expected"),
    [(7, "idle", "12 3 None"), (15, "", "15 None")],
)
def test_a_process_stands_back_but_never_forward(nice: int, disk: str, expected: str) -> None:
    """It starts at 12, and so do the threads that come later."""
    program = (
        "import os, psutil, threading\n"
        "from tagd.ops.polite import stand_back\n"
        "os.nice(12 - os.nice(0))\n"
        f"failed = stand_back({nice}, {disk!r})\n"
        "found = []\n"
        "thread = threading.Thread(target=lambda: found.append(os.nice(0)))\n"
        "thread.start(); thread.join()\n"
        f"disk = [int(psutil.Process().ionice().ioclass)] if {disk!r} else []\n"
        "print(found[0], *disk, failed)\n"
    )
    told = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert told.stdout.strip() == expected
