"""`tagd tag` and `tagd retag --now`: work this off, here or through the daemon that runs."""

from __future__ import annotations

import json
import threading
import time
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import structlog

from tagd.assembly.build import (
    classifier_of,
    decoders_of,
    note_engine,
    one_time_intake_of,
    recall_of,
    worker_of,
)
from tagd.assembly.derivation import derivation_of
from tagd.assembly.taggers import taggers_of
from tagd.assembly.writing import writes_of
from tagd.catalogue.db import mode, settings
from tagd.catalogue.db.engine import open_owner, open_writer, owner_of
from tagd.catalogue.db.mode import Mode
from tagd.catalogue.plans import stale
from tagd.catalogue.queue import deaths, in_queue
from tagd.catalogue.reports import overview
from tagd.catalogue.tagging.runs import Run
from tagd.daemon import work_log
from tagd.daemon.writing import Writing
from tagd.domain import JobKind, Priority
from tagd.errors import CatalogueError, CatalogueHeld, ControlError, TagdError
from tagd.intake.one_time import Submission
from tagd.ops.pulse import Pulses
from tagd.revise.rederive import rederive_if_changed
from tagd.tagging.failures import Outcome
from tagd.work.progress import after
from tagd.work.queue_worker import HEARTBEAT_SECONDS

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Collection, Iterator, Sequence
    from pathlib import Path

    from sqlalchemy import Connection

    from tagd.catalogue.db.engine import Catalogue
    from tagd.config import Config
    from tagd.tagging.failures import Report
    from tagd.work.progress import Progress
    from tagd.work.queue_worker import QueueWorker

    Submit = Callable[[Catalogue], Submission]

AGAIN = "it is queued, and `tagd run` tries it again"
SOON_SECONDS = 4.0  # a try that comes so soon is waited for
LOOK_SECONDS = 0.2  # how often the queue is looked at while a daemon works it off


@dataclass(frozen=True, slots=True)
class Summary:
    """What `tagd tag` did. `failed` holds (path, reason); `written` counts files that got tags, and
    `left` those that did not because of Ctrl-C. `exports` are the processes that were started to
    make graphs of the models."""

    tagged: int
    unchanged: int
    duplicates: int
    failed: tuple[tuple[Path, str], ...]
    seconds: float
    model: str
    device: str
    written: int = 0
    left: int = 0
    exports: tuple[subprocess.Popen[bytes], ...] = ()


def tag_once(
    config: Config, paths: Sequence[Path], progress: Callable[[Progress], None]
) -> Summary:
    """Tag what lies at `paths` and return when that is done."""

    def submit(catalogue: Catalogue) -> Submission:
        return one_time_intake_of(config, catalogue, _pause).submit(paths)

    return _done(config, "tagd tag", submit, progress)


def retag_once(
    config: Config,
    find: Callable[[Connection], Collection[int]],
    progress: Callable[[Progress], None],
) -> Summary:
    """Tag photos again, those that `find` gives by row id, and return when that is done."""

    def submit(catalogue: Catalogue) -> Submission:
        with catalogue.write() as tx:
            photos = find(tx)
            stale.mark(tx, photos)
            paths = stale.hasten(tx, photos, time.time())
        return Submission(tuple(paths), len(paths), 0, ())

    return _done(config, "tagd retag", submit, progress)


def _done(
    config: Config, what: str, submit: Submit, progress: Callable[[Progress], None]
) -> Summary:
    """Submit, and return when the work is done.

    Where a daemon works on the catalogue, it does the work and this watches; should it end before
    the work does, the rest is done here.
    """
    while True:
        try:
            with closing(open_owner(config.catalogue.path, what)) as catalogue:
                return _work(config, catalogue, what, submit, progress)
        except CatalogueHeld:
            with closing(open_writer(config.catalogue.path)) as catalogue:
                summary = _watch(config, catalogue, submit, progress)
            if summary is not None:
                return summary


