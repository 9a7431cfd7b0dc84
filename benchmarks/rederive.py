"""All tags derived anew after changed rules, on a made catalogue.

    python -m benchmarks.rederive [--photos 100000]

Each photo has 64 stored logits of a model of 1,000 classes, about as sure as the embedded ones are.
Every change of rules is what `tagd run`, `tagd tag` and `tagd tags rederive` do about it: no photo
is read, and no model asked.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks import report
from tagd.catalogue.db.engine import Catalogue, open_owner
from tagd.catalogue.files import photos
from tagd.catalogue.queue import claims
from tagd.catalogue.tagging.record import TaggedFile, Tagging, record
from tagd.catalogue.tagging.runs import Run
from tagd.domain import JobKind, PhotoFacts, Predictions, Priority, SettledFile, Signature
from tagd.labels.derivation import Derivation
from tagd.labels.hierarchy import Hierarchy
from tagd.labels.rules import TagRules
from tagd.labels.wording import Wording, read
from tagd.revise.rederive import rederive_if_changed

BATCH = 1000
KEPT = 64
FACTS = PhotoFacts("JPEG", 4000, 3000)

OWN = Wording(
    thresholds={"dog": 0.8, "bird": 0.3},
    deny=["animal"],
    alias={"tabby": "Minka", "tiger cat": "Minka"},
    parents={"Chihuahua": ["our dogs"], "pug": ["our dogs"]},
)
CHANGES = {
    "higher_minimum": TagRules(min_confidence=0.6),
    "no_ancestors": TagRules(ancestors=False),
    "defaults_again": TagRules(),
    "rules_of_ones_own": read(OWN, TagRules())[0],
    "another_language": read(OWN, TagRules(language="ja"))[0],
}


def said(first: int, count: int, draw: np.random.Generator) -> Iterator[Predictions]:
    """What a model may have said of so many photos: one class, and its neighbours in WordNet's
    order, stand out of the noise by more or by less."""
    classes = Hierarchy.load().classes
    logits = draw.normal(0.0, 1.0, (count, len(classes))).astype(np.float32)
    subject = draw.integers(0, len(classes), count)
    for near, strength in ((0, 9.0), (1, 5.0), (2, 4.0)):
        place = (subject + near) % len(classes)
        logits[np.arange(count), place] += draw.normal(strength, 2.0, count)
    best = np.argsort(-logits, axis=1)[:, :KEPT]
    total = np.log(np.exp(logits.astype(np.float64)).sum(axis=1))
    for number in range(count):
        yield Predictions(
            photo_id=f"{first + number:032x}",
            model="made",
            fingerprint="f" * 64,
            labels=tuple(classes[place] for place in best[number]),
            logits=logits[number, best[number]],
            log_sum_exp=float(total[number]),
        )


def make(catalogue: Catalogue, count: int) -> None:
    """A catalogue of so many photos, tagged by the default rules."""
    derivation, draw, now = Derivation.by(TagRules()), np.random.default_rng(7), time.time()
    rederive_if_changed(catalogue, derivation)
    for first in range(0, count, BATCH):
        files = [
            SettledFile(Path(f"/p/{number}.jpg"), Signature(1, 1, 1, number + 1), Priority.NEW)
            for number in range(first, min(first + BATCH, count))
        ]
        with catalogue.write() as tx:
            photos.submit(tx, files, now)
            claimed = claims.claim(
                tx, JobKind.TAG, limit=BATCH, lease="made", lease_seconds=60, now=now
            )
            found = [
                TaggedFile(
                    job=job,
                    photo_id=each.photo_id,
                    facts=FACTS,
                    signature=Signature(1, 1, 1, 1),
                    tagging=Tagging("made", (each,), derivation.tags_of(each)),
                )
                for job, each in zip(claimed, said(first, len(claimed), draw), strict=True)
            ]
            assert all(record(tx, found, derivation.name_of, now))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=int, default=100_000)
    count = parser.parse_args().photos
    root = Path(tempfile.mkdtemp(prefix="tagd-rederive-"))
    figures: dict[str, object] = {"photos": count}
    run = Run.of("benchmark")
    slowest = 0.0
    try:
        with open_owner(root / "catalogue.db", "benchmark") as catalogue:
            make(catalogue, count)
            with catalogue.read() as tx:
                figures["tags"] = tx.exec_driver_sql("SELECT count(*) FROM tag").scalar_one()
            for name, rules in CHANGES.items():
                started, worked = time.perf_counter(), time.process_time()
                outcome = rederive_if_changed(catalogue, Derivation.by(rules), run=run)
                seconds = time.perf_counter() - started
                assert outcome is not None
                slowest = max(slowest, seconds)
                figures[f"{name}_seconds"] = round(seconds, 1)
                figures[f"{name}_cpu_seconds"] = round(time.process_time() - worked, 1)
                figures[f"{name}_tags_changed"] = outcome.gained.total() + outcome.lost.total()
    finally:
        shutil.rmtree(root)
    figures["slowest_seconds"] = round(slowest, 1)
    report.keep("rederive", figures, f"{count} photos' tags derived anew after changed rules")


if __name__ == "__main__":
    main()
