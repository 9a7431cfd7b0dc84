"""What holds re-tagging back at the moment, for people. Pure: it follows what `feed` decides."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tagd.catalogue.plans.stale import Queue
    from tagd.revise.pace import Pace


class By(StrEnum):
    """What stale photos wait for."""

    WINDOW = "window"  # the hours of [retag] windows
    PER_HOUR = "per_hour"  # as many as [retag] per_hour allows were queued within an hour
    FIRST = "first"  # others that go first, such as new photos


@dataclass(frozen=True, slots=True)
class Hold:
    """`until` is None where nobody can say, and for a window that never opens."""

    by: By
    until: datetime | None = None


def held(opens_at: datetime | None, pace: Pace, queue: Queue, now: datetime) -> Hold | None:
    """Say what stale photos wait for, if they do. `opens_at` is when re-tagging may go on by its
    hours, None for never; `pace` is by the wall clock. Moments are aware."""
    if opens_at is None or opens_at > now:
        return Hold(By.WINDOW, opens_at)
    if pace.left(now.timestamp()) == 0:
        frees_at = datetime.fromtimestamp(pace.frees_at(now.timestamp()), UTC)
        return Hold(By.PER_HOUR, frees_at.astimezone())
    return Hold(By.FIRST) if queue.first else None
