"""Embeddings as numbers: kept as a byte each, and read back as rows for who learns from them.

for page in pages(tx, fingerprint):
    page.photos, page.rows        # row ids of photos, and (N, width) in fp32
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from sqlalchemy import delete, insert, select, text

from tagd.catalogue.db.bulk import among, at_once, many
from tagd.catalogue.db.schema import (
    CLASSIFIER_ID,
    STALE,
    embedding,
    model,
    photo,
    photo_tagger,
    want,
)
from tagd.catalogue.db.statements import chunks, take_over, upsert
from tagd.catalogue.tagging.tags import model_ids
from tagd.catalogue.tagging.vectors import pack, unpack, unpack_all
from tagd.domain import Embedding

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from numpy.typing import NDArray
    from sqlalchemy import Connection

PAGE: Final = 10_000  # 13 MB of them

# Made once, as they are said with every batch of photos.
_DROP = delete(embedding).where(among(embedding.c.photo_id, "photos"))
_KEEP = insert(embedding)
# Of a model that the photo's tagging does not end in by now it is kept, and another one lacked.
_SETTLE = f"""
    UPDATE photo_tagger SET embedded_id = tagging_id
    FROM (VALUES {{}}) AS new
    WHERE photo_tagger.photo_id = new.column1 AND photo_tagger.tagger_id = {CLASSIFIER_ID}
    AND new.column2 = (SELECT model_id FROM tagging WHERE id = photo_tagger.tagging_id)"""


_OF_PHOTOS = (
    select(photo.c.content_hash, model.c.name, model.c.fingerprint, embedding.c.vector)
    .join_from(photo, embedding, embedding.c.photo_id == photo.c.id)
    .join(model, model.c.id == embedding.c.model_id)
)


@dataclass(frozen=True, slots=True)
class Page:
    """Photos by row id, and their embeddings as rows; `upto` is where the next page begins."""

    photos: NDArray[np.int64]
    rows: NDArray[np.float32]
    upto: int


def keep(tx: Connection, found: Mapping[int, Embedding], now: float) -> None:
    """Keep what models saw in these photos, by row id, in the place of what any saw before. One
    without a vector has none to give, and is not asked again. Raises `ValueError` on numbers that
    are not finite."""
    if not found:
        return
    models = model_ids(tx, {each.fingerprint: each.model for each in found.values()}, now)
    tx.execute(_DROP, {"photos": list(found)})
    rows = [
        {
            "photo_id": row,
            "model_id": models[each.fingerprint],
            "vector": pack(each.vector),
        }
        for row, each in found.items()
        if each.vector is not None
    ]
    many(tx, _KEEP, rows)
    at_once(tx, _SETTLE, [(row, models[each.fingerprint]) for row, each in found.items()])


@dataclass(frozen=True, slots=True)
class Behind:
    """A photo, by row id, that a tagger is to look at by another plan than it did, and what a model
    sees in it."""

    photo: int
    orientation: int
    embedding: Embedding


def behind(
    tx: Connection,
    tagger_id: int,
    plan: str,
    fingerprints: Collection[str],
    *,
    after: int,
    limit: int,
) -> list[Behind]:
    """Return the next photos that are stale for a tagger which is to look by this plan (a key), of
    those of which what one of these models sees is kept, in the order of their rows."""
    rows = tx.execute(
        _OF_PHOTOS.add_columns(photo.c.id, photo.c.orientation)
        .join(photo_tagger, photo_tagger.c.photo_id == embedding.c.photo_id)
        .join(want, want.c.id == photo_tagger.c.desired_id)
        .where(embedding.c.photo_id > after, photo_tagger.c.tagger_id == tagger_id, text(STALE))
        .where(want.c.key == plan, model.c.fingerprint.in_(list(fingerprints)))
        .order_by(embedding.c.photo_id)
        .limit(limit)
    )
    return [
        Behind(
            row.id,
            row.orientation,
            Embedding(row.content_hash, row.name, row.fingerprint, unpack(row.vector)),
        )
        for row in rows
    ]


def kept_of(
    tx: Connection, photo_ids: Collection[str], fingerprints: Collection[str]
) -> dict[str, Embedding]:
    """Return what one of these models sees in these photos, by photo id, where that is kept."""
    its = _OF_PHOTOS.where(among(photo.c.content_hash, "hashes"))
    rows = tx.execute(its, {"hashes": list(photo_ids)})
    return {
        row.content_hash: Embedding(row.content_hash, row.name, row.fingerprint, unpack(row.vector))
        for row in rows
        if row.fingerprint in fingerprints
    }


def keep_beside(tx: Connection, found: Mapping[int, Embedding], now: float) -> None:
    """Keep what models saw in these photos, by row id, beside what others saw: for photos that are
    learnt from. Until they are tagged anew. Raises `ValueError` as `keep`."""
    models = model_ids(tx, {each.fingerprint: each.model for each in found.values()}, now)
    rows = [
        {"photo_id": row, "model_id": models[each.fingerprint], "vector": pack(each.vector)}
        for row, each in found.items()
        if each.vector is not None
    ]
    upsert(tx, embedding, rows, key=["photo_id", "model_id"], changes=take_over("vector"))


def load(
    tx: Connection, photo_ids: Iterable[str], fingerprint: str
) -> dict[str, NDArray[np.float32]]:
    """What this model saw in these photos, by photo id; those of which that is not kept are not in
    it."""
    found: dict[str, NDArray[np.float32]] = {}
    for some in chunks(photo_ids):
        rows = tx.execute(
            select(photo.c.content_hash, embedding.c.vector)
            .join_from(photo, embedding, embedding.c.photo_id == photo.c.id)
            .join(model, model.c.id == embedding.c.model_id)
            .where(photo.c.content_hash.in_(some), model.c.fingerprint == fingerprint)
        ).all()
        vectors = unpack_all([row.vector for row in rows])
        found |= dict(zip((row.content_hash for row in rows), vectors, strict=True))
    return found


def page(tx: Connection, fingerprint: str, *, after: int = 0, limit: int = PAGE) -> Page:
    """The next embeddings of this model, the first with `after` 0, in the order in which they were
    kept; at the end one of no photos."""
    its = select(model.c.id).where(model.c.fingerprint == fingerprint).scalar_subquery()
    rows = tx.execute(
        select(embedding.c.id, embedding.c.photo_id, embedding.c.vector)
        .where(embedding.c.model_id == its, embedding.c.id > after)
        .order_by(embedding.c.id)
        .limit(limit)
    ).all()
    photos = np.array([row.photo_id for row in rows], dtype=np.int64)
    upto = rows[-1].id if rows else after
    return Page(photos, unpack_all([row.vector for row in rows]), upto)


def pages(tx: Connection, fingerprint: str, limit: int = PAGE) -> Iterator[Page]:
    """All embeddings of this model, a page at a time."""
    after = 0
    while len((found := page(tx, fingerprint, after=after, limit=limit)).photos):
        yield found
        after = found.upto


def everything(tx: Connection, fingerprint: str) -> Page:
    """All embeddings of this model at once: 5 kB a photo at 1,280 numbers."""
    found = list(pages(tx, fingerprint))
    if not found:
        return page(tx, fingerprint)
    return Page(
        np.concatenate([each.photos for each in found]),
        np.concatenate([each.rows for each in found]),
        found[-1].upto,
    )
