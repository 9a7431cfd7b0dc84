"""Searches for a page of 50 on a made catalogue, in the process.

    python -m benchmarks.search [--files 1000000] [--rounds 10] [--keep FOLDER]

Each search opens a connection, as the command does, and shows its files with all their tags. What
keeps the counts costs is shown by recording the same photos with and without the triggers.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from itertools import chain
from pathlib import Path

from benchmarks import made, report
from tagd.catalogue.db import triggers
from tagd.catalogue.db.engine import Catalogue, open_owner, open_reader
from tagd.catalogue.db.snapshot import sqlite
from tagd.catalogue.search.search import Sort, search
from tagd.catalogue.tagging import record, tags
from tagd.labels.meaning import Meaning
from tagd.labels.rules import TagRules
from tests.catalogue import LABELS, NOW, claim, fresh, name_of, result, settled, submit

PAGE = 50
SEARCHES = (
    ("cat", Sort.PATH),
    ("猫", Sort.NEWEST),
    ("cat -dog", Sort.PATH),
    ("(cat OR dog) -animal", Sort.PATH),
    ("bird taken:2012", Sort.PATH),
    ("path:IMG_12", Sort.PATH),
    ("path:holiday/", Sort.NEWEST),
    ("taken:2023-06..2023-08", Sort.PATH),
    ("taken:2023-06..2023-08", Sort.NEWEST),
    ("dog food", Sort.PATH),
    ("cat dog", Sort.PATH),
    ("espresso", Sort.NEWEST),
    ("conf:>0.9", Sort.PATH),
    ("cat conf:>0.9", Sort.PATH),
    ("cat", Sort.CONFIDENCE),
    ("camera:nikon", Sort.PATH),
    ("camera:nikon bird", Sort.NEWEST),
    ("model:efficientnet-lite2 food", Sort.PATH),
    ("state:failed", Sort.PATH),
    ("source:person", Sort.PATH),
    ("zebra espresso", Sort.PATH),
    ("path:nowhere", Sort.PATH),
)
RECORDED, BATCH = 2048, 256


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--keep", type=Path, help="where the catalogue is made, or was before")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        path = (given.keep or Path(scratch)) / "base.db"
        if not path.exists():
            with open_owner(path, "benchmark") as catalogue, catalogue.write() as tx:
                made.fill(tx, given.files)
        figures = {**sizes(path), **searches(path, given.rounds), **recording(Path(scratch))}
    report.keep("search", figures, f"a page of {PAGE}: files found, p50 and p95 in milliseconds")


def sizes(path: Path) -> dict[str, object]:
    """What is in the catalogue, and what its largest parts take."""
    with open_reader(path) as catalogue, catalogue.read() as tx:
        counted = {
            f"{table}s": tx.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one()
            for table in ("file", "tag")
        }
        megabytes = tx.exec_driver_sql(
            "SELECT name, sum(pgsize) / 1e6 AS size FROM dbstat GROUP BY name HAVING size > 10"
            " ORDER BY size DESC"
        )
        return counted | {f"{name}_mb": round(size) for name, size in megabytes}


def searches(path: Path, rounds: int) -> dict[str, object]:
    """Each search, so many times, after one that nobody measures."""
    told: dict[str, object] = {}
    taken: list[list[float]] = []
    with open_reader(path) as catalogue:
        for query, sort in SEARCHES:
            found = one(catalogue, query, sort)[0]
            spent = [one(catalogue, query, sort)[1] for _ in range(rounds)]
            p50, p95 = (round(report.percentile(spent, share), 1) for share in (0.5, 0.95))
            told[f"{query} ({sort})"] = [found, p50, p95]
            taken.append(spent)
    told["all_p95_ms"] = round(report.percentile([*chain.from_iterable(taken)], 0.95), 1)
    return told


def one(catalogue: Catalogue, query: str, sort: Sort) -> tuple[int, float]:
    """How many files a search found, and the milliseconds that it took."""
    began = time.perf_counter()
    with catalogue.read() as tx:
        meaning = Meaning.by(TagRules(), tags.label_names(tx))
        found = search(sqlite(tx), query, meaning, sort=sort, limit=PAGE)
    return len(found), (time.perf_counter() - began) * 1000


def recording(folder: Path) -> dict[str, object]:
    """Photos recorded a second, with the triggers and without."""
    told: dict[str, object] = {}
    for name in ("with", "without"):
        place = folder / name
        place.mkdir()
        with fresh(place) as catalogue:
            with catalogue.write() as tx:
                submit(tx, *(settled(f"/p/{number}.jpg", number) for number in range(RECORDED)))
                if name == "without":
                    triggers.drop(tx)
            seconds = sum(batch(catalogue) for _ in range(RECORDED // BATCH))
        told[f"recorded_a_second_{name}_triggers"] = round(RECORDED / seconds)
    return told


def batch(catalogue: Catalogue) -> float:
    """The seconds that recording the next photos, with five tags each, took."""
    with catalogue.write() as tx:
        claimed = claim(tx, BATCH)
    results = [
        result(job, f"{job.file_id:032x}", *LABELS[job.id % 90 : job.id % 90 + 5])
        for job in claimed
    ]
    began = time.perf_counter()
    with catalogue.write() as tx:
        assert all(record.record(tx, results, name_of, NOW))
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
