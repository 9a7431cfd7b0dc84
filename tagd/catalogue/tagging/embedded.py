"""Which photos have an embedding kept, of which model, and which are to be looked at for one.

A photo has one at most: of the model that its classifier's tagging ends in, or ended in until that
changed. What is in them is the matter of `embeddings.py`; no numpy is needed here.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sqlalchemy import and_, delete, exists, func, literal_column, select, text, update

from tagd.catalogue.db.bulk import among, one_of
from tagd.catalogue.db.connection import connect
from tagd.catalogue.db.schema import (
    CLASSIFIER_ID,
    embedding,
    file,
    job,
    model,
    photo,
    photo_tagger,
    tagging,
)
from tagd.catalogue.queue import jobs
from tagd.domain import FileState, JobKind, Priority

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from sqlalchemy import Connection

# As its index has it (`schema.UNEMBEDDED`), but told from the columns of `tagging`.
_LACKS = and_(
    photo_tagger.c.tagger_id == literal_column(str(CLASSIFIER_ID)),
    photo_tagger.c.tagging_id.is_not(None),
    photo_tagger.c.embedded_id.is_distinct_from(photo_tagger.c.tagging_id),
)
_MINE = photo_tagger.c.tagger_id == CLASSIFIER_ID
_ITS_MODEL = (
    select(model.c.name, model.c.fingerprint)
    .join_from(photo_tagger, tagging, tagging.c.id == photo_tagger.c.tagging_id)
    .join(model, model.c.id == tagging.c.model_id)
    .where(_LACKS)
)
_BY_FILE = (
    _ITS_MODEL.add_columns(file.c.id.label("key"))
    .join(file, file.c.photo_id == photo_tagger.c.photo_id)
    .where(among(file.c.id, "keys"))
)
_BY_PHOTO = (
    _ITS_MODEL.add_columns(photo.c.content_hash.label("key"))
    .join(photo, photo.c.id == photo_tagger.c.photo_id)
    .where(among(photo.c.content_hash, "keys"))
)
_SPAN: Final = 500  # photos that are looked through at once


@dataclass(frozen=True, slots=True)
class Source:
    """The model that an embedding is of."""

    model: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Kept:
    """So many photos whose embedding of a model is kept, in so many bytes together."""

    source: Source
    photos: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Fed:
    """How many photos were queued, and the row up to which it was looked; None for the last."""

    queued: int
    upto: int | None


def kept(tx: Connection) -> list[Kept]:
    """What is kept, the most first. Walks one index: a model's vectors are all of one length."""
    size = select(func.length(embedding.c.vector)).where(embedding.c.model_id == model.c.id)
    photos = select(func.count()).where(embedding.c.model_id == model.c.id)
    rows = tx.execute(
        select(
            model.c.name,
            model.c.fingerprint,
            photos.scalar_subquery().label("photos"),
            size.limit(1).scalar_subquery().label("size"),
        ).order_by(text("photos DESC"))
    )
    return [
        Kept(Source(row.name, row.fingerprint), row.photos, row.photos * row.size)
        for row in rows
        if row.photos
    ]


def any_kept(tx: Connection) -> bool:
    """Whether there is one."""
    return tx.scalar(select(embedding.c.id).limit(1)) is not None


def lacking(tx: Connection) -> int:
    """How many photos lack one, also where their model is not on this disk any more."""
    # A bound on the rows: without one SQLite would walk the table, and not the index.
    found = select(func.count()).where(_LACKS, photo_tagger.c.photo_id > 0)
    return tx.scalar(found) or 0


def any_lacking(tx: Connection, after: int) -> bool:
    """Whether a photo beyond this row lacks one."""
    beyond = select(photo_tagger.c.photo_id).where(_LACKS, photo_tagger.c.photo_id > after)
    return tx.scalar(beyond.limit(1)) is not None


def lacked_by_files(tx: Connection, files: Collection[int]) -> dict[int, Source]:
    """What the photos of these files lack, by the file's row; those that lack nothing are not in
    it."""
    rows = tx.execute(_BY_FILE, {"keys": list(files)})
    return {row.key: Source(row.name, row.fingerprint) for row in rows}


