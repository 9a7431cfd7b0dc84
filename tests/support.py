"""What tests share: waiting for something with a deadline, never for a time."""

from __future__ import annotations

import stat
import time
from collections.abc import Callable
from pathlib import Path

# Tells a standstill from work under way, on a machine that is slow and shared: never a pace.
PATIENCE_SECONDS = 240.0


def wait_until(
    happened: Callable[[], bool], seconds: float = PATIENCE_SECONDS, what: str = ""
) -> None:
    """Return as soon as `happened()`; fail once `seconds` have passed without it."""
    deadline = time.monotonic() + seconds
    while not happened():
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s: {what or happened}")
        time.sleep(0.01)


def others_may_enter(folder: Path) -> bool:
    """Whether any user may, as most may not enter what lies in root's home."""
    return all(each.stat().st_mode & stat.S_IXOTH for each in (folder, *folder.parents))
