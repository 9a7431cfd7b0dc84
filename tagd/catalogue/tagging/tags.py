"""Labels, models, and the tags that a model's predictions gave a photo.

A person outranks a model: a tag that a person confirmed or rejected is never touched from here, and
a label that was rejected for a photo is not given to it again by any model, nor is what is a kind
of it.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlalchemy import bindparam, delete, or_, select, update

from tagd.catalogue.db.bulk import among, at_once
from tagd.catalogue.db.ids import ids_of, ids_taken_in
from tagd.catalogue.db.schema import CLASSIFIER_ID, label, model, tag
from tagd.catalogue.db.statements import chunks
from tagd.domain import TagSource, TagState

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from sqlalchemy import Connection

    from tagd.catalogue.db.statements import Row
    from tagd.domain import Tags

# Made once, as they are said with every batch of photos.
_TAKE_OFF = delete(tag).where(
    among(tag.c.photo_id, "photos"),
    tag.c.source == TagSource.MODEL,
    tag.c.tagger_id == bindparam("tagger"),
    tag.c.state == TagState.ACTIVE,
)
# A row that is still there was confirmed by a person, and stays as it is.
_PUT_ON = """
    INSERT INTO tag (photo_id, label_id, source, tagger_id, state, confidence, model_id, tagged_at)
    VALUES {} ON CONFLICT DO NOTHING"""
_SAID = (
    select(tag.c.photo_id, label.c.key, tag.c.state)
    .join_from(tag, label, label.c.id == tag.c.label_id)
    .where(
        among(tag.c.photo_id, "photos"),
        or_(tag.c.source != TagSource.MODEL, tag.c.state != TagState.ACTIVE),
    )
)


@dataclass(frozen=True, slots=True)
class ModelTags:
    """Tags that a model gives a photo, by the row ids of both."""

    photo_row_id: int
    model_id: int
    tags: Tags


def nothing_above(_label: str) -> tuple[str, ...]:
    """What a label is a kind of, where no hierarchy is known."""
    return ()


def label_ids(tx: Connection, names: Mapping[str, str]) -> dict[str, int]:
    """The row id of each label (key → display name); those not seen before are taken in."""
    return ids_of_named(tx, names, names.__getitem__)


def ids_of_named(
    tx: Connection, keys: Collection[str], name_of: Callable[[str], str]
) -> dict[str, int]:
    """The same where a name takes a while: it is asked for labels not seen before alone."""
    return ids_taken_in(tx, label.c.key, keys, lambda key: {"name": name_of(key)})


def labels_present(tx: Connection, keys: Collection[str]) -> dict[str, int]:
    """The row ids of those of these labels that are in the catalogue."""
    return ids_of(tx, label.c.key, keys)


def label_names(tx: Connection) -> dict[str, str]:
    """What every label in the catalogue is called."""
    return dict(tx.execute(select(label.c.key, label.c.name)).all())


def names_of(tx: Connection, labels: Collection[int]) -> dict[int, str]:
    """What these labels are called, by row id."""
    return dict(tx.execute(select(label.c.id, label.c.name).where(label.c.id.in_(labels))).all())


def labels_on(tx: Connection, photos: Collection[int], *, rejected: bool = False) -> set[str]:
    """The labels that any of these photos has as tags in force, or that are rejected there."""
    found: set[str] = set()
    state = tag.c.state == TagState.REJECTED if rejected else tag.c.state != TagState.REJECTED
    for some in chunks(photos):
        its = select(tag.c.label_id).where(tag.c.photo_id.in_(some), state)
        found.update(tx.scalars(select(label.c.key).where(label.c.id.in_(its))))
    return found


def said_by_person(tx: Connection, photo: int) -> set[str]:
    """The labels that a person gave this photo, by its row id, or confirmed."""
    said = or_(tag.c.source == TagSource.PERSON, tag.c.state == TagState.CONFIRMED)
    in_force = select(tag.c.label_id).where(
        tag.c.photo_id == photo, said, tag.c.state != TagState.REJECTED
    )
    return set(tx.scalars(select(label.c.key).where(label.c.id.in_(in_force))))


def photos_with(tx: Connection, keys: Collection[str]) -> set[int]:
    """The photos that have any of these labels, by their row ids."""
    found: set[int] = set()
    for some in chunks(ids_of(tx, label.c.key, keys).values()):
        found.update(tx.scalars(select(tag.c.photo_id).where(tag.c.label_id.in_(some))))
    return found


def label_keys(tx: Connection) -> list[str]:
    """Every label in the catalogue."""
    return list(tx.scalars(select(label.c.key).order_by(label.c.key)))


def renamed(tx: Connection, names: Mapping[str, str]) -> dict[str, str]:
    """Which of these labels are in the catalogue under another name than this."""
    present = label_names(tx)
    return {key: name for key, name in names.items() if present.get(key, name) != name}


def rename_labels(tx: Connection, names: Mapping[str, str]) -> int:
    """Give labels other display names, as after a change of language. Labels not in the catalogue
    are passed over. Returns how many changed."""
    changed = [{"of": key, "to": name} for key, name in renamed(tx, names).items()]
    if changed:
        named = update(label).where(label.c.key == bindparam("of"))
        tx.execute(named.values(name=bindparam("to")), changed)
    return len(changed)


def model_ids(tx: Connection, names: Mapping[str, str], now: float) -> dict[str, int]:
    """The row id of each model (fingerprint → name); those not seen before are taken in."""

    def row_of(fingerprint: str) -> Row:
        return {"name": names[fingerprint], "first_used_at": now}

    return ids_taken_in(tx, model.c.fingerprint, names, row_of)


def replace_model_tags(
    tx: Connection,
    given: Sequence[ModelTags],
    now: float,
    above: Callable[[str], Collection[str]] = nothing_above,
    tagger_id: int = CLASSIFIER_ID,
) -> None:
    """Put these tags in the place of those that the tagger's models gave the photos before. Their
    labels must be known (`label_ids`). `above` tells what a label is a kind of."""
    if not given:
        return
    photos = [each.photo_row_id for each in given]
    ids = ids_of(tx, label.c.key, {each.label for one in given for each in one.tags.tags})
    tx.execute(_TAKE_OFF, {"photos": photos, "tagger": tagger_id})
    said = _said(tx, photos)
    by_model, active = str(TagSource.MODEL), str(TagState.ACTIVE)
    rows = [
        (
            one.photo_row_id,
            ids[each.label],
            by_model,
            tagger_id,
            active,
            each.confidence,
            one.model_id,
            now,
        )
        for one in given
        for each in one.tags.tags
        if not said[one.photo_row_id].forbids(each.label, above)
    ]
    at_once(tx, _PUT_ON, rows)


@dataclass(slots=True)
class Said:
    """What is said of one photo and is no model's word: labels that were rejected, and labels that
    a person or the photo itself says are right."""

    rejected: set[str] = field(default_factory=set)
    right: set[str] = field(default_factory=set)

    def forbids(self, label: str, above: Callable[[str], Collection[str]]) -> bool:
        """Whether a label was rejected, or what it is a kind of: no cat, where there is no animal.
        What is a kind of something right is not forbidden by what is broader: no animal, but a
        bird, may well be a finch."""
        if not self.rejected:
            return False
        wider = above(label)
        allowed = {each for one in self.right.intersection((label, *wider)) for each in above(one)}
        return label in self.rejected or any(
            each in self.rejected and each not in allowed for each in wider
        )


def _said(tx: Connection, photos: Sequence[int]) -> Mapping[int, Said]:
    """What is said of these photos, by row id."""
    found: dict[int, Said] = defaultdict(Said)
    for photo_id, key, state in tx.execute(_SAID, {"photos": photos}):
        its = found[photo_id]
        (its.rejected if state == TagState.REJECTED else its.right).add(key)
    return found
