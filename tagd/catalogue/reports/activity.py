"""Current activity: the queue by kind, the pace over time, the photos that were tagged last."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import Integer, cast, func, select

from tagd.catalogue.db.schema import CLASSIFIER_ID, file, job, photo, tagging
from tagd.catalogue.db.snapshot import sqlite
from tagd.catalogue.reports.shown_tags import tags_of
from tagd.domain import JobKind, JobState, Priority
from tagd.fs import path_of

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Connection

    from tagd.catalogue.reports.shown_tags import ShownTag


_MINE = tagging.c.tagger_id == CLASSIFIER_ID  # each photo once, whoever looks beside it


@dataclass(frozen=True, slots=True)
class Queued:
    """So many jobs of one kind, priority and state; `oldest` is when the first of them came, in
    seconds since 1970."""

    kind: JobKind
    priority: Priority
    state: JobState
    jobs: int
    oldest: float


@dataclass(frozen=True, slots=True)
class Latest:
    """A photo that was just tagged, at one of its paths."""

    path: Path
    tags: tuple[ShownTag, ...]


def queue(tx: Connection) -> list[Queued]:
    """Return the queue, who goes first on top."""
    group = (job.c.kind, job.c.priority, job.c.state)
    rows = tx.execute(
        select(*group, func.count().label("jobs"), func.min(job.c.created_at).label("oldest"))
        .group_by(*group)
        .order_by(*group)
    )
    return [
        Queued(JobKind(row.kind), Priority(row.priority), JobState(row.state), row.jobs, row.oldest)
        for row in rows
    ]


def pace(tx: Connection, now: float, seconds: float, parts: int) -> list[int]:
    """Count the photos that were tagged in each of the last so many parts of time, the latest
    last."""
    begun = now - seconds * parts
    part = cast((tagging.c.tagged_at - begun) / seconds, Integer).label("part")
    rows = tx.execute(
        select(part, func.count())
        .where(tagging.c.tagged_at >= begun, tagging.c.tagged_at < now, _MINE)
        .group_by(part)
    )
    counted: dict[int, int] = dict(rows.all())
    return [counted.get(number, 0) for number in range(parts)]


def latest(tx: Connection, limit: int) -> list[Latest]:
    """Return the photos that were tagged last, the latest first, each once."""
    mine = select(tagging).where(_MINE).order_by(tagging.c.tagged_at.desc())
    last = mine.limit(limit).subquery()
    rows = tx.execute(
        select(photo.c.id, func.min(file.c.path_key).label("key"))
        .join_from(last, photo, photo.c.id == last.c.photo_id)
        .join(file, file.c.photo_id == photo.c.id)
        .group_by(photo.c.id)
        .order_by(func.max(last.c.tagged_at).desc())
    ).all()
    tags = tags_of(sqlite(tx), [row.id for row in rows])
    return [Latest(path_of(row.key), tuple(tags.get(row.id, ()))) for row in rows]


def last_tagged_at(tx: Connection) -> float | None:
    """Return when a model last looked at a photo, in seconds since 1970."""
    moment = tx.scalar(select(func.max(tagging.c.tagged_at)))
    return None if moment is None else float(moment)