def _work(
    config: Config,
    catalogue: Catalogue,
    what: str,
    submit: Submit,
    progress: Callable[[Progress], None],
) -> Summary:
    """Do the work in this process."""
    log = structlog.get_logger()
    run = Run.of(what)
    classifier = classifier_of(config, catalogue)
    pulses = Pulses(0.0)  # nobody looks after it
    faults: list[TagdError | None] = []
    writing = Writing(config, catalogue, run, pulses=pulses, log=log, on_fault=faults.append)
    writing.recover()
    writes = writes_of(config)
    rederive_if_changed(
        catalogue, derivation_of(config), run=run, writes=writes, on_progress=progress
    )
    _recover(catalogue)
    taggers = taggers_of(config, classifier)
    recall_of(config, catalogue, taggers).catch_up(progress)
    with catalogue.write() as tx:
        # Nobody asked for what an earlier run queued by itself; it is found again.
        stale.withdraw(tx, Priority.REFINE, Priority.RETAG, Priority.EMBED)
    # Decoders first: they start while the folders are looked through.
    with decoders_of(config, on_event=log.warning) as decoders:
        with catalogue.read() as tx:
            before = overview.last_look(tx)
        asked = submit(catalogue)
        tally = _Tally(asked, progress, before, _patience(config))
        worker = worker_of(
            config,
            catalogue,
            classifier,
            decoders,
            taggers,
            on_report=tally.take,
            on_trouble=lambda trouble: log.error("cannot work", reason=str(trouble)),
            on_fault=partial(work_log.fault, log),
            run=run,
        )
        try:
            if tally.unfinished(catalogue):
                worker.begin()
                note_engine(catalogue, classifier)
            with _leases_kept(catalogue, worker):
                while tally.unfinished(catalogue):
                    worker.turn()
        finally:
            worker.let_go()
    left = writing.work_off(progress)
    if faults:
        raise faults[0] or TagdError("the writing of tags has stopped", hint="The log says why.")
    summary = tally.summary(catalogue, written=writing.written, left=left)
    return replace(summary, exports=tuple(classifier.pool.opening.exports))


@contextmanager
def _leases_kept(catalogue: Catalogue, worker: QueueWorker) -> Iterator[None]:
    """In the block, prolong the worker's leases, and take back those of processes that end."""
    over = threading.Event()

    def keep() -> None:
        while not over.wait(HEARTBEAT_SECONDS):
            with suppress(CatalogueError):  # the worker meets it too, and says so
                worker.heartbeat()
                if _recover(catalogue):
                    worker.wake()

    keeper = threading.Thread(target=keep, name="tagd-leases")
    keeper.start()
    try:
        yield
    finally:
        over.set()
        keeper.join()


def _recover(catalogue: Catalogue) -> int:
    with catalogue.write() as tx:
        return deaths.recover(tx, time.time())


def _watch(
    config: Config, catalogue: Catalogue, submit: Submit, progress: Callable[[Progress], None]
) -> Summary | None:
    """Submit, and watch the one who works; None where it ended before the work did. Raises
    `ControlError` where that one was told to pause: nobody knows for how long."""
    with catalogue.read() as tx:
        before = overview.last_look(tx)
    asked = submit(catalogue)
    with catalogue.read() as tx:
        told = mode.get(tx).mode
    if told is Mode.PAUSED and asked.queued:
        raise ControlError(
            "the photos are queued, but the running daemon is paused", hint="`tagd resume`"
        )
    tally = _Tally(asked, progress, before, _patience(config))
    while tally.unfinished(catalogue) or tally.unwritten(catalogue):
        if owner_of(catalogue.path) is None:
            return None
        tally.show()
        _pause(LOOK_SECONDS)
    tally.recognise(catalogue)
    return tally.summary(catalogue)


def _patience(config: Config) -> float:
    return max(SOON_SECONDS, config.watch.settle_seconds)


