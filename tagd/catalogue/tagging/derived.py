"""Tags in force beside the predictions that they follow from, and what becomes of them where other
ones follow (`differences.py`). Only what differs is written, and nothing that a person decided.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, delete, func, select, update

from tagd.catalogue.db.schema import (
    CLASSIFIER_ID,
    label,
    model,
    photo,
    photo_tagger,
    prediction,
    tag,
    tagging,
)
from tagd.catalogue.db.statements import chunks, upsert
from tagd.catalogue.plans.taggers import known
from tagd.catalogue.tagging.corrections import CERTAIN, KEY, Change, note
from tagd.catalogue.tagging.differences import Difference
from tagd.catalogue.tagging.predictions import unpack
from tagd.catalogue.tagging.tags import Said, ids_of_named
from tagd.domain import Predictions, Tag, TagSource, TagState

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

    from sqlalchemy import Connection

    from tagd.catalogue.tagging.runs import Run

_BY_MODEL = (tag.c.source == TagSource.MODEL) & (tag.c.state == TagState.ACTIVE)
_THIS = (
    _BY_MODEL
    & (tag.c.tagger_id == bindparam("of_tagger"))
    & (tag.c.photo_id == bindparam("of_photo"))
    & (tag.c.label_id == bindparam("of_label"))
)


@dataclass(frozen=True, slots=True)
class TaggedPhoto:
    """A photo's tags by one tagger, and what its model said, and when, that decides them."""

    row_id: int
    tagger_id: int
    tagger: str
    model_id: int
    tagged_at: float
    predictions: Predictions
    given: Mapping[str, float] = field(default_factory=dict)  # by the model: label → confidence
    confirmed: frozenset[str] = frozenset()  # of the model's labels, those that a person confirmed
    said: Said = field(default_factory=Said)
    # Which other taggers gave a label too, by row id.
    others: Mapping[str, frozenset[int]] = field(default_factory=dict)


def page(tx: Connection, *, after: int = 0, limit: int) -> list[TaggedPhoto]:
    """Return the next photos that predictions are current of, in their rows' order, once for each
    tagger that gave such predictions."""
    current = photo_tagger.c.tagging_id.is_not(None)
    photos = (
        select(photo_tagger.c.photo_id)
        .where(photo_tagger.c.photo_id > after, current)
        .distinct()
        .order_by(photo_tagger.c.photo_id)
        .limit(limit)
    )
    rows = select(photo_tagger).where(photo_tagger.c.photo_id.in_(photos), current)
    by_tagger: dict[int, dict[int, int | None]] = defaultdict(dict)
    for row in tx.execute(rows):
        by_tagger[row.tagger_id][row.photo_id] = row.tagging_id
    return tagged_by_all(tx, by_tagger)


def current(tx: Connection, photos: Collection[int]) -> dict[int, dict[int, int | None]]:
    """Return the current tagging of each of these photos, None for none, by tagger and photo, all
    by row id. The classifier's is told of every photo."""
    found: dict[int, dict[int, int | None]] = {CLASSIFIER_ID: dict.fromkeys(photos)}
    for some in chunks(photos):
        its = select(photo_tagger).where(photo_tagger.c.photo_id.in_(some))
        for row in tx.execute(its):
            found.setdefault(row.tagger_id, {})[row.photo_id] = row.tagging_id
    return found


def tagged_by_all(
    tx: Connection, taggings: Mapping[int, Mapping[int, int | None]]
) -> list[TaggedPhoto]:
    """Return the photos of these taggings, by tagger and photo, in the order of their rows; where
    there is none, nothing was said."""
    found = [
        each
        for tagger_id, by_photo in taggings.items()
        for each in tagged(
            tx, {row: number for row, number in by_photo.items() if number}, tagger_id
        )
    ]
    return sorted(found, key=lambda each: (each.row_id, each.tagger_id))


