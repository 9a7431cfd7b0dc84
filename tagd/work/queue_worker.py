"""The base of the queue's workers: claims under leases, waking and stopping from other threads."""

from __future__ import annotations

import itertools
import threading
from typing import TYPE_CHECKING, Final
from uuid import uuid4

from tagd.catalogue.queue import claims, jobs, leases
from tagd.fs import key_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection

    from tagd.catalogue.db.engine import Catalogue
    from tagd.domain import Job, JobKind

LEASE_SECONDS: Final = 120.0
HEARTBEAT_SECONDS: Final = LEASE_SECONDS / 4  # between two times that leases are prolonged
POLL_SECONDS: Final = 1.0  # how soon a job that another process queued is noticed
TROUBLE_SECONDS: Final = 5.0  # between tries when the catalogue or the model is in trouble

_CLAIMS = itertools.count(1)


class QueueWorker:
    """Claims jobs of one `kind`. Methods with an underscore belong to the working thread, all
    others to any. `beat` is called while it makes progress, and while it is idle; `clock` counts
    seconds since 1970."""

    def __init__(
        self,
        catalogue: Catalogue,
        kind: JobKind,
        beat: Callable[[], None],
        clock: Callable[[], float],
    ) -> None:
        self._catalogue = catalogue
        self._kind = kind
        self._beat = beat
        self._clock = clock
        self._owner = leases.owner(uuid4().hex)
        self._folder = 0  # of the last job that was claimed
        self._stop = threading.Event()
        self._woken = threading.Event()

    def wake(self) -> None:
        """Note that there may be new jobs."""
        self._woken.set()

    def stop(self) -> None:
        """End as soon as the present work is done."""
        self._stop.set()
        self.wake()

    def heartbeat(self) -> None:
        """Prolong the leases on what is being worked on; to be called well within LEASE_SECONDS."""
        with self._catalogue.write() as tx:
            leases.heartbeat(tx, self._owner, self._clock() + LEASE_SECONDS)

    def let_go(self) -> None:
        """Give every claimed job back, as if it had never been claimed."""
        with self._catalogue.write() as tx:
            leases.release(tx, self._owner)

    def _claim(self, tx: Connection, limit: int, *, last_one_by_one: bool = False) -> list[Job]:
        """Claim up to `limit` jobs, under a lease of their own."""
        claimed = claims.claim(
            tx,
            self._kind,
            limit=limit,
            lease=f"{self._owner}/{next(_CLAIMS)}",
            lease_seconds=LEASE_SECONDS,
            now=self._clock(),
            after=self._folder,
            last_one_by_one=last_one_by_one,
        )
        if claimed:
            self._folder = jobs.folder_of(key_of(claimed[-1].path))
        return claimed
