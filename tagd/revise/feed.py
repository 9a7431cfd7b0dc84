"""How many stale photos may be queued at this moment. Pure: what waits and the times are given."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tagd.catalogue.plans.stale import Queue

SLICE = 100  # jobs in the queue at once: enough to keep the worker busy, few to be withdrawn


@dataclass(frozen=True, slots=True)
class Feeding:
    """What is to be done: so many photos queued at most, of all together and of those that wait for
    a window; or what is queued of the latter taken out."""

    most: int = 0
    of_retag: int = 0
    withdraw: bool = False


def decide(queue: Queue, *, is_open: bool, left: int | None) -> Feeding:
    """Decide what to do. `is_open`: it is an hour for re-tagging. `left` photos may be re-tagged
    within this hour yet; None for as many as one likes.

    Photos to refine are queued whenever nothing else waits, stale ones only in a window.
    """
    withdraw = not is_open and queue.retag > 0
    waiting = queue.refine + (0 if withdraw else queue.retag)
    if queue.first or waiting >= SLICE:
        return Feeding(withdraw=withdraw)
    most = SLICE - waiting
    if not is_open:
        return Feeding(most, 0, withdraw)
    return Feeding(most, most if left is None else min(most, left))
