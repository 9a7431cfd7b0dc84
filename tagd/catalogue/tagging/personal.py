"""Labels that are learnt from a person's examples, and the heads that were learnt of each.

A head reads the embeddings of one model, so that a label has one for each model that embeddings are
kept of.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import delete, func, insert, select, text, update

from tagd.catalogue.db.bulk import one_of
from tagd.catalogue.db.schema import head, history, label, model, personal, suggestion, tag
from tagd.catalogue.db.statements import UNSAID, take_over, upsert
from tagd.domain import TagSource, TagState

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    import numpy as np
    from numpy.typing import NDArray
    from sqlalchemy import Connection

_FIGURES = ("threshold", "precision", "recall", "slope", "middle", "bias", "learned_at")
_COUNTS = ("given", "rejected", "background")


@dataclass(frozen=True, slots=True)
class Personal:
    """A label that is learnt, by its row id. `gives`: a person said at `told_at`, in seconds since
    1970, that photos are to get the tag. `examples`: a digest, see `schema_learned.py`."""

    label_id: int
    label: str
    name: str
    gives: bool
    told_at: float
    examples: str | None


@dataclass(frozen=True, slots=True)
class KeptHead:
    """A head as it is kept, with the figures that `learning/measure.py` explains, and of how many
    photos it was learnt: with the tag, with the tag rejected, and others."""

    model_id: int
    model: str
    fingerprint: str
    given: int
    rejected: int
    background: int
    threshold: float
    precision: float
    recall: float
    slope: float
    middle: float
    bias: float
    learned_at: float
    weights: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Tally:
    """In how many photos a label is learned, and suggested."""

    learned: int
    suggested: int


def every(tx: Connection) -> list[Personal]:
    """Return the labels that are learnt, in the order of their names."""
    rows = tx.execute(
        select(personal, label.c.key, label.c.name)
        .join_from(personal, label, label.c.id == personal.c.label_id)
        .order_by(label.c.name, label.c.key)
    )
    return [
        Personal(row.label_id, row.key, row.name, bool(row.gives), row.told_at, row.examples)
        for row in rows
    ]


def state(tx: Connection) -> tuple[object, ...]:
    """Return what differs after any change of what is learnt: cheap, for every batch of photos."""
    told = tx.execute(
        select(func.count(), func.max(personal.c.told_at), func.sum(personal.c.gives)).select_from(
            personal
        )
    )
    learnt = tx.execute(select(func.count(), func.max(head.c.learned_at)).select_from(head))
    return (*told.one(), *learnt.one())


def last_said(tx: Connection) -> int:
    """Return a number that grows whenever a person, or a photo's keywords, say anything of a tag; 0
    where nothing is learnt."""
    if tx.scalar(select(personal.c.label_id).limit(1)) is None:
        return 0
    said = history.c.who.in_([TagSource.PERSON, TagSource.METADATA])
    return tx.scalar(select(history.c.id).where(said).order_by(history.c.id.desc()).limit(1)) or 1


def tell(tx: Connection, label_id: int, *, gives: bool | None, now: float) -> None:
    """Learn this label from now on, whose photos are to get the tag or not; None leaves that as it
    is."""
    upsert(tx, personal, [{"label_id": label_id, "told_at": now}], key=["label_id"])
    if gives is not None:
        its = update(personal).where(personal.c.label_id == label_id)
        tx.execute(its.values(gives=int(gives), told_at=now))


def note_examples(tx: Connection, label_id: int, digest: str | None) -> None:
    """Note which examples the heads of a label follow from."""
    its = update(personal).where(personal.c.label_id == label_id)
    tx.execute(its.values(examples=digest))


def examples_of(tx: Connection, label_id: int) -> str | None:
    """Return what was noted last."""
    return tx.scalar(select(personal.c.examples).where(personal.c.label_id == label_id))


def forget(tx: Connection, label_id: int) -> None:
    """Learn this label no longer: its heads and suggestions go, and tags stay."""
    tx.execute(delete(personal).where(personal.c.label_id == label_id))


def heads(tx: Connection, label_id: int | None = None) -> dict[int, list[KeptHead]]:
    """Return the heads of each label, or of this one, by its row id."""
    import numpy as np  # noqa: PLC0415  lazy: who corrects tags has no use for it, as the pages

    rows = select(head, model.c.name, model.c.fingerprint).join(
        model, model.c.id == head.c.model_id
    )
    if label_id is not None:
        rows = rows.where(head.c.label_id == label_id)
    found: dict[int, list[KeptHead]] = defaultdict(list)
    for row in tx.execute(rows.order_by(head.c.label_id, head.c.model_id)):
        figures = {name: getattr(row, name) for name in (*_COUNTS, *_FIGURES)}
        weights = np.frombuffer(row.weights, dtype="<f4").astype(np.float32)
        found[row.label_id].append(
            KeptHead(row.model_id, row.name, row.fingerprint, **figures, weights=weights)
        )
    return dict(found)


def put_heads(tx: Connection, label_id: int, learnt: Iterable[KeptHead]) -> None:
    """Keep these heads of a label in the place of those of the same models. A head of another model
    stays: its photos are of other embeddings."""
    rows = [
        {name: getattr(each, name) for name in (*_COUNTS, *_FIGURES)}
        | {
            "label_id": label_id,
            "model_id": each.model_id,
            "weights": each.weights.astype("<f4").tobytes(),
        }
        for each in learnt
    ]
    names = [*_COUNTS, *_FIGURES, "weights"]
    upsert(tx, head, rows, key=["label_id", "model_id"], changes=take_over(*names))


def tallies(tx: Connection) -> dict[int, Tally]:
    """Return in how many photos each label is learned and suggested, by its row id."""
    in_force = (tag.c.source == TagSource.LEARNED) & (tag.c.state != TagState.REJECTED)
    learned: Mapping[int, int] = dict(
        tx.execute(
            select(tag.c.label_id, func.count()).where(in_force).group_by(tag.c.label_id)
        ).all()
    )
    suggested: Mapping[int, int] = dict(
        tx.execute(
            text(f"SELECT label_id, count(*) FROM suggestion WHERE {UNSAID} GROUP BY label_id")
        ).all()
    )
    return {
        each: Tally(learned.get(each, 0), suggested.get(each, 0))
        for each in learned.keys() | suggested.keys()
    }


def suggested_in(tx: Connection, label_id: int, photos: Iterable[int]) -> set[int]:
    """Return those of these photos, by row id, in which the label is suggested."""
    wanted = set(photos)
    rows = tx.execute(
        text(f"SELECT photo_id FROM suggestion WHERE label_id = :label AND {UNSAID}"),
        {"label": label_id},
    )
    return {photo_id for (photo_id,) in rows if photo_id in wanted}


def suggestions(tx: Connection, label_id: int, among: Collection[int] | None = None) -> set[int]:
    """Return the photos, all or of these, by row id, in which a label was suggested, also where
    something was said of it since."""
    mine = select(suggestion.c.photo_id).where(suggestion.c.label_id == label_id)
    if among is not None:
        mine = mine.where(one_of(suggestion.c.photo_id, among))
    return set(tx.scalars(mine))


def replace_suggestions(
    tx: Connection,
    label_id: int,
    photos: Mapping[int, tuple[int, float]],
    of: Collection[int],
    now: float,
) -> None:
    """Suggest a label in these photos (by row id: the model and how sure it is), and in no others
    `of` those that this is about."""
    its = suggestion.c.label_id == label_id
    tx.execute(delete(suggestion).where(its, one_of(suggestion.c.photo_id, of)))
    rows = [
        {
            "label_id": label_id,
            "photo_id": photo_id,
            "model_id": model_id,
            "confidence": confidence,
            "suggested_at": now,
        }
        for photo_id, (model_id, confidence) in photos.items()
    ]
    if rows:
        tx.execute(insert(suggestion), rows)
