"""How often a password may be guessed. Pure but for its clock."""

from __future__ import annotations

import time
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

GUESSES, SECONDS = 5, 60.0  # of one address
ALL_GUESSES = 30  # of all addresses together in the same time
_MOST_ADDRESSES = 10_000


class Throttle:
    """Counts the guesses of the last minute that were wrong."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._wrong: dict[str, deque[float]] = {}
        self._all: deque[float] = deque()

    def wait(self, address: str) -> float:
        """Return for how many seconds this address may not guess; 0 where it may."""
        mine = self._recent(self._wrong.get(address, deque()))
        every = self._recent(self._all)
        full = [
            guesses
            for guesses, most in ((mine, GUESSES), (every, ALL_GUESSES))
            if len(guesses) >= most
        ]
        return max((guesses[0] + SECONDS - self._clock() for guesses in full), default=0.0)

    def note_wrong(self, address: str) -> None:
        """Count a guess."""
        if len(self._wrong) > _MOST_ADDRESSES:
            self._wrong.clear()  # those of all together are counted still
        for guesses in (self._wrong.setdefault(address, deque()), self._all):
            guesses.append(self._clock())

    def _recent(self, guesses: deque[float]) -> deque[float]:
        while guesses and guesses[0] + SECONDS <= self._clock():
            guesses.popleft()
        return guesses
