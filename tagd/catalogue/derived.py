"""Tags in force beside the predictions that they follow from, and the difference where other ones
follow. Only what differs is written, and nothing that a person decided.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlalchemy import bindparam, delete, func, select, update

from tagd.catalogue.predictions import unpack
from tagd.catalogue.schema import label, model, photo, prediction, tag, tagging
from tagd.catalogue.statements import upsert
from tagd.catalogue.tags import label_ids
from tagd.domain import Predictions, Tag, Tags, TagSource, TagState

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sqlalchemy import Connection

_BY_MODEL = (tag.c.source == TagSource.MODEL) & (tag.c.state == TagState.ACTIVE)


@dataclass(frozen=True, slots=True)
class TaggedPhoto:
    """A photo's tags, and what the model said that decided them."""

    row_id: int
    model_id: int
    predictions: Predictions
    given: Mapping[str, float] = field(default_factory=dict)  # by the model: label → confidence
    decided: frozenset[str] = frozenset()  # labels that a person rejected, or confirmed


@dataclass(frozen=True, slots=True)
class Difference:
    """What becomes of one photo's tags: those that come, go, or are as sure as they were not."""

    photo: TaggedPhoto
    gained: tuple[Tag, ...]
    lost: tuple[str, ...]
    moved: tuple[Tag, ...]

    def __bool__(self) -> bool:
        return bool(self.gained or self.lost or self.moved)


def difference(photo: TaggedPhoto, tags: Tags) -> Difference:
    """How these tags differ from those that the photo has."""
    wanted = {each.label: each for each in tags.tags if each.label not in photo.decided}
    return Difference(
        photo=photo,
        gained=tuple(each for key, each in wanted.items() if key not in photo.given),
        lost=tuple(key for key in photo.given if key not in wanted),
        moved=tuple(
            each
            for key, each in wanted.items()
            if photo.given.get(key, each.confidence) != each.confidence
        ),
    )


def page(tx: Connection, *, after: int = 0, limit: int) -> list[TaggedPhoto]:
    """The next photos that have predictions in force, in the order of their rows."""
    some = (
        select(photo.c.id, photo.c.tagging_id)
        .where(photo.c.id > after, photo.c.tagging_id.is_not(None))
        .order_by(photo.c.id)
        .limit(limit)
    )
    return tagged(tx, dict(tx.execute(some).all()))


def tagged(tx: Connection, taggings: Mapping[int, int]) -> list[TaggedPhoto]:
    """These photos (photo → tagging, by their row ids) with what was said in that tagging, in the
    order of their rows."""
    if not taggings:
        return []
    stages = prediction.alias()
    last = select(func.max(stages.c.stage)).where(stages.c.tagging_id == tagging.c.id)
    rows = tx.execute(
        select(
            photo.c.id,
            photo.c.content_hash,
            model.c.id,
            model.c.name,
            model.c.fingerprint,
            prediction.c.logits,
            prediction.c.log_sum_exp,
        )
        .join_from(photo, tagging, tagging.c.photo_id == photo.c.id)
        .join(
            prediction,
            (prediction.c.tagging_id == tagging.c.id)
            & (prediction.c.stage == last.scalar_subquery()),
        )
        .join(model, model.c.id == prediction.c.model_id)
        .where(tagging.c.id.in_(list(taggings.values())))
        .order_by(photo.c.id)
    ).all()
    keys: dict[int, str] = dict(tx.execute(select(label.c.id, label.c.key)).all())
    given, decided = _tags(tx, min(taggings), max(taggings), keys)
    photos = []
    for row_id, content_hash, model_id, name, fingerprint, packed, log_sum_exp in rows:
        ids, logits = unpack(packed)
        said = Predictions(
            photo_id=content_hash,
            model=name,
            fingerprint=fingerprint,
            labels=tuple(map(keys.__getitem__, ids)),
            logits=logits,
            log_sum_exp=log_sum_exp,
        )
        photos.append(
            TaggedPhoto(row_id, model_id, said, given[row_id], frozenset(decided[row_id]))
        )
    return photos


def put(
    tx: Connection, differences: Sequence[Difference], name_of: Callable[[str], str], now: float
) -> None:
    """Make the photos' tags what they are to be."""
    told = [each for each in differences if each]
    keys = {one.label for each in told for one in (*each.gained, *each.moved)}
    keys |= {key for each in told for key in each.lost}
    ids = label_ids(tx, {key: name_of(key) for key in sorted(keys)})
    this = _BY_MODEL & (tag.c.photo_id == bindparam("of_photo"))
    this &= tag.c.label_id == bindparam("of_label")
    if gone := [
        {"of_photo": each.photo.row_id, "of_label": ids[key]} for each in told for key in each.lost
    ]:
        tx.execute(delete(tag).where(this), gone)
    if moved := [
        {"of_photo": each.photo.row_id, "of_label": ids[one.label], "to": one.confidence}
        for each in told
        for one in each.moved
    ]:
        tx.execute(update(tag).where(this).values(confidence=bindparam("to")), moved)
    come = [
        {
            "photo_id": each.photo.row_id,
            "label_id": ids[one.label],
            "source": TagSource.MODEL,
            "state": TagState.ACTIVE,
            "confidence": one.confidence,
            "model_id": each.photo.model_id,
            "tagged_at": now,
        }
        for each in told
        for one in each.gained
    ]
    upsert(tx, tag, come, key=["photo_id", "label_id", "source"])


def _tags(
    tx: Connection, first: int, last: int, keys: Mapping[int, str]
) -> tuple[Mapping[int, dict[str, float]], Mapping[int, set[str]]]:
    """The tags of the photos from one row to another: those by a model alone, with their
    confidence, and those that a person decided about."""
    given: dict[int, dict[str, float]] = defaultdict(dict)
    decided: dict[int, set[str]] = defaultdict(set)
    rows = tx.execute(
        select(tag.c.photo_id, tag.c.label_id, tag.c.source, tag.c.state, tag.c.confidence).where(
            tag.c.photo_id.between(first, last)
        )
    )
    for photo_id, label_id, source, state, confidence in rows:
        if state == TagState.REJECTED or (
            source == TagSource.MODEL and state == TagState.CONFIRMED
        ):
            decided[photo_id].add(keys[label_id])
        elif source == TagSource.MODEL:
            given[photo_id][keys[label_id]] = confidence
    return given, decided
