"""A lower priority beside other programs."""

from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    ("nice", "disk", "expected"),
    [(7, "idle", "12 3 None"), (15, "", "15 None")],
)
def test_the_priority_is_lowered_and_never_raised(nice: int, disk: str, expected: str) -> None:
    """It starts at 12, and so do the threads that come later."""
    program = (
        "import os, psutil, threading\n"
        "from tagd.ops.niceness import lower_priority\n"
        "os.nice(12 - os.nice(0))\n"
        f"failed = lower_priority({nice}, {disk!r})\n"
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
