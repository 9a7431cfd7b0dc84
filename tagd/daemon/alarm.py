"""A cron time, on the clock at the wall. What must go on whatever that clock does is not left to
it: set back an hour, it is silent for an hour. Nor is its thread looked after, since what it asks
for comes round by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from apscheduler.schedulers.background import BackgroundScheduler


def alarm_of(cron: str, ring: Callable[[], None]) -> BackgroundScheduler | None:
    """Has `ring` called at these times once it is started; None for no times."""
    if not cron:
        return None
    # Lazy: hardly anyone has a cron time.
    from apscheduler.schedulers.background import BackgroundScheduler  # noqa: PLC0415
    from apscheduler.triggers.cron import CronTrigger  # noqa: PLC0415

    alarm = BackgroundScheduler(daemon=True)
    # No grace time: by default a call that is a second late is passed over.
    alarm.add_job(
        ring,
        CronTrigger.from_crontab(cron),
        id="retag-check",
        coalesce=True,
        max_instances=1,
        misfire_grace_time=None,
    )
    return alarm
