"""What models were asked for photos, and what is wanted of them: kept as rows that compare as one
number each. Which photos are stale follows in `stale.py`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import bindparam, delete, func, select

from tagd.catalogue.db.bulk import among, many
from tagd.catalogue.db.ids import ids_taken_in
from tagd.catalogue.db.schema import CLASSIFIER_ID, photo_tagger, tagging, want
from tagd.catalogue.db.statements import take_over, upserting

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlalchemy import Connection

    from tagd.catalogue.db.statements import Row
    from tagd.domain import Want

# Made once, as they are said with every batch of photos (see record.py).
_rank = func.row_number().over(partition_by=tagging.c.photo_id, order_by=tagging.c.id.desc())
_current = select(photo_tagger.c.tagging_id).where(
    photo_tagger.c.photo_id == tagging.c.photo_id,
    photo_tagger.c.tagger_id == tagging.c.tagger_id,
)
_ranked = (
    select(tagging.c.id, _rank.label("rank"))
    .where(among(tagging.c.photo_id, "photos"), tagging.c.tagger_id == bindparam("tagger"))
    .where(tagging.c.id != _current.scalar_subquery(), tagging.c.undone_by.is_(None))
    .subquery()
)
_DROP_EARLIER = delete(tagging).where(
    tagging.c.id.in_(select(_ranked.c.id).where(_ranked.c.rank > bindparam("keep")))
)
_DESIRE = upserting(photo_tagger, key=["photo_id", "tagger_id"], changes=take_over("desired_id"))


def want_ids(tx: Connection, wants: Iterable[Want]) -> dict[str, int]:
    """The row id of each want by its key; those not seen before are taken in."""
    by_key = {each.key: each for each in wants}

    def row_of(key: str) -> Row:
        return {"models": by_key[key].models, "refine": int(by_key[key].refine)}

    return ids_taken_in(tx, want.c.key, by_key, row_of)


def note_desired(
    tx: Connection, desired: Mapping[int, Want | None], tagger_id: int = CLASSIFIER_ID
) -> None:
    """Note the plan that a tagger is to look at each of these photos by, by row id; None where
    nobody can tell, to be found out later."""
    if not desired:
        return
    ids = want_ids(tx, [each for each in desired.values() if each])
    many(
        tx,
        _DESIRE,
        [
            {"photo_id": row, "tagger_id": tagger_id, "desired_id": ids[each.key] if each else None}
            for row, each in desired.items()
        ],
    )


def drop_earlier(
    tx: Connection, photos: Sequence[int], keep: int, tagger_id: int = CLASSIFIER_ID
) -> None:
    """Of these photos' taggings by a tagger that are not current, drop all but the latest `keep`.
    Those that a person took back stay: the undo may be undone."""
    if photos:
        tx.execute(_DROP_EARLIER, {"photos": photos, "keep": keep, "tagger": tagger_id})
