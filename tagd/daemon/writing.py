"""The writing of tags into photos: threads beside the tagging, which can be held up, let go on, and
started anew by another configuration.

One thread, the supervisor's, calls; what it wants is brought about by and by, since nothing ends a
write in its middle.
"""

from __future__ import annotations

import contextlib
import threading
import time
from functools import partial
from typing import TYPE_CHECKING, Final

from tagd.assembly.derivation import derivation_of
from tagd.assembly.writing import metadata_settings
from tagd.catalogue.queue import jobs
from tagd.catalogue.written import inscriptions, unwritten
from tagd.daemon import work_log
from tagd.daemon.mending import Mending
from tagd.domain import JobKind
from tagd.errors import CatalogueError, InternalFault, TagdError, in_a_line
from tagd.fs import display
from tagd.metadata.ledger import token_of
from tagd.work.progress import after
from tagd.writeback.bulk import THREADS
from tagd.writeback.hands import Hands
from tagd.writeback.ledger import recover_all, recover_awaited
from tagd.writeback.tag_writer import TagWriter
from tagd.writeback.worker import MetadataWorker

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from structlog.typing import FilteringBoundLogger

    from tagd.catalogue.db.engine import Catalogue
    from tagd.catalogue.tagging.runs import Run
    from tagd.catalogue.written.unwritten import Unwritten
    from tagd.config import Config
    from tagd.domain import Place
    from tagd.errors import PhotoError
    from tagd.metadata.writer import WriteReport
    from tagd.ops.pulse import Pulses
    from tagd.work.progress import Progress
    from tagd.writeback.ledger import Recovery
    from tagd.writeback.tag_writer import WriteOutcome

LOOK_SECONDS: Final = 5.0  # between two looks for what could not be written
SPARING: Final = 20  # so many times what the last look took must pass before the next
START_SECONDS: Final = 10.0  # that a start waits for what a kill cut short
CHECK_SECONDS: Final = 0.5
MOST_TROUBLES: Final = 20
SHOW_SECONDS: Final = 0.5
ALL: Final = 1 << 62
WRITER: Final = "writer"


