"""How many photos may be tagged again in an hour. What was queued is kept in the catalogue, so that
neither a restart nor another configuration begins a new hour."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tagd.catalogue.db import settings

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import Connection

HOUR, MINUTE = 3600.0, 60.0

Spent = tuple[tuple[float, int], ...]  # when, and how many


@dataclass(frozen=True, slots=True)
class Pace:
    """At most so many in any hour; 0 for as many as one likes. `spent` is what was queued in the
    past hour, the oldest first. Times are seconds of any one clock."""

    per_hour: int
    spent: Spent = ()

    def left(self, now: float) -> int | None:
        """Return how many may still follow at this moment; None for as many as one likes."""
        if not self.per_hour:
            return None
        return max(0, self.per_hour - sum(count for _, count in _within(self.spent, now)))

    def frees_at(self, now: float) -> float:
        """Return when one more may follow where none may now."""
        return min((when + HOUR for when, _ in _within(self.spent, now)), default=now)

    def spend(self, count: int, now: float) -> Pace:
        """Note that so many were queued. What is queued in one minute counts as queued when the
        last of it is, so that there is little to be kept."""
        if not count:
            return self
        spent = list(_within(self.spent, now))
        if spent and spent[-1][0] // MINUTE == now // MINUTE:
            count += spent.pop()[1]
        return replace(self, spent=(*spent, (now, count)))

    def give_back(self, count: int) -> Pace:
        """Note that so many of the latest were taken out of the queue again."""
        spent = list(self.spent)
        while count and spent:
            when, number = spent.pop()
            if number > count:
                spent.append((when, number - count))
            count -= min(count, number)
        return replace(self, spent=tuple(spent))

    def by(self, clock: float, other: float) -> Pace:
        """Return the same by another clock, which shows `other` while the present one shows
        `clock`. Nothing was queued in the future: then the clock was set back."""
        moved = ((min(when, clock) + other - clock, count) for when, count in self.spent)
        return replace(self, spent=tuple(moved))


def load(tx: Connection, per_hour: int) -> Pace:
    """Load it as it was kept, by the wall clock."""
    kept = json.loads(settings.get(tx, settings.RETAGGED) or "[]")
    return Pace(per_hour, tuple((float(when), int(count)) for when, count in kept))


def keep(tx: Connection, pace: Pace) -> None:
    """Keep it, by the wall clock."""
    settings.put(tx, settings.RETAGGED, json.dumps(pace.spent))


def _within(spent: Iterable[tuple[float, int]], now: float) -> Spent:
    return tuple((when, count) for when, count in spent if when > now - HOUR)
