"""What becomes of a photo that failed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tagd.domain import Job, JobKind, Priority, Signature
from tagd.errors import (
    CorruptImage,
    DecoderDied,
    DecoderHung,
    Deferred,
    DiskFull,
    FileBusy,
    FileChanged,
    FileUnreadable,
    FileVanished,
    InternalFault,
    MetadataMalformed,
    ModelUnavailable,
    NotAnImage,
    PermanentPhotoError,
    PhotoError,
    StorageHung,
    TooLarge,
    TransientPhotoError,
    TruncatedImage,
    UnsupportedImage,
)
from tagd.work.retry import (
    BACK_OFF_MOST_SECONDS,
    Forget,
    GiveUp,
    RetryAt,
    Verdict,
    decide,
    decide_writing,
)

PATH = Path("/photos/a.jpg")
STILL = Signature(size=10, mtime_ns=1, ctime_ns=1, inode=7)
GROWN = replace(STILL, size=20)
JOB = Job(
    id=1,
    kind=JobKind.TAG,
    file_id=1,
    path=PATH,
    priority=Priority.NEW,
    queued_at=0.0,
    attempts=0,
    crashes=0,
    tried=None,
    lease="me/1",
)


def verdict(error: PhotoError, job: Job = JOB, signature: Signature | None = STILL) -> Verdict:
    return decide(error, job, signature=signature, now=100.0, settle_seconds=2.0, max_attempts=3)


@pytest.mark.parametrize(
    ("error", "job", "signature", "expected"),
    [
        (NotAnImage(PATH, "text"), JOB, STILL, GiveUp()),
        (CorruptImage(PATH, "bad"), JOB, STILL, GiveUp()),
        (TooLarge(PATH, "big"), JOB, STILL, GiveUp()),
        (UnsupportedImage(PATH, "raw"), JOB, STILL, GiveUp()),
        (FileVanished(PATH, "gone"), JOB, None, Forget()),
        # Ends too early: once more after it may have grown, then only if it stood still meanwhile.
        (
            TruncatedImage(PATH, "short"),
            JOB,
            STILL,
            RetryAt(102.0, counts=False, tried=STILL),
        ),
        (TruncatedImage(PATH, "short"), replace(JOB, tried=STILL), STILL, GiveUp()),
        (
            TruncatedImage(PATH, "short"),
            replace(JOB, tried=STILL),
            GROWN,
            RetryAt(102.0, counts=False, tried=GROWN),
        ),
        (
            FileChanged(PATH, "growing"),
            replace(JOB, attempts=99),
            GROWN,
            RetryAt(102.0, counts=False, tried=GROWN),
        ),
        # The second decoder that dies on a photo is the last.
        (DecoderDied(PATH, "signal 11"), JOB, STILL, RetryAt(100.0, crashed=True, last=True)),
        (DecoderHung(PATH, "30 s"), JOB, STILL, RetryAt(100.0, crashed=True, last=True)),
        (DecoderDied(PATH, "signal 11"), replace(JOB, crashes=1), STILL, GiveUp()),
        # No permission: later and later, then given up.
        (FileUnreadable(PATH, "EACCES"), JOB, STILL, RetryAt(105.0)),
        (FileUnreadable(PATH, "EACCES"), replace(JOB, attempts=1), STILL, RetryAt(110.0)),
        (FileUnreadable(PATH, "EACCES"), replace(JOB, attempts=2), STILL, GiveUp()),
        (ModelUnavailable(PATH, "no room"), JOB, STILL, RetryAt(105.0)),
    ],
)
def test_verdicts(
    error: PhotoError, job: Job, signature: Signature | None, expected: Verdict
) -> None:
    assert verdict(error, job, signature) == expected


@given(
    attempts=st.integers(0, 10_000),
    crashes=st.integers(0, 10),
    kind=st.sampled_from(
        [TruncatedImage, FileChanged, FileVanished, FileUnreadable, DecoderDied, DecoderHung]
    ),
)
def test_a_retry_is_never_in_the_past_and_never_further_than_the_longest_back_off(
    attempts: int, crashes: int, kind: type[TransientPhotoError]
) -> None:
    said = decide(
        kind(PATH, "why"),
        replace(JOB, attempts=attempts, crashes=crashes),
        signature=STILL,
        now=100.0,
        settle_seconds=2.0,
        max_attempts=20_000,
    )
    if isinstance(said, RetryAt):
        assert 100.0 <= said.at <= 100.0 + BACK_OFF_MOST_SECONDS


def test_every_permanent_error_is_given_up_at_once() -> None:
    for kind in PermanentPhotoError.__subclasses__():
        assert verdict(kind(PATH, "why")) == GiveUp()


@pytest.mark.parametrize(
    ("error", "attempts", "expected"),
    [
        (MetadataMalformed(PATH, "no XML"), 0, GiveUp()),
        (FileVanished(PATH, "gone"), 99, RetryAt(130.0, counts=False)),
        (DiskFull(PATH, "no room"), 99, RetryAt(130.0, counts=False)),
        (FileBusy(PATH, "open"), 99, RetryAt(130.0, counts=False)),
        (FileChanged(PATH, "newer"), 0, RetryAt(105.0)),
        (FileChanged(PATH, "newer"), 2, GiveUp()),
    ],
)
def test_what_becomes_of_a_write(error: PhotoError, attempts: int, expected: Verdict) -> None:
    said = decide_writing(error, replace(JOB, attempts=attempts), now=100.0, max_attempts=3)
    assert said == expected


@pytest.mark.parametrize(("waited", "wait"), [(0, 30), (300, 30), (1000, 100), (1e6, 600)])
def test_what_is_not_there_is_asked_for_ever_less_often(waited: float, wait: float) -> None:
    job = replace(JOB, queued_at=1e6 - waited)
    said = decide_writing(FileVanished(PATH, "gone"), job, now=1e6, max_attempts=3)
    assert said == RetryAt(1e6 + wait, counts=False)


def test_what_tagd_itself_fails_on_three_times_is_given_up() -> None:
    fault = InternalFault.of(PATH, ValueError("odd"))
    jobs = [replace(JOB, attempts=tried) for tried in range(3)]
    tagging = [
        decide(fault, job, signature=STILL, now=0.0, settle_seconds=2.0, max_attempts=9)
        for job in jobs
    ]
    writing = [decide_writing(fault, job, now=0.0, max_attempts=9) for job in jobs]
    for came in (tagging, writing):
        assert [isinstance(each, GiveUp) for each in came] == [False, False, True]


def test_what_hangs_goes_last_and_what_only_waits_is_never_given_up() -> None:
    assert verdict(DecoderHung(PATH, "x")) == RetryAt(100.0, crashed=True, last=True)
    assert verdict(Deferred(PATH, "x")) == RetryAt(100.0, counts=False, last=True)
    old = replace(JOB, attempts=99, crashes=99, queued_at=-1e6)
    for error in (StorageHung(PATH, "x"), FileBusy(PATH, "x")):
        for job in (JOB, old):
            came = verdict(error, job)
            assert isinstance(came, RetryAt)
            assert not came.counts
            assert not came.crashed
            assert 102.0 <= came.at <= 700.0
