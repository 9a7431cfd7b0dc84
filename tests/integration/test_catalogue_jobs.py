"""The queue: who is served when, what a worker may still change, and what comes back."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Connection

from tagd.catalogue.files import photos
from tagd.catalogue.queue import claims, deaths, jobs, leases
from tagd.catalogue.reports import overview
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
    assert deaths.recover(three, NOW) == 1
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
    assert leases.recover(three, NOW + 59) == 0
    assert leases.heartbeat(three, "worker", NOW + 120) == 3
    assert leases.recover(three, NOW + 60) == 0
    assert leases.recover(three, NOW + 120) == 3
    again = claim(three, lease="other/1", now=NOW + 120)
    assert [job.attempts for job in again] == [0, 0, 0]
    # The first worker is alive after all, and late.
    assert not any(jobs.complete(three, job) for job in claimed)
    assert all(jobs.complete(three, job) for job in again)


def test_each_worker_prolongs_and_releases_its_own(three: Connection) -> None:
    for owner in ("one", "one-more", "One"):
        claim(three, limit=1, lease=f"{owner}/1")
    assert leases.heartbeat(three, "one", NOW + 600) == 1
    assert leases.recover(three, NOW + 300) == 2
    assert leases.release(three, "other") == 0
    assert leases.release(three, "one") == 1
    assert jobs.counts(three)[JobState.WAITING] == 3


def test_a_job_goes_with_its_file(three: Connection) -> None:
    [job] = claim(three, limit=1)
    photos.mark_missing(three, [job.file_id], NOW)
    assert not jobs.complete(three, job)
    assert rows(three, "SELECT count(*) FROM job") == [(2,)]
    photos.forget_missing(three, NOW + 1)
    assert rows(three, "SELECT count(*) FROM file") == [(2,)]


def die(tx: Connection, now: float = NOW) -> None:
    """The process ends without a word, and another one starts."""
    deaths.recover(tx, now)


def test_a_job_that_every_process_dies_with_is_given_up_and_no_other(three: Connection) -> None:
    first, *others = claim(three)  # a worker claims many, and works on one
    die(three)
    assert len(claim(three, lease="worker/2")) == 3, "once is nobody's fault"
    die(three)
    assert claim(three, lease="worker/3") == [], "others first"
    later = NOW + deaths.WAIT_SECONDS
    [suspect] = claim(three, lease="worker/4", now=later)
    assert suspect.path == first.path, "alone"
    for number in range(2):
        die(three, later)
        assert rows(three, "SELECT count(*) FROM v_files WHERE state = 'failed'") == [(0,)], "yet"
        later += deaths.WAIT_SECONDS
        found = claim(three, lease=f"worker/alone-{number}", now=later)
        while found and found[0].path != first.path:  # another suspect, which comes to its end
            jobs.complete(three, found[0])
            others = [other for other in others if other.path != found[0].path]
            found = claim(three, lease=f"worker/next-{number}-{len(others)}", now=later)
        assert [each.path for each in found] == [first.path]
    submit(three, settled("/p/new.jpg", 9))
    assert names(claim(three, lease="worker/5", now=later)) == ["new"], "nobody waits for it"
    die(three, later)
    assert rows(three, "SELECT path, state FROM v_files WHERE state = 'failed'") == [
        (str(first.path), "failed")
    ]
    assert rows(three, "SELECT count(*) FROM job WHERE error_code = 'ended-tagd'") == [(1,)]
    [failure] = overview.failed(three)
    assert "five times" in failure.reason
    assert "--retry" in failure.reason
    for number, other in enumerate(others):
        now = later + deaths.WAIT_SECONDS
        claimed = claim(three, lease=f"worker/{10 + number}", now=now)
        assert other.path in {job.path for job in claimed}
        for job in claimed:
            assert jobs.complete(three, job)
    assert jobs.retry_failed(three, None, NOW) == 1
    assert names(claim(three, lease="worker/20")) == [first.path.stem]


def test_a_worker_that_stops_has_not_died(three: Connection) -> None:
    for number in range(5):
        assert len(claim(three, lease=f"worker/{number}")) == 3
        leases.release(three, "worker")
        die(three)
    assert rows(three, "SELECT sum(deaths) FROM job") == [(0,)]


def test_a_job_that_ends_with_a_word_between_two_deaths_is_no_suspect(tx: Connection) -> None:
    submit(tx, settled("/p/1.jpg"))
    for number in range(4):
        [job] = claim(tx, lease=f"worker/{number}", now=NOW + 100 * number)
        die(tx)
        [job] = claim(tx, lease=f"other/{number}", now=NOW + 100 * number)
        jobs.retry_later(tx, job, "unreadable", "x", Later(NOW + 100 * number))
    assert rows(tx, "SELECT deaths, state FROM job") == [(0, "waiting")]


def test_what_takes_too_long_goes_behind_all_others_and_one_by_one(three: Connection) -> None:
    for job in claim(three):
        jobs.retry_later(three, job, "decoder-hung", "x", Later(NOW, last=True))
    submit(three, settled("/p/new.jpg", 9, Priority.RETAG))

    def claim_gently(number: int, *, gently: bool) -> list[str]:
        lease = f"worker/{number}"
        got = claims.claim(
            three,
            JobKind.TAG,
            limit=9,
            lease=lease,
            lease_seconds=60,
            now=NOW,
            last_one_by_one=gently,
        )
        return names(got)

    assert claim_gently(2, gently=True) == ["new", "1"]
    assert claim_gently(3, gently=True) == [], "one is in hand"
    assert claim_gently(4, gently=False) == ["2", "3"]


@pytest.mark.parametrize("days", [1, 300])
def test_a_clock_that_is_set_back_puts_nothing_off(tx: Connection, days: int) -> None:
    ahead = NOW + days * 86_400.0
    submit(tx, settled("/p/1.jpg"), now=ahead)
    [job] = claim(tx, now=ahead)
    jobs.retry_later(tx, job, "x", "x", Later(ahead + 30))
    assert not jobs.is_due(tx, JobKind.TAG, ahead)
    assert jobs.is_due(tx, JobKind.TAG, NOW)
    assert len(claim(tx, lease="worker/2", now=NOW)) == 1


def test_a_verdict_counts_for_the_file_that_was_read(tx: Connection) -> None:
    """Another lay in its place for a moment, and what is there now is looked at."""
    sound, other = settled("/p/1.jpg", 1), settled("/p/1.jpg", 2)
    submit(tx, sound)
    [job] = claim(tx)
    jobs.quarantine(tx, job, "corrupt", "broken", NOW, signature=other.signature)
    assert submit(tx, other).unchanged == 1
    assert submit(tx, sound).queued == 1


def test_a_file_that_was_forgotten_meanwhile_gets_no_job(tx: Connection) -> None:
    submit(tx, settled("/p/1.jpg"))
    jobs.enqueue(tx, JobKind.WRITE, {1: Priority.NEW, 99: Priority.NEW}, NOW)
    assert rows(tx, "SELECT file_id FROM job WHERE kind = 'write'") == [(1,)]
