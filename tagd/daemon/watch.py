"""`tagd run`: watch and tag until told to stop.

The main thread supervises: it looks once a second whether everything lives, prolongs the leases,
and carries out the signals. Intake and worker have threads of their own; decoders are processes.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from contextlib import closing
from typing import TYPE_CHECKING

import structlog

from tagd.catalogue import jobs
from tagd.catalogue.engine import open_owner
from tagd.daemon.alarm import alarm_of
from tagd.daemon.build import (
    classifier_of,
    decoders_of,
    derivation_of,
    intake_of,
    note_engine,
    retagger_of,
    worker_of,
)
from tagd.errors import CatalogueError, TagdError
from tagd.pipeline.rederive import rederive_if_changed
from tagd.pipeline.worker import LEASE_SECONDS, Outcome

if TYPE_CHECKING:
    from structlog.typing import FilteringBoundLogger

    from tagd.catalogue.engine import Catalogue
    from tagd.config import Config
    from tagd.pipeline.worker import Report

CHECK_SECONDS = 1.0
HEARTBEAT_SECONDS = LEASE_SECONDS / 4
STOP_SECONDS = 2.0  # what a forward pass may still take before it is abandoned


def run(config: Config) -> int:
    """Watch and tag until SIGTERM or SIGINT; returns the exit status."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: stop.set())
    log = structlog.get_logger()
    with closing(open_owner(config.catalogue.path, "tagd run")) as catalogue:
        service = Service(config, catalogue, stop, log)
        service.start()
        service.supervise()
        ended = service.end()
    if not ended:
        # A thread inside a forward pass cannot be ended, only left behind with the process.
        sys.stdout.flush()
        os._exit(service.status)
    return service.status


class Service:
    """The running whole: what is started together, looked after together, and stopped together."""

    def __init__(
        self,
        config: Config,
        catalogue: Catalogue,
        stop: threading.Event,
        log: FilteringBoundLogger,
    ) -> None:
        self._config = config
        self._catalogue = catalogue
        self._stop = stop
        self._log = log
        self._classifier = classifier_of(config, catalogue)
        self._decoders = decoders_of(config, on_event=log.warning)
        self._worker = worker_of(
            config,
            catalogue,
            self._classifier,
            self._decoders,
            on_report=self._tell,
            on_trouble=lambda trouble: log.error("cannot work", reason=str(trouble)),
        )
        self._intake = intake_of(config, catalogue, on_submitted=self._worker.wake, log=log)
        self._retagger = retagger_of(
            config, catalogue, self._classifier.pool, on_queued=self._worker.wake, log=log
        )
        self._alarm = alarm_of(config.retag.cron, self._retagger.ask_check)
        self._thread = threading.Thread(target=self._work, name="worker", daemon=True)
        self._retagging = threading.Thread(target=self._retag, name="retag", daemon=True)
        self._engine: dict[str, str] = {}
        self.status = 0

    def start(self) -> None:
        """Take up what an earlier run left behind, then watch, scan and work."""
        with self._catalogue.write() as tx:
            jobs.recover(tx, time.time(), everything=True)
        rederived = rederive_if_changed(
            self._catalogue, derivation_of(self._config), stopping=self._stop.is_set
        )
        if rederived and rederived.photos:
            self._log.info(
                "tags derived anew, as the rules have changed",
                photos=rederived.photos,
                changed=rederived.changed,
            )
        self._retagger.withdraw_if_shut()
        self._intake.start()
        self._thread.start()
        self._retagging.start()
        if self._alarm is not None:
            self._alarm.start()

    def supervise(self) -> None:
        """Look after everything until told to stop."""
        next_heartbeat = time.monotonic() + HEARTBEAT_SECONDS
        while not self._stop.wait(CHECK_SECONDS):
            self._intake.check()
            if time.monotonic() >= next_heartbeat:
                next_heartbeat += HEARTBEAT_SECONDS
                try:
                    self._worker.heartbeat()
                except CatalogueError as trouble:
                    self._log.error("cannot prolong the leases", reason=str(trouble))

    def end(self) -> bool:
        """Stop everything, within 5 s in all; whatever is not finished goes back to the queue.
        False where the worker had to be left behind in a forward pass."""
        if self._alarm is not None:
            self._alarm.shutdown(wait=False)
        self._retagger.stop()
        self._intake.stop(STOP_SECONDS / 2)
        self._worker.stop()
        self._thread.join(STOP_SECONDS)
        self._retagging.join(STOP_SECONDS / 4)
        self._decoders.close(timeout=0.5)
        try:
            self._worker.let_go()
        except CatalogueError as trouble:
            # Nothing is lost: the next start takes every lease back.
            self._log.warning("could not give back what was at work", reason=str(trouble))
        return not self._thread.is_alive()

    def _work(self) -> None:
        """The worker's thread. A fault of ours ends the service, loudly, for a supervisor to start
        it again: a daemon that only looks alive is worse than none."""
        try:
            self._engine = note_engine(self._catalogue, self._classifier)
            self._log.info(
                "ready",
                folders=self._config.watch.folders,
                catalogue=self._catalogue.path,
                **self._engine,
            )
            self._worker.run()
        except TagdError as error:
            self._log.error("cannot start", reason=str(error))
            self.status = 1
            self._stop.set()
        except Exception:  # noqa: BLE001 - whatever it is, it is said and ends the service
            self._log.exception("stopped by a fault")
            self.status = 1
            self._stop.set()

    def _retag(self) -> None:
        """The thread that has tags catch up. A fault of ours ends the service, as above."""
        try:
            self._retagger.run()
        except Exception:  # noqa: BLE001 - whatever it is, it is said and ends the service
            self._log.exception("stopped by a fault")
            self.status = 1
            self._stop.set()

    def _notice_another_engine(self) -> None:
        """Say so when the models run elsewhere than at the start: an export has ended, or a GPU
        has gone or come back."""
        if self._classifier.device != self._engine["device"]:
            self._engine = note_engine(self._catalogue, self._classifier)
            self._log.info("the models now run elsewhere", **self._engine)

    def _tell(self, report: Report) -> None:
        """One line about one photo."""
        match report.outcome:
            case Outcome.TAGGED:
                self._log.info("tagged", path=report.path, tags=report.tags, model=report.model)
                self._notice_another_engine()
            case Outcome.RECOGNISED:
                self._log.info("recognised", path=report.path, reason="its content has its tags")
            case Outcome.FAILED:
                self._log.warning("failed", path=report.path, reason=report.reason)
            case Outcome.POSTPONED:
                self._log.info("postponed", path=report.path, reason=report.reason)
            case Outcome.GONE:
                self._log.debug("gone", path=report.path)
