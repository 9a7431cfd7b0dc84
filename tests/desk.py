"""A catalogue, real decoders and real weights, for tests that work photos off step by step."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from tagd.assembly.derivation import derivation_of
from tagd.assembly.survey import Survey
from tagd.catalogue.db.engine import Catalogue
from tagd.catalogue.files.photos import submit
from tagd.config import Config
from tagd.decoding.decode import DecodeLimits
from tagd.decoding.pool import DecoderPool
from tagd.domain import Priority, SettledFile
from tagd.fs import signature_of
from tagd.labels.derivation import Derivation, Telling
from tagd.models.pool import ModelPool
from tagd.policy.context import Machine
from tagd.policy.preferences import Preferences
from tagd.tagging.classify import Classifier
from tagd.tagging.failures import Report
from tagd.tagging.taggers import Taggers
from tagd.tagging.worker import Worker, WorkerSettings
from tagd.writeback.queue import Writes
from tests.catalogue import fresh, rows

LITE0, LITE1, LITE2 = (f"efficientnet-lite{size}" for size in range(3))


class Desk:
    """A catalogue, a queue and a worker, for photos in a folder."""

    def __init__(self, folder: Path, pool: ModelPool, stack: ExitStack) -> None:
        self.photos = folder / "photos"
        self.photos.mkdir()
        self.catalogue: Catalogue = stack.enter_context(fresh(folder))
        self.survey = Survey(pool, self.catalogue, batch=4)
        self.hidden: set[str] = set()  # models that seem not to be on this disk
        self.free_mb: int | None = None  # where given, what seems to be free for models
        self.reports: list[Report] = []
        self.said: list[str] = []  # of embeddings that are not to be had
        self.taggers = Taggers()
        self.telling: dict[str, Telling] = {}  # what becomes of what further taggers say
        self.keeps_embeddings = True
        self.writes: Writes | None = None
        self._pool = pool
        self.decoders = stack.enter_context(
            DecoderPool(decoders=1, limits=DecodeLimits(), on_event=print)
        )

    def machine(self, waiting: int) -> Machine:
        there = self.survey(waiting)
        options = tuple(
            replace(each, fingerprint=None) if each.model in self.hidden else each
            for each in there.options
        )
        free_mb = there.free_mb if self.free_mb is None else self.free_mb
        return replace(there, options=options, free_mb=free_mb)

    def worker(
        self,
        preferences: Preferences,
        classifier: type[Classifier] = Classifier,
        keep_runs: int | None = None,
    ) -> Worker:
        return Worker(
            catalogue=self.catalogue,
            decoders=self.decoders,
            classifier=classifier(self._pool, preferences, self.machine),
            derivation=self.derivation(),
            taggers=self.taggers,
            writes=self.writes,
            settings=WorkerSettings(
                decoders=1,
                max_attempts=2,
                settle_seconds=1,
                keeps_embeddings=self.keeps_embeddings,
                keep_runs=keep_runs,
            ),
            on_report=self.reports.append,
            on_trouble=lambda trouble: pytest.fail(str(trouble)),
            say=self.said.append,
        )

    def derivation(self) -> Derivation:
        """By the default rules, and by what the further taggers make of their words."""
        return replace(derivation_of(Config()), further=self.telling)

    def submit(self, *names: str, now: float = 1.0) -> None:
        files = [
            SettledFile(path, signature_of(path.stat()), Priority.NEW)
            for path in (self.photos / name for name in names)
        ]
        with self.catalogue.write() as tx:
            submit(tx, files, now)

    def tag(self, preferences: Preferences, *names: str) -> None:
        """Work these off."""
        self.submit(*names)
        worker, before = self.worker(preferences), len(self.reports)
        for _ in range(50):
            worker.turn()
            if len(self.reports) - before >= len(names):
                return
        pytest.fail("not worked off")

    def work_off(self, preferences: Preferences) -> None:
        """Work off whatever is queued."""
        worker = self.worker(preferences)
        for _ in range(50):
            with self.catalogue.read() as tx:
                if rows(tx, "SELECT count(*) FROM job WHERE kind = 'tag'") == [(0,)]:
                    return
            worker.turn()
        pytest.fail("not worked off")

    def taggings(self) -> list[tuple[str, str, str, int]]:
        """Path, the models that were heard, why, and whether to refine, for every tagging."""
        with self.catalogue.read() as tx:
            found = rows(
                tx,
                "SELECT (SELECT max(path) FROM file WHERE file.photo_id = tagging.photo_id),"
                " group_concat(model.name, ' then '), tagging.reason, refine"
                " FROM tagging JOIN (SELECT * FROM prediction ORDER BY tagging_id, stage) AS said"
                " ON said.tagging_id = tagging.id JOIN model ON model.id = said.model_id"
                " GROUP BY tagging.id ORDER BY tagging.id",
            )
        return [
            (Path(str(path)).name, str(models), str(reason), int(str(refine)))
            for path, models, reason, refine in found
        ]
