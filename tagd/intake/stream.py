"""The stream thread: waits for what the watch tells, turns it into changes and writes these."""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING

from tagd.domain import Priority
from tagd.errors import CatalogueError
from tagd.fs import network_mount_of
from tagd.intake.flow import Flow
from tagd.intake.growing import Growing
from tagd.intake.lane import Lane, Lanes
from tagd.intake.settle import Settler
from tagd.intake.submit import BATCH
from tagd.intake.trouble import TroubleKind

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tagd.domain import PathEvent, Signature
    from tagd.intake.lane import LaneOutcome
    from tagd.intake.left_out import Note
    from tagd.intake.mirror import Mirror
    from tagd.intake.probe import Devices
    from tagd.intake.recognise import Recogniser
    from tagd.intake.scan_parts import ScanReport
    from tagd.intake.scans import Scans
    from tagd.intake.submit import Submitter
    from tagd.intake.trouble import Say
    from tagd.intake.watcher import Watcher


class Stream:
    """Owns the watcher and the settlers. `watcher` is made in the thread that uses it; `scans` is
    joined in by `run`, since each of the two feeds the other. What happens on network file systems
    is looked at in lanes, never here."""

    def __init__(
        self,
        *,
        new_watcher: Callable[[], Watcher],
        mirror: Mirror,
        settle_seconds: float,
        recogniser: Recogniser,
        devices: Devices,
        submitter: Submitter,
        note: Note,
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
        self._settle_seconds = settle_seconds
        self._settler = Settler(settle_seconds, clock)
        self._recogniser = recogniser
        self._devices = devices
        self._submitter = submitter
        self._note = note
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
        self._growing = Growing(self._settler, say, clock)
        self._lanes = Lanes(self._new_lane, wake)

    # From any thread.

    def look(self) -> None:
        """See soon whether the watch lives and watches the right folders."""
        self._look.set()
        self._wake.set()

    def found(self, path: Path, signature: Signature, priority: Priority) -> None:
        """Note that a scan met a file that may still be growing."""
        self._finds.append((path, signature, priority))
        if not self._wake.is_set():
            self._wake.set()

    @property
    def settling(self) -> int:
        """Count the files that are perhaps still being written."""
        return len(self._settler) + self._lanes.settling

    def scanned(self, report: ScanReport, whole: bool) -> None:
        """Note that a scan ended: give watches to the folders that it met and that have none."""
        if whole:
            self._try_again.set()
        if report.untold:
            self._untold.append(report.untold)
        self._wake.set()

    def is_told(self, folder: bytes) -> bool:
        """Return whether the watch covers this folder."""
        return self.watcher is not None and self.watcher.is_told(folder)

    def slow_place(self, folder: Path) -> Path | None:
        """Return what may keep a scan of this folder waiting for ever, if anything may."""
        return self.watcher.slow_place(folder) if self.watcher else network_mount_of(folder)

    # The thread.

    def run(self, scans: Scans) -> None:
        """Watch, and write what happens, until told to stop."""
        watcher = self.watcher = self._new_watcher()
        flow = self._new_flow(self._settler, self._to_scan.append)
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
            self._lanes.stop()
            watcher.close()

    def _new_flow(self, settler: Settler, scan: Callable[[Path], None]) -> Flow:
        return Flow(
            settler,
            self._recogniser,
            self._devices,
            scan=scan,
            stands=self._stands,
            note=self._note,
            mirror=self._mirror,
        )

    def _new_lane(self, top: Path, deliver: Callable[[LaneOutcome], None]) -> Lane:
        return Lane(
            top,
            lambda scan: self._new_flow(Settler(self._settle_seconds, self._clock), scan),
            deliver,
            clock=self._clock,
            say=self._say,
        )

    def _stands(self, path: Path) -> bool:
        return self.watcher is not None and self.watcher.stands(path)

    def _patience(self, watcher: Watcher) -> float | None:
        """Return how long there is nothing to do unless something happens."""
        due = [when for when in (watcher.next_due(), self._settler.next_due()) if when is not None]
        return max(0.0, min(due) - self._clock()) if due else None

    def _step(self, watcher: Watcher, flow: Flow, scans: Scans) -> None:
        """Deal with all that has happened until now. A failure costs a scan, not the thread."""
        try:
            if self._look.is_set():
                self._look.clear()
                watcher.look()
            self._drain(watcher, flow, scans)
            self._mend(watcher)
            self._growing.tell()
        except CatalogueError as error:
            scans.make_up_for(TroubleKind.CATALOGUE, error)
        except Exception as error:  # noqa: BLE001 - said, and made up for
            scans.make_up_for(TroubleKind.FAILED, error)

    def _drain(self, watcher: Watcher, flow: Flow, scans: Scans) -> None:
        busy = True
        while busy and not self._stopping.is_set():
            self._beat()
            events = watcher.take(BATCH, self._clock())
            changes = flow.changes(self._near(watcher, events))
            for _ in range(min(BATCH, len(self._finds))):
                find = self._finds.popleft()
                if (top := watcher.far_top(find[0])) is not None:
                    self._lanes.put(top, find)
                else:
                    changes.extend(flow.found(*find))
            changes.extend(flow.settled())
            for outcome in self._lanes.take():
                changes.extend(outcome.changes)
                self._to_scan.extend(outcome.to_scan)
            self._submitter.submit(changes, self._note)
            while self._to_scan:
                # Not before a rename is written: a scan of the new name would know no file there.
                scans.request(self._to_scan.popleft(), Priority.NEW)
            busy = bool(events or self._finds)

    def _near(self, watcher: Watcher, events: list[PathEvent]) -> list[PathEvent]:
        """Return those events that may be looked into here; the others go into their lanes."""
        near = []
        for event in events:
            if (top := watcher.far_top(event.path)) is not None:
                self._lanes.put(top, event)
            else:
                near.append(event)
        return near

    def _mend(self, watcher: Watcher) -> None:
        """Only once all events are dealt with: a folder without a watch may be just a new one."""
        if self._try_again.is_set():
            self._try_again.clear()
            watcher.try_again()
        while self._untold:
            watcher.repair(self._untold.popleft())
