"""Queueing the writes of photos' tags, in the transaction that changes these tags."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tagd.catalogue.queue import jobs
from tagd.catalogue.written import inscriptions, unwritten
from tagd.domain import JobKind, Priority
from tagd.writeback.worker import reason_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from sqlalchemy import Connection

    from tagd.catalogue.db.engine import Catalogue
    from tagd.catalogue.written.inscriptions import Target, Wanted
    from tagd.errors import PhotoError


@dataclass(frozen=True, slots=True)
class Writes:
    """`wanted` says whether tags are to be written for the photo at a path; `wake` tells who
    writes them that there is something to do."""

    wanted: Wanted
    wake: Callable[[], None] = lambda: None

    def queue(self, tx: Connection, photo_ids: Collection[str], now: float) -> None:
        """Note that these photos, by their content, have been looked at."""
        rows = inscriptions.rows_of(tx, photo_ids)
        inscriptions.enqueue(tx, rows, self.wanted, Priority.NEW, now)

    def queue_rows(
        self, tx: Connection, photos: Collection[int], priority: Priority = Priority.RETAG
    ) -> None:
        """Note that the tags of these photos, by their row ids, have changed."""
        inscriptions.enqueue(tx, photos, self.wanted, priority, time.time())


def settle(catalogue: Catalogue, done: Target) -> None:
    """Note that what the queue would do for this file has been done on request."""
    with catalogue.read() as tx:  # most have nothing to settle, and then nobody is kept waiting
        if not jobs.has(tx, JobKind.WRITE, done.file_id):
            return
    with catalogue.write() as tx:
        inscriptions.settle_job(tx, done)


def note_failure(catalogue: Catalogue, target: Target, error: PhotoError) -> None:
    """Note that what somebody asked to be written could not be: it is known as such from now on,
    unless the queue is to do it in any case."""
    reason = reason_of(error, target.path, at_once=True)
    with catalogue.write() as tx:
        unwritten.note(tx, target.file_id, error.code, reason, time.time())