def tagged(
    tx: Connection, taggings: Mapping[int, int], tagger_id: int = CLASSIFIER_ID
) -> list[TaggedPhoto]:
    """These photos (photo → tagging, by their row ids) with what was said in that tagging of the
    tagger's, current or not, in the order of their rows."""
    if not taggings:
        return []
    keys: dict[int, str] = dict(tx.execute(select(label.c.id, label.c.key)).all())
    its = _tags(tx, list(taggings), keys, tagger_id)
    tagger = known(tx)[tagger_id]
    photos = []
    for row_id, content_hash, at, model_id, name, fingerprint, packed, log_sum_exp in _said(
        tx, taggings.values()
    ):
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
            TaggedPhoto(
                row_id,
                tagger_id,
                tagger,
                model_id,
                at,
                said,
                its.given[row_id],
                frozenset(its.confirmed[row_id]),
                its.said[row_id],
                {key: frozenset(by) for key, by in its.others[row_id].items()},
            )
        )
    return photos


def _said(tx: Connection, taggings: Collection[int]) -> Sequence[Any]:
    """What the last stage of each of these taggings said, in the order of their photos."""
    stages = prediction.alias()
    last = select(func.max(stages.c.stage)).where(stages.c.tagging_id == tagging.c.id)
    return tx.execute(
        select(
            photo.c.id,
            photo.c.content_hash,
            tagging.c.tagged_at,
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
        .where(tagging.c.id.in_(list(taggings)))
        .order_by(photo.c.id)
    ).all()


def untagged(
    tx: Connection, photos: Collection[int], tagger_id: int = CLASSIFIER_ID
) -> list[Difference]:
    """What becomes of these photos' tags when nothing that the tagger said is current."""
    keys: dict[int, str] = dict(tx.execute(select(label.c.id, label.c.key)).all())
    its = _tags(tx, photos, keys, tagger_id)
    return [
        Difference(
            row_id,
            tagger_id,
            lost=tuple(its.given[row_id]),
            standing=frozenset(its.said[row_id].right),
            others={key: frozenset(by) for key, by in its.others[row_id].items()},
        )
        for row_id in sorted(photos)
    ]


def by_word(tx: Connection, changes: Sequence[Change]) -> list[Difference]:
    """What becomes of photos' tags by these changes, which are yet to be made. What another source
    gives too neither comes nor goes."""
    keys: dict[int, str] = dict(tx.execute(select(label.c.id, label.c.key)).all())
    photos = {each.photo_id for each in changes}
    before: set[tuple[int, int, str, int]] = set()
    for some in chunks(photos):
        of = select(*(tag.c[name] for name in KEY)).where(tag.c.photo_id.in_(some))
        before.update(tx.execute(of.where(tag.c.state != TagState.REJECTED)).all())
    after = before - {
        (each.photo_id, each.label_id, each.source, each.tagger_id) for each in changes
    }
    after |= {
        (each.photo_id, each.label_id, each.source, each.tagger_id)
        for each in changes
        if each.after not in {None, TagState.REJECTED}
    }
    had, has = _by_photo(before, keys), _by_photo(after, keys)
    return [
        Difference(
            each,
            gained=tuple(Tag(key, CERTAIN) for key in sorted(has[each] - had[each])),
            lost=tuple(sorted(had[each] - has[each])),
        )
        for each in sorted(photos)
    ]


def _by_photo(
    tags: Iterable[tuple[int, int, str, int]], keys: Mapping[int, str]
) -> Mapping[int, set[str]]:
    found: dict[int, set[str]] = defaultdict(set)
    for photo_id, label_id, *_ in tags:
        found[photo_id].add(keys[label_id])
    return found


def clear(tx: Connection, photos: Collection[int], tagger_id: int = CLASSIFIER_ID) -> None:
    """Take all tags off these photos that the tagger's models alone gave."""
    mine = _BY_MODEL & (tag.c.tagger_id == tagger_id)
    for some in chunks(photos):
        tx.execute(delete(tag).where(tag.c.photo_id.in_(some), mine))


def put(
    tx: Connection,
    differences: Sequence[Difference],
    name_of: Callable[[str], str],
    now: float | None = None,
    run: Run | None = None,
) -> None:
    """Make the photos' tags what they are to be. What comes is tagged `now`, or when its model
    spoke. What comes and goes is written into the history under `run`, where there is one."""
    told = [each for each in differences if each]
    keys = {one.label for each in told for one in (*each.gained, *each.moved)}
    keys |= {key for each in told for key in each.lost}
    ids = ids_of_named(tx, sorted(keys), name_of)
    _remove(tx, [(each, ids[key]) for each in told for key in each.lost])
    _move(tx, [(each, ids[one.label], one) for each in told for one in each.moved])
    come = [
        {
            "photo_id": each.row_id,
            "label_id": ids[one.label],
            "source": TagSource.MODEL,
            "tagger_id": each.tagger_id,
            "state": TagState.ACTIVE,
            "confidence": one.confidence,
            "model_id": each.model_id,
            "tagged_at": each.tagged_at if now is None else now,
        }
        for each in told
        for one in each.gained
    ]
    upsert(tx, tag, come, key=KEY)
    if run is not None and now is not None:
        note(tx, list(_changes(told, ids)), TagSource.MODEL, run, now)


def _remove(tx: Connection, gone: Sequence[tuple[Difference, int]]) -> None:
    if gone:
        rows = [_this(each, label_id) for each, label_id in gone]
        tx.execute(delete(tag).where(_THIS), rows)


def _move(tx: Connection, moved: Sequence[tuple[Difference, int, Tag]]) -> None:
    if moved:
        values: dict[str, Any] = {"confidence": bindparam("to"), "model_id": bindparam("by")}
        rows = [
            _this(each, label_id) | {"to": one.confidence, "by": each.model_id}
            for each, label_id, one in moved
        ]
        tx.execute(update(tag).where(_THIS).values(values), rows)


def _this(of: Difference, label_id: int) -> dict[str, Any]:
    return {"of_photo": of.row_id, "of_tagger": of.tagger_id, "of_label": label_id}


def _changes(told: Sequence[Difference], ids: Mapping[str, int]) -> Iterator[Change]:
    for each in told:
        for key in each.come:
            yield _change(each, ids[key], None, TagState.ACTIVE)
        for key in each.gone:
            yield _change(each, ids[key], TagState.ACTIVE, None)


def _change(
    of: Difference, label_id: int, before: TagState | None, after: TagState | None
) -> Change:
    return Change(of.row_id, label_id, TagSource.MODEL, before, after, tagger_id=of.tagger_id)


@dataclass(frozen=True, slots=True)
class _Tags:
    """Photos' tags by row id: those by one tagger's models alone, with their confidence, those of
    them that a person confirmed, those by other taggers, and what is no model's word."""

    given: Mapping[int, dict[str, float]]
    confirmed: Mapping[int, set[str]]
    others: Mapping[int, dict[str, set[int]]]
    said: Mapping[int, Said]


def _tags(
    tx: Connection, photos: Collection[int], keys: Mapping[int, str], tagger_id: int
) -> _Tags:
    found = _Tags(defaultdict(dict), defaultdict(set), defaultdict(dict), defaultdict(Said))
    for some in chunks(photos):
        rows = tx.execute(
            select(
                tag.c.photo_id,
                tag.c.label_id,
                tag.c.source,
                tag.c.tagger_id,
                tag.c.state,
                tag.c.confidence,
            ).where(tag.c.photo_id.in_(some))
        )
        for photo_id, label_id, source, by, state, confidence in rows:
            key, is_mine = keys[label_id], by == tagger_id
            if state == TagState.REJECTED:
                found.said[photo_id].rejected.add(key)
            elif is_mine and state == TagState.ACTIVE:
                found.given[photo_id][key] = confidence
            elif source == TagSource.MODEL and state == TagState.ACTIVE:
                found.others[photo_id].setdefault(key, set()).add(by)
            else:
                found.said[photo_id].right.add(key)
                if is_mine:
                    found.confirmed[photo_id].add(key)
    return found
