"""A library whose photos models have looked at, for what is learnt from what they saw."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from tagd.catalogue.db.engine import Catalogue
from tagd.catalogue.db.schema import label
from tagd.catalogue.db.statements import upsert
from tagd.catalogue.tagging import corrections, personal
from tagd.catalogue.tagging.corrections import Action, Correction
from tagd.catalogue.tagging.personal import Personal
from tagd.catalogue.tagging.record import record
from tagd.catalogue.tagging.runs import Run
from tagd.catalogue.tagging.tags import label_ids
from tagd.config import Config
from tagd.domain import Embedding
from tagd.learning import teach
from tagd.learning.teach import Learned, Means
from tests.catalogue import FINGERPRINT, claim, name_of, result, rows, settled, submit

WIDTH = 32
BOAT, BOAT_LABEL = "our boat", "own:our boat"
OTHER_BASE = "e" * 64  # the fingerprint of a second model


def seen(seed: int, kind: int) -> NDArray[np.float32]:
    """What a model sees in a photo of this kind; 0 is anything."""
    random = np.random.default_rng(seed)
    row = np.abs(random.normal(size=WIDTH))
    if kind:
        row[kind] += 6
    return row.astype(np.float32)


def add_photos(
    catalogue: Catalogue,
    folder: Path,
    kinds: Sequence[int],
    first: int = 0,
    *,
    fingerprint: str = FINGERPRINT,
    take_in: Callable[[Connection, list[Embedding], float], object] | None = None,
) -> list[Path]:
    """Photos of these kinds, tagged as a worker tags them; `take_in` is what scores them."""
    paths = [folder / f"{first + number:05}.jpg" for number in range(len(kinds))]
    with catalogue.write() as tx:
        submit(tx, *(settled(path, first + number + 1) for number, path in enumerate(paths)))
        found = []
        for job in claim(tx, limit=len(paths)):
            number = int(job.path.stem)
            photo_id = f"{number * 7919 % 100_003:032x}"
            vector = seen(number, kinds[number - first])
            embedding = Embedding(photo_id, fingerprint[:4], fingerprint, vector)
            found.append(
                replace(result(job, photo_id, fingerprint=fingerprint), embedding=embedding)
            )
        assert all(record(tx, found, name_of, time.time()))
        if take_in is not None:
            take_in(tx, [each.embedding for each in found if each.embedding], time.time())
    return paths


def ids(tx: Connection, paths: Collection[Path]) -> list[int]:
    """The photos of these files, by row id."""
    by_path = dict(rows(tx, "SELECT path, photo_id FROM file"))
    return [int(by_path[str(path)]) for path in paths]


def say(
    catalogue: Catalogue, action: Action, paths: Collection[Path], key: str = BOAT_LABEL
) -> int:
    """A person says this of photos; the run that did."""
    with catalogue.write() as tx:
        label_id = label_ids(tx, {key: key.removeprefix("own:")})[key]
        photos = ids(tx, paths)
        suggested = frozenset(personal.suggested_in(tx, label_id, photos))
        run = Run.of(f"tagd {action}")
        correction = Correction(action, label_id, suggested=suggested)
        corrections.correct(tx, correction, photos, run, time.time())
        [(number,)] = rows(tx, "SELECT coalesce(max(id), 0) FROM run")
        return int(number)


def told(catalogue: Catalogue, *, gives: bool | None = None, key: str = BOAT_LABEL) -> Personal:
    """The label, to be learnt from now on."""
    with catalogue.write() as tx:
        upsert(tx, label, [{"key": key, "name": key.removeprefix("own:")}], key=["key"])
        personal.tell(tx, label_ids(tx, {key: key})[key], gives=gives, now=time.time())
        return next(each for each in personal.every(tx) if each.label == key)


def learned(catalogue: Catalogue) -> set[str]:
    """The files that have the tag by what was learnt."""
    with catalogue.read() as tx:
        sql = "SELECT path FROM v_photo_tags WHERE source = 'learned'"
        return {Path(str(path)).name for (path,) in rows(tx, sql)}


def suggested(catalogue: Catalogue) -> set[str]:
    """The files that it is suggested for."""
    with catalogue.read() as tx:
        return {Path(str(path)).name for (path,) in rows(tx, "SELECT path FROM v_suggested_tags")}


BOATS, OTHERS = 22, 140


def names(paths: list[Path]) -> set[str]:
    return {path.name for path in paths}


class Library:
    """Photos of a boat, eight of which a person tagged, among others."""

    def __init__(self, catalogue: Catalogue, folder: Path) -> None:
        self.catalogue = catalogue
        self.folder = folder
        self.boats = add_photos(catalogue, folder, [3] * BOATS)
        self.others = add_photos(catalogue, folder, [0] * OTHERS, BOATS)
        self.given, self.hidden = self.boats[:8], self.boats[8:]
        say(catalogue, Action.ADD, self.given)

    def learn(self, *, gives: bool | None = None, **means: Any) -> Learned:
        of = told(self.catalogue, gives=gives)
        return teach.learn(self.catalogue, of, replace(Means(Run.of("tagd learn")), **means))

    def config(self) -> Config:
        path = self.folder / "catalogue.db"
        config = Config()
        return config.model_copy(
            update={"catalogue": config.catalogue.model_copy(update={"path": path})}
        )
