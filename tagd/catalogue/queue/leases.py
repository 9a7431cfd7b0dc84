"""Leases: whose claim a job is, and until when.

    HOST:PID:BEGAN:WORKER/CLAIM

A worker prolongs its leases while it lives. What it does not give back comes back by `recover`
where it is only late, and by `deaths.recover` where its process has ended.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import and_, or_, update

from tagd.catalogue.db.processes import Process
from tagd.catalogue.db.schema import job
from tagd.catalogue.queue.jobs import BACK
from tagd.domain import JobState

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Connection


def owner(worker: str) -> str:
    """Return the name of a worker of this process, so that others can tell whether it lives."""
    return f"{Process.this()}:{worker}"


def process_of(lease: str) -> Process | None:
    """Return whose claim this is; None where its worker does not say."""
    return Process.read(lease.partition("/")[0].rpartition(":")[0])


def heartbeat(tx: Connection, owner: str, until: float) -> int:
    """Prolong all leases of this worker; returns how many it has."""
    mine = update(job).where(_leased_by(owner))
    return tx.execute(mine.values(lease_until=until)).rowcount


def release(tx: Connection, owner: str) -> int:
    """Give back everything that this worker has claimed; no attempt counts. Returns how many."""
    return tx.execute(update(job).where(_leased_by(owner)).values(BACK)).rowcount


def recover(tx: Connection, now: float) -> int:
    """Give back jobs whose lease has run out; no attempt counts, for a worker that is late says
    nothing of the photo."""
    has_run_out = or_(job.c.lease_until.is_(None), job.c.lease_until <= now)
    lost = update(job).where(job.c.state == JobState.LEASED, has_run_out)
    return tx.execute(lost.values(BACK)).rowcount


def _leased_by(owner: str) -> ColumnElement[bool]:
    # "0" is the character after "/": every lease that begins with the name and a slash.
    return and_(
        job.c.state == JobState.LEASED, job.c.lease > f"{owner}/", job.c.lease < f"{owner}0"
    )
