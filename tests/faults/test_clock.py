"""The clock at the wall is set: what is done by it is planned anew, and nothing falls silent."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from structlog.testing import capture_logs

from tagd.catalogue.db import settings
from tagd.catalogue.db.engine import Catalogue
from tagd.daemon.maintenance import FIRST_SECONDS, Duty, Maintenance
from tests.catalogue import fresh

HOUR = 3600.0


@pytest.fixture
def catalogue(tmp_path: Path) -> Iterator[Catalogue]:
    with fresh(tmp_path) as opened:
        yield opened


def planned(maintenance: Maintenance) -> float:
    """When the one duty is to be done, in seconds since 1970."""
    job = maintenance._scheduler.get_job("backup")
    due: float = job.next_run_time.timestamp()
    return due


@pytest.mark.parametrize(
    ("jump", "wait"),
    [(-3 * HOUR, FIRST_SECONDS), (2 * HOUR, HOUR * 4), (30 * HOUR, FIRST_SECONDS), (1.0, None)],
    ids=["back: done in the future", "on: the rest of its hours", "on: overdue", "a second"],
)
def test_a_duty_is_planned_by_the_new_clock(
    catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch, jump: float, wait: float | None
) -> None:
    real = time.time
    with catalogue.write() as tx:
        settings.put(tx, f"{settings.CARED}backup", str(real()))
    with capture_logs() as said:
        maintenance = Maintenance(
            catalogue, [Duty("backup", 6.0, lambda: None)], structlog.get_logger()
        )
        maintenance.start()
        try:
            before = planned(maintenance)
            monkeypatch.setattr(time, "time", lambda: real() + jump)
            maintenance.check()
            after = planned(maintenance)
        finally:
            monkeypatch.undo()
            maintenance.stop()
    if wait is None:
        assert (after, said) == (before, [])
    else:
        assert after == pytest.approx(real() + jump + wait, abs=120)
        assert [line["event"] for line in said] == [
            "the clock was changed; maintenance is rescheduled"
        ]
