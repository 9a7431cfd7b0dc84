"""Taggers that look at photos beside the classifier, each with tags and a plan of its own.

    due → look, and tags follow from what all say together (`Derivation.together`)

One that fails leaves what it gave before in force, and its photos stale for it; the others go on.
"""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

from tagd.catalogue.tagging import embeddings, record
from tagd.catalogue.tagging.record import Look, Tagging
from tagd.catalogue.tagging.runs import Run
from tagd.domain import Tags
from tagd.errors import ModelError, TagdError, in_a_line

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

    from sqlalchemy import Connection

    from tagd.catalogue.tagging.record import InForce
    from tagd.domain import DecodedPhoto, Embedding, Geometry, Predictions, Want
    from tagd.tagging.classify import Answer

REST_SECONDS: Final = 60.0  # after one has failed, until photos are queued for it again


@dataclass(frozen=True, slots=True)
class Seen:
    """A photo as a tagger sees it: decoded, what the classifier said of it just now, None where it
    was not asked, and what a model sees in it, now or before, None where nobody knows."""

    photo: DecodedPhoto
    answer: Answer | None = None
    embedding: Embedding | None = None


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
    def follows(self) -> bool:
        """Whether it looks again whenever the classifier does."""

    @property
    def bases(self) -> Collection[str]:
        """The fingerprints of the models from whose embeddings alone it tells, without the photo;
        none for one that always looks at the picture."""

    def geometries(self, models: Sequence[str]) -> tuple[Geometry, ...]:
        """Return the models' inputs that it needs of a photo that the classifier may ask these
        models about; of none where it is not asked."""

    def explain(self, models: Sequence[str]) -> str:
        """Say by what it tells of a photo that the classifier asks these models about, in words.
        Raises `ModelError`."""

    def can_see(self, seen: Seen) -> bool:
        """Return whether there is all that it needs of this photo."""

    def look(self, photos: Sequence[Seen]) -> Sequence[Predictions]:
        """Return what it says of each photo. Raises `ModelError`."""

    def recall(self, embeddings: Sequence[Embedding]) -> Sequence[Predictions]:
        """Return what it says of photos by what its `bases` see in them. Raises `ModelError`."""


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

    def __bool__(self) -> bool:
        return bool(self._taggers)

    def geometries(self, models: Sequence[str]) -> tuple[Geometry, ...]:
        """The models' inputs that they need of a photo that the classifier may ask these models
        about, each once."""
        needed = (geometry for each in self._able() for geometry in each.geometries(models))
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

    def plans(self) -> dict[str, Want]:
        """What those that can look at photos look by, by their keys."""
        found = {each.key: self.plan_of(each) for each in self._taggers}
        return {key: plan for key, plan in found.items() if plan is not None}

    def _able(self) -> Iterator[Tagger]:
        """Those that can look."""
        return (each for each in self._taggers if self.plan_of(each) is not None)

    def known(self, tx: Connection, photo_ids: Collection[str]) -> dict[str, Mapping[str, InForce]]:
        """By what each has looked at these photos, by tagger and photo id."""
        return {each.key: record.known(tx, photo_ids, each.key) for each in self._taggers}

    def kept(self, tx: Connection, photo_ids: Collection[str]) -> dict[str, Embedding]:
        """What models from whose embeddings any of them tells saw in these photos before, by photo
        id."""
        bases = {base for each in self._able() for base in each.bases}
        return embeddings.kept_of(tx, photo_ids, bases) if bases and photo_ids else {}

    def look(
        self, photos: Mapping[str, Seen], known: Mapping[str, Mapping[str, InForce]]
    ) -> dict[str, dict[str, Look]]:
        """What each makes of these photos, by photo id and tagger; `known` is by tagger and photo
        id. Which tags follow is not said yet."""
        found: dict[str, dict[str, Look]] = {photo_id: {} for photo_id in photos}
        for tagger in self._taggers:
            plan = self.plan_of(tagger)
            due = [] if plan is None else _due(tagger, plan, photos, known[tagger.key])
            said = self._ask(tagger, due)
            late = None if plan is None else catching_up(tagger.key, plan)
            for photo_id, seen in photos.items():
                tagging = None
                if plan is not None and (predictions := said.get(photo_id)) is not None:
                    run = None if seen.answer else late
                    tagging = tagging_of(tagger.key, plan, predictions, run)
                found[photo_id][tagger.key] = Look(tagging, plan)
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
    """The photos that it has not looked at by this plan, of those in which it can see anything."""

    def is_due(seen: Seen) -> bool:
        before = known.get(seen.photo.photo_id)
        if before is None or before.orientation != seen.photo.facts.orientation:
            return True
        follows = tagger.follows and seen.answer is not None and before.stands
        return follows or before.asked != plan.key

    return [seen for seen in photos.values() if is_due(seen) and tagger.can_see(seen)]


def tagging_of(key: str, plan: Want, predictions: Predictions, run: Run | None = None) -> Tagging:
    """Return what a tagger said as it is recorded, with the tags left to what all say together."""
    nothing = Tags(predictions.photo_id, ())
    return Tagging(f"the tagger {key}", (predictions,), nothing, asked=plan, run=run)


def catching_up(key: str, plan: Want) -> Run:
    """Return the run to which all looks of a tagger by this plan belong at photos that the
    classifier had looked at before: one, however often tagd is started meanwhile."""
    digest = hashlib.sha256(f"{key} {plan.key}".encode()).hexdigest()[:32]
    return Run(digest, f"{key}, for photos tagged before", time.time())
