"""Queueing the writes of photos' tags, in the transaction that changes these tags."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tagd.catalogue import inscriptions
from tagd.domain import Priority

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from sqlalchemy import Connection

    from tagd.catalogue.inscriptions import Wanted


@dataclass(frozen=True, slots=True)
class Writes:
    """`wanted` says whether tags are to be written for the photo at a path; `wake` tells who
    writes them that there is something to do."""

    wanted: Wanted
    wake: Callable[[], None] = lambda: None

    def queue(self, tx: Connection, photo_ids: Collection[str], now: float) -> None:
        """These photos, by their content, have been looked at."""
        rows = inscriptions.rows_of(tx, photo_ids)
        inscriptions.enqueue(tx, rows, self.wanted, Priority.NEW, now)

    def queue_rows(
        self, tx: Connection, photos: Collection[int], priority: Priority = Priority.RETAG
    ) -> None:
        """The tags of these photos, by their row ids, have changed."""
        inscriptions.enqueue(tx, photos, self.wanted, priority, time.time())
