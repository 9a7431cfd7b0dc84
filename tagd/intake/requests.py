"""Which folders wait to be scanned. Pure: the time is passed in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tagd.intake.scan_parts import ScanRequest

if TYPE_CHECKING:
    from pathlib import Path

    from tagd.domain import Priority


class ScanRequests:
    """Requests that wait; one for a folder covers those for what is below it. Not for several
    threads at once."""

    def __init__(self) -> None:
        self._waiting: dict[Path, tuple[ScanRequest, float]] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, top: Path, root: Path, priority: Priority, not_before: float) -> None:
        """Ask for a scan of `top` at or after that time. Asked again, it happens at the earlier
        time and with the more urgent priority."""
        waiting = self._waiting.get(top)
        if waiting is not None:
            priority = min(priority, waiting[0].priority)
            not_before = min(not_before, waiting[1])
        self._waiting[top] = ScanRequest(top, root, priority), not_before

    def take(self, now: float) -> list[ScanRequest]:
        """Take what is due, the folders disjoint. A request below one that is taken goes with
        it."""
        due = [request for request, when in self._waiting.values() if when <= now]
        due.sort(key=lambda request: len(request.top.parts))
        taken: list[ScanRequest] = []
        for request in due:
            around = _around(request, taken)
            if around is None:
                taken.append(request)
            elif request.priority < around.priority:
                taken[taken.index(around)] = ScanRequest(around.top, around.root, request.priority)
        self._waiting = {
            top: waiting for top, waiting in self._waiting.items() if not _around(waiting[0], taken)
        }
        return taken

    def next_due(self) -> float | None:
        """Return when `take` will next have something."""
        return min((when for _, when in self._waiting.values()), default=None)


def _around(request: ScanRequest, others: list[ScanRequest]) -> ScanRequest | None:
    """Return the request that covers it. A watched folder inside another is one that the other
    leaves out."""
    return next(
        (
            other
            for other in others
            if other.root == request.root and request.top.is_relative_to(other.top)
        ),
        None,
    )
