"""The queue of tags that are to be written into photos, worked off beside the tagging.

    claim → write → complete, or try again, or give up

Several threads do it, each with a claim of its own: nearly all of the time goes into waiting for
the disk. The photo's tags stay in the catalogue whatever comes of it.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Final

from tagd.catalogue.queue import deaths, jobs
from tagd.catalogue.written import inscriptions
from tagd.domain import FileState, JobKind, Priority
from tagd.errors import CatalogueError, FileVanished, InternalFault, PhotoError
from tagd.work import retry
from tagd.work.queue_worker import POLL_SECONDS, TROUBLE_SECONDS, QueueWorker
from tagd.writeback.hands import SOON_SECONDS, Hands

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tagd.catalogue.db.engine import Catalogue
    from tagd.domain import Job
    from tagd.metadata.writer import WriteReport
    from tagd.writeback.tag_writer import TagWriter

_CLAIMED: Final = 8  # jobs at once: few, so that threads end together


def reason_of(error: PhotoError, photo: Path, *, at_once: bool = False) -> str:
    """Say why a photo's tags are not written, and what to do. Without a path: many photos may have
    one reason, which is then said once."""
    advice = error.advice_at_once if at_once else error.advice
    return advice if error.path == photo else f"its sidecar: {advice}"


class MetadataWorker(QueueWorker):
    """Works the queue of writes off in the thread that calls `run`; it starts no thread."""

    def __init__(
        self,
        *,
        catalogue: Catalogue,
        tag_writer: TagWriter,
        max_attempts: int,
        on_written: Callable[[WriteReport], None],
        on_failed: Callable[[Path, str, PhotoError], None],
        on_trouble: Callable[[Exception], None],
        hands: Hands | None = None,
        beat: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        super().__init__(catalogue, JobKind.WRITE, beat, clock)
        self.at_work: int | None = None  # the row of the file that is being written
        self._hands = hands or Hands()
        self._is_stuck = threading.Event()
        self._tag_writer = tag_writer
        self._max_attempts = max_attempts
        self._on_written = on_written
        self._on_failed = on_failed
        self._on_trouble = on_trouble

    # The story

    def run(self) -> None:
        """Work until stopped; what is claimed and not done goes back to the queue. Trouble with the
        catalogue is reported, and after a while everything is tried again."""
        while not self._stop.is_set():
            self._beat()
            try:
                if not self.turn():
                    self._wait()
            except CatalogueError as trouble:
                self._on_trouble(trouble)
                self._stop.wait(TROUBLE_SECONDS)

    def give_way(self) -> None:
        """Note that it waits for a file system that does not answer: what else it has claimed goes
        back, for others to do. From another thread."""
        if not self._is_stuck.is_set():
            self._is_stuck.set()
            self.let_go()

    def drain(self) -> None:
        """Do all that can be done now, or once other threads have put it down, unless stopped."""
        while not self._stop.is_set() and (self.turn() or self._has_waited()):
            pass

    def turn(self) -> int:
        """Claim a few jobs and do them; returns how many were claimed."""
        with self._catalogue.read() as tx:
            if not jobs.is_due(tx, self._kind, self._clock()):
                return 0
        with self._catalogue.write() as tx:
            claimed = self._claim(tx, _CLAIMED)
        self._is_stuck.clear()
        begun = 0
        try:
            for job in claimed:
                if self._stop.is_set() or self._is_stuck.is_set():
                    break
                self._beat()
                begun += self._begin(job)
        finally:
            self.let_go()
        if claimed and not begun:  # others have all of it in hand
            self._wait()
        return len(claimed)

    def _begin(self, job: Job) -> bool:
        """Do a job, or put it off where that is not to be done now."""
        if wait := self._hands.take(job.file_id, job.path):
            with self._catalogue.write() as tx:
                jobs.put_off(tx, job, self._clock() + wait)
            return False
        try:
            self._do(job)
        finally:
            self._hands.put_down(job.file_id)
        return True

    def _has_waited(self) -> bool:
        """Wait for what is due in a moment; False where nothing is."""
        with self._catalogue.read() as tx:
            due, suspect = jobs.next_due(tx, self._kind), deaths.next_due(tx, self._kind)
        now = self._clock()
        is_soon = due is not None and due <= now + SOON_SECONDS
        # Nothing was wrong with these: they only let others go first.
        is_suspect = suspect is not None and suspect <= now + deaths.WAIT_SECONDS
        if not (is_soon or is_suspect):
            return False
        self._wait()
        return True

    def _wait(self) -> None:
        """Until woken, or for a while: another process may have queued something."""
        self._woken.wait(POLL_SECONDS)
        self._woken.clear()

    def _do(self, job: Job) -> None:
        self.at_work = job.file_id
        try:
            reports, is_unread = self._write(job)
        except CatalogueError:
            raise
        except Exception as raised:  # noqa: BLE001 - whatever it is, it costs this photo alone
            self._settle_failure(job, InternalFault.translated(job.path, raised))
            return
        finally:
            self.at_work = None
        with self._catalogue.write() as tx:
            jobs.complete(tx, job)
            if is_unread:
                jobs.enqueue(tx, JobKind.TAG, {job.file_id: Priority.NEW}, self._clock())
        for report in reports:
            if report.signature is not None or report.has_changes:
                self._on_written(report)

    def _write(self, job: Job) -> tuple[list[WriteReport], bool]:
        """Write, where the photo is one whose tags are known; and whether what others said beside
        it is to be read. Where it is being looked at anew, that queues the next write."""
        with self._catalogue.read() as tx:
            target = inscriptions.target(tx, job.file_id)
        if target is None or target.state is not FileState.TAGGED:
            return [], False
        is_unread = self._tag_writer.has_unread_sidecar(target)
        mode = self._tag_writer.settings.mode_of(target.path)
        return self._tag_writer.write(target, mode), is_unread

    def _settle_failure(self, job: Job, error: PhotoError) -> None:
        now = self._clock()
        verdict = retry.decide_writing(error, job, now=now, max_attempts=self._max_attempts)
        reason = reason_of(error, job.path)
        with self._catalogue.write() as tx:
            match verdict:
                case retry.GiveUp():
                    jobs.quarantine(tx, job, error.code, reason, now)
                case retry.RetryAt():
                    jobs.retry_later(tx, job, error.code, reason, verdict)
        if not isinstance(error, FileVanished):  # most were deleted, which is nobody's trouble
            self._on_failed(job.path, reason, error)
