"""The queue: durable jobs with priority, leases, back-off and quarantine.

    waiting ──claim──▶ leased ──complete──▶ (deleted, with the result in the same transaction)
       ▲                 │
       ├──retry_later────┤   another try, not before a given time
       ├──put_off────────┤   not now, and no try
       ├──release────────┤   given back: as if it had never been claimed
       ├──start_over─────┤   what it has read so far is outdated
       ├──recover────────┤   its lease ran out, or its worker is known to be gone: see `deaths.py`
       │                 └──quarantine──▶ quarantined ──retry_failed, or its file changed──▶ waiting

A file has one job of a kind at most. Every change by a worker is guarded by the lease of its claim:
a job that was submitted anew meanwhile, or that somebody else has claimed since, stays untouched.
Who is served next is in `claims.py`.
"""

from __future__ import annotations

import json
from dataclasses import asdict, astuple
from typing import TYPE_CHECKING, Any, Protocol

import xxhash
from sqlalchemy import and_, bindparam, case, delete, func, or_, select, update

from tagd.catalogue.db.bulk import among
from tagd.catalogue.db.schema import file, job
from tagd.catalogue.db.statements import at_or_below, chunks, upsert
from tagd.domain import FileState, Job, JobKind, JobState, Priority, Signature

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from pathlib import Path

    from sqlalchemy import ColumnElement, Connection, Select

    from tagd.catalogue.db.statements import NewColumns

PLACES = 100  # in one WHERE: SQLite takes no expression that is nested a thousand deep
LONGEST_WAIT_SECONDS = 3600.0  # what is due later than that was put off by a clock gone wrong
SUSPECT_DEATHS = 2  # from so many on, a job is in hand alone of its like
READY = 0.0  # `not_before` of a job that may be claimed now: see the index in schema.py
_FRESH: dict[str, Any] = {
    "state": JobState.WAITING,
    "attempts": 0,
    "crashes": 0,
    "deaths": 0,
    "not_before": READY,
    "lease": None,
    "lease_until": None,
    "error_code": None,
    "error": None,
    "tried": None,
}
BACK: dict[str, Any] = {"state": JobState.WAITING, "lease": None, "lease_until": None}

# Made once, as they are said with every batch of photos.
_HELD = (
    select(job.c.id, job.c.lease)
    .where(among(job.c.id, "jobs"), job.c.state == JobState.LEASED)
    .with_for_update()
)
_COMPLETE = delete(job).where(among(job.c.id, "jobs"))
_GIVE_BACK = update(job).where(among(job.c.id, "jobs")).values(BACK)


class Postponement(Protocol):
    """When and how a job is tried again."""

    @property
    def at(self) -> float:
        """Not before this moment (seconds since 1970)."""

    @property
    def counts(self) -> bool:
        """Whether this try counts as an attempt."""

    @property
    def crashed(self) -> bool:
        """Whether a decoder died on it."""

    @property
    def last(self) -> bool:
        """Whether everything else goes before it from now on."""

    @property
    def tried(self) -> Signature | None:
        """The file's signature, where it was found to end too early."""


def folder_of(key: bytes) -> int:
    """Return a number for the folder of the file with this path key, from 0 to 2^63 - 1."""
    return xxhash.xxh3_64_intdigest(key.rpartition(b"/")[0]) >> 1


def enqueue(
    tx: Connection, kind: JobKind, files: Mapping[int, int], now: float, at: float = READY
) -> None:
    """Give each file (id → priority) a waiting job, not to be claimed before `at`. One that it has
    already starts over, whatever its state, and keeps its place and the higher priority. A file
    that was forgotten meanwhile, as another took its name, gets none."""
    folders = _folders(tx, files)
    rows = [
        {"kind": kind, "file_id": file_id, "priority": int(priority), "created_at": now}
        | {**_FRESH, "not_before": at, "folder": folders[file_id]}
        for file_id, priority in files.items()
        if file_id in folders
    ]
    upsert(tx, job, rows, key=["file_id", "kind"], changes=_start_over)


