"""What is done at intervals: backups, tidying, examinations.

APScheduler says when; when a duty was last done is kept in the catalogue, so that what fell due
while nobody ran is made up for soon after the start. It is not the job queue, and what must go on
does not hang on it: rescans and leases go by the monotonic clock, in intake and service. Its
intervals go by the wall clock, so where that is set everything is planned anew.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.interval import IntervalTrigger

from tagd.catalogue.db import copies, settings, strangers
from tagd.errors import TagdError, in_a_line
from tagd.ops import backup

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from structlog.typing import FilteringBoundLogger

    from tagd.catalogue.db.engine import Catalogue
    from tagd.config import Config

DAY, WEEK = 24.0, 168.0  # hours
FIRST_SECONDS = 120.0  # after the start: what waits goes first
JUMP_SECONDS = 30.0
MAINTENANCE = "maintenance"  # the thread
PULSE_SECONDS = 60.0
# A duty is one long call to SQLite, which cannot say that it goes on. An examination of a million
# photos takes minutes on a good disk; this is for ten million on a bad one. The watch, the tagging
# and the control go on beside it, so that nothing is lost by patience.
PATIENCE_SECONDS = 4 * 3600.0
WAITING_PULSES = 1 + round(PATIENCE_SECONDS / PULSE_SECONDS)  # behind a long duty
FREE_PAGES = 5_000  # that are given back in one transaction, so that other writers never wait long


@dataclass(frozen=True, slots=True)
class Duty:
    """Something to be done every so many hours. `run` raises `TagdError` where it cannot be."""

    name: str
    hours: float
    run: Callable[[], None]


class Maintenance:
    """Does the duties, one at a time, in a thread of its own."""

    def __init__(
        self,
        catalogue: Catalogue,
        duties: Sequence[Duty],
        log: FilteringBoundLogger,
        beat: Callable[[], None] = lambda: None,
    ) -> None:
        self._catalogue = catalogue
        self._duties = duties
        self._log = log
        self._beat = beat
        self._busy = False
        self._undone: dict[str, str] = {}
        self._ahead = time.time() - time.monotonic()
        self._scheduler = BackgroundScheduler(
            timezone=UTC,
            executors={"default": ThreadPoolExecutor(1)},
            # A busy executor must not cost a duty its turn, as with the default of one second.
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        )

    @property
    def names(self) -> tuple[str, ...]:
        """The duties."""
        return tuple(each.name for each in self._duties)

    @property
    def troubles(self) -> tuple[str, ...]:
        """The duties that could not be done when they were last tried, and why."""
        return tuple(f"{name} could not be done: {why}" for name, why in list(self._undone.items()))

    def start(self) -> None:
        """Plan everything. Raises `CatalogueError`."""
        self._beat()
        self._plan(self._duties)
        self._scheduler.start()

    def check(self) -> None:
        """Called about every second: notices a clock that was set. Raises `CatalogueError`."""
        ahead = time.time() - time.monotonic()
        if abs(ahead - self._ahead) > JUMP_SECONDS:
            self._plan(self._duties)
            self._ahead = ahead
            self._log.info("the clock was changed; maintenance is rescheduled")

    def replace(self, duties: Sequence[Duty]) -> None:
        """Do these from now on. Raises `CatalogueError`."""
        self._plan(duties)
        self._duties = duties
        self._undone = {}

    def stop(self) -> bool:
        """Begin nothing more. False where a duty is at work still: it can only be broken off with
        the process, which harms nothing, as each is done whole or not at all. May be repeated."""
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)
        return not self._busy

    def _plan(self, duties: Sequence[Duty]) -> None:
        """In place of what is planned, which stays where this raises."""
        now = time.time()
        with self._catalogue.read() as tx:
            done = {each.name: settings.get(tx, settings.CARED + each.name) for each in duties}
        self._scheduler.remove_all_jobs()
        for each in duties:
            first = next_due(float(done[each.name] or 0), each.hours, now)
            self._scheduler.add_job(
                self._do,
                IntervalTrigger(seconds=round(each.hours * 3600), timezone=UTC),
                args=[each],
                id=each.name,
                next_run_time=datetime.fromtimestamp(first, UTC),
            )
        # In the duties' own thread, so that it waits for them: a scheduler that plans no more and a
        # duty that does not end are both silent.
        self._scheduler.add_job(
            self._beat,
            IntervalTrigger(seconds=PULSE_SECONDS, timezone=UTC),
            id=MAINTENANCE,
            max_instances=WAITING_PULSES,
        )

    def _do(self, duty: Duty) -> None:
        self._busy = True
        try:
            duty.run()
            with self._catalogue.write() as tx:
                settings.put(tx, settings.CARED + duty.name, str(time.time()))
            self._undone.pop(duty.name, None)
        except TagdError as error:
            self._undone[duty.name] = in_a_line(error)
            self._log.error(f"could not do: {duty.name}", reason=in_a_line(error))
        finally:
            self._busy = False


def next_due(last: float, hours: float, now: float) -> float:
    """When a duty is due next that was last done then (seconds since 1970; 0 for never). One that
    was done in the future was done by a clock that was wrong."""
    due = last + hours * 3600
    return now + FIRST_SECONDS if due < now + FIRST_SECONDS or last > now else due


def duties_of(config: Config, catalogue: Catalogue, log: FilteringBoundLogger) -> list[Duty]:
    """Everything that is to be done for this catalogue."""

    def tidy() -> None:
        left = None
        while left != (left := catalogue.tidy(FREE_PAGES)):
            pass

    def examine() -> None:
        copies.examine(catalogue.path)
        strangers.refuse_triggers(catalogue.path, strangers.strangers(catalogue.path))
        log.debug("the catalogue is sound")

    def back_up() -> None:
        settings = config.backup
        made = backup.back_up(catalogue.path, settings.folder, settings.keep, time.time())
        log.info("backed up", backup=made.path)

    duties = [Duty("tidying", DAY, tidy), Duty("examination", WEEK, examine)]
    if config.backup.keep:
        duties.append(Duty("backup", config.backup.every_hours, back_up))
    return duties
