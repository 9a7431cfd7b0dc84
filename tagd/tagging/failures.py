"""What came of one job, and what is done about one that failed."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from tagd.catalogue.files import photos, roots
from tagd.catalogue.queue import jobs
from tagd.domain import Signature
from tagd.errors import (
    Deferred,
    FileBusy,
    FileChanged,
    PermanentPhotoError,
    StorageHung,
    TruncatedImage,
)
from tagd.fs import is_open_for_writing, signature_of
from tagd.work import retry

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Connection

    from tagd.domain import Job
    from tagd.errors import PhotoError

_UNSTABLE: Final = (FileChanged, TruncatedImage)


class Outcome(StrEnum):
    """What came of one job."""

    TAGGED = "tagged"  # a model looked at it
    RECOGNISED = "recognised"  # content that had its tags already
    FAILED = "failed"  # quarantined
    POSTPONED = "postponed"  # to be tried again
    GONE = "gone"  # the file is not there any more


@dataclass(frozen=True, slots=True)
class Report:
    """What came of one job, for whoever watches. `photo_id` is empty where nobody could tell."""

    path: Path
    outcome: Outcome
    file_id: int
    photo_id: str = ""
    tags: tuple[str, ...] = ()  # names with their confidence, such as "espresso 0.97"
    model: str = ""
    reason: str = ""
    is_usual: bool = False  # a photo that is put off for a reason that is no failure
    notes: tuple[str, ...] = ()  # on what the photo's keywords say


def settle(
    tx: Connection,
    job: Job,
    error: PhotoError,
    now: float,
    *,
    settle_seconds: float,
    max_attempts: int,
) -> Report:
    """Do about the failed job what `retry.decide` says."""
    error = _while_written(error)
    verdict = retry.decide(
        error,
        job,
        # Of no other: what took too long may lie on a disk that does not answer.
        signature=_signature_now(job.path) if isinstance(error, _UNSTABLE) else None,
        now=now,
        settle_seconds=settle_seconds,
        max_attempts=max_attempts,
    )
    match verdict:
        case retry.GiveUp():
            read = None if error.signature is None else Signature(*error.signature)
            if jobs.quarantine(tx, job, error.code, error.reason, now, signature=read):
                photos.let_go(tx, job.file_id, error.shows)
            return Report(job.path, Outcome.FAILED, job.file_id, reason=error.reason)
        case retry.Forget():
            if all(map(roots.is_as_seen, roots.known_over(tx, job.path))):
                return _forget(tx, job, error, now)
            verdict = retry.while_absent(job, now)
            jobs.retry_later(tx, job, error.code, error.reason, verdict)
            reason = f"{error.reason}, nor is the disk that it was on"
            return Report(job.path, Outcome.POSTPONED, job.file_id, reason=reason, is_usual=True)
        case retry.RetryAt():
            jobs.retry_later(tx, job, error.code, error.reason, verdict)
            is_usual = isinstance(error, (Deferred, FileBusy, StorageHung))
            return Report(
                job.path, Outcome.POSTPONED, job.file_id, reason=error.reason, is_usual=is_usual
            )


def _forget(tx: Connection, job: Job, error: PhotoError, now: float) -> Report:
    """The file is gone, unless it was submitted anew, or has had another name since the claim: then
    its job goes on there."""
    if jobs.complete(tx, job):
        jobs.enqueue(tx, job.kind, {job.file_id: job.priority}, now)
        if photos.mark_missing(tx, [job.path], now):
            return Report(job.path, Outcome.GONE, job.file_id, reason=error.reason)
    why = "changed or was renamed meanwhile"
    return Report(job.path, Outcome.POSTPONED, job.file_id, reason=why)


def _while_written(error: PhotoError) -> PhotoError:
    """While another program has a file open for writing, nothing that is wrong with it counts."""
    is_of_content = isinstance(error, (PermanentPhotoError, TruncatedImage))
    if is_of_content and is_open_for_writing(error.path):
        return FileBusy(error.path, "another program has it open for writing")
    return error


def _signature_now(path: Path) -> Signature | None:
    try:
        return signature_of(path.stat())
    except OSError:
        return None