def hasten(tx: Connection, kind: JobKind, files: Mapping[int, int]) -> None:
    """Raise waiting jobs to a higher priority (by file id). Asked for by a person, a job waits no
    longer for its time either."""
    if not files:
        return
    mine = and_(
        job.c.kind == kind,
        job.c.file_id == bindparam("of_file"),
        job.c.state == JobState.WAITING,
    )
    ranked = [{"of_file": each, "rank": int(priority)} for each, priority in files.items()]
    raised = update(job).where(mine, job.c.priority > bindparam("rank"))
    tx.execute(raised.values(priority=bindparam("rank")), ranked)
    if asked := [row for row in ranked if row["rank"] == Priority.ASKED]:
        at_once = update(job).where(mine, job.c.priority == bindparam("rank"))
        tx.execute(at_once.values(not_before=READY), asked)


def held(tx: Connection, jobs: Iterable[Job]) -> set[Job]:
    """Those whose lease is still that of their claim: of two claims of one job the later one."""
    claims = {(each.id, each.lease): each for each in jobs}
    leased = tx.execute(_HELD, {"jobs": [each.id for each in claims.values()]}).all()
    return {claims[claim] for claim in map(tuple, leased) if claim in claims}


def complete(tx: Connection, done: Job) -> bool:
    """The job is done; False, and nothing changed, where it is no longer ours."""
    return tx.execute(delete(job).where(_guard(done))).rowcount == 1


def complete_all(tx: Connection, done: Collection[Job]) -> None:
    """These jobs, which `held` has just named, are done."""
    tx.execute(_COMPLETE, {"jobs": [each.id for each in done]})


def give_back(tx: Connection, claimed: Collection[Job]) -> None:
    """These jobs, which `held` has just named, wait again; no attempt counts."""
    if claimed:
        tx.execute(_GIVE_BACK, {"jobs": [each.id for each in claimed]})


def retry_later(tx: Connection, failed: Job, code: str, reason: str, when: Postponement) -> bool:
    """Back to the queue for another try; False where it is no longer ours."""
    values = {
        **BACK,
        "deaths": 0,
        "not_before": when.at,
        "attempts": job.c.attempts + int(when.counts),
        "crashes": job.c.crashes + int(when.crashed),
        "error_code": code,
        "error": reason,
        "tried": None if when.tried is None else json.dumps(astuple(when.tried)),
    }
    if when.last:
        values["priority"] = Priority.LAST
    return tx.execute(update(job).where(_guard(failed)).values(values)).rowcount == 1


def put_off(tx: Connection, claimed: Job, until: float) -> None:
    """Back to the queue until then, as if it had never been claimed."""
    tx.execute(update(job).where(_guard(claimed)).values(**BACK, not_before=until))


def quarantine(
    tx: Connection,
    failed: Job,
    code: str,
    reason: str,
    now: float,
    *,
    signature: Signature | None = None,
) -> bool:
    """Give the job up, and its file with it where it has no tags then; False where it is no longer
    ours. That holds for the file that was read, by its `signature`: any other is looked at."""
    values = {
        **BACK,
        "deaths": 0,
        "state": JobState.QUARANTINED,
        "attempts": job.c.attempts + 1,
        "error_code": code,
        "error": reason,
    }
    if tx.execute(update(job).where(_guard(failed)).values(values)).rowcount != 1:
        return False
    if failed.kind is not JobKind.TAG:
        return True  # the photo has its tags all the same
    its = update(file).where(file.c.id == failed.file_id).values(_as_read(signature))
    tx.execute(its.values(state=FileState.FAILED, state_since=now, reason_code=code, reason=reason))
    return True


def next_due(tx: Connection, kind: JobKind = JobKind.TAG) -> float | None:
    """From when on a waiting job may be claimed (0 for at once); None where none waits."""
    waiting = and_(job.c.state == JobState.WAITING, job.c.kind == kind)
    due = tx.scalar(select(func.min(job.c.not_before)).where(waiting))
    return None if due is None else float(due)


def is_due(tx: Connection, kind: JobKind, now: float) -> bool:
    """Whether a job may be claimed now, for who asks often: it reads an index and locks nothing."""
    ripe = (job.c.state == JobState.WAITING, job.c.kind == kind, has_come(now))
    return tx.scalar(select(job.c.id).where(*ripe).limit(1)) is not None


def counts(tx: Connection) -> dict[JobState, int]:
    """How many jobs are in each state."""
    rows = tx.execute(select(job.c.state, func.count()).group_by(job.c.state))
    found: dict[str, int] = dict(rows.all())
    return {state: found.get(state, 0) for state in JobState}


