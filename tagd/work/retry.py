"""What becomes of a photo that failed: a pure decision that the worker applies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tagd.catalogue.queue.jobs import LONGEST_WAIT_SECONDS
from tagd.errors import (
    DecoderDied,
    DecoderHung,
    Deferred,
    DiskFull,
    FileBusy,
    FileChanged,
    FileVanished,
    InternalFault,
    PermanentPhotoError,
    PhotoError,
    StorageHung,
    TruncatedImage,
)

if TYPE_CHECKING:
    from tagd.domain import Job, Signature

CRASHES_ALLOWED = 1  # a photo that kills two decoders is not given a third
FAULTS_ALLOWED = 3  # tries of a photo that tagd itself fails on
BACK_OFF_SECONDS = 5.0
BACK_OFF_MOST_SECONDS = LONGEST_WAIT_SECONDS
# At least, for a disk that is full or not mounted, or a program that has the file open.
WAIT_SECONDS = 30.0
ABSENT_MOST_SECONDS = 600.0  # a try costs milliseconds, and a disk may have thousands of photos


@dataclass(frozen=True, slots=True)
class RetryAt:
    """Try again from `at` (seconds since 1970)."""

    at: float
    counts: bool = True  # towards `max_attempts`
    crashed: bool = False
    last: bool = False  # everything else goes before it from now on
    tried: Signature | None = None


@dataclass(frozen=True, slots=True)
class GiveUp:
    """Quarantine it, until its file changes or a person retries it."""


@dataclass(frozen=True, slots=True)
class Forget:
    """The file is gone: there is nothing to do any more."""


Verdict = RetryAt | GiveUp | Forget


def decide(
    error: PhotoError,
    job: Job,
    *,
    signature: Signature | None,
    now: float,
    settle_seconds: float,
    max_attempts: int,
) -> Verdict:
    """Decide what becomes of `job` after `error`. `signature` is the file's present one, None if
    gone.

    A picture that ends too early may be a copy that paused: it is given up only when its signature
    has stood still between two tries. While a file keeps changing, or another program has it open
    for writing, no attempt counts; nor while a network file system does not answer. What took a
    decoder too long, or killed it, goes behind all others.
    """
    match error:
        case FileVanished():
            return Forget()
        case PermanentPhotoError():
            return GiveUp()
        case TruncatedImage() if signature is not None and signature == job.tried:
            return GiveUp()
        case TruncatedImage() | FileChanged():
            return RetryAt(now + settle_seconds, counts=False, tried=signature)
        case FileBusy():
            waited = (now - job.queued_at) / 10
            return RetryAt(now + min(max(settle_seconds, waited), WAIT_SECONDS), counts=False)
        case DecoderDied() | DecoderHung():
            if job.crashes >= CRASHES_ALLOWED:
                return GiveUp()
            return RetryAt(now, crashed=True, last=True)
        case Deferred() | StorageHung():
            wait = 0.0 if isinstance(error, Deferred) else _absent_seconds(now - job.queued_at)
            return RetryAt(now + wait, counts=False, last=True)
    return _back_off(job, now, _most_tries(error, max_attempts))


def decide_writing(
    error: PhotoError, job: Job, *, now: float, max_attempts: int
) -> RetryAt | GiveUp:
    """Decide what becomes of `job`, which is to write a photo's tags, after `error`. A full disk,
    and a program that has the file open, are waited for as long as it takes; and so is a file that
    is not there, as it may be elsewhere by now, or on a disk that comes back. Where it is gone for
    good, the job goes with it once a scan or the watch tells so; outside the watched folders nobody
    does, and it stays, as such a disk may come back too."""
    match error:
        case PermanentPhotoError():
            return GiveUp()
        case FileVanished():
            return while_absent(job, now)
        case DiskFull() | FileBusy():
            return RetryAt(now + WAIT_SECONDS, counts=False)
    return _back_off(job, now, _most_tries(error, max_attempts))


def while_absent(job: Job, now: float) -> RetryAt:
    """Return when to look again for a file on a disk that is not there."""
    return RetryAt(now + _absent_seconds(now - job.queued_at), counts=False)


def _most_tries(error: PhotoError, max_attempts: int) -> int:
    return min(FAULTS_ALLOWED, max_attempts) if isinstance(error, InternalFault) else max_attempts


def _absent_seconds(waited: float) -> float:
    return min(max(WAIT_SECONDS, waited / 10), ABSENT_MOST_SECONDS)


def _back_off(job: Job, now: float, max_attempts: int) -> RetryAt | GiveUp:
    if job.attempts + 1 >= max_attempts:
        return GiveUp()
    return RetryAt(now + _delay(job))


def _delay(job: Job) -> float:
    return min(BACK_OFF_SECONDS * 2.0 ** min(job.attempts, 20), BACK_OFF_MOST_SECONDS)
