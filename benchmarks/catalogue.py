"""What the catalogue takes: files submitted, results recorded, and what is known read, a second.

python -m benchmarks.catalogue [--files 100000]
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

from benchmarks import report
from tagd.catalogue.db.engine import Catalogue
from tagd.catalogue.files import photos
from tagd.catalogue.tagging import record
from tagd.catalogue.tagging.runs import Run
from tagd.domain import Priority, SettledFile
from tests.catalogue import LABELS, NOW, claim, fresh, name_of, result, settled

BATCHES = (16, 32, 256)
TURNS = 12


def recorded_a_second(catalogue: Catalogue, batch: int) -> float:
    """How many results go into a catalogue that has jobs to do, so many in a transaction."""
    seconds, run = 0.0, Run.of("benchmark")
    for turn in range(TURNS):
        with catalogue.write() as tx:
            claimed = claim(tx, batch, f"worker/{batch}-{turn}")
        results = [
            result(job, f"{job.file_id:032x}", *LABELS[job.id % 90 : job.id % 90 + 3])
            for job in claimed
        ]
        began = time.perf_counter()
        with catalogue.write() as tx:
            assert all(record.record(tx, results, name_of, NOW, run=run))
        seconds += time.perf_counter() - began
    return batch * TURNS / seconds


def submitted(count: int) -> list[SettledFile]:
    """So many files to be submitted, in two hundred folders."""
    return [
        settled(f"/photos/{number % 200}/{number}.jpg", number, Priority.RESCAN)
        for number in range(count)
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=100_000)
    count = parser.parse_args().files
    figures: dict[str, object] = {"files": count}
    with tempfile.TemporaryDirectory() as folder, fresh(Path(folder)) as catalogue:
        files = submitted(count)
        began = time.perf_counter()
        with catalogue.write() as tx:
            photos.submit(tx, files, NOW)
        figures["submitted_a_second"] = round(count / (time.perf_counter() - began))
        for batch in BATCHES:
            key = f"recorded_a_second_in_batches_of_{batch}"
            figures[key] = round(recorded_a_second(catalogue, batch))
        began = time.perf_counter()
        with catalogue.read() as tx:
            assert len(photos.known_files(tx, Path("/photos"))) == count
        figures["known_files_read_in_seconds"] = round(time.perf_counter() - began, 2)
    report.keep("catalogue", figures, "photo, file, decision, 64 logits and three tags a result")


if __name__ == "__main__":
    main()
