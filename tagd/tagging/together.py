"""Tags of photos that are known, from what all taggers said of them: derived anew together, as what
one says counts for what the others give."""

from __future__ import annotations

from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING

from tagd.catalogue.tagging import derived
from tagd.catalogue.tagging.differences import difference, told_once

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from sqlalchemy import Connection

    from tagd.catalogue.tagging.derived import TaggedPhoto
    from tagd.catalogue.tagging.differences import Difference
    from tagd.labels.derivation import Derivation

    Taggings = Mapping[int, Mapping[int, int | None]]  # by tagger and photo, all by row id


def differences(photos: Sequence[TaggedPhoto], derivation: Derivation) -> list[Difference]:
    """Return how the tags that photos are to have differ from those that they have. `photos` are in
    the order of their rows, each with all that taggers said of it."""
    return told_once(_each(photos, derivation))


def _each(photos: Sequence[TaggedPhoto], derivation: Derivation) -> list[Difference]:
    found: list[Difference] = []
    for _, its in groupby(photos, attrgetter("row_id")):
        by_tagger = {photo.tagger: photo for photo in its}
        tags = derivation.together({key: photo.predictions for key, photo in by_tagger.items()})
        found += [
            difference(photo, tags[key], derivation.above) for key, photo in by_tagger.items()
        ]
    return found


def settle(tx: Connection, photos: Collection[int], derivation: Derivation) -> list[Difference]:
    """Give photos, by row id, the tags that follow from all that is current. Return what became of
    them."""
    found = differences(derived.tagged_by_all(tx, derived.current(tx, photos)), derivation)
    derived.put(tx, found, derivation.name_of)
    return found


def foresee(tx: Connection, moved: Taggings, derivation: Derivation) -> list[Difference]:
    """Return what becomes of photos' tags when these taggings are current, None for none."""
    photos = set[int]().union(*moved.values())
    then = derived.current(tx, photos)
    for tagger_id, by_photo in moved.items():
        then[tagger_id] = then.get(tagger_id, {}) | dict(by_photo)
    found = _each(derived.tagged_by_all(tx, then), derivation)
    for tagger_id, by_photo in moved.items():
        gone = [row for row, tagging in by_photo.items() if tagging is None]
        found += derived.untagged(tx, gone, tagger_id)
    return told_once(found)


def restore(tx: Connection, moved: Taggings, derivation: Derivation) -> None:
    """Give photos the tags of these taggings, which are current by now, and no others by their
    taggers: even a tag that both models gave is the earlier one's again, with its confidence and
    its time."""
    for tagger_id, by_photo in moved.items():
        derived.clear(tx, by_photo, tagger_id)
    settle(tx, set[int]().union(*moved.values()), derivation)
