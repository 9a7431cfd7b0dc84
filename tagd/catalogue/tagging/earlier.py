"""Earlier taggings that are kept: which of them can come into force again, and doing that."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from sqlalchemy import and_, bindparam, exists, func, or_, select, true, update

from tagd.catalogue.db.bulk import one_of
from tagd.catalogue.db.schema import model, photo_tagger, prediction, tagging

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Connection, Select


Photos = Collection[int] | None  # of these alone, by row id; None for all


def count(tx: Connection, name: str, photos: Photos = None) -> int:
    """How many photos there are whose tags can come from this model again."""
    its = _latest(name, photos).subquery()
    return tx.scalar(select(func.count(its.c.photo_id.distinct())).select_from(its)) or 0


def page(
    tx: Connection, name: str, photos: Photos = None, *, after: int = 0, limit: int
) -> dict[int, dict[int, int]]:
    """The next photos whose tags can come from this model again, and by which tagging, by tagger
    and photo, all by row id: the latest in which it had the last word, else the latest in which it
    was heard. Photos whose current tags it decided are left out, and what a person took back is."""
    some = _latest(name, photos).where(photo_tagger.c.photo_id > after).limit(limit)
    rows = tx.execute(some).all()
    if len(rows) == limit and rows[0].photo_id != rows[-1].photo_id:
        # Of the last photo there may be more, by other taggers.
        rows = [row for row in rows if row.photo_id != rows[-1].photo_id]
    found: dict[int, dict[int, int]] = {}
    for photo_id, tagger_id, decided, heard in rows:
        found.setdefault(tagger_id, {})[photo_id] = decided or heard
    return found


def put_in_force(tx: Connection, taggings: Mapping[int, int | None], tagger_id: int) -> None:
    """Make these taggings (photo → tagging, by their row ids; None for none) the current ones."""
    if taggings:
        rows = [{"of": photo_id, "to": each} for photo_id, each in taggings.items()]
        mine = and_(
            photo_tagger.c.photo_id == bindparam("of"), photo_tagger.c.tagger_id == tagger_id
        )
        tx.execute(update(photo_tagger).where(mine).values(tagging_id=bindparam("to")), rows)


def models_heard(tx: Connection) -> list[str]:
    """The names of all models that something is kept of."""
    heard = exists().where(prediction.c.model_id == model.c.id)
    return list(tx.scalars(select(model.c.name).where(heard).distinct().order_by(model.c.name)))


def _latest(name: str, photos: Photos) -> Select[int, int, int | None, int]:
    its = select(model.c.id).where(or_(model.c.name == name, model.c.fingerprint == name))
    present = tagging.alias()
    said = exists().where(prediction.c.tagging_id == tagging.c.id, prediction.c.model_id.in_(its))
    these = true() if photos is None else one_of(photo_tagger.c.photo_id, photos)
    decided = func.max(tagging.c.id).filter(tagging.c.model_id.in_(its))
    return (
        select(photo_tagger.c.photo_id, photo_tagger.c.tagger_id, decided, func.max(tagging.c.id))
        .join_from(
            photo_tagger,
            tagging,
            and_(
                tagging.c.photo_id == photo_tagger.c.photo_id,
                tagging.c.tagger_id == photo_tagger.c.tagger_id,
            ),
        )
        .join(present, present.c.id == photo_tagger.c.tagging_id)
        .where(tagging.c.id != photo_tagger.c.tagging_id, tagging.c.undone_by.is_(None))
        .where(said, present.c.model_id.not_in(its), these)
        .group_by(photo_tagger.c.photo_id, photo_tagger.c.tagger_id)
        .order_by(photo_tagger.c.photo_id, photo_tagger.c.tagger_id)
    )
