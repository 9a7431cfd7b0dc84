"""Personal tags: how long they take, and whether their figures hold for unseen photos.

    .venv/bin/python -m benchmarks.learning [CATALOGUE]

Without CATALOGUE, how long one tag takes to be learnt, and 100,000 photos to be scored by 50, on
made-up embeddings, in seconds of the processor. With one that `tagd tag` made of folders that are
named by synsets of ImageNet, for every kind of photo of which there are 14 to 40, such as dogs: a
tag learnt from 5 and from 10 of them, with no photo rejected and with 16. Photos that are neither
examples nor rejected are the unseen ones.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections import defaultdict
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import select

from benchmarks import report
from tagd.catalogue.db.engine import Catalogue, open_owner
from tagd.catalogue.db.schema import embedding, file, model, photo
from tagd.catalogue.tagging import corrections, embeddings, personal
from tagd.catalogue.tagging.corrections import Action, Correction
from tagd.catalogue.tagging.runs import Run
from tagd.catalogue.tagging.tags import label_ids
from tagd.catalogue.tagging.vectors import pack
from tagd.labels.hierarchy import Hierarchy
from tagd.learning import head as heads
from tagd.learning import teach
from tagd.learning.teach import Learned, Means

PHOTOS, TAGS, WIDTH = 100_000, 50, 1280
FEWEST, MOST, REJECTED = 14, 40, 16


def main() -> None:
    """Measure one of both, and keep the figures."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("catalogue", type=Path, nargs="?")
    path = parser.parse_args().catalogue
    with tempfile.TemporaryDirectory() as folder:
        if path is None:
            with closing(open_owner(Path(folder) / "catalogue.db")) as catalogue:
                figures = speed(catalogue)
            report.keep("learning", figures, "personal tags learnt, and 100,000 photos scored")
        else:
            copied = Path(folder) / "catalogue.db"
            copied.write_bytes(path.read_bytes())
            with closing(open_owner(copied)) as catalogue:
                figures = quality(catalogue)
            report.keep("learning-quality", figures, "personal tags, held against unseen photos")


def speed(catalogue: Catalogue) -> dict[str, object]:
    """How long learning one tag takes, and scoring all photos for many."""
    fill(catalogue)
    photos = list(range(1, 11))
    say(catalogue, Action.ADD, photos)
    started = time.process_time()
    learned = learn(catalogue)
    one = time.process_time() - started
    [kept] = learned.heads
    started = time.process_time()
    with catalogue.read() as tx:
        for page in embeddings.pages(tx, "f" * 64):
            heads.scores(page.rows, [kept] * TAGS)
    many = time.process_time() - started
    return {
        "one tag learnt, processor s": round(one, 2),
        f"{TAGS} tags, {PHOTOS:,} photos, processor s": round(many, 2),
    }


def fill(catalogue: Catalogue) -> None:
    """A library of made-up embeddings, ten of which are alike."""
    random = np.random.default_rng(1)
    with catalogue.write() as tx:
        row = {"id": 1, "name": "base", "fingerprint": "f" * 64, "first_used_at": 0.0}
        tx.execute(model.insert(), [row])
        for first in range(0, PHOTOS, 5000):
            rows = random.random((5000, WIDTH), dtype=np.float32)
            numbers = range(first + 1, first + 5001)
            shown = {"format": "JPEG", "width": 1, "height": 1, "orientation": 1}
            ids = [
                {"id": n, "content_hash": f"{n * 7919 % 1_000_003:032x}"} | shown for n in numbers
            ]
            tx.execute(photo.insert(), ids)
            if not first:
                rows[:20, :40] += 3
            kept = [
                {"photo_id": n, "model_id": 1, "vector": pack(row)}
                for n, row in zip(numbers, rows, strict=True)
            ]
            tx.execute(embedding.insert(), kept)


def quality(catalogue: Catalogue) -> dict[str, object]:
    """What was measured of tags, beside what unseen photos show."""
    kinds = kinds_of(catalogue)
    figures: dict[str, object] = {"kinds": len(kinds)}
    for count in (5, 10):
        for rejected in (0, REJECTED):
            found = [
                _measured(catalogue, photos, count, rejected, seed)
                for photos in kinds
                for seed in range(2)
                if len(photos) >= count + 4
            ]
            for name, value in _means(found).items():
                figures[f"{count} examples, {rejected} rejected: {name}"] = value
    return figures


def kinds_of(catalogue: Catalogue) -> list[list[int]]:
    """The photos of each kind, by row id; no kind is below another."""
    hierarchy = Hierarchy.load()
    found: dict[str, list[int]] = defaultdict(list)
    with catalogue.read() as tx:
        for path, photo_id in tx.execute(select(file.c.path, file.c.photo_id)):
            for above in hierarchy.ancestors(Path(path).parent.name):
                found[above].append(photo_id)
    fit = {key: photos for key, photos in found.items() if FEWEST <= len(photos) <= MOST}
    return [
        photos for key, photos in sorted(fit.items()) if not set(hierarchy.ancestors(key)) & {*fit}
    ]


def _measured(
    catalogue: Catalogue, photos: list[int], count: int, rejected: int, seed: int
) -> dict[str, Any]:
    """One tag, from so many of these photos: measured, and as it is."""
    chosen = np.random.default_rng(seed).permutation(photos)[:count].tolist()
    say(catalogue, Action.ADD, chosen)
    learned = learn(catalogue)
    wrong = [row for row, _ in learned.likely if row not in photos][:rejected]
    if wrong:
        say(catalogue, Action.REJECT, wrong)
        learned = learn(catalogue)
    likely = [row for row, _ in learned.likely]
    right = [row in photos for row in likely]
    unseen = len(photos) - count
    shares = [(head.precision, head.recall, head.background) for head in learned.heads]
    weights = [share[2] for share in shares]
    wipe(catalogue)
    return {
        "gives": all(head.precision >= 0.9 for head in learned.heads),
        "precision": float(np.average([share[0] for share in shares], weights=weights)),
        "precision, unseen": float(np.mean(right)) if right else float("nan"),
        "recall": float(np.average([share[1] for share in shares], weights=weights)),
        "recall, unseen": sum(right) / unseen,
        "top 10": float(np.mean(right[:10])) if right else float("nan"),
    }


def _means(found: list[dict[str, Any]]) -> dict[str, float]:
    figures = {
        name: round(float(np.nanmean([each[name] for each in found])), 2) for name in found[0]
    }
    for name in ("precision", "recall"):
        off = [abs(each[name] - each[f"{name}, unseen"]) for each in found]
        figures[f"{name}, off by"] = round(float(np.nanmean(off)), 2)
    return figures


def say(catalogue: Catalogue, action: Action, photos: list[int]) -> None:
    """A person says this of photos."""
    with catalogue.write() as tx:
        row = label_ids(tx, {"own:it": "it"})["own:it"]
        corrections.correct(tx, Correction(action, row), photos, Run.of("benchmark"), time.time())


def learn(catalogue: Catalogue) -> Learned:
    """Learn what was said."""
    with catalogue.write() as tx:
        personal.tell(tx, label_ids(tx, {"own:it": "it"})["own:it"], gives=False, now=time.time())
        [of] = personal.every(tx)
    return teach.learn(catalogue, of, Means(Run.of("benchmark")))


def wipe(catalogue: Catalogue) -> None:
    """Nothing was ever said."""
    with catalogue.write() as tx:
        [of] = personal.every(tx)
        personal.forget(tx, of.label_id)
        tx.exec_driver_sql(f"DELETE FROM tag WHERE label_id = {of.label_id}")


if __name__ == "__main__":
    main()
