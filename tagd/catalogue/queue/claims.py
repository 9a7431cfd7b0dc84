"""Who is served next: by priority, then folder by folder, and in a folder the oldest first.

A folder with a hundred thousand new photos holds up no other: a claim takes the first job of some
folders in turn, then their second ones, and so on, and the next claim goes on with the folders that
come after these. The folders stand in a ring, by numbers that follow from their paths.
"""

from __future__ import annotations

import json
from itertools import chain, zip_longest
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import and_, bindparam, select, update

from tagd.catalogue.db.bulk import among
from tagd.catalogue.db.schema import file, job
from tagd.catalogue.db.statements import chunks
from tagd.catalogue.queue.jobs import READY, SUSPECT_DEATHS, has_come
from tagd.domain import Job, JobKind, JobState, Priority, Signature
from tagd.fs import path_of

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from sqlalchemy import Connection, Row

# Of so many folders in one claim, where each has many jobs: files of one folder lie side by side
# on a disk, and in the catalogue's indexes.
FOLDERS_AT_ONCE: Final = 4
_END: Final = (1 << 63) - 1  # of the ring
_IS_READY: Final = (
    job.c.state == JobState.WAITING,
    job.c.kind == bindparam("kind"),
    job.c.not_before == READY,
)
_NEXT_PRIORITY: Final = (
    select(job.c.priority)
    .where(*_IS_READY, job.c.priority > bindparam("beyond"))
    .order_by(job.c.priority)
    .limit(1)
)
_PART_OF_RING: Final = (
    select(job.c.folder, job.c.id)
    .where(*_IS_READY, job.c.priority == bindparam("priority"))
    .where(job.c.folder > bindparam("after"), job.c.folder <= bindparam("until"))
    .order_by(job.c.folder, job.c.id)
    .limit(bindparam("most"))
)
_CHOSEN: Final = (
    select(job, file.c.path_key)
    .join_from(job, file, file.c.id == job.c.file_id)
    .where(among(job.c.id, "jobs"))
    .with_for_update(of=job, skip_locked=True)
)


def claim(
    tx: Connection,
    kind: JobKind,
    *,
    limit: int,
    lease: str,
    lease_seconds: float,
    now: float,
    after: int = 0,
    last_one_by_one: bool = False,
) -> list[Job]:
    """Take up to `limit` jobs whose time has come, beginning with the folders after this one on the
    ring: that of the last job that was claimed (see `jobs.folder_of`).

    `lease` must be new for each claim, and begins with its worker's name and a slash. One job at
    most is in hand of those that processes died with, so that it is plain which one is to blame;
    and, where told so, of those that nobody waits for.
    """
    _ripen(tx, kind, now)
    chosen = _next(tx, kind, after, limit)
    if not chosen:
        return []
    found = {row.id: row for row in tx.execute(_CHOSEN, {"jobs": chosen})}
    rows = [found[job_id] for job_id in chosen if job_id in found]
    rows = _doubtful_one_by_one(tx, kind, rows, Priority.LAST if last_one_by_one else None)
    leased = {"state": JobState.LEASED, "lease": lease, "lease_until": now + lease_seconds}
    for some in chunks(row.id for row in rows):
        tx.execute(update(job).where(job.c.id.in_(some)).values(leased))
    return [_job(row, lease) for row in rows]


def by_turns(folders: Collection[Sequence[int]]) -> list[int]:
    """Return the first of each folder, then the second of each, and so on."""
    turns = chain.from_iterable(zip_longest(*folders))
    return [job_id for job_id in turns if job_id is not None]


def _next(tx: Connection, kind: JobKind, after: int, limit: int) -> list[int]:
    """Return the jobs to be claimed, by row id: those of a lower priority only where all that are
    ready of the higher ones are among them."""
    found: list[int] = []
    priority: int | None = -1
    while (left := limit - len(found)) > 0:
        priority = tx.scalar(_NEXT_PRIORITY, {"kind": kind, "beyond": priority})
        if priority is None:
            break
        found += by_turns(_some_of_each(tx, kind, priority, after, left))[:left]
    return found


def _some_of_each(
    tx: Connection, kind: JobKind, priority: int, after: int, most: int
) -> list[list[int]]:
    """Return the jobs of the next folders of the ring, by row id: at least `most` in all, if so
    many are ready, and at most that many of each folder."""
    folders: dict[int, list[int]] = {}
    ready = {"kind": kind, "priority": priority, "most": most}
    count = 0
    for begin, until in ((after, _END), (-1, after)):
        last: int | None = begin
        while last is not None and (count < most or len(folders) < FOLDERS_AT_ONCE):
            rows = tx.execute(_PART_OF_RING, {**ready, "after": last, "until": until}).all()
            for folder, row in rows:
                folders.setdefault(folder, []).append(row)
            count += len(rows)
            last = rows[-1].folder if len(rows) == most else None
    return list(folders.values())


def _doubtful_one_by_one(
    tx: Connection, kind: JobKind, rows: Sequence[Row[Any]], last: Priority | None
) -> list[Row[Any]]:
    def is_doubtful(deaths: Any, priority: Any) -> Any:
        suspect = deaths >= SUSPECT_DEATHS
        return suspect if last is None else suspect | (priority >= last)

    doubtful = [row for row in rows if is_doubtful(row.deaths, row.priority)]
    if not doubtful:
        return list(rows)
    in_hand = (job.c.kind == kind, job.c.state == JobState.LEASED)
    others = select(job.c.id).where(*in_hand, is_doubtful(job.c.deaths, job.c.priority)).limit(1)
    left = doubtful[1:] if tx.scalar(others) is None else doubtful
    return [row for row in rows if row not in left]


def _ripen(tx: Connection, kind: JobKind, now: float) -> None:
    """Jobs whose time has come may be claimed from now on."""
    due = and_(
        job.c.state == JobState.WAITING,
        job.c.kind == kind,
        job.c.not_before > READY,
        has_come(now),
    )
    tx.execute(update(job).where(due).values(not_before=READY))


def _job(row: Any, lease: str) -> Job:
    return Job(
        id=row.id,
        kind=JobKind(row.kind),
        file_id=row.file_id,
        path=path_of(row.path_key),
        priority=Priority(row.priority),
        queued_at=row.created_at,
        attempts=row.attempts,
        crashes=row.crashes,
        tried=None if row.tried is None else Signature(*json.loads(row.tried)),
        lease=lease,
    )
