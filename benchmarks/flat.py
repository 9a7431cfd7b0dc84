"""The memory of `tagd tag` over many large photos, which must not follow their number.

    python -m benchmarks.flat [--photos 10000]

The photos are one 12-megapixel JPEG (about 0.4 MB, 4 GB in all) whose quantisation differs from
file to file, which makes it content of its own for the price of a copy.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import psutil

from benchmarks import report
from benchmarks.footprint import pss_mib
from benchmarks.rates import ALONE
from benchmarks.samples import LARGE
from tests.acceptance.home import Home, export_graphs
from tests.photos import coffee
from tests.support import wait_until

SETTLED = 0.1  # the share of the photos after which caches have filled and decoders have grown
LOOK_SECONDS = 0.5  # looking takes part of a core
MOST_SECONDS = 3600.0
TABLE, LENGTH = 5, 64  # where the first quantisation table's values lie behind its marker


def make(count: int, folder: Path) -> None:
    """So many 12-megapixel JPEGs, no two the same."""
    folder.mkdir(parents=True)
    first = folder / "first.jpg"
    coffee().resize(LARGE).save(first, quality=60)
    data = bytearray(first.read_bytes())
    first.unlink()
    end = data.index(b"\xff\xdb") + TABLE + LENGTH
    for number in range(count):
        # The coarseness of the finest detail, of which an enlarged picture has none.
        for place in range(4):
            data[end - 1 - place] = 100 + (number >> 4 * place) % 16
        (folder / f"{number:05d}.jpg").write_bytes(data)


def memory_over_time(home: Home, count: int) -> list[tuple[int, float]]:
    """How many are tagged and what `tagd tag` with its decoders then takes in MiB, again and
    again until it ends."""
    seen: list[tuple[int, float]] = []
    looked = 0.0
    process = subprocess.Popen(home.command("tag", home.photos), env=home.environment)
    try:
        watched = psutil.Process(process.pid)

        def ended() -> bool:
            nonlocal looked
            if time.monotonic() - looked < LOOK_SECONDS:
                return False
            looked = time.monotonic()
            taken = pss_mib(watched)
            rows = home.rows("SELECT count(*) FROM v_files WHERE state = 'tagged'")
            seen.append((rows[0][0] if rows else 0, taken))
            return process.poll() is not None

        wait_until(ended, MOST_SECONDS, "all are tagged")
    finally:
        process.kill()
        process.wait()
    assert home.inferences() == count
    return [(tagged, taken) for tagged, taken in seen if 0 < tagged < count and taken]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=int, default=10_000)
    count = parser.parse_args().photos
    root = Path(tempfile.mkdtemp(prefix="tagd-flat-"))
    try:
        home = Home(root / "home", ALONE, cache=export_graphs(root / "cache"))
        make(count, home.photos / "many")
        seen = memory_over_time(home, count)
    finally:
        shutil.rmtree(root)
    early = max(taken for tagged, taken in seen if tagged <= SETTLED * count)
    late = max(taken for tagged, taken in seen if tagged >= (1 - SETTLED) * count)
    report.keep(
        "flat",
        {
            "photos": count,
            "first_tenth_mib": round(early, 1),
            "last_tenth_mib": round(late, 1),
            "growth_mib": round(late - early, 1),
            "peak_mib": round(max(taken for _, taken in seen), 1),
        },
        f"memory (PSS) of `tagd tag` and its decoders over {count} photos of 12 megapixels",
    )


if __name__ == "__main__":
    main()
