"""How far the queue is with files that somebody asked for, and waits for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import and_, func, or_, select

from tagd.catalogue.db.schema import file, job
from tagd.catalogue.db.statements import chunks
from tagd.domain import JobKind, JobState
from tagd.fs import key_of, path_of

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from sqlalchemy import ColumnElement, Connection


def unfinished(
    tx: Connection,
    paths: Collection[Path],
    kind: JobKind = JobKind.TAG,
    *,
    until: float | None = None,
) -> int:
    """How many of these files have a job that waits or is at work. Those that failed for now count
    where they are tried again `until` then (seconds since 1970)."""
    again: ColumnElement[bool] = job.c.error.is_(None)
    if until is not None:
        again = or_(again, job.c.not_before <= until)
    waits = and_(job.c.state == JobState.WAITING, again)
    to_do: ColumnElement[bool] = or_(job.c.state == JobState.LEASED, waits)
    here = select(func.count()).join_from(job, file, file.c.id == job.c.file_id)
    keys = [key_of(path) for path in paths]
    return sum(
        tx.scalar(here.where(to_do, job.c.kind == kind, file.c.path_key.in_(some))) or 0
        for some in chunks(keys)
    )


def postponed(tx: Connection, paths: Collection[Path]) -> list[tuple[Path, str]]:
    """Those of these files that could not be tagged for now, and why."""
    failed = (job.c.kind == JobKind.TAG, job.c.state == JobState.WAITING, job.c.error.is_not(None))
    its = select(file.c.path_key, job.c.error).join_from(job, file, file.c.id == job.c.file_id)
    return [
        (path_of(key), reason)
        for some in chunks(map(key_of, paths))
        for key, reason in tx.execute(its.where(*failed, file.c.path_key.in_(some)))
    ]
