"""Has tags catch up, beside the worker: looks which photos are stale, and queues some when it may.

Which photos are stale is kept with them. So whatever is queued may be taken out again at any time,
or be lost with the process: it is found again.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from tagd.catalogue.db import mode
from tagd.catalogue.db.mode import Mode
from tagd.catalogue.plans import stale
from tagd.catalogue.plans.taggers import tagger_ids
from tagd.domain import Choice, Priority, Stage
from tagd.errors import CatalogueError, ModelError, in_a_line
from tagd.hours import is_open
from tagd.policy import selection
from tagd.policy.lasting import Lasting
from tagd.revise import feed, pace, staleness
from tagd.revise.fill import Filler
from tagd.revise.pace import Pace
from tagd.revise.staleness import Standard
from tagd.tagging.taggers import Taggers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tagd.catalogue.db.engine import Catalogue
    from tagd.hours import Hours
    from tagd.policy.preferences import Preferences
    from tagd.revise.recall import Recall
    from tagd.tagging.classify import Survey
    from tagd.tagging.taggers import Tagger

    Say = Callable[[str, str, Mapping[str, object]], None]

TICK_SECONDS = 1.0
REST_SECONDS = 10.0  # after nothing was found to queue, and after a check that could not be made


@dataclass(frozen=True, slots=True)
class RetagSettings:
    """Plain values from the configuration. 0 `per_hour` is as many as one likes. `work_windows` are
    the hours of all work; none for always."""

    windows: tuple[Hours, ...]
    per_hour: int
    check_seconds: float
    work_windows: tuple[Hours, ...] = ()
    keeps_embeddings: bool = True


class Retagger:
    """Ticks once a second in a thread of its own. `now` is the wall clock; everything that
    must go on when somebody sets that goes by `clock`, which nobody sets."""

    def __init__(
        self,
        *,
        catalogue: Catalogue,
        preferences: Preferences,
        survey: Survey,
        taggers: Taggers | None = None,
        recall: Recall | None = None,
        settings: RetagSettings,
        on_queued: Callable[[], None],
        say: Say,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = datetime.now,
        wall: Callable[[], float] = time.time,
        beat: Callable[[], None] = lambda: None,
    ) -> None:
        self._catalogue = catalogue
        self._preferences = preferences
        self._survey = survey
        self._taggers = taggers or Taggers()
        self._recall = recall
        self._settings = settings
        self._filler = Filler(
            catalogue, keeps=settings.keeps_embeddings, rest_seconds=settings.check_seconds
        )
        self._on_queued = on_queued
        self._say = say
        self._clock = clock
        self._now = now
        self._wall = wall
        self._beat = beat
        self._pace = Pace(settings.per_hour)  # by `clock`
        self._trouble = ""  # of the last tick
        self._unmet: tuple[str, ...] = ()  # why nothing can be wanted for some photos
        self._stop = threading.Event()
        self._check_asked = threading.Event()
        self._next_check = clock()
        self._rest_until = clock()

    @property
    def troubles(self) -> tuple[str, ...]:
        """Say what keeps tags from catching up at the moment."""
        found = (*self._unmet, self._trouble)
        reasons = (f"tags do not catch up: {each}" for each in found if each)
        return (*reasons, *self._taggers.troubles)

    def ask_check(self) -> None:
        """Look anew which photos are stale, soon. From any thread."""
        self._check_asked.set()

    def stop(self) -> None:
        """End soon. From any thread."""
        self._stop.set()

    def run(self) -> None:
        """Tick until stopped. Trouble with catalogue or models is told once, and tried again."""
        while not self._stop.wait(TICK_SECONDS):
            self._beat()
            try:
                self.tick()
                self._trouble = ""
            except (CatalogueError, ModelError) as trouble:
                before, self._trouble = self._trouble, in_a_line(trouble)
                if self._trouble != before:
                    self._say("warning", "tags cannot catch up", {"reason": str(trouble)})
                self._rest_until = self._clock() + REST_SECONDS

    def take_up(self) -> None:
        """Go on from where an earlier run ended: what it queued in this hour counts, and what of it
        waits is taken out of the queue where it is not the hour for it. Raises `CatalogueError`."""
        with self._catalogue.read() as tx:
            kept = pace.load(tx, self._settings.per_hour)
        self._pace = kept.by(self._wall(), self._clock())
        if not self._is_open():
            self._withdraw()

    def tick(self) -> None:
        """Check when it is time, then queue what may be, and remove what is not to be kept. Raises
        `CatalogueError`, `ModelError`."""
        if self._check_asked.is_set() or self._clock() >= self._next_check:
            self._check_asked.clear()
            rest = REST_SECONDS
            try:
                self.check()
                rest = self._settings.check_seconds
            finally:
                self._next_check = self._clock() + rest
        self._feed()
        self._filler.remove()

    def check(self) -> None:
        """Find out what is wanted for photos, and tell how many are stale where that is new."""
        unmet: dict[str, None] = {}
        changed = staleness.refresh(
            self._catalogue,
            self._standard(),
            stopping=self._stop.is_set,
            beat=self._beat,
            hear=lambda error: unmet.update({in_a_line(error): None}),
        )
        changed |= staleness.refresh_further(
            self._catalogue,
            self._taggers.plans(),
            stopping=self._stop.is_set,
            beat=self._beat,
        )
        for reason in unmet.keys() - set(self._unmet):
            self._say("warning", "some tags cannot catch up", {"reason": reason})
        self._unmet = tuple(unmet)
        if self._recall is not None:
            self._recall.anew()
        self._rest_until = self._clock()
        if changed:
            with self._catalogue.read() as tx:
                behind = sum(gap.photos for gap in stale.gaps(tx))
            if behind:
                self._say("info", "tags are to catch up", {"photos": behind})

    def _feed(self) -> None:
        with self._catalogue.read() as tx:
            queue = stale.queue(tx)
            fills = self._filler.has_work(tx, self._clock())
            idle = not queue.retag and not fills and not stale.any_stale(tx)
            works = mode.get(tx).mode is Mode.WORKING and not queue.first
        if idle:
            return
        if self._recall is not None and works and self._is_time_to_work():
            self._recall.page()
        left = self._pace.left(self._clock())
        feeding = feed.decide(queue, is_open=self._is_open(), left=left)
        if feeding.withdraw:
            self._withdraw()
        if feeding.most and self._clock() >= self._rest_until:
            self._queue(feeding)

    def _queue(self, feeding: feed.Feeding) -> None:
        within_reach = self._within_reach()
        now = self._wall()
        with self._catalogue.write() as tx:
            refined = stale.feed(tx, Priority.REFINE, feeding.most, within_reach, now)
            most = min(feeding.of_retag, feeding.most - refined)
            again = stale.feed(tx, Priority.RETAG, most, within_reach, now)
            for tagger in self._ready():
                if (plan := self._taggers.plan_of(tagger)) is not None:
                    [tagger_id] = tagger_ids(tx, [tagger.key]).values()
                    left = most - again
                    again += stale.feed(
                        tx, Priority.RETAG, left, [plan.key], now, tagger_id=tagger_id
                    )
            here = self._fingerprints() if again < most else ()
            again += self._filler.feed(tx, here, most - again, now, self._clock())
            spent = self._pace.spend(again, self._clock())
            pace.keep(tx, spent.by(self._clock(), now))
        self._pace = spent
        if refined or again:
            self._on_queued()
        elif not self._filler.is_midway:
            self._rest_until = self._clock() + REST_SECONDS

    def _ready(self) -> Iterator[Tagger]:
        """Return the taggers for which photos may be looked at: those that are done with what is
        kept."""
        return (
            tagger
            for tagger in self._taggers.ready()
            if self._recall is None or self._recall.is_done(tagger)
        )

    def _withdraw(self) -> None:
        with self._catalogue.write() as tx:
            left = self._pace.give_back(stale.withdraw(tx, Priority.RETAG, Priority.EMBED))
            pace.keep(tx, left.by(self._clock(), self._wall()))
        self._pace = left

    def _standard(self) -> Standard:
        machine = self._survey(0)
        return Standard(Lasting(self._preferences, machine), machine)

    def _within_reach(self) -> list[str]:
        """Return the wanted models, by key, that have room in memory now: others stay for later."""
        standard = self._standard()
        return [
            standard.want_of(choice).key
            for choice in standard.lasting.possible()
            if selection.has_room(self._preferences, choice, standard.machine)
        ]

    def _fingerprints(self) -> list[str]:
        """Return those of the models that are here and have room in memory now."""
        machine = self._survey(0)
        return [
            each.fingerprint
            for each in machine.options
            if each.fingerprint
            and selection.has_room(self._preferences, Choice((Stage(each.model),), ""), machine)
        ]

    def _is_time_to_work(self) -> bool:
        windows = self._settings.work_windows
        return not windows or is_open(windows, self._now().time())

    def _is_open(self) -> bool:
        return is_open(self._settings.windows, self._now().time())
