"""The parts of the daemon, all built from one configuration: intake, tagging, writing,
re-tagging, maintenance, and the catalogue's write-ahead log.

One thread, the supervisor's, starts, looks after, changes and ends them; any may ask how they are.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from tagd.assembly.build import intake_of
from tagd.catalogue.queue import deaths, jobs, leases
from tagd.daemon import gauges, troubles
from tagd.daemon.learning import Learning
from tagd.daemon.looking import look
from tagd.daemon.maintenance import MAINTENANCE, PATIENCE_SECONDS, Maintenance, duties_of
from tagd.daemon.reload import Part, changes
from tagd.daemon.retagging import Retagging
from tagd.daemon.tagging import Listeners, Tagging
from tagd.daemon.wal import WriteAheadLog
from tagd.daemon.web_pages import WebPages
from tagd.daemon.writing import Writing
from tagd.domain import JobState
from tagd.errors import ModelError, in_a_line
from tagd.intake.intake import SCAN, STREAM
from tagd.models.runtime.device import CPU_BATCH
from tagd.work.queue_worker import HEARTBEAT_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from structlog.typing import FilteringBoundLogger

    from tagd.catalogue.db.engine import Catalogue
    from tagd.config import Config
    from tagd.daemon.reload import Changes
    from tagd.daemon.tagging import Engine
    from tagd.domain import Place
    from tagd.errors import TagdError
    from tagd.intake.intake import Intake
    from tagd.ops.control import Reply
    from tagd.ops.metrics import Gauge
    from tagd.ops.pulse import Pulses
    from tagd.tagging.failures import Report
    from tagd.work.stage_times import StageTimes
    from tagd.writeback.tag_writer import WriteOutcome

STOP_SECONDS = 2.0  # what a forward pass may still take before it is abandoned
# A photo in the slowest model of the zoo, EVA-02 Large, on two cores; and how much longer it may
# take where another program has them, and where a cascade asks two models.
SLOWEST_PHOTO_SECONDS, BUSY_FACTOR = 4.0, 8


class Parts:
    """Raises ModelError where a model that is named is not there."""

    def __init__(
        self,
        config: Config,
        catalogue: Catalogue,
        *,
        on_report: Callable[[Report], None],
        on_times: Callable[[StageTimes], None],
        on_ready: Callable[[Engine], None],
        on_fault: Callable[[TagdError | None], None],
        on_outcome: Callable[[Place, WriteOutcome], None],
        pulses: Pulses,
        log: FilteringBoundLogger,
        web: Sequence[str] = (),
    ) -> None:
        self.config = config
        self._catalogue = catalogue
        self._pulses = pulses
        self._log = log
        listeners = Listeners(on_report, on_times, on_ready, on_fault, self._wake_writers)
        self._tagging = Tagging(config, catalogue, listeners, pulses=pulses, log=log)
        self._writing = Writing(
            config,
            catalogue,
            self._tagging.run,
            pulses=pulses,
            log=log,
            on_fault=on_fault,
            on_outcome=on_outcome,
        )
        self._retagging = Retagging(
            catalogue,
            on_queued=self._tagging.wake,
            on_writes=self._wake_writers,
            on_fault=lambda: on_fault(None),
            pulses=pulses,
            log=log,
        )
        beat = pulses.of(MAINTENANCE, PATIENCE_SECONDS)
        self._maintenance = Maintenance(catalogue, duties_of(config, catalogue, log), log, beat)
        self._learning = Learning(catalogue, log)
        self._wal = WriteAheadLog(catalogue)
        self._web = WebPages(web, log)
        self._intake = self._new_intake()
        self._watches = False
        self._works = False
        # What a change that was cut short has built anew in part: the next one does so in any case.
        self._owed: frozenset[Part] = frozenset()
        self._refused: tuple[str, ...] = ()  # replaced models that could not be taken up
        self._next_heartbeat = time.monotonic() + HEARTBEAT_SECONDS

    def start(self) -> None:
        """Recover interrupted writes, and start all but intake. Raises `CatalogueError`."""
        self._writing.recover()
        self._maintenance.start()
        self._retagging.start(self.config, self._tagging.models, self._tagging.taggers)
        self._web.start(self.config)

    def open_intake(self) -> None:
        """Watch and scan, unless that is being done already."""
        if not self._watches:
            self._watches = True
            self._intake.start()

    def close_intake(self) -> None:
        """Take nothing new."""
        self._intake.stop(STOP_SECONDS / 2)
        for thread in (STREAM, SCAN):
            self._pulses.rest(thread)
        self._intake = self._new_intake()
        self._watches = False

    def end(self) -> bool:
        """Stop everything, within 4.5 s in all; whatever is not finished goes back to the queue.
        False where a thread had to be left behind, such as the worker in a forward pass."""
        self._web.stop()
        self._intake.stop(STOP_SECONDS / 2)
        self._learning.stop()
        rested = self._retagging.stop(STOP_SECONDS / 4)
        rested = self._maintenance.stop() and rested
        wrote = self._writing.end(STOP_SECONDS / 2)
        return self._tagging.end(STOP_SECONDS) and rested and wrote

    def steer(self, *, work: bool) -> None:
        """Called about every second: have everything do what it should now."""
        if self._watches:
            self._intake.check()
        self._works = work
        self._tagging.steer(work=work)
        self._writing.steer(work=work)

    def keep(self) -> None:
        """Called about every second: duties, log, leases, and models that were replaced. Raises
        `CatalogueError`."""
        self._maintenance.check()
        self._wal.check()
        self._writing.check()
        self._web.check()
        self._learning.check(self.config, work=self._works)
        if time.monotonic() >= self._next_heartbeat:
            self._next_heartbeat = time.monotonic() + HEARTBEAT_SECONDS
            self._tagging.heartbeat()
            self._writing.heartbeat()
            with self._catalogue.write() as tx:
                deaths.recover(tx, time.time())
                leases.recover(tx, time.time())
        if replaced := self._tagging.models.replaced():
            self._take_up(replaced)

    def _take_up(self, models: tuple[str, ...]) -> None:
        """Use what was imported or pulled in the place of models that are in use. Where that cannot
        be, those in memory go on, and it is said once."""
        if models == self._refused:
            return
        try:
            self.follow(self.config)
        except ModelError as error:
            self._refused = models
            self._log.error("the replaced models are not used", reason=in_a_line(error))
        else:
            self._refused = ()
            self._log.info("models were replaced, and are used from now on", models=models)

    def follow(self, new: Config) -> Changes:
        """Apply another configuration, as far as that is possible while we run. Where this raises,
        the present one stays, and may be applied again. Raises `ModelError`, `CatalogueError`."""
        found = changes(self.config, new, self._tagging.models.replaced())
        due = found.parts | self._owed
        if due & {Part.ENGINE, Part.WORKER}:
            self._tagging.take(self._tagging.prepare(new, anew=Part.ENGINE in due))
        self._owed = due
        if due & {Part.ENGINE, Part.WORKER}:
            self._writing.take(new)
        if due & {Part.ENGINE, Part.WORKER, Part.RETAG}:
            self._retagging.start(new, self._tagging.models, self._tagging.taggers)
        if Part.MAINTENANCE in due:
            self._maintenance.replace(duties_of(new, self._catalogue, self._log))
        self.config, self._owed = new, frozenset()
        self._pulses.patience = patience_of(new)
        if found.taken:  # it has read the configuration by itself
            self._web.start(new)
        if Part.INTAKE in due:
            watches = self._watches
            self.close_intake()  # what is opened next is made of the new configuration
            if watches:
                self.open_intake()
        return found

    # What others ask

    @property
    def has_room(self) -> bool:
        """Whether the catalogue's log leaves room for more."""
        return not self._wal.is_full

    def is_done(self) -> bool:
        """Whether nothing waits, is at work, or is to be written. Raises `CatalogueError`."""
        with self._catalogue.read() as tx:
            left = jobs.waiting(tx, most=1) + jobs.counts(tx)[JobState.LEASED]
        return not left and not self._writing.left()

    def troubles(self) -> Iterator[str]:
        """What is wrong at the moment, a line each."""
        parts = (
            self._tagging,
            self._writing,
            self._wal,
            self._maintenance,
            self._retagging,
            self._web,
            self._learning,
        )
        yield from troubles.of(self._intake.state(), parts, self._pulses.late())

    def unread(self) -> Mapping[str, int]:
        """How many pictures in the watched folders are of a kind that tagd does not read."""
        return self._intake.state().unread

    def look(self, path: Path) -> Reply:
        """What a picture shows that lies in no folder. From any thread."""
        return look(path, self.config, self._catalogue, self._tagging.models, self._log.warning)

    def gauges(self) -> Iterator[Gauge]:
        """What there is to measure. Raises `CatalogueError` and `DeviceUnavailable`."""
        yield from gauges.of_catalogue(self._catalogue, self._maintenance.names)
        yield from gauges.of_intake(self._intake.state())
        yield from gauges.of_models(self._tagging.models)
        yield from gauges.of_work(
            self._tagging.engine, self._pulses.late(), working=self._tagging.is_working
        )

    def _wake_writers(self) -> None:
        self._writing.wake()

    def _new_intake(self) -> Intake:
        return intake_of(
            self.config,
            self._catalogue,
            on_submitted=self._tagging.wake,
            on_leftover=self._writing.meet,
            log=self._log,
            beats=self._pulses.of,
        )


def patience_of(config: Config) -> float:
    """How long a thread may be silent, in seconds: as long as the slowest forward pass may take.
    A GPU's usual batch, which goes through the CPU when the GPU fails with it, takes less as well,
    unless the machine is very busy."""
    return SLOWEST_PHOTO_SECONDS * BUSY_FACTOR * (config.worker.batch_size or CPU_BATCH)
