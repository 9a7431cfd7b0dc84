"""Photos a second that keywords are written for: into sidecars, and into JPEGs.

    python -m benchmarks.metadata [--photos 1000] [--threads 4]

Each write is the whole of it: read, join, verify, fsync of the file and of its folder, exchange.
Threads let the disk settle several writes at once.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from benchmarks import report
from tagd.fs import file_system_of
from tagd.metadata.edit import Wish
from tagd.metadata.keywords import TagRecord
from tagd.metadata.ledger import MemoryLedger
from tagd.metadata.sidecar import SidecarRule
from tagd.metadata.writer import Writer
from tests.photos import distinct

SAID = ("tf_efficientnet_lite0", "0123456789abcdef", 0.97, "2026-11-21T12:00:00Z")
TAGS = Wish((TagRecord(("animal", "cat"), *SAID), TagRecord(("food", "drink", "espresso"), *SAID)))


def per_second(write: Callable[[Path], object], photos: list[Path], threads: int) -> float:
    """How many photos a second."""
    started = time.perf_counter()
    with ThreadPoolExecutor(threads) as pool:
        for _ in pool.map(write, photos):
            pass
    return round(len(photos) / (time.perf_counter() - started), 1)


def measure(folder: Path, count: int, threads: int) -> dict[str, object]:
    """Both ways, on photos that have no keywords yet."""
    folder.mkdir()
    photos = distinct(count, folder, (450, 300))
    writer, rule = Writer(MemoryLedger()), SidecarRule()
    return {
        "mean_bytes": sum(photo.stat().st_size for photo in photos) // count,
        f"sidecars_per_second_by_{threads}": per_second(
            lambda photo: writer.write_sidecar(photo, TAGS, {}, rule=rule), photos, threads
        ),
        f"embedded_per_second_by_{threads}": per_second(
            lambda photo: writer.embed(photo, TAGS, {}), photos, threads
        ),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=int, default=1000)
    parser.add_argument("--threads", type=int, default=4)
    arguments = parser.parse_args()
    root = Path(tempfile.mkdtemp(prefix="tagd-metadata-"))
    figures: dict[str, object] = {
        "photos": arguments.photos,
        "file_system": file_system_of(root).type,
    }
    try:
        for threads in sorted({1, arguments.threads}):
            figures |= measure(root / str(threads), arguments.photos, threads)
    finally:
        shutil.rmtree(root)
    report.keep("metadata", figures, "keywords written, each write with its fsyncs")


if __name__ == "__main__":
    main()
