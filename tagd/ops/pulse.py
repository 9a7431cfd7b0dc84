"""Liveness of threads: each beats while it makes progress, and silence is noticed.

A thread that is at work or waits for some calls its beat; one that has been silent for longer than
its patience is late. What sees to it that the process is ended and started anew (a supervisor's
watchdog) is fed only while nobody is.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True)
class Late:
    """A thread that has said nothing for so many seconds."""

    thread: str
    seconds: float


class Pulses:
    """The last beat of each thread, in seconds of `clock`, which is monotonic. `patience`, in
    seconds too, is for all threads that have none of their own. Thread-safe.

    A thread is looked after from its first beat on, until it rests.
    """

    def __init__(self, patience: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.patience = patience
        self._clock = clock
        self._last: dict[str, float] = {}
        self._own: dict[str, float] = {}

    def of(self, thread: str, patience: float | None = None) -> Callable[[], None]:
        """Return what this thread calls while it makes progress; `patience` is its own."""
        if patience is not None:
            self._own[thread] = patience
        return lambda: self.beat(thread)

    def beat(self, thread: str) -> None:
        """Note that this thread makes progress."""
        self._last[thread] = self._clock()

    def rest(self, thread: str) -> None:
        """Note that this thread has nothing to do for now, or has ended."""
        self._last.pop(thread, None)

    def late(self) -> tuple[Late, ...]:
        """Return who has been silent for too long."""
        now = self._clock()
        silent = ((thread, now - last) for thread, last in list(self._last.items()))
        return tuple(
            Late(thread, for_)
            for thread, for_ in silent
            if for_ > self._own.get(thread, self.patience)
        )
