"""The keys of `[retag]`: when tags catch up with changed models."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field

from tagd.config.section import Section, Unit, as_tuple
from tagd.hours import hours_of


def _a_part_of_the_day(text: str) -> str:
    hours_of(text)
    return text


def _five_fields(text: str) -> str:
    if text:
        # Lazy: it takes 0.1 s, and hardly anyone has a cron time.
        from apscheduler.triggers.cron import CronTrigger  # noqa: PLC0415

        try:
            CronTrigger.from_crontab(text)
        except ValueError as error:
            raise ValueError(f"must be a cron time, such as '30 0 * * *': {error}") from error
        # APScheduler counts from Monday, cron from Sunday: a number would mean another day.
        if any(part[:1].isdigit() for part in re.split("[,-]", text.split()[4])):
            raise ValueError("must name the weekdays, such as mon-fri")
    return text


Windows = Annotated[
    tuple[Annotated[str, AfterValidator(_a_part_of_the_day)], ...], BeforeValidator(as_tuple)
]


class Retag(Section):
    """When photos are tagged again because other models, thresholds or rules are wanted now. Their
    old tags count until then. `tagd retag --plan` tells how many there are. New photos always
    go first.
    """

    windows: Windows = Field(
        default=("01:00-06:00",),
        description="The hours for it, in local time: one or several, or '00:00-24:00' for"
        " always. Empty: only on request.",
    )
    per_hour: Annotated[int, Unit("photos")] = Field(
        default=0, ge=0, description="The most photos in an hour. 0: no limit."
    )
    check_minutes: Annotated[float, Unit("minutes")] = Field(
        default=60.0,
        gt=0,
        description="How often to check whether models, speeds or paths have changed; also"
        " done at the start.",
    )
    cron: Annotated[str, AfterValidator(_five_fields)] = Field(
        default="",
        description="More times to check, such as '30 0 * * mon-fri': minute, hour, day,"
        " month, weekday by name.",
    )
    keep_runs: Annotated[int, Unit("taggings")] = Field(
        default=2,
        ge=0,
        description="How many earlier taggings of each photo are kept, so that `tagd retag"
        " --back-to MODEL` can restore them without inference.",
    )
    refine_when_idle: bool = Field(
        default=False,
        description="Tag every photo at once with a fast model, and again with the proper one"
        " when nothing else waits, at any hour.",
    )
