"""Photos that a label is learnt from, as people have judged them, and what models see in them."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import and_, or_, select

from tagd.catalogue.db.schema import embedding, model, photo, tag
from tagd.catalogue.db.statements import chunks
from tagd.catalogue.tagging.vectors import unpack_all
from tagd.domain import TagSource, TagState

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray
    from sqlalchemy import Connection

    Row = tuple[int, NDArray[np.float32]]

# A person said so, or what stood in the photo; and what a person confirmed of anybody's.
_GIVEN = and_(
    tag.c.state != TagState.REJECTED,
    or_(
        tag.c.source.in_([TagSource.PERSON, TagSource.METADATA]),
        tag.c.state == TagState.CONFIRMED,
    ),
)


@dataclass(frozen=True, slots=True)
class Judged:
    """Photos by row id and photo id: those that have a label by a person, and those where a person
    rejected it. `seen_by`: the models, by row id, of which embeddings of a photo are kept."""

    given: dict[int, str]
    rejected: dict[int, str]
    seen_by: dict[int, tuple[int, ...]]

    def digest(self) -> str:
        """Return what differs where the examples do, or what is kept of them."""
        told = sorted(
            (photo_id, verdict, *self.seen_by.get(row, ()))
            for verdict, photos in (("given", self.given), ("rejected", self.rejected))
            for row, photo_id in photos.items()
        )
        return hashlib.sha256(repr(told).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Base:
    """A model that embeddings are kept of."""

    model_id: int
    name: str
    fingerprint: str


def judged(tx: Connection, label_id: int) -> Judged:
    """Return how people have judged photos for this label."""
    rows = tx.execute(
        select(tag.c.photo_id, photo.c.content_hash, tag.c.state)
        .join_from(tag, photo, photo.c.id == tag.c.photo_id)
        .where(tag.c.label_id == label_id, or_(_GIVEN, tag.c.state == TagState.REJECTED))
    ).all()
    rejected = {row.photo_id: row.content_hash for row in rows if row.state == TagState.REJECTED}
    given = {row.photo_id: row.content_hash for row in rows if row.photo_id not in rejected}
    seen_by: dict[int, list[int]] = defaultdict(list)
    for some in chunks([*given, *rejected]):
        kept = select(embedding.c.photo_id, embedding.c.model_id).where(
            embedding.c.photo_id.in_(some)
        )
        for photo_id, model_id in tx.execute(kept.order_by(embedding.c.model_id)):
            seen_by[photo_id].append(model_id)
    return Judged(given, rejected, {row: tuple(models) for row, models in seen_by.items()})


def bases(tx: Connection) -> list[Base]:
    """Return the models that embeddings are kept of."""
    there = select(embedding.c.id).where(embedding.c.model_id == model.c.id).exists()
    rows = tx.execute(select(model.c.id, model.c.name, model.c.fingerprint).where(there))
    return [Base(*row) for row in rows]


def rows_of(tx: Connection, base: Base, photos: Sequence[int]) -> list[Row]:
    """Return what a model sees in these photos, by row id; those that it has not seen are not among
    them."""
    found: list[Row] = []
    for some in chunks(photos):
        kept = select(embedding.c.photo_id, embedding.c.vector).where(
            embedding.c.model_id == base.model_id, embedding.c.photo_id.in_(some)
        )
        found += _unpacked(tx.execute(kept).all())
    return found


def background(tx: Connection, base: Base, label_id: int, most: int) -> list[Row]:
    """Return up to so many photos in which nobody has said anything of the label, by row id, and
    what the model sees in them: always the same ones of a library, as photo ids have no order."""
    unsaid = ~(
        select(tag.c.photo_id)
        .where(
            tag.c.photo_id == photo.c.id,
            tag.c.label_id == label_id,
            or_(tag.c.source != TagSource.LEARNED, tag.c.state != TagState.ACTIVE),
        )
        .exists()
    )
    rows = tx.execute(
        select(photo.c.id, embedding.c.vector)
        .join_from(photo, embedding, embedding.c.photo_id == photo.c.id)
        .where(embedding.c.model_id == base.model_id, unsaid)
        .order_by(photo.c.content_hash)
        .limit(most)
    )
    return _unpacked(rows.all())


def _unpacked(rows: Sequence[tuple[int, bytes]]) -> list[Row]:
    vectors = unpack_all([vector for _, vector in rows])
    return list(zip((row for row, _ in rows), vectors, strict=True))
