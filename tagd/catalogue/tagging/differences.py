"""How the tags that photos are to have differ from those that they have. Pure."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from tagd.catalogue.db.schema import CLASSIFIER_ID
from tagd.catalogue.tagging.tags import nothing_above

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from tagd.catalogue.tagging.derived import TaggedPhoto
    from tagd.domain import Tag, Tags


@dataclass(frozen=True, slots=True)
class Difference:
    """What becomes of one photo's tags by one tagger: those that come, go, or are as sure as they
    were not. `model_id` and `tagged_at` are None where nothing can come. `standing` are labels that
    neither come nor go by it, as somebody else gives them too: see `told_once`."""

    row_id: int
    tagger_id: int = CLASSIFIER_ID
    model_id: int | None = None
    tagged_at: float | None = None
    gained: tuple[Tag, ...] = ()
    lost: tuple[str, ...] = ()
    moved: tuple[Tag, ...] = ()
    standing: frozenset[str] = frozenset()
    others: Mapping[str, frozenset[int]] = field(default_factory=dict)  # as `TaggedPhoto` has them

    def __bool__(self) -> bool:
        return bool(self.gained or self.lost or self.moved)

    @property
    def come(self) -> tuple[str, ...]:
        """The labels that the photo gets. One that stands already does not come."""
        return tuple(each.label for each in self.gained if each.label not in self.standing)

    @property
    def gone(self) -> tuple[str, ...]:
        """The labels that the photo loses. One that stands by another's word does not go."""
        return tuple(key for key in self.lost if key not in self.standing)


def difference(
    photo: TaggedPhoto, tags: Tags, above: Callable[[str], Collection[str]] = nothing_above
) -> Difference:
    """How these tags differ from those that the photo has. `above` tells what a label is a kind of:
    with a label all that is below it was rejected."""
    wanted = {
        each.label: each
        for each in tags.tags
        if each.label not in photo.confirmed and not photo.said.forbids(each.label, above)
    }
    return Difference(
        row_id=photo.row_id,
        tagger_id=photo.tagger_id,
        model_id=photo.model_id,
        tagged_at=photo.tagged_at,
        gained=tuple(each for key, each in wanted.items() if key not in photo.given),
        lost=tuple(key for key in photo.given if key not in wanted),
        moved=tuple(
            each
            for key, each in wanted.items()
            if photo.given.get(key, each.confidence) != each.confidence
        ),
        standing=frozenset(photo.said.right),
        others=photo.others,
    )


def told_once(differences: Iterable[Difference]) -> list[Difference]:
    """Return what becomes of photos by all taggers together: a label comes where none gave it and
    goes where none gives it any more, and one tagger tells of that, the first."""
    by_photo: dict[int, list[Difference]] = defaultdict(list)
    for each in differences:
        by_photo[each.row_id].append(each)
    return [
        replace(each, standing=each.standing | _standing(each, its))
        for its in by_photo.values()
        for each in its
    ]


def _standing(of: Difference, together: Sequence[Difference]) -> set[str]:
    """The labels that neither come nor go by this one."""
    if len(together) == 1 and not of.others:
        return set()
    gain: dict[str, list[int]] = defaultdict(list)
    lose: dict[str, list[int]] = defaultdict(list)
    for one in together:
        for tag in one.gained:
            gain[tag.label].append(one.tagger_id)
        for label in one.lost:
            lose[label].append(one.tagger_id)
    come = {tag.label for tag in of.gained}
    had = {key for key in come if of.others.get(key)}
    have = {
        key
        for key in of.lost
        if gain[key] or not of.others.get(key, frozenset()).issubset(lose[key])
    }
    told = {key for key in come if min(gain[key]) != of.tagger_id}
    told |= {key for key in of.lost if min(lose[key]) != of.tagger_id}
    return had | have | told
