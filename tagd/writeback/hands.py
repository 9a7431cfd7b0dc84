"""What the writers have in hand: no two of them the same photo, and never all of them what lies on
network file systems, which may not answer for hours.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tagd.fs import network_mount_of
from tagd.writeback.bulk import THREADS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

MOST_ON_ONE: Final = THREADS // 2  # writers at once on one network file system
MOST_ON_ALL: Final = THREADS - 1  # and on all of them: one is left for disks, which answer
STALLED_SECONDS: Final = 20.0  # a photo takes some tenths
SOON_SECONDS: Final = 1.0  # before what others have in hand is tried
LATER_SECONDS: Final = 30.0  # before a file system that does not answer is


@dataclass(frozen=True, slots=True)
class _Held:
    mount: Path | None  # of a network file system
    since: float


class Hands:
    """Shared by the writers' threads. Nothing here touches a photo. `mount_of` finds the network
    file system of a path; `clock` is monotonic."""

    def __init__(
        self,
        mount_of: Callable[[Path], Path | None] = network_mount_of,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._mount_of = mount_of
        self._clock = clock
        self._lock = threading.Lock()
        self._held: dict[int, _Held] = {}  # by the row of the file

    def take(self, file_id: int, path: Path) -> float:
        """Begin with a file, or the seconds until that is to be tried again: somebody has it in
        hand, or its network file system takes no more writers now. 0 where it is begun with."""
        mount = self._mount_of(path)
        with self._lock:
            if wait := SOON_SECONDS if file_id in self._held else self._wait_for(mount):
                return wait
            self._held[file_id] = _Held(mount, self._clock())
            return 0.0

    def put_down(self, file_id: int) -> None:
        """Note that it is done with, whatever came of it."""
        with self._lock:
            del self._held[file_id]

    def stalled(self) -> dict[int, Path]:
        """Return the files, by row, whose network file system has not answered for long, and
        that."""
        return {row: mount for row, mount, seconds in self._waits() if seconds > STALLED_SECONDS}

    @property
    def troubles(self) -> list[str]:
        """Say which network file systems do not answer, and for how long, in words."""
        longest: dict[Path, float] = {}
        for _, mount, seconds in self._waits():
            longest[mount] = max(seconds, longest.get(mount, 0.0))
        return [
            f"tags are not written below {mount}: its network file system has not answered for "
            f"{seconds:.0f} s; those of other folders are"
            for mount, seconds in sorted(longest.items())
            if seconds > STALLED_SECONDS
        ]

    def _wait_for(self, mount: Path | None) -> float:
        if mount is None:
            return 0.0
        on_all = [each for each in self._held.values() if each.mount is not None]
        on_it = [each for each in on_all if each.mount == mount]
        if any(self._clock() - each.since > STALLED_SECONDS for each in on_it):
            return LATER_SECONDS
        is_full = len(on_it) >= MOST_ON_ONE or len(on_all) >= MOST_ON_ALL
        return SOON_SECONDS if is_full else 0.0

    def _waits(self) -> list[tuple[int, Path, float]]:
        now = self._clock()
        with self._lock:
            held = list(self._held.items())
        return [(row, its.mount, now - its.since) for row, its in held if its.mount is not None]