def left(tx: Connection, kind: JobKind = JobKind.TAG) -> int:
    """How many jobs are to be done still: those that wait, and those at work."""
    to_do = job.c.state.in_([JobState.WAITING, JobState.LEASED])
    found = select(func.count()).where(job.c.kind == kind, to_do)
    return tx.scalar(found) or 0


def waiting(tx: Connection, most: int, kind: JobKind = JobKind.TAG) -> int:
    """How many jobs may be claimed, counted up to `most`."""
    ready = (job.c.state == JobState.WAITING, job.c.kind == kind, job.c.not_before == READY)
    some = select(job.c.id).where(*ready).limit(most).subquery()
    return tx.scalar(select(func.count()).select_from(some)) or 0


def has(tx: Connection, kind: JobKind, file_id: int) -> bool:
    """Whether this file has a job of the kind, in any state."""
    its = select(job.c.id).where(job.c.file_id == file_id, job.c.kind == kind)
    return tx.scalar(its) is not None


def settle(tx: Connection, kind: JobKind, file_id: int) -> None:
    """What this file's job was to do has been done, by whom the queue does not know. One that is
    at work comes to its own end."""
    idle = (job.c.file_id == file_id, job.c.kind == kind, job.c.state != JobState.LEASED)
    tx.execute(delete(job).where(*idle))


def start_over(tx: Connection, kind: JobKind, files: Collection[int] | Select[tuple[int]]) -> None:
    """Take the jobs of these files out of the hands that they are in, by row id or by a query for
    it: what comes of that is not recorded, and they are done anew."""
    mine = (job.c.file_id.in_(files), job.c.kind == kind, job.c.state == JobState.LEASED)
    tx.execute(update(job).where(*mine).values(BACK))


def retry_failed(tx: Connection, paths: Collection[Path] | None, now: float) -> int:
    """Give quarantined jobs another chance, those of the given files and of all below the given
    folders, or all of them; returns how many."""
    given_up = (
        select(job.c.id, job.c.file_id, job.c.kind)
        .join(file, file.c.id == job.c.file_id)
        .where(job.c.state == JobState.QUARANTINED)
    )
    wanted = [given_up]
    if paths is not None:
        wanted = [
            given_up.where(or_(*(at_or_below(file.c.path_key, path) for path in some)))
            for some in chunks(paths, PLACES)
        ]
    found = {row.id: row for each in wanted for row in tx.execute(each)}
    for some in chunks(found.values()):
        tx.execute(update(job).where(job.c.id.in_([row.id for row in some])).values(_FRESH))
        tx.execute(
            update(file)
            .where(file.c.id.in_([row.file_id for row in some if row.kind == JobKind.TAG]))
            .values(state=FileState.QUEUED, state_since=now, reason_code=None, reason=None)
        )
    return len(found)


def has_come(now: float) -> ColumnElement[bool]:
    """Of a job: its time, or one that no job is ever put off to, after the clock was set back."""
    return or_(job.c.not_before <= now, job.c.not_before > now + LONGEST_WAIT_SECONDS)


def _start_over(new: NewColumns) -> dict[str, Any]:
    higher = case((job.c.priority < new.priority, job.c.priority), else_=new.priority)
    return {**_FRESH, "priority": higher, "not_before": new.not_before, "folder": new.folder}


def _folders(tx: Connection, files: Iterable[int]) -> dict[int, int]:
    """Return the numbers of the folders in which these files lie, by row id."""
    found: dict[int, int] = {}
    for some in chunks(files):
        rows = tx.execute(select(file.c.id, file.c.path_key).where(file.c.id.in_(some)))
        found |= {row: folder_of(key) for row, key in rows}
    return found


def _as_read(signature: Signature | None) -> dict[str, Any]:
    if signature is None:
        return {}
    # 0 where the file system keeps no stable ones.
    return asdict(signature) | {"inode": case((file.c.inode == 0, 0), else_=signature.inode)}


def _guard(claimed: Job) -> ColumnElement[bool]:
    return and_(
        job.c.id == claimed.id, job.c.state == JobState.LEASED, job.c.lease == claimed.lease
    )
