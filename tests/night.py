"""Tags that catch up with other models, step by step, on clocks that a test sets."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from tagd.hours import hours_of
from tagd.policy.lasting import Lasting
from tagd.policy.preferences import Cascade, Preferences
from tagd.revise.recall import Recall
from tagd.revise.retagger import Retagger, RetagSettings
from tagd.revise.staleness import Standard, refresh
from tests.catalogue import rows
from tests.desk import LITE0, LITE2, Desk

OLD, NEW = Preferences(model=LITE0), Preferences(model=LITE2)
CASCADE = Preferences(cascade=Cascade((LITE0, LITE2), (1.0,)))
NIGHT, NOON = datetime(2026, 6, 1, 3), datetime(2026, 6, 1, 12)


class Night:
    """A desk whose tags are to catch up, and clocks that a test sets."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.now = NIGHT
        self.seconds = 0.0
        self.said: list[str] = []

    def retagger(
        self,
        preferences: Preferences,
        *,
        per_hour: int = 0,
        windows: str = "01:00-06:00",
        work_windows: str = "",
        keeps_embeddings: bool = True,
    ) -> Retagger:
        return Retagger(
            catalogue=self.desk.catalogue,
            preferences=preferences,
            survey=self.desk.machine,
            taggers=self.desk.taggers,
            recall=self.recall(),
            settings=RetagSettings(
                (hours_of(windows),),
                per_hour,
                check_seconds=60.0,
                work_windows=(hours_of(work_windows),) if work_windows else (),
                keeps_embeddings=keeps_embeddings,
            ),
            on_queued=lambda: None,
            say=lambda _level, message, _fields: self.said.append(message),
            clock=lambda: self.seconds,
            now=lambda: self.now,
            wall=lambda: 1e9 + self.seconds,
        )

    def recall(self) -> Recall:
        desk = self.desk
        return Recall(desk.catalogue, desk.taggers, desk.derivation(), writes=desk.writes)

    def work(self, preferences: Preferences, keep_runs: int | None = None) -> None:
        """Work off all that waits now."""
        worker = self.desk.worker(preferences, keep_runs=keep_runs)
        for _ in range(100):
            if not self.queue():
                return
            worker.turn()
        pytest.fail("not worked off")

    def queue(self) -> list[tuple[int, int]]:
        """Jobs by priority."""
        with self.desk.catalogue.read() as tx:
            found = rows(tx, "SELECT priority, count(*) FROM job GROUP BY priority")
        return [(int(priority), int(count)) for priority, count in found]

    def models(self) -> dict[str, str]:
        """The model that each file's tags come from."""
        with self.desk.catalogue.read() as tx:
            found = rows(
                tx, "SELECT path, group_concat(DISTINCT model) FROM v_photo_tags GROUP BY 1"
            )
        return {Path(path).name: models for path, models in found}

    def stale(self) -> dict[str, tuple[str, str, int]]:
        with self.desk.catalogue.read() as tx:
            found = rows(tx, "SELECT path, tagged_by, wanted, refine FROM v_stale")
        return {Path(path).name: (one, other, refine) for path, one, other, refine in found}

    def check(self, preferences: Preferences) -> bool:
        return refresh(self.desk.catalogue, self.standard(preferences))

    def standard(self, preferences: Preferences) -> Standard:
        return Standard(Lasting(preferences, self.desk.machine(0)), self.desk.machine(0))

    def asked(self) -> int:
        """How often models were asked."""
        with self.desk.catalogue.read() as tx:
            return int(rows(tx, "SELECT coalesce(max(id), 0) FROM tagging")[0][0])
