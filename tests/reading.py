"""A catalogue with photos of every fate, for commands that only read it."""

from __future__ import annotations

import math
import time
from pathlib import Path

import numpy as np

from tagd.catalogue.db import settings
from tagd.catalogue.db.engine import Catalogue
from tagd.catalogue.files import photos
from tagd.catalogue.queue import claims, jobs
from tagd.catalogue.tagging.record import TaggedFile, Tagging, record
from tagd.domain import (
    Job,
    JobKind,
    PhotoFacts,
    Predictions,
    Priority,
    SettledFile,
    Signature,
    Tag,
    Tags,
)

NAMES = {"n02121808": "cat", "n02084071": "dog", "n00015388": "animal", "n07920052": "espresso"}
PHOTOS: dict[str, tuple[tuple[str, float], ...]] = {
    "猫 1.jpg": (("n02121808", 0.92), ("n00015388", 0.95)),
    "both.jpg": (("n02121808", 0.61), ("n02084071", 0.7), ("n00015388", 0.99)),
    "odd\udcff\n.jpg": (("n07920052", 0.97),),
    "plain.jpg": (),
}
BROKEN = [f"broken {number}.jpg" for number in range(7)]


def recorded(job: Job, number: int, tags: tuple[tuple[str, float], ...]) -> TaggedFile:
    photo_id = f"{number:032x}"
    best = tags or (("n02121808", 0.2),)
    said = Predictions(
        photo_id=photo_id,
        model="efficientnet-lite0",
        fingerprint="f" * 64,
        labels=tuple(label for label, _ in best),
        logits=np.array([math.log(probability) for _, probability in best], dtype=np.float32),
        log_sum_exp=0.0,
    )
    given = Tags(photo_id, tuple(Tag(label, confidence) for label, confidence in tags))
    return TaggedFile(
        job=job,
        photo_id=photo_id,
        facts=PhotoFacts("JPEG", 4000, 3000, camera_make="NIKON", camera_model="D750"),
        signature=Signature(1000, 1, 1, number),
        tagging=Tagging("the quick model is sure", (said,), given),
    )


def fill(catalogue: Catalogue, folder: Path) -> None:
    """Photos with tags, photos that failed, and one that waits."""
    now = time.time()
    names = [*PHOTOS, *BROKEN]
    files = [
        SettledFile(folder / name, Signature(1000, 1, 1, number), Priority.NEW)
        for number, name in enumerate(names)
    ]
    with catalogue.write() as tx:
        photos.submit(tx, files, now)
        claimed = claims.claim(tx, JobKind.TAG, limit=99, lease="test/1", lease_seconds=60, now=now)
        by_name = {job.path.name: job for job in claimed}
        done = [
            recorded(by_name[name], number, tags)
            for number, (name, tags) in enumerate(PHOTOS.items())
        ]
        assert all(record(tx, done, NAMES.__getitem__, now))
        for name in BROKEN:
            assert jobs.quarantine(tx, by_name[name], "not-an-image", "is a text file", now)
        waits = SettledFile(folder / "waits.jpg", Signature(1, 1, 1, 99), Priority.NEW)
        photos.submit(tx, [waits], now)
        settings.put(tx, settings.WORKING_WITH, '{"model": "efficientnet-lite0", "device": "cpu"}')
