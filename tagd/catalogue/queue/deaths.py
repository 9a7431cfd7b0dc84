"""Jobs that were in hand when a process ended without a word: killed, out of memory, a crash.

Most have nothing to do with it: a worker holds dozens. So the first death costs a job nothing.
After the second it waits a moment, so that others are done first, and is then in hand alone of its
like (see `claims.py`). Even so it may be there by chance, where a person kills again and again, or
memory runs out while the models load: only what is in hand alone at three deaths in a row is given
up. A worker that stops gives its jobs back, which counts for nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import case, func, select, update

from tagd.catalogue.db.processes import Process
from tagd.catalogue.db.schema import file, job
from tagd.catalogue.db.statements import chunks
from tagd.catalogue.queue import jobs, leases
from tagd.domain import FileState, JobKind, JobState
from tagd.errors import EndedTagd

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection, Row

WAIT_SECONDS: Final = 10.0
MOST_DEATHS: Final = jobs.SUSPECT_DEATHS + 2  # after so many the next one is the last


def recover(tx: Connection, now: float) -> int:
    """Give back the jobs that processes had in hand which have ended, or give them up; no attempt
    counts. Those of a process that lives stay its own, and so do those of another machine while
    their leases run. Returns how many were given back or up."""
    leased = select(job).where(job.c.state == JobState.LEASED).with_for_update()
    lost = _lost(tx.execute(leased).all(), now)
    for some in chunks(lost):
        _give_up(tx, [row for row in some if row.deaths >= MOST_DEATHS], now)
        _give_back(tx, [row.id for row in some if row.deaths < MOST_DEATHS], now)
    return len(lost)


def next_due(tx: Connection, kind: JobKind) -> float | None:
    """From when on a job may be claimed that processes died with (seconds since 1970, 0 for at
    once); None where none waits."""
    suspects = (job.c.kind == kind, job.c.deaths >= jobs.SUSPECT_DEATHS)
    waiting = select(func.min(job.c.not_before)).where(job.c.state == JobState.WAITING, *suspects)
    due = tx.scalar(waiting)
    return None if due is None else float(due)


def _lost(leased: Sequence[Row[Any]], now: float) -> list[Row[Any]]:
    """Return those whose process is gone."""
    owners = {row.lease: leases.process_of(row.lease) for row in leased}
    ended = {process for process in {*owners.values()} if process is None or process.has_ended()}
    us = Process.this()
    return [
        row
        for row in leased
        if owners[row.lease] in ended or (owners[row.lease] != us and row.lease_until <= now)
    ]


def _give_up(tx: Connection, rows: Sequence[Row[Any]], now: float) -> None:
    failed = {"error_code": EndedTagd.code, "error": EndedTagd.words}
    counted = {"attempts": job.c.attempts + 1, "deaths": 0, "state": JobState.QUARANTINED}
    given_up = update(job).where(job.c.id.in_([row.id for row in rows]))
    tx.execute(given_up.values({**jobs.BACK, **failed, **counted}))
    tagged = [row.file_id for row in rows if row.kind == JobKind.TAG]
    reason = {"reason_code": EndedTagd.code, "reason": EndedTagd.words}
    their_files = update(file).where(file.c.id.in_(tagged))
    tx.execute(their_files.values(state=FileState.FAILED, state_since=now, **reason))


def _give_back(tx: Connection, rows: Sequence[int], now: float) -> None:
    is_suspect = job.c.deaths + 1 >= jobs.SUSPECT_DEATHS
    later = case((is_suspect, now + WAIT_SECONDS), else_=job.c.not_before)
    back = {**jobs.BACK, "deaths": job.c.deaths + 1, "not_before": later}
    tx.execute(update(job).where(job.c.id.in_(rows)).values(back))
