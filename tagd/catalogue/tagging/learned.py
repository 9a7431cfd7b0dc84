"""The tags and suggestions that follow from heads: only what differs is written, and never over
what a person, or the photo itself, says of the label.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, bindparam, delete, insert, or_, select, update

from tagd.catalogue.db.bulk import one_of
from tagd.catalogue.db.schema import history, label, tag
from tagd.catalogue.db.statements import chunks
from tagd.catalogue.plans.taggers import tagger_ids
from tagd.catalogue.tagging import personal
from tagd.catalogue.tagging.corrections import Change, note
from tagd.catalogue.tagging.tags import Said, nothing_above
from tagd.domain import LEARNED, TagSource, TagState

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from sqlalchemy import Connection

    from tagd.catalogue.tagging.personal import Personal
    from tagd.catalogue.tagging.runs import Run

_NEAR = 0.01  # a confidence that differs by less stays as it is


@dataclass(frozen=True, slots=True)
class Scored:
    """How sure the head of a model is of a photo, both by row id. `is_like`: sure enough."""

    photo_id: int
    model_id: int
    confidence: float
    is_like: bool


@dataclass(frozen=True, slots=True)
class Outcome:
    """Photos by row id: which get the tag, lose it, or are suggested."""

    gained: frozenset[int] = frozenset()
    lost: frozenset[int] = frozenset()
    suggested: frozenset[int] = frozenset()

    def __or__(self, other: Outcome) -> Outcome:
        return Outcome(
            self.gained | other.gained, self.lost | other.lost, self.suggested | other.suggested
        )

    @property
    def changed(self) -> frozenset[int]:
        """The photos that gain or lose the tag."""
        return self.gained | self.lost


def put(
    tx: Connection,
    of: Personal,
    scored: Sequence[Scored],
    gives: Collection[int],
    *,
    run: Run,
    now: float,
    above: Callable[[str], Collection[str]] = nothing_above,
) -> Outcome:
    """Make the learned tags and suggestions of these photos what they are to be; all others stay.
    `gives`: the models, by row id, whose heads may give the tag. What comes and goes is written
    into the history under `run`."""
    photos = [each.photo_id for each in scored]
    standing = _standing(tx, of, photos)
    allowed = [
        each
        for each in scored
        if each.is_like and not standing.said[each.photo_id].forbids(of.label, above)
    ]
    free = [each for each in allowed if each.photo_id not in standing.judged]
    undone = _taken_back(tx, of, [each.photo_id for each in free])
    given = {
        each.photo_id: each
        for each in free
        if of.gives and each.model_id in gives and each.photo_id not in undone
    }
    _give(tx, of, given, standing.learned, run=run, now=now)
    suggested = {
        each.photo_id: (each.model_id, each.confidence)
        for each in free
        if each.photo_id not in given and each.photo_id not in standing.tagged
    }
    personal.replace_suggestions(tx, of.label_id, suggested, photos, now)
    return Outcome(
        frozenset(given.keys() - standing.learned.keys()),
        frozenset(standing.learned.keys() - given.keys()),
        frozenset(suggested),
    )


def photos_with(tx: Connection, label_id: int) -> list[int]:
    """Return the photos, by row id, to which a head gave the label and of which nobody has said
    more."""
    mine = and_(
        tag.c.label_id == label_id,
        tag.c.source == TagSource.LEARNED,
        tag.c.state == TagState.ACTIVE,
    )
    return list(tx.scalars(select(tag.c.photo_id).where(mine).order_by(tag.c.photo_id)))


def said_of(tx: Connection, of: Personal, photos: Collection[int]) -> set[int]:
    """Return those of these photos that have the label by a head, or are suggested for it."""
    mine = select(tag.c.photo_id).where(
        one_of(tag.c.photo_id, photos),
        tag.c.label_id == of.label_id,
        tag.c.source == TagSource.LEARNED,
        tag.c.state == TagState.ACTIVE,
    )
    return set(tx.scalars(mine)) | personal.suggestions(tx, of.label_id, photos)


def take_off(tx: Connection, of: Personal, photos: Collection[int], run: Run, now: float) -> None:
    """Take a label off photos that a head gave it, and nobody else."""
    standing = _standing(tx, of, photos)
    _give(tx, of, {}, standing.learned, run=run, now=now)


@dataclass(frozen=True, slots=True)
class _Standing:
    """What photos have of the label: those by heads alone with their confidence, those that anybody
    else judged, those that models gave it; and what is said of all labels."""

    learned: Mapping[int, float]
    judged: frozenset[int]
    tagged: frozenset[int]
    said: Mapping[int, Said]


def _standing(tx: Connection, of: Personal, photos: Collection[int]) -> _Standing:
    learned: dict[int, float] = {}
    judged, tagged, said = set[int](), set[int](), defaultdict[int, Said](Said)
    for some in chunks(photos):
        rows = tx.execute(
            select(tag, label.c.key)
            .join_from(tag, label, label.c.id == tag.c.label_id)
            .where(
                tag.c.photo_id.in_(some),
                or_(
                    tag.c.label_id == of.label_id,
                    tag.c.source.in_([TagSource.PERSON, TagSource.METADATA]),
                    tag.c.state != TagState.ACTIVE,
                ),
            )
        )
        for row in rows:
            is_active = row.state == TagState.ACTIVE
            if row.state == TagState.REJECTED:
                said[row.photo_id].rejected.add(row.key)
            elif row.source in {TagSource.PERSON, TagSource.METADATA} or not is_active:
                said[row.photo_id].right.add(row.key)
            if row.label_id != of.label_id:
                continue
            if row.source == TagSource.LEARNED and is_active:
                learned[row.photo_id] = row.confidence
            elif row.source == TagSource.MODEL and is_active:
                tagged.add(row.photo_id)
            else:
                judged.add(row.photo_id)
    mine = {photo: sure for photo, sure in learned.items() if photo not in judged}
    return _Standing(mine, frozenset(judged), frozenset(tagged), said)


def _taken_back(tx: Connection, of: Personal, photos: Collection[int]) -> set[int]:
    """Return those of these photos of which a person took the learned tag back since they last said
    that photos are to get it."""
    found = set[int]()
    for some in chunks(photos):
        its = select(history.c.photo_id).where(
            history.c.photo_id.in_(some),
            history.c.label_id == of.label_id,
            history.c.source == TagSource.LEARNED,
            history.c.who == TagSource.PERSON,
            history.c.after.is_(None),
            history.c.at > of.told_at,
        )
        found.update(tx.scalars(its))
    return found


def _give(
    tx: Connection,
    of: Personal,
    given: Mapping[int, Scored],
    learned: Mapping[int, float],
    *,
    run: Run,
    now: float,
) -> None:
    """Have these photos have the tag, in place of those that have it by heads."""
    [tagger_id] = tagger_ids(tx, [LEARNED]).values()
    mine = and_(
        tag.c.photo_id == bindparam("of_photo"),
        tag.c.label_id == of.label_id,
        tag.c.source == TagSource.LEARNED,
        tag.c.state == TagState.ACTIVE,
    )
    gone, come = sorted(learned.keys() - given.keys()), sorted(given.keys() - learned.keys())
    if gone:
        tx.execute(delete(tag).where(mine), [{"of_photo": each} for each in gone])
    moved = [
        {"of_photo": each.photo_id, "sure": each.confidence, "by": each.model_id}
        for each in given.values()
        if abs(learned.get(each.photo_id, each.confidence) - each.confidence) >= _NEAR
    ]
    if moved:
        values: dict[str, Any] = {"confidence": bindparam("sure"), "model_id": bindparam("by")}
        tx.execute(update(tag).where(mine).values(values), moved)
    if come:
        tx.execute(insert(tag), [_row(of, given[each], tagger_id, now) for each in come])
    changes = [_change(of, each, tagger_id, None, TagState.ACTIVE) for each in come]
    changes += [_change(of, each, tagger_id, TagState.ACTIVE, None) for each in gone]
    note(tx, changes, TagSource.LEARNED, run, now)


def _row(of: Personal, scored: Scored, tagger_id: int, now: float) -> dict[str, Any]:
    return {
        "photo_id": scored.photo_id,
        "label_id": of.label_id,
        "source": TagSource.LEARNED,
        "tagger_id": tagger_id,
        "state": TagState.ACTIVE,
        "confidence": scored.confidence,
        "model_id": scored.model_id,
        "tagged_at": now,
    }


def _change(
    of: Personal, photo_id: int, tagger_id: int, before: TagState | None, after: TagState | None
) -> Change:
    return Change(photo_id, of.label_id, TagSource.LEARNED, before, after, None, tagger_id)
