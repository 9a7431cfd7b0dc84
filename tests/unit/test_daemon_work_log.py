"""A line about each photo, or a summary where there are many."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import structlog
from structlog.testing import capture_logs

from tagd.daemon.tagging import moved
from tagd.daemon.work_log import LINES, PERIOD_SECONDS, QUIET_SECONDS, WorkLog
from tagd.tagging.failures import Outcome, Report

SUMMARY = "many photos, in summary"


@pytest.fixture
def now() -> list[float]:
    return [0.0]


def add(work_log: WorkLog, number: int, outcome: Outcome = Outcome.TAGGED) -> None:
    for _ in range(number):
        work_log.add(Report(Path("/p/a.jpg"), outcome, 7, "f" * 32, tags=("cat 0.9",), model="m"))


def loud(logs: list[Any]) -> list[str]:
    return [line["event"] for line in logs if line["log_level"] != "debug"]


def test_a_few_have_a_line_each_with_path_and_ids(now: list[float]) -> None:
    with capture_logs() as logs:
        work_log = WorkLog(structlog.get_logger(), lambda: now[0])
        add(work_log, 2)
        now[0] = 100
        work_log.flush_if_due()
    assert loud(logs) == ["tagged", "tagged"]
    assert (logs[0]["path"], logs[0]["file_id"]) == (Path("/p/a.jpg"), 7)
    assert logs[0]["photo_id"] == "f" * 32


def test_many_are_summed_up_and_failures_are_not(now: list[float]) -> None:
    with capture_logs() as logs:
        work_log = WorkLog(structlog.get_logger(), lambda: now[0])
        add(work_log, LINES + 30)
        add(work_log, 2, Outcome.FAILED)
        add(work_log, 5, Outcome.RECOGNISED)
        work_log.flush_if_due()
        assert loud(logs) == ["tagged"] * LINES + ["failed"] * 2
        assert len([line for line in logs if line["log_level"] == "debug"]) == 35
        now[0] = PERIOD_SECONDS
        add(work_log, 1)
        work_log.flush_if_due()
        assert logs[-1] == {
            "event": SUMMARY,
            "log_level": "info",
            "seconds": 60,
            "tagged": 31,
            "known_already": 5,
        }
        before = len(loud(logs))
        add(work_log, 100)  # the backlog goes on: no lines
        assert len(loud(logs)) == before
        now[0] += QUIET_SECONDS
        work_log.flush_if_due()
        assert logs[-1]["tagged"] == 100
        add(work_log, 1)  # it is worked off: a line again
        assert loud(logs)[-1] == "tagged"


def test_a_quiet_stream_of_photos_has_a_line_each(now: list[float]) -> None:
    with capture_logs() as logs:
        work_log = WorkLog(structlog.get_logger(), lambda: now[0])
        for _ in range(5 * LINES):
            add(work_log, 1)
            work_log.flush_if_due()
            now[0] += PERIOD_SECONDS / LINES + 0.1
    assert loud(logs) == ["tagged"] * 5 * LINES


def test_where_the_models_came_to_run_is_this_machine() -> None:
    pytorch, onnx = "cpu, fp32, 2 threads", "cpu, fp32, ONNX Runtime, 2 threads"
    assert moved(pytorch, onnx).startswith("ONNX Runtime runs the models from now on, on this mach")
    assert moved("cuda, bf16", pytorch).endswith(f"on this machine as before: {pytorch}")
