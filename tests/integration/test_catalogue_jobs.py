"""The queue: who is served when, what a worker may still change, and what comes back."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Connection

from tagd.catalogue import jobs, photos
from tagd.domain import Job, JobKind, JobState, Priority, Signature
from tests.catalogue import NOW, Later, claim, rows, settled, submit


@pytest.fixture
def three(tx: Connection) -> Connection:
    submit(tx, *(settled(f"/p/{n}.jpg", n) for n in range(1, 4)))
    return tx


def names(claimed: list[Job]) -> list[str]:
    return [job.path.stem for job in claimed]


def test_by_priority_and_then_by_age(tx: Connection) -> None:
    ranks = [Priority.RETAG, Priority.RESCAN, Priority.NEW, Priority.ASKED, Priority.NEW]
    for number, rank in enumerate(ranks):
        submit(tx, settled(f"/p/{number}.jpg", number, rank))
    assert names(claim(tx, limit=3)) == ["3", "2", "4"]
    assert names(claim(tx, limit=3, lease="worker/2")) == ["1", "0"]
    assert claim(tx, lease="worker/3") == []
    assert claim(tx, limit=0) == []


def test_what_a_claimed_job_says(three: Connection) -> None:
    [job] = claim(three, limit=1, lease="worker/7")
    assert job == Job(
        id=1,
        kind=JobKind.TAG,
        file_id=1,
        path=Path("/p/1.jpg"),
        priority=Priority.NEW,
        queued_at=NOW,
        attempts=0,
        crashes=0,
        tried=None,
        lease="worker/7",
    )
    assert jobs.counts(three) == {
        JobState.WAITING: 2,
        JobState.LEASED: 1,
        JobState.QUARANTINED: 0,
    }


def test_a_completed_job_is_gone(three: Connection) -> None:
    [job] = claim(three, limit=1)
    assert jobs.complete(three, job)
    assert not jobs.complete(three, job)
    assert rows(three, "SELECT count(*) FROM job") == [(2,)]


def test_another_try_comes_when_it_is_due_and_knows_of_the_first(three: Connection) -> None:
    tried = Signature(5, 6, 7, 8)
    [job] = claim(three, limit=1)
    later = Later(NOW + 10, crashed=True, tried=tried)
    assert jobs.retry_later(three, job, "decoder-died", "the decoder crashed", later)
    assert names(claim(three, now=NOW + 9.9, lease="worker/2")) == ["2", "3"]
    assert jobs.next_due(three) == NOW + 10
    [job] = claim(three, now=NOW + 10, lease="worker/3")
    assert (job.attempts, job.crashes, job.tried) == (1, 1, tried)
    assert jobs.retry_later(three, job, "changed", "changed", Later(NOW, counts=False))
    [job] = claim(three, now=NOW + 11, lease="worker/4")
    assert (job.attempts, job.crashes, job.tried) == (1, 1, None)


def test_when_the_next_is_due(tx: Connection) -> None:
    assert jobs.next_due(tx) is None
    submit(tx, settled("/p/a.jpg"), settled("/p/b.jpg", 2))
    due = jobs.next_due(tx)
    assert due is not None
    assert due <= NOW
    first, second = claim(tx)
    assert jobs.next_due(tx) is None
    jobs.retry_later(tx, first, "x", "x", Later(NOW + 30))
    jobs.retry_later(tx, second, "x", "x", Later(NOW + 20))
    assert jobs.next_due(tx) == NOW + 20


def test_a_quarantined_job_waits_for_a_person_with_its_reason(three: Connection) -> None:
    one, two, _ = claim(three)
    assert jobs.quarantine(three, one, "corrupt", "two scans contradict each other", NOW)
    assert jobs.quarantine(three, two, "corrupt", "no scan", NOW)
    assert not jobs.quarantine(three, one, "corrupt", "again", NOW)
    assert rows(three, "SELECT path, state, reason FROM v_files WHERE state = 'failed'") == [
        ("/p/1.jpg", "failed", "two scans contradict each other"),
        ("/p/2.jpg", "failed", "no scan"),
    ]
    assert jobs.recover(three, NOW, everything=True) == 1
    assert names(claim(three, lease="worker/2")) == ["3"]

    assert jobs.retry_failed(three, [Path("/p/2.jpg")], NOW) == 1
    assert [(job.path.stem, job.attempts) for job in claim(three, lease="worker/3")] == [("2", 0)]
    assert jobs.retry_failed(three, [], NOW) == 0
    assert jobs.retry_failed(three, [Path("/q")], NOW) == 0
    assert jobs.retry_failed(three, [Path("/q"), Path("/p")], NOW) == 1
    assert rows(three, "SELECT DISTINCT state, reason, reason_code FROM file") == [
        ("queued", None, None)
    ]


def test_all_that_failed_can_be_tried_again(three: Connection) -> None:
    for job in claim(three):
        jobs.quarantine(three, job, "corrupt", "broken", NOW)
    assert jobs.retry_failed(three, None, NOW) == 3
    assert len(claim(three, lease="worker/2")) == 3


def test_any_number_of_files_can_be_tried_again_at_once(three: Connection) -> None:
    for job in claim(three):
        jobs.quarantine(three, job, "corrupt", "broken", NOW)
    named = [Path(f"/p/{n}.jpg") for n in range(2, 2000)]
    assert jobs.retry_failed(three, [*named, Path("/p/3.jpg")], NOW) == 2
    assert names(claim(three, lease="worker/2")) == ["2", "3"]


def test_an_expired_lease_comes_back_without_an_attempt(three: Connection) -> None:
    claimed = claim(three, seconds=60)
    assert jobs.recover(three, NOW + 59) == 0
    assert jobs.heartbeat(three, "worker", NOW + 120) == 3
    assert jobs.recover(three, NOW + 60) == 0
    assert jobs.recover(three, NOW + 120) == 3
    again = claim(three, lease="other/1", now=NOW + 120)
    assert [job.attempts for job in again] == [0, 0, 0]
    # The first worker is alive after all, and late.
    assert not any(jobs.complete(three, job) for job in claimed)
    assert all(jobs.complete(three, job) for job in again)


def test_each_worker_prolongs_and_releases_its_own(three: Connection) -> None:
    for owner in ("one", "one-more", "One"):
        claim(three, limit=1, lease=f"{owner}/1")
    assert jobs.heartbeat(three, "one", NOW + 600) == 1
    assert jobs.recover(three, NOW + 300) == 2
    assert jobs.release(three, "other") == 0
    assert jobs.release(three, "one") == 1
    assert jobs.counts(three)[JobState.WAITING] == 3


def test_a_job_goes_with_its_file(three: Connection) -> None:
    [job] = claim(three, limit=1)
    photos.mark_missing(three, [job.file_id], NOW)
    assert not jobs.complete(three, job)
    assert rows(three, "SELECT count(*) FROM job") == [(2,)]
    photos.forget_missing(three, NOW + 1)
    assert rows(three, "SELECT count(*) FROM file") == [(2,)]
