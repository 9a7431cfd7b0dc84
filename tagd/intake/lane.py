"""The files of a folder on a network, looked at in a thread of its own.

A server that does not answer holds up whoever asks it, for minutes or for ever. So what is asked of
a file there, its status, its first bytes, is asked in the lane of its folder, and the stream is
handed what came of it.
"""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tagd.intake.growing import Growing
from tagd.intake.submit import BATCH

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tagd.domain import PathEvent, Priority, Signature
    from tagd.intake.flow import Flow
    from tagd.intake.submit import Change
    from tagd.intake.trouble import Say

MOST_EVENTS = 100_000  # waiting for a server that does not answer; beyond that a scan is cheaper

Find = tuple["Path", "Signature", "Priority"]  # what a scan met, and what may still be growing


@dataclass(frozen=True, slots=True)
class LaneOutcome:
    """What came of events: what to write, and then the folders to scan."""

    changes: list[Change]
    to_scan: list[Path]


class Lane:
    """One of them, for the folder `top`. `new_flow` is given what takes requests for scans;
    `deliver` is called in this thread."""

    def __init__(
        self,
        top: Path,
        new_flow: Callable[[Callable[[Path], None]], Flow],
        deliver: Callable[[LaneOutcome], None],
        *,
        clock: Callable[[], float],
        say: Say,
    ) -> None:
        self._top = top
        self._to_scan: list[Path] = []
        self._flow = new_flow(self._to_scan.append)
        self._deliver = deliver
        self._clock = clock
        self._growing = Growing(self._flow.settler, say, clock)
        self._waiting: deque[PathEvent | Find] = deque()
        self._overflowed = False
        self._wake = threading.Event()
        self._stopping = threading.Event()
        threading.Thread(target=self._run, name=f"tagd-lane {top.name}", daemon=True).start()

    def __len__(self) -> int:
        """Count the files that are perhaps still being written."""
        return len(self._flow.settler)

    def put(self, item: PathEvent | Find) -> None:
        """Something happened there; from the stream's thread."""
        if len(self._waiting) < MOST_EVENTS:
            self._waiting.append(item)
        else:
            self._overflowed = True
        self._wake.set()

    def stop(self) -> None:
        """End, as soon as the server lets it."""
        self._stopping.set()
        self._wake.set()

    def _run(self) -> None:
        while not self._stopping.is_set():
            due = None if self._waiting else self._flow.settler.next_due()
            wait = 0.0 if self._waiting else None if due is None else max(0.0, due - self._clock())
            self._wake.wait(wait)
            self._wake.clear()
            try:
                self._step()
            except Exception as error:  # noqa: BLE001 - noted; a scan makes up for it
                self._flow.note(self._top, error)
                self._to_scan.append(self._top)

    def _step(self) -> None:
        changes: list[Change] = []
        for _ in range(min(BATCH, len(self._waiting))):
            item = self._waiting.popleft()
            changes += self._flow.found(*item) if isinstance(item, tuple) else self._of(item)
        changes += self._flow.settled()
        self._growing.tell()
        if self._overflowed and not self._waiting:
            self._overflowed = False
            self._to_scan.append(self._top)
        if changes or self._to_scan:
            self._deliver(LaneOutcome(changes, self._to_scan.copy()))
            self._to_scan.clear()

    def _of(self, event: PathEvent) -> list[Change]:
        return self._flow.changes([event])


class Lanes:
    """A lane for each folder on a network, begun when something happens there. For the stream's
    thread, but for `settling`."""

    def __init__(
        self, new_lane: Callable[[Path, Callable[[LaneOutcome], None]], Lane], wake: threading.Event
    ) -> None:
        self._new_lane = new_lane
        self._wake = wake
        self._lanes: dict[Path, Lane] = {}
        self._outcomes: deque[LaneOutcome] = deque()

    @property
    def settling(self) -> int:
        """Count the files that are perhaps still being written."""
        return sum(map(len, tuple(self._lanes.values())))

    def put(self, top: Path, item: PathEvent | Find) -> None:
        """Something happened below this folder."""
        lane = self._lanes.get(top)
        if lane is None:
            lane = self._lanes[top] = self._new_lane(top, self._deliver)
        lane.put(item)

    def _deliver(self, outcome: LaneOutcome) -> None:
        self._outcomes.append(outcome)
        self._wake.set()

    def take(self) -> list[LaneOutcome]:
        """Take what came of it since."""
        return [self._outcomes.popleft() for _ in range(len(self._outcomes))]

    def stop(self) -> None:
        """End them all, without waiting."""
        for lane in self._lanes.values():
            lane.stop()
        self._lanes = {}
