"""Runs a job at cron times, by the wall clock.

Nothing that must happen depends on it: when the clock is set back an hour, it is silent for an
hour. Its thread is not supervised either, since what it asks for also happens at intervals.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from apscheduler.schedulers.background import BackgroundScheduler


def cron_scheduler(cron: str, job: Callable[[], None]) -> BackgroundScheduler | None:
    """A scheduler, not started yet, that runs `job` at these times; None for no times."""
    if not cron:
        return None
    # Lazy: hardly anyone has a cron time.
    from apscheduler.schedulers.background import BackgroundScheduler  # noqa: PLC0415
    from apscheduler.triggers.cron import CronTrigger  # noqa: PLC0415

    scheduler = BackgroundScheduler(daemon=True)
    # No grace time: by default a run that is a second late is skipped.
    scheduler.add_job(
        job,
        CronTrigger.from_crontab(cron),
        id="retag-check",
        coalesce=True,
        max_instances=1,
        misfire_grace_time=None,
    )
    return scheduler
