"""A line about each photo, or a summary where there are many."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import structlog
from structlog.testing import capture_logs

from tagd.daemon.telling import LINES, PERIOD_SECONDS, QUIET_SECONDS, Teller
from tagd.pipeline.worker import Outcome, Report

SUMMARY = "many photos, not all in a line"


@pytest.fixture
def now() -> list[float]:
    return [0.0]


def tell(teller: Teller, number: int, outcome: Outcome = Outcome.TAGGED) -> None:
    for _ in range(number):
        teller.tell(Report(Path("/p/a.jpg"), outcome, 7, "f" * 32, tags=("cat 0.9",), model="m"))


def loud(logs: list[Any]) -> list[str]:
    return [line["event"] for line in logs if line["log_level"] != "debug"]


def test_a_few_have_a_line_each_with_path_and_ids(now: list[float]) -> None:
    with capture_logs() as logs:
        teller = Teller(structlog.get_logger(), lambda: now[0])
        tell(teller, 2)
        now[0] = 100
        teller.look()
    assert loud(logs) == ["tagged", "tagged"]
    assert (logs[0]["path"], logs[0]["file_id"]) == (Path("/p/a.jpg"), 7)
    assert logs[0]["photo_id"] == "f" * 32


def test_many_are_summed_up_and_failures_are_not(now: list[float]) -> None:
    with capture_logs() as logs:
        teller = Teller(structlog.get_logger(), lambda: now[0])
        tell(teller, LINES + 30)
        tell(teller, 2, Outcome.FAILED)
        tell(teller, 5, Outcome.RECOGNISED)
        teller.look()
        assert loud(logs) == ["tagged"] * LINES + ["failed"] * 2
        assert len([line for line in logs if line["log_level"] == "debug"]) == 35
        now[0] = PERIOD_SECONDS
        tell(teller, 1)
        teller.look()
        assert logs[-1] == {
            "event": SUMMARY,
            "log_level": "info",
            "seconds": 60,
            "tagged": 31,
            "recognised": 5,
        }
        before = len(loud(logs))
        tell(teller, 100)  # the backlog goes on: no lines
        assert len(loud(logs)) == before
        now[0] += QUIET_SECONDS
        teller.look()
        assert logs[-1]["tagged"] == 100
        tell(teller, 1)  # it is worked off: a line again
        assert loud(logs)[-1] == "tagged"


def test_a_quiet_stream_of_photos_has_a_line_each(now: list[float]) -> None:
    with capture_logs() as logs:
        teller = Teller(structlog.get_logger(), lambda: now[0])
        for _ in range(5 * LINES):
            tell(teller, 1)
            teller.look()
            now[0] += PERIOD_SECONDS / LINES + 0.1
    assert loud(logs) == ["tagged"] * 5 * LINES
