"""The writing of tags into photos: threads beside the tagging, which can be held up, let go on, and
started anew by another configuration.

One thread, the supervisor's, calls; what it wants is brought about by and by, since nothing ends a
write in its middle.
"""

from __future__ import annotations

import threading
import time
from functools import partial
from typing import TYPE_CHECKING, Final

from tagd.catalogue import jobs
from tagd.config.writing import metadata_settings
from tagd.daemon.build import derivation_of
from tagd.domain import JobKind
from tagd.errors import TagdError
from tagd.metadata import exiftool
from tagd.pipeline.inscribe import Scribe
from tagd.pipeline.ledger import recover_all
from tagd.pipeline.metadata_worker import MetadataWorker

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from structlog.typing import FilteringBoundLogger

    from tagd.catalogue.engine import Catalogue
    from tagd.catalogue.runs import Run
    from tagd.config import Config
    from tagd.metadata.writer import Report
    from tagd.ops.pulse import Pulses

THREADS: Final = 4  # three times as quick as one, since each waits for the disk most of the time
WRITER: Final = "writer"


class Writing:
    """The threads that write; none where nothing is to be written. `written` counts files, and
    `unwritten` has the last failure of each photo that has failed."""

    def __init__(
        self,
        config: Config,
        catalogue: Catalogue,
        run: Run,
        *,
        pulses: Pulses,
        log: FilteringBoundLogger,
        on_fault: Callable[[TagdError | None], None],
    ) -> None:
        self.written = 0
        self.unwritten: dict[Path, str] = {}
        self._config = config
        self._settings = metadata_settings(config)
        self._catalogue = catalogue
        self._run = run
        self._pulses = pulses
        self._log = log
        self._on_fault = on_fault
        self._workers: dict[threading.Thread, MetadataWorker] = {}
        self._exiftool: exiftool.ExifTool | None = None
        self._is_outdated = False

    def recover(self) -> None:
        """Set right what a kill cut short, and forget what is not wanted any more. Before anything
        else is written. Raises `CatalogueError`."""
        for path, reason in recover_all(self._catalogue, self._run):
            self._log.warning("a write was cut short", path=path, reason=reason)
        self._drop_unwanted()

    def take(self, config: Config) -> None:
        """Work by another configuration as soon as the present files are done."""
        self._config = config
        self._settings = metadata_settings(config)
        self._is_outdated = True
        self._drop_unwanted()

    def steer(self, *, work: bool) -> None:
        """Called about every second: bring about what is wanted, as far as that can be done now."""
        wanted = work and not self._settings.is_off
        if self._workers and (self._is_outdated or not wanted):
            self._let_end()
            if any(thread.is_alive() for thread in self._workers):
                return
            self._put_away()
        if wanted and not self._workers:
            self._start()

    def wake(self) -> None:
        """There may be new jobs. From any thread."""
        for worker in list(self._workers.values()):
            worker.wake()

    def heartbeat(self) -> None:
        """Prolong the leases. Raises `CatalogueError`."""
        for worker in self._workers.values():
            worker.heartbeat()

    def left(self) -> int:
        """How many files wait to be written, counted up to one; none while nobody writes."""
        if self._settings.is_off:
            return 0
        with self._catalogue.read() as tx:
            return jobs.waiting(tx, most=1, kind=JobKind.WRITE)

    def end(self, timeout: float) -> bool:
        """End everything; what is not finished goes back to the queue. False where a thread had to
        be left behind; what it writes is set right at the next start."""
        self._let_end()
        until = time.monotonic() + timeout
        for thread in self._workers:
            thread.join(max(0.0, until - time.monotonic()))
        if any(thread.is_alive() for thread in self._workers):
            return False
        self._put_away()
        return True

    def work_off(self) -> None:
        """Do all that can be done now."""
        if self._settings.is_off:
            return
        self._start(MetadataWorker.drain)
        for thread in self._workers:
            thread.join()
        self._put_away()

    def _drop_unwanted(self) -> None:
        if self._settings.is_off:
            with self._catalogue.write() as tx:
                jobs.drop(tx, JobKind.WRITE)

    def _start(self, work: Callable[[MetadataWorker], None] = MetadataWorker.run) -> None:
        self._is_outdated = False
        program = exiftool.detect()
        self._exiftool = None if program is None else exiftool.ExifTool(program)
        for number in range(1, THREADS + 1):
            name = f"{WRITER}-{number}"
            worker = self._worker(name)
            run = partial(self._work, work, worker)
            thread = threading.Thread(target=run, name=name, daemon=True)
            self._workers[thread] = worker
            thread.start()

    def _work(self, work: Callable[[MetadataWorker], None], worker: MetadataWorker) -> None:
        """A writer's thread. A fault of ours ends the service, loudly."""
        try:
            work(worker)
        except TagdError as error:
            self._on_fault(error)
        except Exception:  # noqa: BLE001 - whatever it is, it is said and ends the service
            self._log.exception("stopped by a fault")
            self._on_fault(None)

    def _worker(self, name: str) -> MetadataWorker:
        scribe = Scribe(
            self._catalogue,
            self._settings,
            derivation_of(self._config),
            self._run,
            self._exiftool,
            on_notice=self._notice,
        )
        return MetadataWorker(
            catalogue=self._catalogue,
            scribe=scribe,
            max_attempts=self._config.worker.max_attempts,
            on_written=self._written,
            on_failed=self._failed,
            on_trouble=lambda trouble: self._log.error("cannot write", reason=str(trouble)),
            beat=self._pulses.of(name),
        )

    def _let_end(self) -> None:
        for worker in self._workers.values():
            worker.stop()

    def _put_away(self) -> None:
        for thread in self._workers:
            self._pulses.rest(thread.name)
        self._workers = {}
        if self._exiftool is not None:
            self._exiftool.close()
            self._exiftool = None

    def _written(self, report: Report) -> None:
        self.written += 1
        self._log.debug("tags written", path=report.path)

    def _failed(self, path: Path, reason: str) -> None:
        self.unwritten[path] = reason
        self._log.warning("tags not written", path=path, reason=reason)

    def _notice(self, reason: str, path: Path) -> None:
        self._log.debug("tags not embedded", path=path, reason=reason)
