"""Jobs that were in hand when a process ended without a word: killed, out of memory, a crash.

Most have nothing to do with it: a worker holds dozens. So the first death costs a job nothing.
After the second it waits a moment, so that others are done first, and is then in hand alone of its
like (see `claims.py`). Even so it may be there by chance, where a person kills again and again, or
memory runs out while the models load: only what is in hand alone at three deaths in a row is given
up. A worker that stops gives its jobs back, which counts for nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import case, func, select, update

from tagd.catalogue.db.schema import file, job
from tagd.catalogue.db.statements import chunks
from tagd.catalogue.queue import jobs
from tagd.domain import FileState, JobKind, JobState
from tagd.errors import EndedTagd

if TYPE_CHECKING:
    from sqlalchemy import Connection

WAIT_SECONDS: Final = 10.0
MOST_DEATHS: Final = jobs.SUSPECT_DEATHS + 2  # after so many the next one is the last


def recover(tx: Connection, now: float) -> int:
    """Give back every job that is in hand, at the start of the catalogue's only worker, or give it
    up; no attempt counts. Returns how many these were."""
    in_hand = job.c.state == JobState.LEASED
    deadly = tx.execute(select(job).where(in_hand, job.c.deaths >= MOST_DEATHS)).all()
    for some in chunks(deadly):
        _give_up(tx, [row.id for row in some])
        tagged = [row.file_id for row in some if row.kind == JobKind.TAG]
        failed = {"reason_code": EndedTagd.code, "reason": EndedTagd.words}
        tx.execute(
            update(file)
            .where(file.c.id.in_(tagged))
            .values(state=FileState.FAILED, state_since=now, **failed)
        )
    later = case(
        (job.c.deaths + 1 >= jobs.SUSPECT_DEATHS, now + WAIT_SECONDS), else_=job.c.not_before
    )
    back = {"deaths": job.c.deaths + 1, "not_before": later}
    left = tx.execute(update(job).where(in_hand).values(**jobs.BACK, **back)).rowcount
    return left + len(deadly)


def next_due(tx: Connection, kind: JobKind) -> float | None:
    """From when on a job may be claimed that processes died with (seconds since 1970, 0 for at
    once); None where none waits."""
    suspects = (job.c.kind == kind, job.c.deaths >= jobs.SUSPECT_DEATHS)
    waiting = select(func.min(job.c.not_before)).where(job.c.state == JobState.WAITING, *suspects)
    due = tx.scalar(waiting)
    return None if due is None else float(due)


def _give_up(tx: Connection, rows: list[int]) -> None:
    values = {"state": JobState.QUARANTINED, "error_code": EndedTagd.code, "error": EndedTagd.words}
    counted = {"attempts": job.c.attempts + 1, "deaths": 0}
    tx.execute(update(job).where(job.c.id.in_(rows)).values({**jobs.BACK, **values, **counted}))
