"""Where the pool's callers and its dispatcher meet: requests one way, outcomes the other."""

from __future__ import annotations

import threading
from collections import deque
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tagd.decoding.process import DecodeOutcome, DecodeRequest


class Desk:
    """Thread-safe. `poke` is called when a request comes in, unless `long` of them wait already:
    then the dispatcher, which looks for more whenever a decoder has answered, need not be told."""

    def __init__(self, most_outstanding: int, long: int, poke: Callable[[], None]) -> None:
        self._most_outstanding = most_outstanding
        self._long = long
        self._poke = poke
        self._changed = threading.Condition()
        self._requests: deque[DecodeRequest] = deque()
        self._outcomes: deque[DecodeOutcome] = deque()
        self._outstanding: set[int] = set()
        self._is_woken = False
        self._is_closed = False
        self._alarm: BaseException | None = None
        self._failure: BaseException | None = None

    # The callers' side

    @property
    def outstanding(self) -> int:
        """Requests submitted whose outcomes have not been taken."""
        with self._changed:
            return len(self._outstanding)

    def submit(self, request: DecodeRequest) -> None:
        """Hand a request in. Raises RuntimeError beyond the bound, or after the end."""
        with self._changed:
            if self._is_closed:
                raise RuntimeError("the decoders have been closed")
            if len(self._outstanding) >= self._most_outstanding:
                raise RuntimeError(f"{self._most_outstanding} photos are outstanding")
            if request.ticket in self._outstanding:
                raise RuntimeError(f"ticket {request.ticket} is outstanding")
            self._outstanding.add(request.ticket)
            self._requests.append(request)
            is_long = len(self._requests) > self._long
        if not is_long:
            self._poke()

    def take(self, most: int, timeout: float, linger: float) -> list[DecodeOutcome]:
        """See `DecoderPool.take`."""
        with self._changed:
            self._changed.wait_for(self._is_worth_a_look, timeout)
            if self._outcomes:
                self._changed.wait_for(partial(self._is_worth_no_wait, most), linger)
            self._is_woken = False
            if self._failure is not None:
                raise self._failure
            if self._alarm is not None:
                alarm, self._alarm = self._alarm, None
                raise alarm
            taken = [self._outcomes.popleft() for _ in range(min(most, len(self._outcomes)))]
            self._outstanding.difference_update(request.ticket for request in taken)
            return taken

    def _is_worth_a_look(self) -> bool:
        return bool(
            self._outcomes or self._is_woken or self._is_closed or self._alarm or self._failure
        )

    def _is_worth_no_wait(self, most: int) -> bool:
        complete = len(self._outcomes) >= min(most, len(self._outstanding))
        return bool(complete or self._is_woken or self._is_closed or self._alarm or self._failure)

    def wake(self) -> None:
        """Let a waiting `take` return; the next one, where none waits."""
        with self._changed:
            self._is_woken = True
            self._changed.notify_all()

    def discard(self) -> None:
        """Forget every request; outcomes of those in flight are dropped when they come."""
        with self._changed:
            self._requests.clear()
            self._outcomes.clear()
            self._outstanding.clear()

    def close(self) -> None:
        """Take no more requests; whoever waits need not."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()

    # The dispatcher's side

    @property
    def waiting(self) -> int:
        """Requests that no decoder has been given."""
        with self._changed:
            return len(self._requests)

    def next_request(self) -> DecodeRequest | None:
        """Return the request that has waited longest."""
        with self._changed:
            return self._requests.popleft() if self._requests else None

    def put_back(self, requests: Sequence[DecodeRequest]) -> None:
        """Put requests back that a decoder left unanswered, to go first."""
        with self._changed:
            wanted = [request for request in requests if request.ticket in self._outstanding]
            self._requests.extendleft(reversed(wanted))

    def deliver(self, outcome: DecodeOutcome) -> None:
        """Deliver an outcome, unless nobody wants it any more."""
        with self._changed:
            if outcome.ticket in self._outstanding:
                self._outcomes.append(outcome)
                self._changed.notify_all()

    def raise_alarm(self, error: BaseException) -> None:
        """Have one `take` raise this."""
        with self._changed:
            self._alarm = error
            self._changed.notify_all()

    def fail(self, error: BaseException) -> None:
        """Have every `take` raise this: there is no dispatcher any more."""
        with self._changed:
            self._failure = error
            self._changed.notify_all()
