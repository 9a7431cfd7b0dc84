"""One photo never stops the rest: what is raised while photos are tagged, at whatever step, is the
failure of the one that it is about; and those that hang, or are still being written, wait."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import structlog
from structlog.testing import capture_logs

from tagd.catalogue.files.roots import RootRecord, remember_root
from tagd.catalogue.tagging import record
from tagd.daemon.work_log import WorkLog
from tagd.domain import Choice, DecodedPhoto
from tagd.models.pool import ModelPool
from tagd.policy.preferences import Preferences
from tagd.tagging.classify import Answer, Chosen, Classifier
from tagd.tagging.failures import Outcome
from tagd.tagging.worker import Worker
from tests.catalogue import rows
from tests.desk import Desk
from tests.photos import cat, distinct
from tests.support import wait_until

WANTS = Preferences()


@pytest.fixture
def desk(tmp_path: Path, pool: ModelPool) -> Iterator[Desk]:
    with ExitStack() as stack:
        yield Desk(tmp_path, pool, stack)


def is_bad(path: Path) -> bool:
    return path.name == "bad.png"


class FailsToRoute(Classifier):
    def reachable(self, paths: Sequence[Path]) -> list[tuple[str, ...]]:
        if any(map(is_bad, paths)):
            raise RecursionError("odd")
        return super().reachable(paths)


class FailsToChoose(Classifier):
    def choose(
        self, photos: Iterable[DecodedPhoto], waiting: int
    ) -> tuple[dict[str, Chosen], dict[str, Any]]:
        photos = list(photos)
        if any(is_bad(each.path) for each in photos):
            raise ValueError("odd")
        return super().choose(photos, waiting)


class FailsToAnswer(Classifier):
    def classify(
        self,
        photos: Mapping[str, DecodedPhoto],
        choices: Mapping[str, Choice],
        *,
        embed: bool = False,
    ) -> dict[str, Answer]:
        if any(is_bad(each.path) for each in photos.values()):
            raise MemoryError
        return super().classify(photos, choices, embed=embed)


@pytest.mark.parametrize("classifier", [FailsToRoute, FailsToChoose, FailsToAnswer])
def test_what_nobody_foresaw_costs_one_photo_and_no_other(
    desk: Desk, classifier: type[Classifier]
) -> None:
    check(desk, desk.worker(WANTS, classifier))


def test_a_photo_that_cannot_be_recorded_costs_no_other(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = record.record

    def fail_one(tx: Any, results: Sequence[record.TaggedFile], *rest: Any, **how: Any) -> Any:
        if any(is_bad(each.job.path) for each in results):
            raise KeyError("odd")
        return real(tx, results, *rest, **how)

    monkeypatch.setattr(record, "record", fail_one)
    check(desk, desk.worker(WANTS))
    with desk.catalogue.read() as tx:
        assert rows(tx, "SELECT count(*) FROM job WHERE state = 'leased'") == [(0,)]


def check(desk: Desk, worker: Worker) -> None:
    """A bad photo between two good ones fails, and they are tagged."""
    for number, path in enumerate(distinct(2, desk.photos)):
        path.rename(desk.photos / f"good-{number}.jpg")
    cat().save(desk.photos / "bad.png")
    names = ("good-0.jpg", "bad.png", "good-1.jpg")
    desk.submit(*names)
    for _ in range(20):
        worker.turn()
        if {each.path.name for each in desk.reports} >= set(names):
            break
    with desk.catalogue.read() as tx:
        tagged = rows(tx, "SELECT path FROM file WHERE state = 'tagged' ORDER BY path")
        [(path, code)] = rows(tx, "SELECT path, error_code FROM job JOIN file ON file_id = file.id")
    assert [Path(each).name for (each,) in tagged] == ["good-0.jpg", "good-1.jpg"]
    assert (Path(path).name, code) == ("bad.png", "internal-error")


def took_a_turn(worker: Worker) -> bool:
    return bool(worker.turn())


def test_a_file_that_is_still_being_written_is_waited_for_without_a_word(desk: Desk) -> None:
    path = desk.photos / "slow.jpg"
    cat().save(path)
    whole = path.read_bytes()
    worker = desk.worker(WANTS)
    with path.open("r+b") as writer, capture_logs() as log:
        writer.truncate(len(whole) // 2)
        work_log = WorkLog(structlog.get_logger())
        for pause in range(3):  # each counts as whole, and is looked at in vain
            desk.submit("slow.jpg", now=float(pause))
            wait_until(partial(took_a_turn, worker))
            writer.seek(len(whole) // 2 + pause)
            writer.write(whole[len(whole) // 2 + pause :][:1])
            writer.flush()
        for report in desk.reports:
            work_log.add(report)
        writer.seek(0)
        writer.write(whole)
    assert {each.outcome for each in desk.reports} == {Outcome.POSTPONED}
    assert [each for each in log if each["log_level"] != "debug"] == []
    desk.submit("slow.jpg", now=9.0)
    desk.work_off(WANTS)
    assert desk.reports[-1].outcome is Outcome.TAGGED


def test_a_fifo_for_a_moment_in_its_place_says_nothing_of_a_photo(desk: Desk) -> None:
    path = desk.photos / "cat.png"
    cat().save(path)
    desk.submit("cat.png")
    away = path.rename(path.with_name("away"))
    os.mkfifo(path)
    desk.worker(WANTS).turn()
    assert [each.outcome for each in desk.reports] == [Outcome.GONE]
    path.unlink()
    away.rename(path)
    desk.submit("cat.png")
    desk.work_off(WANTS)
    assert desk.reports[-1].outcome is Outcome.TAGGED


def test_a_photo_whose_disk_is_not_there_waits_for_it(desk: Desk) -> None:
    path = desk.photos / "card/cat.png"
    path.parent.mkdir()
    cat().save(path)
    device = path.stat().st_dev
    with desk.catalogue.write() as tx:
        remember_root(tx, RootRecord(path.parent, device + 1, 0, 1.0))  # as it was mounted
    desk.submit("card/cat.png")
    path.rename(desk.photos / "away")
    desk.worker(WANTS).turn()
    assert [each.outcome for each in desk.reports] == [Outcome.POSTPONED]
    assert "disk" in desk.reports[0].reason
    with desk.catalogue.write() as tx:
        remember_root(tx, RootRecord(path.parent, device, 0, 2.0))
        tx.exec_driver_sql("UPDATE job SET not_before = 0")
    desk.worker(WANTS).turn()
    assert desk.reports[-1].outcome is Outcome.GONE
