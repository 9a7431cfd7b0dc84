"""Tags that could not be written into photos, as the queue has it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import and_, delete, func, or_, select, update

from tagd.catalogue.db.schema import file, job
from tagd.catalogue.queue import jobs
from tagd.catalogue.queue.jobs import READY
from tagd.domain import JobKind, JobState, Priority
from tagd.errors import FileVanished
from tagd.fs import path_of

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import ColumnElement, Connection


@dataclass(frozen=True, slots=True)
class Unwritten:
    """So many files whose tags are not written for the same reason, and one of them."""

    reason: str
    files: int
    example: Path


def has_failed() -> ColumnElement[bool]:
    """Ask of a job whether it was given up, or is to be tried again. A file that is not there is no
    failure: most were deleted, and others are on a disk that comes back. Put so that an index finds
    these among a million that merely wait."""
    again = and_(job.c.state == JobState.WAITING, job.c.not_before > READY)
    ended = job.c.state.in_([JobState.QUARANTINED, JobState.LEASED])
    failed = job.c.error.is_not(None), job.c.error_code != FileVanished.code
    return and_(job.c.kind == JobKind.WRITE, *failed, or_(ended, again))


def note(tx: Connection, file_id: int, code: str, reason: str, now: float) -> None:
    """Note that what a person asked to be written could not be, and is given up. A job that waits,
    or is at work, is left alone: it is tried in any case."""
    given_up = (job.c.file_id == file_id, job.c.kind == JobKind.WRITE)
    tx.execute(delete(job).where(*given_up, job.c.state == JobState.QUARANTINED))
    if jobs.has(tx, JobKind.WRITE, file_id):
        return
    jobs.enqueue(tx, JobKind.WRITE, {file_id: Priority.ASKED}, now)
    failed = {"state": JobState.QUARANTINED, "attempts": 1, "error_code": code, "error": reason}
    tx.execute(update(job).where(*given_up).values(failed))


def count(tx: Connection) -> int:
    """Count these files."""
    return tx.scalar(select(func.count()).select_from(job).where(has_failed())) or 0


def reasons(tx: Connection) -> list[Unwritten]:
    """Say why tags are not written, what concerns most files first."""
    rows = tx.execute(
        select(job.c.error, func.count(), func.min(file.c.path_key))
        .join_from(job, file, file.c.id == job.c.file_id)
        .where(has_failed())
        .group_by(job.c.error)
        .order_by(func.count().desc(), job.c.error)
    )
    return [Unwritten(reason, files, path_of(key)) for reason, files, key in rows]
