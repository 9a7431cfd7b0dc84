"""A made catalogue of any size, the same for the same seed, written with bulk SQL.

Subjects fall as they do in a person's photos: a few very often, most hardly ever; each with the
kinds above it, as tags have them. Years, folders and cameras are uneven in the same way.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tagd.catalogue.db import triggers
from tagd.catalogue.db.schema import CLASSIFIER_ID
from tagd.domain import FileState, TagSource, TagState
from tagd.labels.hierarchy import Hierarchy
from tagd.labels.vocabulary import Vocabulary

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.random import Generator
    from sqlalchemy import Connection

SEED = 7
FIRST_YEAR, YEARS = 2008, 18
PLACES = (
    "holiday",
    "garden",
    "berlin",
    "kyoto",
    "work",
    "café",
    "birthday",
    "旅行",
    "misc",
    "phone",
)
MAKES = ("NIKON", "Canon", "SONY", "FUJIFILM", "Apple", "Google", "Panasonic", "OLYMPUS")
CATS = ("n02123045", "n02123159", "n02124075")  # many people's favourite subject
SECOND_SUBJECT = 0.75  # of the photos
PLAIN, FAILED, QUEUED, MISSING = 0.03, 0.004, 0.006, 0.01  # shares without tags, and by state
TAGGED_AT = 1_750_000_000.0
CHUNK = 50_000


def fill(tx: Connection, count: int, seed: int = SEED) -> None:
    """So many photos, each in one file, with their tags; `tx` may write to an empty catalogue."""
    draw = np.random.default_rng(seed)
    triggers.drop(tx)  # what they keep is found out at once in the end
    tx.exec_driver_sql("PRAGMA defer_foreign_keys = ON")  # a photo and its tagging name each other
    labels = _labels(tx)
    _model(tx)
    classes = Hierarchy.load().classes
    cats = [classes.index(each) for each in CATS]
    popular = [*cats, *(place for place in draw.permutation(len(classes)) if place not in cats)]
    for first in range(1, count + 1, CHUNK):
        numbers = range(first, min(first + CHUNK, count + 1))
        _photos(tx, numbers, draw)
        _tags(tx, numbers, draw, [labels[classes[place]] for place in popular])
    triggers.make(tx)


def _model(tx: Connection) -> None:
    tx.exec_driver_sql(
        "INSERT INTO model VALUES (1, 'efficientnet-lite0', 'f', 0),"
        " (2, 'efficientnet-lite2', 'e', 0)"
    )


def _labels(tx: Connection) -> dict[str, tuple[int, ...]]:
    """Each class with the row ids of itself and of the kinds above it."""
    hierarchy, vocabulary = Hierarchy.load(), Vocabulary.load()
    keys = sorted({*hierarchy.classes, *hierarchy.shown})
    ids = {key: number for number, key in enumerate(keys, 1)}
    tx.exec_driver_sql(
        "INSERT INTO label (id, key, name) VALUES (?, ?, ?)",
        [(ids[key], key, vocabulary.name(key)) for key in keys],
    )
    return {
        each: (ids[each], *(ids[above] for above in hierarchy.shown_above(each)))
        for each in hierarchy.classes
    }


def _photos(tx: Connection, numbers: range, draw: Generator) -> None:
    size = len(numbers)
    days = np.sort(draw.beta(2, 1, size)) * YEARS * 365  # later years have more
    makes = draw.zipf(1.6, size) % len(MAKES)
    models = draw.zipf(1.5, size) % 12
    places = draw.zipf(1.4, size) % len(PLACES)
    fates = draw.random(size)
    draw.shuffle(days)
    photos: list[tuple[Any, ...]] = []
    taggings: list[tuple[Any, ...]] = []
    files: list[tuple[Any, ...]] = []
    for at, number in enumerate(numbers):
        year, day = FIRST_YEAR + int(days[at]) // 365, int(days[at]) % 365
        month = day // 31 + 1
        taken = (
            f"{year}-{month:02}-{day % 28 + 1:02}T{number % 24:02}:{number % 60:02}:{at % 60:02}"
        )
        name = f"IMG_{number * 7919 % 1_000_000:06}_{number}.jpg"
        path = f"/photos/{year}/{month:02}-{PLACES[places[at]]}/{name}"
        state = _fate(float(fates[at]))
        known = state in {FileState.TAGGED, FileState.MISSING}
        if known:
            make = MAKES[makes[at]]
            photos.append((number, f"{number:032x}", make, f"{make} {models[at]}", taken))
            taggings.append((number, number, 1 + number % 5 // 4, TAGGED_AT + number))
        files.append(
            (number, path.encode(), path, number if known else None, state, TAGGED_AT, number)
        )
    tx.exec_driver_sql(
        "INSERT INTO photo (id, content_hash, format, width, height, orientation, camera_make,"
        " camera_model, taken_at) VALUES (?, ?, 'JPEG', 4000, 3000, 1, ?, ?, ?)",
        photos,
    )
    tx.exec_driver_sql(
        "INSERT INTO tagging (id, photo_id, model_id, reason, orientation, tagged_at)"
        " VALUES (?, ?, ?, 'made', 1, ?)",
        taggings,
    )
    tx.exec_driver_sql(
        "INSERT INTO photo_tagger (photo_id, tagger_id, tagging_id) VALUES (?, 1, ?)",
        [(photo, tagging) for tagging, photo, *_ in taggings],
    )
    tx.exec_driver_sql(
        "INSERT INTO file (id, path_key, path, photo_id, state, state_since, size, mtime_ns,"
        " ctime_ns, inode, seen_at) VALUES (?, ?, ?, ?, ?, ?, 4000000, 1, 1, ?, 0)",
        files,
    )


def _fate(chance: float) -> FileState:
    for share, state in (
        (FAILED, FileState.FAILED),
        (QUEUED, FileState.QUEUED),
        (MISSING, FileState.MISSING),
    ):
        if chance < share:
            return state
        chance -= share
    return FileState.TAGGED


def _tags(tx: Connection, numbers: range, draw: Generator, subjects: list[tuple[int, ...]]) -> None:
    """One subject a photo, at times two, at times none: a class and the kinds above it."""
    size = len(numbers)
    weights = 1 / (np.arange(len(subjects)) + 15.0)  # the first are the favourites
    chosen = draw.choice(len(subjects), (size, 2), p=weights / weights.sum())
    second, plain, sure = draw.random(size), draw.random(size), draw.random((size, 2))

    def rows() -> Iterator[tuple[Any, ...]]:
        known: dict[int, int] = dict(
            tx.exec_driver_sql(
                "SELECT id, 1 FROM photo WHERE id BETWEEN ? AND ?", (numbers[0], numbers[-1])
            ).all()
        )
        for at, number in enumerate(numbers):
            if number not in known or plain[at] < PLAIN:
                continue
            given: dict[int, float] = {}
            for which in range(1 + (second[at] < SECOND_SUBJECT)):
                confidence = 0.2 + 0.79 * float(sure[at, which]) ** 0.4
                for label in subjects[chosen[at, which]]:
                    given[label] = max(given.get(label, 0.0), confidence)
                    confidence += (1 - confidence) * 0.3
            for label in sorted(given):
                yield (
                    number,
                    label,
                    TagSource.MODEL,
                    CLASSIFIER_ID,
                    TagState.ACTIVE,
                    round(given[label], 4),
                    1,
                    TAGGED_AT + number,
                )

    tx.exec_driver_sql("INSERT INTO tag VALUES (?, ?, ?, ?, ?, ?, ?, ?)", list(rows()))
