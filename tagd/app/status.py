"""How things stand: what waits, how quickly, what failed, and what does the work."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from tagd.catalogue.db import mode, settings
from tagd.catalogue.db.engine import owner_of
from tagd.catalogue.plans import stale
from tagd.catalogue.reports import activity, overview
from tagd.catalogue.reports.activity import Latest, Queued
from tagd.catalogue.tagging import embedded
from tagd.domain import CLASSIFIER, EVERYDAY
from tagd.errors import ControlError
from tagd.hours import hours_of, next_opening
from tagd.ops.control import Command, tell
from tagd.revise import hold, pace
from tagd.work.stage_times import StageTimes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Connection

    from tagd.catalogue.db.engine import Catalogue
    from tagd.catalogue.db.lock import Holder
    from tagd.catalogue.db.mode import Standing
    from tagd.catalogue.reports.overview import Status
    from tagd.catalogue.tagging.embedded import Kept
    from tagd.config import Config
    from tagd.ops.control import Reply
    from tagd.revise.hold import Hold

__all__ = ["Activity", "KeptEmbeddings", "Latest", "Queued", "StatusReport", "status", "watched"]

ANSWER_SECONDS = 2.0  # for what the daemon itself is asked, beside the catalogue
PART_SECONDS, PARTS = 10.0, 60  # the pace is told over ten minutes
LATEST = 6  # photos that were tagged last


@dataclass(frozen=True, slots=True)
class KeptEmbeddings:
    """Whether they are to be kept, what is kept, and how many photos lack one."""

    keep: bool = True
    kept: tuple[Kept, ...] = ()
    lacking: int = 0


@dataclass(frozen=True, slots=True)
class StatusReport:
    """How things stand at one moment, `at` (seconds since 1970): the counts of the catalogue, what
    a person told the daemon, and what does the work. Windows open at aware moments, None: never."""

    at: float
    catalogue: Path
    status: Status
    mode: Standing
    holder: Holder | None
    issues: tuple[str, ...]  # what the daemon says is wrong
    unread: Mapping[str, int] | None  # pictures that it does not read; None where none answers
    engine: Mapping[str, str]  # the model and the device that worked last; empty: none yet
    windows: tuple[str, ...]  # the hours of work
    retag_opens_at: datetime | None
    retag_hold: Hold | None  # what re-tagging waits for
    retag_per_hour: int
    times: StageTimes | None  # of the stages; None before a photo
    embeddings: KeptEmbeddings
    taggers: tuple[str, ...] = (CLASSIFIER,)  # who looks at photos, as configured

    @property
    def moment(self) -> datetime:
        """Return `at` as an aware moment."""
        return datetime.fromtimestamp(self.at, UTC)


@dataclass(frozen=True, slots=True)
class Activity:
    """What goes on: the queue, how many photos were tagged in each part of `PART_SECONDS`, the
    latest last, and the photos that were tagged last."""

    queue: tuple[Queued, ...]
    pace: tuple[int, ...]
    latest: tuple[Latest, ...]


def status(catalogue: Catalogue, config: Config) -> StatusReport:
    """Return how things stand. Asks the daemon too, if this user may."""
    with catalogue.read() as tx:
        return _report(tx, config)


def watched(catalogue: Catalogue, config: Config) -> tuple[StatusReport, Activity]:
    """Return how things stand and what goes on at the same moment."""
    with catalogue.read() as tx:
        report = _report(tx, config)
        return report, Activity(
            queue=tuple(activity.queue(tx)),
            pace=tuple(activity.pace(tx, report.at, PART_SECONDS, PARTS)),
            latest=tuple(activity.latest(tx, LATEST)),
        )


def _report(tx: Connection, config: Config) -> StatusReport:
    now, path = time.time(), config.catalogue.path
    kept = settings.get(tx, settings.STAGE_TIMES)
    holder = owner_of(path)
    reply = _answer(holder, settings.get(tx, settings.CONTROL))
    moment = datetime.fromtimestamp(now, UTC)
    opens_at = next_opening(map(hours_of, config.retag.windows), moment)
    per_hour = pace.load(tx, config.retag.per_hour)
    return StatusReport(
        at=now,
        catalogue=path,
        status=overview.status(tx, now),
        mode=mode.get(tx),
        holder=holder,
        issues=reply.troubles if reply else (),
        unread=reply.unread if reply else None,
        engine=json.loads(settings.get(tx, settings.WORKING_WITH) or "{}"),
        windows=config.worker.windows,
        retag_opens_at=opens_at,
        retag_hold=hold.held(opens_at, per_hour, stale.queue(tx), moment),
        retag_per_hour=config.retag.per_hour,
        times=None if kept is None else StageTimes.loaded(kept),
        embeddings=KeptEmbeddings(
            config.embeddings.keep, tuple(embedded.kept(tx)), embedded.lacking(tx)
        ),
        taggers=(CLASSIFIER, *([EVERYDAY] if config.taggers.everyday else [])),
    )


def _answer(holder: Holder | None, place: str | None) -> Reply | None:
    """Return what the daemon that listens at `place` says; None where none runs, or where it is
    another user's, who alone may ask it."""
    if holder is None or holder.what != "tagd run" or place is None:
        return None
    try:
        return tell(Path(place), Command.TROUBLES, ANSWER_SECONDS)
    except ControlError:
        return None
