"""The supervisor: starts, monitors and stops the parts.

It runs in the main thread: once a second it checks that everything is alive, carries out orders
and feeds the watchdog. It alone starts and stops the others: intake, worker and control have their
own threads, decoders are processes.
"""

from __future__ import annotations

import time
from datetime import datetime
from typing import TYPE_CHECKING

from tagd.catalogue.db import mode, settings
from tagd.catalogue.db.mode import Mode
from tagd.catalogue.queue import deaths
from tagd.daemon.parts import STOP_SECONDS, Parts, patience_of
from tagd.daemon.reload import Part
from tagd.daemon.work_log import WorkLog
from tagd.errors import CatalogueError, ControlError, TagdError, in_a_line
from tagd.fs import display
from tagd.hours import hours_of, is_open
from tagd.ops.control import Command, ControlServer, Reply, socket_path
from tagd.ops.metrics import METRICS, Health, Metrics, MetricsServer
from tagd.ops.pulse import Pulses

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from structlog.typing import FilteringBoundLogger

    from tagd.catalogue.db.engine import Catalogue
    from tagd.config import Config
    from tagd.daemon.orders import Orders
    from tagd.daemon.tagging import Engine
    from tagd.domain import Place
    from tagd.ops.notify import Notifier
    from tagd.tagging.failures import Report
    from tagd.work.stage_times import StageTimes
    from tagd.writeback.tag_writer import WriteOutcome

CHECK_SECONDS = 1.0
START_SECONDS = 120.0  # how long the service manager waits for the next word of a start


