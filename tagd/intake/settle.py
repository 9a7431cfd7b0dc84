"""When a file counts as whole. Pure: the clock is injected, what was seen is passed in.

- A writer that closes the file, or renames it into place, says that it is whole: `whole`.
- Anything else is whole when size and mtime have stood still for `settle_seconds` between two
  observations of ours (`saw`). A network file system's times and caches are never believed.
- A scan's find on a local file system need not be seen twice where mtime and ctime both lie that
  far back (`stood_still`): a program may set mtime to what it likes, but not ctime.
- Clocks set back put a ctime in the future: then it takes two observations.
"""

from __future__ import annotations

import heapq
import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tagd.domain import Priority, SettledFile

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tagd.domain import Signature

NANOSECONDS = 1_000_000_000


def stood_still(signature: Signature, settle_seconds: float, wall: float) -> bool:
    """Return whether a file on a local disk was last touched `settle_seconds` or more before `wall`
    (seconds since 1970)."""
    latest = int((wall - settle_seconds) * NANOSECONDS)
    return signature.mtime_ns <= latest and signature.ctime_ns <= latest


@dataclass(slots=True)
class _Pending:
    signature: Signature
    since: float  # when this size and mtime were first seen
    first_seen: float
    priority: Priority
    ticket: int  # of its entry in the heap; every pending path has exactly one


class Settler:
    """The files that are perhaps still being written. Not for several threads at once."""

    def __init__(self, settle_seconds: float, clock: Callable[[], float]) -> None:
        self._settle_seconds = settle_seconds
        self._clock = clock
        self._pending: dict[Path, _Pending] = {}
        self._heap: list[tuple[float, int, Path]] = []
        self._tickets = itertools.count()

    def __len__(self) -> int:
        return len(self._pending)

    def whole(self, path: Path, signature: Signature, priority: Priority) -> SettledFile:
        """Note that its writer closed it, or that it was renamed into place."""
        pending = self._pending.pop(path, None)
        return SettledFile(path, signature, _more_urgent(priority, pending))

    def saw(
        self, path: Path, signature: Signature, priority: Priority = Priority.RESCAN
    ) -> SettledFile | None:
        """Take one observation of the file; return it settled once it has stood still long
        enough."""
        now = self._clock()
        pending = self._pending.get(path)
        if pending is None:
            self._add(path, signature, priority, now)
            return None
        if _content(pending.signature) != _content(signature):
            pending.since = now
        pending.signature = signature
        pending.priority = _more_urgent(priority, pending)
        if now < pending.since + self._settle_seconds:
            return None
        return self.whole(path, signature, priority)

    def forget(self, path: Path) -> None:
        """Forget a file that is gone, or somebody else's business now."""
        self._pending.pop(path, None)

    def forget_below(self, folder: Path) -> None:
        """Forget all that is below a folder."""
        for path in [path for path in self._pending if path.is_relative_to(folder)]:
            del self._pending[path]

    def due(self) -> list[Path]:
        """Return the paths to observe now. Each comes up again later unless it settles or is
        forgotten."""
        now = self._clock()
        paths = []
        while self._heap and self._heap[0][0] <= now:
            _, ticket, path = heapq.heappop(self._heap)
            pending = self._pending.get(path)
            if pending is None or pending.ticket != ticket:
                continue
            again = pending.since + self._settle_seconds
            if again <= now:
                again = now + self._settle_seconds
                paths.append(path)
            heapq.heappush(self._heap, (again, ticket, path))
        return paths

    def next_due(self) -> float | None:
        """Return when `due` will next have something to say, on the injected clock."""
        while self._heap and not self._is_live(self._heap[0]):
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def growing(self, seconds: float) -> list[tuple[Path, float]]:
        """Files that have been changing for `seconds` or more, with how long in seconds."""
        now = self._clock()
        return [
            (path, now - pending.first_seen)
            for path, pending in self._pending.items()
            if now - pending.first_seen >= seconds
        ]

    def _add(self, path: Path, signature: Signature, priority: Priority, now: float) -> None:
        ticket = next(self._tickets)
        self._pending[path] = _Pending(signature, now, now, priority, ticket)
        heapq.heappush(self._heap, (now + self._settle_seconds, ticket, path))

    def _is_live(self, entry: tuple[float, int, Path]) -> bool:
        pending = self._pending.get(entry[2])
        return pending is not None and pending.ticket == entry[1]


def _content(signature: Signature) -> tuple[int, int]:
    return signature.size, signature.mtime_ns


def _more_urgent(priority: Priority, pending: _Pending | None) -> Priority:
    return priority if pending is None else min(priority, pending.priority)
