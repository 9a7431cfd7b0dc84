"""What the daemon takes: memory while it tags and while it idles, and a single photo's time."""

from __future__ import annotations

import contextlib
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from benchmarks.latency import measure as latencies
from benchmarks.rates import ALONE
from tests.acceptance.home import Home
from tests.support import wait_until

IDLE_SECONDS = 90.0  # decoders that have nothing to do end after sixty
SINGLES = 12


@dataclass(frozen=True, slots=True)
class Footprint:
    """Proportional set sizes of the daemon and its decoders in MiB, and seconds for one photo."""

    busy_mib: float
    idle_mib: float
    idle_decoders: int
    drop_to_tag: float


def measure(photos: Sequence[Path], root: Path) -> Footprint:
    """Of a daemon that gets single photos first, then all the others at once, then none."""
    home = Home(root / "daemon", ALONE, cache=root / "cache")
    with home.daemon() as popen:
        daemon = psutil.Process(popen.pid)
        single = statistics.median(latencies(home, list(photos[:SINGLES])))
        peak = _tag_all(home, daemon, photos[SINGLES:])
        wait_until(lambda: len(daemon.children()) == 1, IDLE_SECONDS, "one decoder is left")
        return Footprint(peak, pss_mib(daemon), len(daemon.children()), single)


def _tag_all(home: Home, daemon: psutil.Process, photos: Sequence[Path]) -> float:
    """Drop them at once; the most memory that was seen until all were tagged."""
    for photo in photos:
        photo.rename(home.photos / photo.name)
    peak = 0.0

    def done() -> bool:
        nonlocal peak
        peak = max(peak, pss_mib(daemon))
        states = home.states()
        return sum(states.get(photo.name) == "tagged" for photo in photos) == len(photos)

    wait_until(done, 300, "all are tagged")
    return peak


def pss_mib(process: psutil.Process) -> float:
    """The memory of a process and its children, shared pages divided among those who share."""
    total = 0
    for each in [process, *process.children(recursive=True)]:
        with contextlib.suppress(psutil.NoSuchProcess):
            total += each.memory_full_info().pss
    return total / 2**20
