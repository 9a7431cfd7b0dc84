"""Many tiny JPEGs at once: none may be lost, and the daemon's memory must not follow.

    python -m benchmarks.burst [--photos 20000]

Every photo is renamed into the folder as fast as the machine can, which overflows the kernel's
event queue; a tenth are duplicates of others. Then the daemon idles with all of them watched, and
what it costs to do nothing is measured.
"""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
import time
from pathlib import Path

import psutil
from PIL import Image

from benchmarks import report
from tests.acceptance.home import Home, export_graphs
from tests.support import wait_until

IDLE_SECONDS = 30.0


def make(count: int, folder: Path) -> None:
    """`count` valid JPEGs of 32 by 32 pixels; every tenth is a copy of the one before it."""
    for number in range(count):
        place = folder / f"{number:05d}.jpg"
        if number % 10 == 9:
            shutil.copy(folder / f"{number - 1:05d}.jpg", place)
        else:
            colour = (number % 256, number // 256 % 256, 90)
            Image.new("RGB", (32, 32), colour).save(place)


def memory(process: psutil.Process) -> float:
    """Resident memory of the daemon without its decoders, in MiB."""
    return float(process.memory_info().rss) / 2**20


def cpu_share(process: psutil.Process, seconds: float) -> float:
    """The share of one core that the daemon and its decoders take while nothing happens."""

    def spent() -> float:
        family = [process, *process.children(recursive=True)]
        return sum(sum(member.cpu_times()[:2]) for member in family)

    before, started = spent(), time.monotonic()
    wait_until(lambda: time.monotonic() - started >= seconds, seconds + 5)
    return (spent() - before) / (time.monotonic() - started)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=int, default=20_000)
    count = parser.parse_args().photos
    root = Path(tempfile.mkdtemp(prefix="tagd-burst-"))
    try:
        home = Home(root / "home", cache=export_graphs(root / "cache"))
        staged = root / "staged"
        staged.mkdir()
        make(count, staged)
        with home.daemon() as popen:
            figures = burst(home, psutil.Process(popen.pid), staged, count)
    finally:
        shutil.rmtree(root)
    report.keep("burst", figures, f"{count} tiny JPEGs renamed into the folder at once")


def burst(home: Home, daemon: psutil.Process, staged: Path, count: int) -> dict[str, object]:
    """Drop, wait until all are tagged, idle; the figures of each."""

    def tagged() -> int:
        return int(home.rows("SELECT count(*) FROM v_files WHERE state = 'tagged'")[0][0])

    before = peak = memory(daemon)
    started = time.monotonic()
    for entry in os.scandir(staged):
        os.rename(entry.path, home.photos / entry.name)  # noqa: PTH104
    dropped = time.monotonic() - started

    def done() -> bool:
        nonlocal peak
        peak = max(peak, memory(daemon))
        return tagged() == count

    wait_until(done, 1800, "all are tagged")
    seconds = time.monotonic() - started
    inferences = home.inferences()
    share = cpu_share(daemon, IDLE_SECONDS)
    return {
        "photos": count,
        "dropped_in_seconds": round(dropped, 2),
        "tagged": tagged(),
        "inferences": inferences,
        "seconds": round(seconds, 1),
        "photos_a_second": round(count / seconds, 1),
        "memory_before_mib": round(before),
        "memory_peak_mib": round(peak),
        "memory_growth_mib": round(peak - before),
        "idle_share_of_one_core": round(share, 4),
    }


if __name__ == "__main__":
    main()
