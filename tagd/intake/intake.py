"""The intake: watch, settle, scan, submit, in two threads of its own.

The stream thread owns the watch and the settler: it waits for events, turns them into changes and
writes these. The scan thread compares folders with the catalogue when asked, and every
`rescan_minutes` anyway; those on a network in a thread for each file system. Whatever goes wrong
ends in a scan: so nothing is ever lost, only late.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tagd.domain import Priority
from tagd.intake.left_out import LeftOut
from tagd.intake.mirror import Mirror
from tagd.intake.probe import Devices
from tagd.intake.recognise import Recogniser
from tagd.intake.scan import Scanner
from tagd.intake.scans import Scans
from tagd.intake.stream import Stream
from tagd.intake.submit import Submitter
from tagd.intake.trouble import Trouble, TroubleBoard, TroubleKind
from tagd.intake.watcher import Reports, Watcher
from tagd.metadata.sidecar import BESIDE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from tagd.catalogue.db.engine import Catalogue
    from tagd.intake.exclude import Excludes
    from tagd.intake.scan_parts import ScanReport
    from tagd.intake.trouble import Say
    from tagd.metadata.sidecar import SidecarRule

STREAM, SCAN = "tagd-stream", "tagd-scan"  # the threads
GATHER_SECONDS = 0.5  # between a trouble and its scan: troubles come in swarms


@dataclass(frozen=True, slots=True)
class IntakeState:
    """What `tagd status` and `tagd doctor` show."""

    standing: bool  # the watch is set up
    folders: tuple[Path, ...]
    watches: int
    polling: tuple[Path, ...]
    settling: int  # files that are perhaps still being written
    scanning: bool
    last_scan: ScanReport | None
    troubles: tuple[Trouble, ...]
    unread: Mapping[str, int]  # pictures that tagd does not read, by kind
    overflows: int


class Intake:
    """Watches folders and submits what settles in them. `say` takes level, message, fields.

    `folders` are absolute; one inside another is watched and scanned once. Times are in seconds,
    `clock` is monotonic, `wall` counts from 1970. `beats(thread)` gives what that thread calls
    again and again while it makes progress, and while there is nothing to do. Where `sidecars` lie
    in a folder of their own, that is watched as well. `on_leftover` is told, in the scan's thread,
    of each file that a write of ours made and did not take away, or not yet.
    """

    def __init__(
        self,
        *,
        catalogue: Catalogue,
        folders: Sequence[Path],
        excludes: Excludes,
        settle_seconds: float,
        rescan_minutes: float,
        on_submitted: Callable[[], None],
        say: Say,
        sidecars: SidecarRule = BESIDE,
        beats: Callable[[str], Callable[[], None]] = lambda _: lambda: None,
        on_leftover: Callable[[Path], None] = lambda _: None,
        forget_after_days: float = 30.0,
        polling_seconds: float = 5.0,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._folders = outermost(folders, excludes)
        self._mirror = Mirror.of(sidecars, self._folders, excludes)
        self._excludes = excludes
        self._settle_seconds = settle_seconds
        self._say = say
        self._on_leftover = on_leftover
        self._clock = clock
        self._beats = beats
        self._stopping = threading.Event()
        self._wake = threading.Event()
        self._board = TroubleBoard(say)
        self._left_out = LeftOut(self._board)
        self._devices = Devices()
        self._recogniser = Recogniser()
        self._submitter = Submitter(catalogue, on_submitted, wall)
        self._threads: dict[str, threading.Thread] = {}
        self._ended: dict[str, str] = {}
        self._stream = self._new_stream(polling_seconds)
        scanner = self._new_scanner(catalogue, forget_after_days, wall)
        self._scans = Scans(
            scanner=scanner,
            folders=self._all,
            rescan_seconds=rescan_minutes * 60,
            board=self._board,
            left_out=self._left_out,
            stopping=self._stopping,
            slow_place=self._stream.slow_place,
            finished=self._stream.scanned,
            clock=clock,
            beat=beats(SCAN),
        )

    @property
    def _all(self) -> tuple[Path, ...]:
        """Return the folders that are watched and scanned, those of sidecars too."""
        return (*self._folders, *self._mirror.roots)

    def start(self) -> None:
        """Begin to watch, and to scan once the watch stands. Returns at once."""
        for name in (STREAM, SCAN):
            self._start(name)

    def stop(self, timeout: float = 2.0) -> None:
        """End the threads. What was not written is found by the next start's scan."""
        deadline = time.monotonic() + timeout
        self._stopping.set()
        self._stream.look()
        self._scans.wake()
        for thread in (*self._threads.values(), *self._scans.aside):
            thread.join(max(0.0, deadline - time.monotonic()))

    def request_rescan(self) -> None:
        """Compare all folders with the catalogue, soon."""
        self._scans.request_all(Priority.RESCAN)

    def check(self) -> None:
        """See to it that everything lives; to be called about every second. Never waits."""
        if self._stopping.is_set():
            return
        for name, thread in list(self._threads.items()):
            if not thread.is_alive():
                message = f"the thread {name} ended ({self._ended[name]}): started anew, and a scan"
                self._board.report(
                    Trouble(TroubleKind.WATCHER_DIED, f"{message} finds what it missed")
                )
                self._start(name)
                self._scans.request_all(Priority.NEW, GATHER_SECONDS)
        self._stream.look()

    def wait_standing(self, timeout: float) -> bool:
        """Wait until the watch is set up, so long at most, and return whether it is."""
        return self._stream.standing.wait(timeout)

    def state(self) -> IntakeState:
        """Return how it stands. Safe from any thread."""
        watcher = self._stream.watcher
        return IntakeState(
            standing=self._stream.standing.is_set(),
            folders=self._folders,
            watches=watcher.watches if watcher else 0,
            polling=watcher.polling if watcher else (),
            settling=self._stream.settling,
            scanning=self._scans.scanning,
            last_scan=self._scans.last,
            troubles=self._board.standing(),
            unread=self._recogniser.unread(),
            overflows=self._board.count(TroubleKind.OVERFLOW),
        )

    def _new_stream(self, polling_seconds: float) -> Stream:
        def new_watcher() -> Watcher:
            return Watcher(
                folders=self._all,
                mirror=self._mirror,
                excludes=self._excludes,
                wake=self._wake,
                stopping=self._asked(STREAM),
                devices=self._devices,
                reports=Reports(self._board.report, self._board.clear, self._missed),
                polling_seconds=polling_seconds,
            )

        return Stream(
            new_watcher=new_watcher,
            mirror=self._mirror,
            settle_seconds=self._settle_seconds,
            recogniser=self._recogniser,
            devices=self._devices,
            submitter=self._submitter,
            note=self._left_out.note,
            wake=self._wake,
            stopping=self._stopping,
            say=self._say,
            clock=self._clock,
            beat=self._beats(STREAM),
        )

    def _new_scanner(
        self, catalogue: Catalogue, forget_after_days: float, wall: Callable[[], float]
    ) -> Scanner:
        return Scanner(
            catalogue=catalogue,
            roots=self._all,
            mirror=self._mirror,
            excludes=self._excludes,
            settle_seconds=self._settle_seconds,
            forget_after_days=forget_after_days,
            devices=self._devices,
            recogniser=self._recogniser,
            submitter=self._submitter,
            young=self._stream.found,
            is_told=self._stream.is_told,
            trouble=self._board.report,
            clear=self._board.clear,
            stopping=self._asked(SCAN),
            wall=wall,
            on_leftover=self._on_leftover,
            note=self._left_out.note,
        )

    def _asked(self, thread: str) -> Callable[[], bool]:
        """Return whether to stop: asked in the midst of long walks, which are progress too. A
        thread that is to stop is looked after no more, so that it must not begin anew to be."""
        beat, stopping = self._beats(thread), self._stopping.is_set

        def ask() -> bool:
            if stopping():
                return True
            beat()
            return False

        return ask

    def _missed(self, folder: Path) -> None:
        """Note that the watch may have missed something there. In a watched folder that was never
        scanned, what is found was there before us."""
        priority = Priority.NEW if self._scans.was_scanned(folder) else Priority.RESCAN
        self._scans.request(folder, priority, GATHER_SECONDS)

    def _start(self, name: str) -> None:
        def body() -> None:
            try:
                if name == SCAN:
                    self._scans.run()
                else:
                    self._stream.run(self._scans)
            except BaseException as error:  # noqa: BLE001 - `check` says it and starts anew
                self._ended[name] = f"{type(error).__name__}: {error}"

        self._ended[name] = "for no known reason"
        thread = self._threads[name] = threading.Thread(target=body, name=name, daemon=True)
        thread.start()


def outermost(folders: Sequence[Path], excludes: Excludes) -> tuple[Path, ...]:
    """Return the folders without those that another covers anyway; one that an exclude keeps out of
    the other stays, since it was named."""
    unique = list(dict.fromkeys(folders))
    return tuple(
        folder
        for folder in unique
        if not any(parent != folder and excludes.reach(parent, folder) for parent in unique)
    )