class Service:
    """`reread` reads the configuration again; `relog` has the log follow another one."""

    def __init__(
        self,
        config: Config,
        catalogue: Catalogue,
        orders: Orders,
        *,
        reread: Callable[[], Config],
        relog: Callable[[Config], None],
        notifier: Notifier,
        log: FilteringBoundLogger,
        pulses: Pulses | None = None,
        web: Sequence[str] = (),
    ) -> None:
        self.status = 0
        self._catalogue = catalogue
        self._orders = orders
        self._reread = reread
        self._relog = relog
        self._notifier = notifier
        self._log = log
        self._pulses = pulses or Pulses(patience_of(config))
        self._work_log = WorkLog(log)
        self._parts = Parts(
            config,
            catalogue,
            on_report=self._report,
            on_times=self._time,
            on_ready=self._ready,
            on_fault=self._fault,
            on_outcome=self._count_write,
            pulses=self._pulses,
            log=log,
            web=web,
        )
        self._metrics = Metrics(self._parts.gauges)
        self._control: ControlServer | None = None
        self._served: MetricsServer | None = None
        self._mode = Mode.WORKING
        self._in_hours = True
        self._is_started = False  # for the service manager
        self._is_loaded = False  # the models, which a paused start does without
        self._stalled = False

    # The story

    def start(self) -> None:
        """Recover what an earlier run left behind, then watch, scan and work. Raises `MetricsError`
        where metrics are configured and cannot be served."""
        if address := self._parts.config.metrics.address:
            checks = {"/healthz": self._health, "/readyz": self._readiness}
            beat = self._pulses.of(METRICS)
            self._served = MetricsServer(*address, self._metrics, checks, beat)
            self._log.info("metrics are served", host=address[0], port=self._served.port)
        with self._catalogue.write() as tx:
            deaths.recover(tx, time.time())
            self._mode = mode.get(tx).mode
        self._listen()
        self._parts.start()
        if self._mode is not Mode.DRAINING:
            self._parts.open_intake()
        if self._mode is Mode.PAUSED:
            self._log.warning("still paused: `tagd resume` continues")

    def supervise(self) -> None:
        """Monitor everything until told to stop."""
        while not self._orders.stopping.is_set():
            self._look_after()
            self._orders.carry_out(self._obey, CHECK_SECONDS)

    def end(self) -> bool:
        """Stop everything, within 5 s in all; unfinished work goes back to the queue. False where a
        thread had to be left behind, such as the worker in a forward pass."""
        self._notifier.stopping("stopping")
        if self._served is not None:
            self._served.stop()
        ended = self._parts.end()
        if self._control is not None:
            self._control.stop(STOP_SECONDS / 4)
        return ended

    # Looking after everything

    def _look_after(self) -> None:
        if not self._catalogue.is_in_place():
            self._fault(
                CatalogueError(
                    f"{display(self._catalogue.path)} was removed, renamed or replaced; this ends, "
                    "since nobody would find what it went on to record"
                )
            )
            return
        work = self._may_work()
        if not work:
            self._say_started()
        self._parts.steer(work=work)
        self._work_log.flush_if_due()
        try:
            self._parts.keep()
            self._end_when_drained()
        except CatalogueError as trouble:
            self._log.error("cannot look after the queue", reason=in_a_line(trouble))
        self._feed_watchdog()

    def _may_work(self) -> bool:
        """Not while paused, nor outside the hours of work, unless draining."""
        if self._mode is not Mode.WORKING:
            return self._mode is Mode.DRAINING
        if not self._parts.has_room:
            return False
        windows = self._parts.config.worker.windows
        in_hours = not windows or is_open(map(hours_of, windows), datetime.now().time())
        if in_hours is not self._in_hours:
            self._in_hours = in_hours
            hours = ", ".join(windows)
            self._log.info(
                "within its hours" if in_hours else "outside its hours, waiting", hours=hours
            )
        return in_hours

    def _end_when_drained(self) -> None:
        if self._mode is Mode.DRAINING and self._parts.is_done():
            self._enter(Mode.WORKING)
            self._log.info("drained: what waited is tagged")
            self._orders.stop()

    def _feed_watchdog(self) -> None:
        """Only while every thread makes progress; logged once when one does not."""
        late = self._pulses.late()
        if not late:
            self._stalled = False
            self._notifier.alive()
            if not self._is_started:
                self._notifier.starting(START_SECONDS)
        elif not self._stalled:
            self._stalled = True
            threads = ", ".join(f"{each.thread} for {each.seconds:.0f} s" for each in late)
            self._log.error("threads make no progress", threads=threads)

    # What others ask

    def _health(self) -> Health:
        late = ", ".join(each.thread for each in self._pulses.late())
        return Health(ok=not late, words=f"no progress: {late}" if late else "ok")

    def _readiness(self) -> Health:
        return Health(ok=self._is_loaded, words="ready" if self._is_loaded else "no models yet")

    # What the worker's thread reports

    def _report(self, report: Report) -> None:
        self._metrics.count(report.outcome)
        self._work_log.add(report)

    def _time(self, times: StageTimes) -> None:
        self._metrics.time(times)

    def _count_write(self, place: Place, outcome: WriteOutcome) -> None:
        self._metrics.count_write(place, outcome)

    def _ready(self, engine: Engine) -> None:
        if self._is_loaded or self._orders.stopping.is_set():
            return
        self._is_loaded = True
        self._log.info(
            "ready",
            folders=self._parts.config.watch.folders,
            catalogue=self._catalogue.path,
            **engine,
        )
        self._say_started()

    def _fault(self, error: TagdError | None) -> None:
        if error is not None:
            self._log.error(
                "cannot continue" if self._is_started else "cannot start", reason=in_a_line(error)
            )
        self.status = 1
        self._orders.stop()

    def _say_started(self) -> None:
        """Once: a start is over with the models, or where there is to be no work as yet."""
        if not self._is_started:
            self._is_started = True
            self._notifier.ready(_IN_WORDS[self._mode])

    # Orders

    def _listen(self) -> None:
        """Listen for `tagd pause` and its like. Without the socket tagging still works."""
        place = socket_path(self._catalogue.path)
        try:
            self._control = ControlServer(
                place,
                self._answer,
                look=self._parts.look,
                beat=self._pulses.of("tagd-control"),
            )
        except ControlError as trouble:
            self._log.warning(
                "no control socket: commands such as `tagd pause` will not work",
                reason=in_a_line(trouble),
            )
            return
        with self._catalogue.write() as tx:
            settings.put(tx, settings.CONTROL, str(place))

    def _answer(self, command: Command) -> Reply:
        """In the control's thread: troubles are reported even while the supervisor is busy."""
        return self._troubles() if command is Command.TROUBLES else self._orders.give(command)

    def _troubles(self) -> Reply:
        told = tuple(self._parts.troubles())
        return Reply(ok=True, message="", troubles=told, unread=self._parts.unread())

    def _obey(self, command: Command) -> Reply:
        try:
            match command:
                case Command.PAUSE:
                    return self._pause()
                case Command.RESUME:
                    return self._resume()
                case Command.DRAIN:
                    return self._drain()
                case Command.STOP:
                    self._orders.stopping.set()
                    return Reply(ok=True, message="stopping")
                case Command.RELOAD:
                    return self._reload()
                case Command.TROUBLES | Command.LOOK:
                    return self._troubles()
        except TagdError as error:
            self._log.error(f"could not {command}", reason=in_a_line(error))
            return Reply(ok=False, message=error.message, hint=error.hint)

    def _pause(self) -> Reply:
        if self._mode is Mode.DRAINING:
            return Reply(ok=False, message="it drains and ends", hint="`tagd resume` calls it off")
        self._enter(Mode.PAUSED)
        return Reply(ok=True, message="paused; `tagd resume` continues")

    def _resume(self) -> Reply:
        before = self._mode
        self._enter(Mode.WORKING)
        self._parts.open_intake()
        return Reply(ok=True, message="at work" if before is Mode.WORKING else "at work again")

    def _drain(self) -> Reply:
        self._enter(Mode.DRAINING)
        self._parts.close_intake()
        return Reply(
            ok=True, message="draining: nothing new is taken; ends when the queue is empty"
        )

    def _enter(self, wanted: Mode) -> None:
        """Change the mode, for the next start too. Raises `CatalogueError`."""
        if wanted is self._mode:
            return
        with self._catalogue.write() as tx:
            mode.put(tx, wanted, time.time())
        self._mode = wanted
        self._notifier.status(_IN_WORDS[wanted])
        self._log.info(_IN_WORDS[wanted])

    def _reload(self) -> Reply:
        """Apply a changed configuration as far as that is possible while we run; if it is wrong,
        the present one stays. Raises `ConfigError`, `ModelError`, `CatalogueError`."""
        if self._is_started:
            self._notifier.reloading()
        try:
            new = self._reread()
            found = self._parts.follow(new)
            if Part.LOG in found.parts:
                self._relog(new)
        finally:
            if self._is_started:
                self._notifier.ready(_IN_WORDS[self._mode])
        self._log.info("configuration read again", reason=found.in_words())
        return Reply(ok=True, message=found.in_words())


_IN_WORDS = {
    Mode.WORKING: "at work",
    Mode.PAUSED: "paused",
    Mode.DRAINING: "draining: takes nothing new and ends when the queue is empty",
}