class Writing:
    """The threads that write; none where nothing is to be written. `written` counts files.
    `on_outcome` is told of each photo and sidecar, by its place and what came of it."""

    def __init__(
        self,
        config: Config,
        catalogue: Catalogue,
        run: Run,
        *,
        pulses: Pulses,
        log: FilteringBoundLogger,
        on_fault: Callable[[TagdError | None], None],
        on_outcome: Callable[[Place, WriteOutcome], None] = lambda _place, _outcome: None,
    ) -> None:
        self.written = 0
        self._config = config
        self._settings = metadata_settings(config)
        self._catalogue = catalogue
        self._run = run
        self._pulses = pulses
        self._log = log
        self._on_fault = on_fault
        self._on_outcome = on_outcome
        self._unwritten: tuple[Unwritten, ...] = ()
        self._said: set[str] = set()  # reasons
        self._told: set[tuple[Path, str]] = set()  # of writes that were cut short
        self._next_look = 0.0
        self._mending = Mending()
        self._awaited: frozenset[str] = frozenset()  # writes that were cut short, by their tokens
        self._met: dict[str, Path] = {}  # folders with what these left
        self._hands = Hands()
        self._workers: dict[threading.Thread, MetadataWorker] = {}
        self._is_outdated = False
        self._is_asked = False

    def recover(self) -> None:
        """Set right what a kill cut short, and forget what is not wanted any more. Before anything
        else is written, unless a disk does not answer. Raises `CatalogueError`."""
        self._mend(partial(recover_all, self._catalogue, self._run), START_SECONDS)
        if self._mending.goes_on:
            self._log.warning("what a kill cut short is set right later: a disk does not answer")
        self._drop_unwanted()

    def meet(self, leftover: Path) -> None:
        """A scan found a file that a write of ours made; it may be one that a kill cut short, in a
        folder that was renamed since. From any thread."""
        token = token_of(leftover.name)
        if token in self._awaited:
            self._met[token] = leftover.parent

    def take(self, config: Config) -> None:
        """Work by another configuration as soon as the present files are done."""
        self._config = config
        self._settings = metadata_settings(config)
        self._is_outdated = True
        self._drop_unwanted()

    def steer(self, *, work: bool) -> None:
        """Called about every second: bring about what is wanted, as far as that can be done now."""
        wanted = work and (not self._settings.is_off or self._is_asked)
        # Those that were told to end have done so, or will: what is wanted again needs new ones.
        if self._workers and (self._is_outdated or not wanted or not self.is_working):
            self._let_end()
            if self.is_working:
                return
            self._put_away()
        if wanted and not self._workers:
            self._start()

    def check(self) -> None:
        """Called about every second: see what could not be written, and whether what was cut short
        can be set right by now. Raises `CatalogueError`."""
        self._relieve()
        begun = time.monotonic()
        if begun < self._next_look:
            return
        self._awaited |= self._left_behind()
        if self._awaited or self._mending.goes_on:
            known = (self._awaited, dict(self._met), self._settings.sidecars)
            again = partial(recover_awaited, self._catalogue, self._run, *known)
            self._mend(again, CHECK_SECONDS)
        with self._catalogue.read() as tx:
            self._unwritten = tuple(unwritten.reasons(tx))
            # With nothing to write there are sidecars that go along with their photos.
            self._is_asked = jobs.next_due(tx, JobKind.WRITE) is not None
        self._said.intersection_update(each.reason for each in self._unwritten)
        took = time.monotonic() - begun
        self._next_look = begun + max(LOOK_SECONDS, SPARING * took)

    @property
    def is_working(self) -> bool:
        """Whether any of the threads runs."""
        return any(thread.is_alive() for thread in self._workers)

    @property
    def troubles(self) -> tuple[str, ...]:
        """What keeps tags from being written at the moment. From any thread."""
        told, rest = self._unwritten[:MOST_TROUBLES], self._unwritten[MOST_TROUBLES:]
        more = sum(each.files for each in rest)
        words = f"the tags of {more:,} more photos are not written: `tagd failed` says why"
        return (*self._hands.troubles, *map(_in_words, told), *((words,) if more else ()))

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
        if not self.is_working:
            self._put_away()
            return True
        for worker in self._workers.values():  # which are no deaths: see `deaths.py`
            with contextlib.suppress(CatalogueError):
                worker.let_go()
        return False

    def work_off(self, on_progress: Callable[[Progress], None]) -> int:
        """Do all that can be done now. Ctrl-C ends that as soon as the files in hand are done;
        returns how many are left then."""
        if self._settings.is_off:
            return 0
        begun, total, left = time.monotonic(), self._waiting(), 0
        self._start(MetadataWorker.drain)
        try:
            for thread in self._workers:
                while thread.is_alive():
                    thread.join(SHOW_SECONDS)
                    done = max(0, total - self._waiting())
                    spent = time.monotonic() - begun
                    on_progress(after(spent, done, total, current="writing tags"))
        except KeyboardInterrupt:
            self._let_end()
            for thread in self._workers:
                thread.join()
            left = self._waiting()
        self._put_away()
        return left

    def _waiting(self) -> int:
        with self._catalogue.read() as tx:
            return jobs.waiting(tx, most=ALL, kind=JobKind.WRITE)

    def _relieve(self) -> None:
        """A writer that waits for a network file system keeps nothing else from being written, nor
        is it late: another start would have it wait again."""
        stalled = self._hands.stalled()
        for thread, worker in self._workers.items():
            if worker.at_work in stalled:
                worker.give_way()
                self._pulses.rest(thread.name)

    def _left_behind(self) -> frozenset[str]:
        """The writes of ours that no thread works on any more, as their folder went in the midst
        of them. Another process may be at work on others."""
        with self._catalogue.read() as tx:
            begun = inscriptions.begun(tx, self._run)
        # Only now: whoever has begun one of these is at work, or has ended it since.
        at_work = {worker.at_work for worker in self._workers.values()}
        return frozenset(each.token for each in begun if each.file_id not in at_work)

    def _mend(self, work: Callable[[], Recovery], seconds: float) -> None:
        recovery = self._mending.do(work, seconds)
        if recovery is not None:
            self._awaited = recovery.awaited
            self._tell(recovery)

    def _tell(self, recovery: Recovery) -> None:
        said = [each for each in recovery.told if each not in self._told]
        self._told.update(said)  # once, not with every look
        for path, reason in said:
            self._log.warning("a write was cut short", path=path, reason=reason)

    def _drop_unwanted(self) -> None:
        if self._settings.is_off:
            with self._catalogue.write() as tx:
                inscriptions.drop_writes(tx)

    def _start(self, work: Callable[[MetadataWorker], None] = MetadataWorker.run) -> None:
        self._is_outdated = False
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
            self._log.exception("stopped by an internal error")
            self._on_fault(None)

    def _worker(self, name: str) -> MetadataWorker:
        tag_writer = TagWriter(
            self._catalogue,
            self._settings,
            derivation_of(self._config),
            self._run,
            on_notice=self._notice,
            on_aside=self._set_aside,
            on_outcome=self._on_outcome,
        )
        return MetadataWorker(
            catalogue=self._catalogue,
            tag_writer=tag_writer,
            max_attempts=self._config.worker.max_attempts,
            on_written=self._written,
            on_failed=self._failed,
            on_trouble=lambda trouble: self._log.error("cannot write", reason=in_a_line(trouble)),
            hands=self._hands,
            beat=self._pulses.of(name),
        )

    def _let_end(self) -> None:
        for worker in self._workers.values():
            worker.stop()

    def _put_away(self) -> None:
        for thread in self._workers:
            self._pulses.rest(thread.name)
        self._workers = {}

    def _written(self, report: WriteReport) -> None:
        self.written += 1
        self._log.debug("tags written", path=report.path)

    def _failed(self, path: Path, reason: str, error: PhotoError) -> None:
        if isinstance(error, InternalFault):
            work_log.fault(self._log, error)
        # Said once as long as it lasts: on a full disk it would be said of every photo, again and
        # again. All of them are in `tagd failed`.
        say = self._log.debug if reason in self._said else self._log.warning
        self._said.add(reason)
        say("tags not written", path=path, reason=reason)

    def _notice(self, reason: str, path: Path) -> None:
        self._log.debug("tags not embedded", path=path, reason=reason)

    def _set_aside(self, aside: Path, path: Path) -> None:
        reason = "it was written for the photo that had this name before; nothing is lost"
        self._log.warning("a sidecar was set aside", path=path, sidecar=aside, reason=reason)


def _in_words(what: Unwritten) -> str:
    place = display(what.example)
    if what.files == 1:
        return f"the tags of {place} are not written: {what.reason}"
    return f"the tags of {what.files:,} photos are not written, such as {place}: {what.reason}"
