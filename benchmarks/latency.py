"""From the moment a photo is renamed into a watched folder until its tags can be queried.

    python -m benchmarks.latency [--photos 50] [--from FOLDER]

Twelve-megapixel JPEGs, each with content of its own, one at a time, on a warmed daemon: the real
command, with the catalogue asked as any other program would.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import tempfile
import time
from pathlib import Path

from benchmarks import report
from tests.acceptance.home import Home, export_graphs
from tests.photos import large
from tests.support import wait_until

TAGGED = "SELECT 1 FROM v_files WHERE path = ? AND state = 'tagged'"


def measure(home: Home, photos: list[Path]) -> list[float]:
    """Seconds for each photo, the first two left out: they warm the daemon up."""
    seconds = []
    for photo in photos:
        place = home.photos / photo.name
        started = time.perf_counter()
        photo.rename(place)
        wait_until(lambda: bool(home.rows(TAGGED, str(place))), 30, photo.name)  # noqa: B023
        seconds.append(time.perf_counter() - started)
    return seconds[2:]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=int, default=50)
    arguments = parser.parse_args()
    root = Path(tempfile.mkdtemp(prefix="tagd-latency-"))
    try:
        home = Home(root / "home", cache=export_graphs(root / "cache"))
        staged = root / "staged"
        staged.mkdir()
        photos = large(arguments.photos + 2, staged)
        with home.daemon():
            seconds = measure(home, photos)
    finally:
        shutil.rmtree(root)
    report.keep(
        "latency",
        {
            "photos": len(seconds),
            "median_seconds": round(statistics.median(seconds), 3),
            "p95_seconds": round(report.percentile(seconds, 0.95), 3),
            "slowest_seconds": round(max(seconds), 3),
        },
        "12-megapixel JPEG, from its rename into the folder to a queryable tag, daemon warmed",
    )


if __name__ == "__main__":
    main()
