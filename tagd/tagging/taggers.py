"""Taggers that look at photos beside the classifier, each with tags and a plan of its own.

    due → look → derive

One that fails leaves what it gave before in force, and its photos stale for it; the others go on.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

from tagd.catalogue.tagging import record
from tagd.catalogue.tagging.record import Look, Tagging
from tagd.errors import ModelError, TagdError, in_a_line

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

    from sqlalchemy import Connection

    from tagd.catalogue.tagging.record import InForce
    from tagd.domain import DecodedPhoto, Geometry, Predictions, Tags, Want
    from tagd.tagging.classify import Answer

REST_SECONDS: Final = 60.0  # after one has failed, until photos are queued for it again


@dataclass(frozen=True, slots=True)
class Seen:
    """A photo as a tagger sees it: decoded, and what the classifier said of it just now, None where
    it was not asked."""

    photo: DecodedPhoto
    answer: Answer | None = None


class Tagger(Protocol):
    """Looks at photos. One thread calls it."""

    @property
    def key(self) -> str:
        """What it is called in the catalogue, the same for ever."""

    @property
    def plan(self) -> Want:
        """What it looks at photos by now: another plan makes them stale. Raises `ModelError` where
        it cannot look."""

    @property
    def geometries(self) -> tuple[Geometry, ...]:
        """The models' inputs that it needs of each photo."""

    def look(self, photos: Sequence[Seen]) -> Sequence[Predictions]:
        """What it says of each photo. Raises `ModelError`."""

    def tags_of(self, predictions: Predictions) -> Tags:
        """The tags that follow from what it said."""


class Taggers:
    """Those that look beside the classifier, in the order in which they are named."""

    def __init__(
        self, taggers: Sequence[Tagger] = (), clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._taggers = tuple(taggers)
        self._clock = clock
        self._absent: dict[str, str] = {}  # those without a plan, by key: why
        self._failed: dict[str, tuple[str, float]] = {}  # by key: why, and until when it rests

    def __iter__(self) -> Iterator[Tagger]:
        return iter(self._taggers)

    @property
    def geometries(self) -> tuple[Geometry, ...]:
        """The models' inputs that they need of each photo, each once."""
        needed = (geometry for tagger in self._taggers for geometry in tagger.geometries)
        return tuple(dict.fromkeys(needed))

    @property
    def troubles(self) -> tuple[str, ...]:
        """What keeps taggers from looking at the moment. From any thread."""
        reasons = {key: why for key, (why, _) in dict(self._failed).items()} | self._absent
        return tuple(f"the tagger {key} does not look: {why}" for key, why in reasons.items())

    def ready(self) -> Iterator[Tagger]:
        """Those for which photos may be queued now."""
        now = self._clock()
        return (each for each in self._taggers if self._failed.get(each.key, ("", now))[1] <= now)

    def plan_of(self, tagger: Tagger) -> Want | None:
        """What it looks at photos by; None where it cannot, which is a trouble from then on."""
        try:
            plan = tagger.plan
        except ModelError as error:
            self._absent[tagger.key] = in_a_line(error)
            return None
        self._absent.pop(tagger.key, None)
        return plan

    def known(self, tx: Connection, photo_ids: Collection[str]) -> dict[str, Mapping[str, InForce]]:
        """By what each has looked at these photos, by tagger and photo id."""
        return {each.key: record.known(tx, photo_ids, each.key) for each in self._taggers}

    def look(
        self,
        decoded: Sequence[DecodedPhoto],
        answers: Mapping[str, Answer],
        known: Mapping[str, Mapping[str, InForce]],
    ) -> dict[str, dict[str, Look]]:
        """What each makes of these photos, by photo id and tagger. `answers` are the classifier's,
        by photo id, `known` is by tagger and photo id."""
        photos = {each.photo_id: Seen(each, answers.get(each.photo_id)) for each in decoded}
        found: dict[str, dict[str, Look]] = {photo_id: {} for photo_id in photos}
        for tagger in self._taggers:
            plan = self.plan_of(tagger)
            due = [] if plan is None else _due(tagger, plan, photos, known[tagger.key])
            said = self._ask(tagger, due)
            for photo_id in photos:
                predictions = said.get(photo_id)
                tagging = plan and predictions and _tagging(tagger, plan, predictions)
                found[photo_id][tagger.key] = Look(tagging or None, plan)
        return found

    def _ask(self, tagger: Tagger, due: Sequence[Seen]) -> dict[str, Predictions]:
        if not due:
            return {}
        try:
            said = tagger.look(due)
        except Exception as error:  # noqa: BLE001 - whatever it is, it costs its own tags alone
            is_ours = not isinstance(error, TagdError)
            why = f"{error!r}, a fault of tagd's" if is_ours else in_a_line(error)
            self._failed[tagger.key] = why, self._clock() + REST_SECONDS
            return {}
        self._failed.pop(tagger.key, None)
        return {predictions.photo_id: predictions for predictions in said}


def _due(
    tagger: Tagger, plan: Want, photos: Mapping[str, Seen], known: Mapping[str, InForce]
) -> list[Seen]:
    """The photos that it has not looked at by this plan, of those that were decoded for it."""
    needed = set(tagger.geometries)

    def is_due(seen: Seen) -> bool:
        before = known.get(seen.photo.photo_id)
        if before is None or before.orientation != seen.photo.facts.orientation:
            return True
        return before.asked != plan.key

    return [seen for seen in photos.values() if is_due(seen) and needed <= seen.photo.inputs.keys()]


def _tagging(tagger: Tagger, plan: Want, predictions: Predictions) -> Tagging:
    tags = tagger.tags_of(predictions)
    return Tagging(f"the tagger {tagger.key}", (predictions,), tags, asked=plan)
