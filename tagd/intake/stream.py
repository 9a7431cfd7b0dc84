"""The stream thread: waits for what the watch tells, turns it into changes and writes these."""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING

from tagd.domain import Priority
from tagd.errors import CatalogueError
from tagd.fs import display
from tagd.intake.flow import Flow
from tagd.intake.submit import BATCH
from tagd.intake.trouble import TroubleKind

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tagd.domain import Signature
    from tagd.intake.mirror import Mirror
    from tagd.intake.probe import Devices
    from tagd.intake.recognise import Recogniser
    from tagd.intake.scan import ScanReport
    from tagd.intake.scans import Scans
    from tagd.intake.settle import Settler
    from tagd.intake.submit import Submitter
    from tagd.intake.trouble import Say
    from tagd.intake.watcher import Watcher

GROWING_SECONDS = 60.0  # a file that has been changing for so long is worth a line


class Stream:
    """Owns the watcher and the settler. `watcher` is made in the thread that uses it; `scans` is
    joined in by `run`, since each of the two feeds the other."""

    def __init__(
        self,
        *,
        new_watcher: Callable[[], Watcher],
        mirror: Mirror,
        settler: Settler,
        recogniser: Recogniser,
        devices: Devices,
        submitter: Submitter,
        wake: threading.Event,
        stopping: threading.Event,
        say: Say,
        clock: Callable[[], float],
        beat: Callable[[], None] = lambda: None,
    ) -> None:
        self.standing = threading.Event()
        self.watcher: Watcher | None = None
        self._new_watcher = new_watcher
        self._mirror = mirror
        self._settler = settler
        self._recogniser = recogniser
        self._devices = devices
        self._submitter = submitter
        self._wake = wake
        self._stopping = stopping
        self._say = say
        self._clock = clock
        self._beat = beat
        self._look = threading.Event()
        self._try_again = threading.Event()
        self._finds: deque[tuple[Path, Signature, Priority]] = deque()
        self._untold: deque[tuple[bytes, ...]] = deque()
        self._to_scan: deque[Path] = deque()
        self._said_growing: set[Path] = set()
        self._next_growing = 0.0

    # From any thread.

    def look(self) -> None:
        """See soon whether the watch lives and watches the right folders."""
        self._look.set()
        self._wake.set()

    def found(self, path: Path, signature: Signature, priority: Priority) -> None:
        """A scan met a file that may still be growing."""
        self._finds.append((path, signature, priority))
        if not self._wake.is_set():
            self._wake.set()

    def scanned(self, report: ScanReport, whole: bool) -> None:
        """A scan ended: give watches to the folders that it met and that have none."""
        if whole:
            self._try_again.set()
        if report.untold:
            self._untold.append(report.untold)
        self._wake.set()

    def is_told(self, folder: bytes) -> bool:
        """Whether the watch covers this folder."""
        return self.watcher is not None and self.watcher.is_told(folder)

    # The thread.

    def run(self, scans: Scans) -> None:
        """Watch, and write what happens, until told to stop."""
        watcher = self.watcher = self._new_watcher()
        flow = Flow(
            self._settler,
            self._recogniser,
            self._devices,
            scan=self._to_scan.append,
            stands=watcher.stands,
            mirror=self._mirror,
        )
        try:
            watcher.stand()
            self.standing.set()
            for folder in watcher.standing():
                scans.request(folder, Priority.RESCAN)
            while not self._stopping.is_set():
                self._wake.wait(self._patience(watcher))
                self._wake.clear()
                self._beat()
                self._step(watcher, flow, scans)
        finally:
            self.standing.clear()
            watcher.close()

    def _patience(self, watcher: Watcher) -> float | None:
        """How long there is nothing to do unless something happens."""
        due = [when for when in (watcher.next_due(), self._settler.next_due()) if when is not None]
        return max(0.0, min(due) - self._clock()) if due else None

    def _step(self, watcher: Watcher, flow: Flow, scans: Scans) -> None:
        """All that has happened until now. A failure costs a scan, not the thread."""
        try:
            if self._look.is_set():
                self._look.clear()
                watcher.look()
            self._drain(watcher, flow, scans)
            self._mend(watcher)
            self._say_growing()
        except CatalogueError as error:
            scans.make_up_for(TroubleKind.CATALOGUE, error)
        except Exception as error:  # noqa: BLE001 - said, and made up for
            scans.make_up_for(TroubleKind.FAILED, error)

    def _drain(self, watcher: Watcher, flow: Flow, scans: Scans) -> None:
        busy = True
        while busy and not self._stopping.is_set():
            self._beat()
            events = watcher.take(BATCH, self._clock())
            changes = flow.changes(events)
            for _ in range(min(BATCH, len(self._finds))):
                changes.extend(flow.found(*self._finds.popleft()))
            changes.extend(flow.settled())
            self._submitter.submit(changes)
            while self._to_scan:
                # Not before a rename is written: a scan of the new name would know no file there.
                scans.request(self._to_scan.popleft(), Priority.NEW)
            busy = bool(events or self._finds)

    def _mend(self, watcher: Watcher) -> None:
        """Only once all events are dealt with: a folder without a watch may be just a new one."""
        if self._try_again.is_set():
            self._try_again.clear()
            watcher.try_again()
        while self._untold:
            watcher.repair(self._untold.popleft())

    def _say_growing(self) -> None:
        """A file that never settles is said once."""
        now = self._clock()
        if len(self._settler) == 0 or now < self._next_growing:
            return
        self._next_growing = now + GROWING_SECONDS
        growing = self._settler.growing(GROWING_SECONDS)
        for path, seconds in growing:
            if path not in self._said_growing:
                message = f"{display(path)} has been changing for {seconds / 60:.0f} minutes"
                self._say("info", message, {"path": display(path)})
        self._said_growing = {path for path, _ in growing}