def lacked_by_photos(tx: Connection, photo_ids: Collection[str]) -> dict[str, Source]:
    """What these photos lack, by photo id; those that lack nothing are not in it."""
    rows = tx.execute(_BY_PHOTO, {"keys": list(photo_ids)})
    return {row.key: Source(row.name, row.fingerprint) for row in rows}


def feed(
    tx: Connection, fingerprints: Collection[str], most: int, now: float, *, after: int = 0
) -> Fed:
    """Look through the next photos beyond that row that lack an embedding, and queue up to `most`
    whose model is one of these: one file of each that is there and tagged. Those that are to be
    tagged again anyway get theirs then. What proves to be there is lacked no longer."""
    there = and_(
        embedding.c.photo_id == photo_tagger.c.photo_id, embedding.c.model_id == tagging.c.model_id
    )
    is_stale = and_(
        photo_tagger.c.desired_id.is_not(None),
        photo_tagger.c.desired_id.is_distinct_from(photo_tagger.c.applied_id),
    )
    page = tx.execute(
        select(
            photo_tagger.c.photo_id,
            model.c.fingerprint,
            exists().where(there).label("is_there"),
            is_stale.label("is_stale"),
        )
        .join_from(photo_tagger, tagging, tagging.c.id == photo_tagger.c.tagging_id)
        .join(model, model.c.id == tagging.c.model_id)
        .where(_LACKS, photo_tagger.c.photo_id > after)
        .order_by(photo_tagger.c.photo_id)
        .limit(_SPAN)
    ).all()
    _settle(tx, [row.photo_id for row in page if row.is_there])
    due = [
        row.photo_id
        for row in page
        if row.fingerprint in fingerprints and not row.is_there and not row.is_stale
    ]
    files = _idle_files(tx, due)
    queued = dict(sorted(files.items())[:most])
    jobs.enqueue(tx, JobKind.TAG, dict.fromkeys(queued.values(), Priority.EMBED), now)
    if len(queued) < len(files):
        return Fed(len(queued), max(queued, default=after))
    return Fed(len(queued), page[-1].photo_id if len(page) == _SPAN else None)


def drop(tx: Connection, most: int) -> None:
    """Remove up to so many; their photos lack one from then on."""
    photos = list(tx.scalars(select(embedding.c.photo_id).order_by(embedding.c.id).limit(most)))
    tx.execute(delete(embedding).where(one_of(embedding.c.photo_id, photos)))
    its = update(photo_tagger).where(_MINE, one_of(photo_tagger.c.photo_id, photos))
    tx.execute(its.values(embedded_id=None))


def leave_out(copied: Path) -> None:
    """Take all of them out of a copy of the catalogue that nobody has open, of any version, and
    make it smaller by them."""
    with closing(connect(copied, "rw")) as connection:
        columns = connection.execute("SELECT 1 FROM pragma_table_info('embedding')").fetchone()
        if columns is None:
            return  # of a version that kept none
        connection.execute("BEGIN")
        connection.execute("DELETE FROM embedding")
        connection.execute(
            "UPDATE photo_tagger SET embedded_id = NULL WHERE embedded_id IS NOT NULL"
        )
        connection.execute("COMMIT")
        connection.executescript("PRAGMA incremental_vacuum")


def _settle(tx: Connection, photos: Collection[int]) -> None:
    if photos:
        its = update(photo_tagger).where(_MINE, one_of(photo_tagger.c.photo_id, photos))
        tx.execute(its.values(embedded_id=photo_tagger.c.tagging_id))


def _idle_files(tx: Connection, photos: Collection[int]) -> dict[int, int]:
    """A file of each of these photos that is there, tagged, and without a job, by photo."""
    busy = exists().where(job.c.file_id == file.c.id, job.c.kind == JobKind.TAG)
    rows = tx.execute(
        select(file.c.photo_id, func.min(file.c.id))
        .where(one_of(file.c.photo_id, photos), file.c.state == FileState.TAGGED, ~busy)
        .group_by(file.c.photo_id)
    )
    return dict(rows.all())
