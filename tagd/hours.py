"""Windows of the day, in local time."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import tzinfo

_MINUTES_AHEAD = 2 * 24 * 60  # no window stays shut for longer than a day and a changed clock


@dataclass(frozen=True, slots=True)
class Hours:
    """A window of the day from `start` up to `end`, over midnight where `end` comes first. If they
    are equal, it is the whole day."""

    start: time
    end: time

    def hold(self, at: time) -> bool:
        """Return whether this time is in it."""
        if self.start < self.end:
            return self.start <= at < self.end
        return at >= self.start or at < self.end


_HOURS = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-(?:([01]\d|2[0-3]):([0-5]\d)|24:00)")


def hours_of(text: str) -> Hours:
    """Read `22:00-06:00` as a window. Raises ValueError."""
    found = _HOURS.fullmatch(text)
    if found is None:
        raise ValueError("must be two times of day, such as 22:00-06:00")
    start_hour, start_minute, end_hour, end_minute = (int(part or 0) for part in found.groups())
    return Hours(time(start_hour, start_minute), time(end_hour, end_minute))


def is_open(windows: Iterable[Hours], at: time) -> bool:
    """Return whether any of these windows is open."""
    return any(window.hold(at) for window in windows)


def next_opening(
    windows: Iterable[Hours], now: datetime, zone: tzinfo | None = None
) -> datetime | None:
    """Return when the first of these windows opens, on the clock of `zone` (else the machine's);
    `now`, an aware moment, where one is open; None where there are none.

    Minute by minute, as the wall clock shows it: where it jumps over a window's start for daylight
    saving, the window opens right after the jump.
    """
    known = tuple(windows)
    if not known:
        return None
    here = now.astimezone(zone)
    if is_open(known, here.time()):
        return here
    # Through UTC, whose minutes all exist once.
    minute = now.astimezone(UTC).replace(second=0, microsecond=0)
    for _ in range(_MINUTES_AHEAD):
        minute += timedelta(minutes=1)
        here = minute.astimezone(zone)
        if is_open(known, here.time()):
            return here
    return None
