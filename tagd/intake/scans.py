"""The scan thread: scans what is asked for, and everything every `rescan_minutes`.

What lies on a network file system is scanned in a thread of its own, one a file system: it may not
answer, and holds up nobody else then.
"""

from __future__ import annotations

import random
import threading
from dataclasses import replace
from typing import TYPE_CHECKING

from tagd.domain import Priority
from tagd.errors import CatalogueError, TagdError
from tagd.intake.requests import ScanRequests
from tagd.intake.trouble import Trouble, TroubleBoard, TroubleKind, unreadable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from tagd.intake.left_out import LeftOut
    from tagd.intake.scan import Scanner
    from tagd.intake.scan_parts import ScanReport, ScanRequest

BEAT_SECONDS = 5.0  # at least so often it says that it lives
BUSY_SECONDS = 1.0  # before it is seen again whether a slow place is being scanned still
LONGEST_REST = 10.0  # seconds between two scans
RETRY_SECONDS = (1.0, 60.0)  # before a scan that makes up for a failed write; doubled each time


class Scans:
    """Its requests may come from any thread. `slow_place` says what may keep a scan of a folder
    waiting for ever, and None where nothing may. `finished` is told of every scan that was not
    broken off, and whether it was of whole watched folders."""

    def __init__(
        self,
        *,
        scanner: Scanner,
        folders: Sequence[Path],
        rescan_seconds: float,
        board: TroubleBoard,
        left_out: LeftOut,
        stopping: threading.Event,
        slow_place: Callable[[Path], Path | None],
        finished: Callable[[ScanReport, bool], None],
        clock: Callable[[], float],
        beat: Callable[[], None] = lambda: None,
    ) -> None:
        self.last: ScanReport | None = None  # of whole watched folders
        self._scanner = scanner
        self._folders = folders
        self._rescan_seconds = rescan_seconds
        self._board = board
        self._left_out = left_out
        self._stopping = stopping
        self._slow_place = slow_place
        self._aside: dict[Path, threading.Thread] = {}
        self._under_way: set[Path | None] = set()
        self._finished = finished
        self._clock = clock
        self._beat = beat
        self._requests = ScanRequests()
        self._changed = threading.Condition()
        self._next_rescan = self._plan()
        self._scanned: set[Path] = set()
        self._failures = 0
        self._failed_at = 0.0
        self._rest_until = 0.0

    def request(self, top: Path, priority: Priority, delay: float = 0.0) -> None:
        """Ask for a scan of a folder, in so many seconds."""
        root = self._root_of(top)
        if root is None:
            return
        with self._changed:
            not_before = max(self._clock() + delay, self._rest_until)
            self._requests.add(top, root, priority, not_before)
            self._changed.notify_all()

    def request_all(self, priority: Priority, delay: float = 0.0) -> None:
        """Ask for a scan of all watched folders."""
        for folder in self._folders:
            self.request(folder, priority, delay)

    def was_scanned(self, folder: Path) -> bool:
        """Return whether the watched folder around this one was ever scanned by us."""
        return self._root_of(folder) in self._scanned

    @property
    def scanning(self) -> bool:
        """Return whether anything is being scanned."""
        return bool(self._under_way)

    @property
    def aside(self) -> tuple[threading.Thread, ...]:
        """Return the threads that scan slow places."""
        return tuple(self._aside.values())

    def make_up_for(self, kind: TroubleKind, error: Exception) -> None:
        """Say why changes were not written, and find them again by a scan, later each time that
        comes soon after another."""
        shortest, longest = RETRY_SECONDS
        now = self._clock()
        self._failures = self._failures + 1 if now - self._failed_at < 2 * longest else 1
        self._failed_at = now
        delay = min(longest, shortest * 2 ** min(self._failures - 1, 10))
        words, hint = f"{type(error).__name__}: {error}", ""
        if isinstance(error, TagdError):
            words, hint = error.message, error.hint
        self._board.report(Trouble(kind, f"{words}; a scan makes up for it", hint=hint))
        self.request_all(Priority.NEW, delay)

    def wake(self) -> None:
        """Notice that we are to stop."""
        with self._changed:
            self._changed.notify_all()

    def run(self) -> None:
        """Run the thread until told to stop."""
        while not self._stopping.is_set():
            self._beat()
            places: dict[Path | None, list[ScanRequest]] = {}
            for request in self._take():
                places.setdefault(self._slow_place(request.top), []).append(request)
            near = places.pop(None, [])
            for place, requests in places.items():
                if place is not None:
                    self._scan_aside(place, requests)
            if near:
                took = self._scan(self._scanner, near)
                # As long again, so that folders which change without end leave time for others.
                self._rest_until = self._clock() + min(took, LONGEST_REST)

    def _take(self) -> list[ScanRequest]:
        """Take what is to be scanned now; waits, and returns nothing, where that is nothing."""
        with self._changed:
            now = self._clock()
            if now >= self._next_rescan:
                self._next_rescan = self._plan()
                for folder in self._folders:
                    self._requests.add(folder, folder, Priority.RESCAN, now)
            requests = self._requests.take(now)
            if not requests and not self._stopping.is_set():
                due = self._requests.next_due()
                due = self._next_rescan if due is None else min(due, self._next_rescan)
                self._changed.wait(min(BEAT_SECONDS, max(0.0, due - now)))
            return requests

    def _scan_aside(self, place: Path, requests: list[ScanRequest]) -> None:
        """Scan in a thread of its own, unless the one before is at it still: then a little
        later."""
        if place in self._aside and self._aside[place].is_alive():
            for request in requests:
                self.request(request.top, request.priority, BUSY_SECONDS)
            return
        # Without a beat: the scan thread does not wait for it, and must not seem to live by it.
        scanner = replace(self._scanner, stopping=self._stopping.is_set)

        def body() -> None:
            took = self._scan(scanner, requests, place)
            self._stopping.wait(min(took, LONGEST_REST))

        name = f"tagd-scan {place.name}"
        thread = self._aside[place] = threading.Thread(target=body, name=name, daemon=True)
        thread.start()

    def _scan(
        self, scanner: Scanner, requests: list[ScanRequest], place: Path | None = None
    ) -> float:
        """Scan, and say how many seconds that took."""
        begun = self._clock()
        self._under_way.add(place)
        self._left_out.begin([request.top for request in requests])
        try:
            report = scanner.scan(requests)
        except CatalogueError as error:
            self.make_up_for(TroubleKind.CATALOGUE, error)
        except Exception as error:  # noqa: BLE001 - said, and tried again later
            self.make_up_for(TroubleKind.FAILED, error)
        else:
            if report.complete:
                self._note(requests, report)
        finally:
            self._under_way.discard(place)
        return self._clock() - begun

    def _note(self, requests: list[ScanRequest], report: ScanReport) -> None:
        self._board.clear(TroubleKind.CATALOGUE, None)
        self._left_out.end([request.top for request in requests])
        whole = [request.top for request in requests if request.top == request.root]
        self._scanned.update(whole)
        self._note_unreadable([request.top for request in requests], dict(report.unreadable))
        if whole:
            self.last = report
        self._finished(report, bool(whole))

    def _note_unreadable(self, scanned: list[Path], now: dict[Path, str]) -> None:
        for folder, reason in now.items():
            self._board.report(unreadable(folder, reason))
        for trouble in self._board.standing():
            path = trouble.path
            if trouble.kind is not TroubleKind.UNREADABLE or path is None or path in now:
                continue
            if any(path.is_relative_to(top) for top in scanned):
                self._board.clear(TroubleKind.UNREADABLE, path)

    def _plan(self) -> float:
        # Jitter, so that several machines do not scan one server in step for ever.
        return self._clock() + self._rescan_seconds * random.uniform(0.9, 1.1)  # noqa: S311

    def _root_of(self, path: Path) -> Path | None:
        around = [root for root in self._folders if path.is_relative_to(root)]
        return max(around, key=lambda root: len(root.parts), default=None)