def _pause(seconds: float) -> bool:
    """Wait; never gives up: whoever has enough presses Ctrl-C."""
    time.sleep(seconds)
    return False


class _Tally:
    """What became of the files that were asked for, and how far that is. `before` is the last look
    at any photo when they were submitted; what is tried again within `patience` seconds is waited
    for."""

    def __init__(
        self, asked: Submission, progress: Callable[[Progress], None], before: int, patience: float
    ) -> None:
        self._asked = asked
        self._before = before
        self._patience = patience
        self._postponed: set[Path] = set()  # since the catalogue was asked
        self._mine = frozenset(asked.taken)
        self._progress = progress
        self._started = time.monotonic()
        self._left = asked.queued
        self._failed = 0
        self._duplicates = 0
        self._current = ""
        self.reported = 0

    def take(self, report: Report) -> None:
        """Count a report, if it is the last word on one of ours."""
        if report.path not in self._mine:
            return
        if report.outcome is Outcome.POSTPONED:
            self._postponed.add(report.path)
            return
        self._postponed.discard(report.path)
        self.reported += 1
        self._left -= 1
        self._failed += report.outcome is Outcome.FAILED
        self._duplicates += report.outcome is Outcome.RECOGNISED
        self._current = str(report.path)
        self.show()

    def unfinished(self, catalogue: Catalogue) -> bool:
        """Whether jobs of ours are left, but for those that are tried again only after a while: who
        asked is told now. The catalogue is asked only where our own count cannot tell: others may
        work on it, or a file may have been submitted anew."""
        if self.reported and self._left > len(self._postponed):
            return True
        self._postponed.clear()
        with catalogue.read() as tx:
            soon = time.time() + self._patience
            self._left = in_queue.unfinished(tx, self._asked.taken, until=soon)
        return self._left > 0

    def recognise(self, catalogue: Catalogue) -> None:
        """Find out which of ours another process took for photos that it knew by their content."""
        with catalogue.read() as tx:
            known = overview.not_looked_at_since(tx, self._asked.taken, self._before)
        self._duplicates = max(0, known - self._asked.unchanged)

    def show(self) -> None:
        """Tell how far it is."""
        total = self._asked.queued
        self._progress(
            after(
                time.monotonic() - self._started,
                total - self._left,
                total,
                failed=self._failed,
                current=self._current,
            )
        )

    def unwritten(self, catalogue: Catalogue) -> bool:
        """Whether tags of ours wait to be written into photos, by whoever does that."""
        with catalogue.read() as tx:
            return in_queue.unfinished(tx, self._asked.taken, JobKind.WRITE) > 0

    def summary(self, catalogue: Catalogue, *, written: int = 0, left: int = 0) -> Summary:
        """The whole, at the end. What failed is asked of the catalogue, whoever did the work: what
        had failed before was tried again."""
        with catalogue.read() as tx:
            given_up = [each for each in overview.failed(tx) if each.path in self._mine]
            failures = [(e.path, e.reason) for e in given_up if e.kind is JobKind.TAG]
            put_off = in_queue.postponed(tx, self._asked.taken)
            failures += [(path, f"{reason}; {AGAIN}") for path, reason in put_off]
            unwritten = {e.path: e.reason for e in given_up if e.kind is JobKind.WRITE}
            engine = json.loads(settings.get(tx, settings.WORKING_WITH) or "{}")
            looked = overview.looked_with_since(tx, self._asked.taken, self._before)
        return Summary(
            tagged=self._asked.queued - len(failures) - self._duplicates,
            unchanged=self._asked.unchanged,
            duplicates=self._duplicates,
            failed=(*failures, *unwritten.items(), *self._asked.refused),
            seconds=time.monotonic() - self._started,
            model="; ".join(looked) or engine.get("model", ""),
            device=engine.get("device", ""),
            written=written,
            left=left,
        )
