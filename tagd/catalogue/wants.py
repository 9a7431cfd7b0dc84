"""What models were asked for photos, and what is wanted of them: kept as rows that compare as one
number each. Which photos are stale follows in `retag.py`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import bindparam, delete, func, select, update

from tagd.catalogue.bulk import among, many
from tagd.catalogue.ids import ids_taken_in
from tagd.catalogue.schema import photo, tagging, want

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlalchemy import Connection

    from tagd.catalogue.statements import Row
    from tagd.domain import Want

# Made once, as they are said with every batch of photos (see record.py).
_rank = func.row_number().over(partition_by=tagging.c.photo_id, order_by=tagging.c.id.desc())
_ranked = (
    select(tagging.c.id, _rank.label("rank"))
    .join_from(tagging, photo, photo.c.id == tagging.c.photo_id)
    .where(among(photo.c.id, "photos"))
    .where(tagging.c.id != photo.c.tagging_id, tagging.c.undone_by.is_(None))
    .subquery()
)
_DROP_EARLIER = delete(tagging).where(
    tagging.c.id.in_(select(_ranked.c.id).where(_ranked.c.rank > bindparam("keep")))
)
_WANT = update(photo).where(photo.c.id == bindparam("of")).values(wanted_id=bindparam("to"))


def want_ids(tx: Connection, wants: Iterable[Want]) -> dict[str, int]:
    """The row id of each want by its key; those not seen before are taken in."""
    by_key = {each.key: each for each in wants}

    def row_of(key: str) -> Row:
        return {"models": by_key[key].models, "refine": int(by_key[key].refine)}

    return ids_taken_in(tx, want.c.key, by_key, row_of)


def note_wanted(tx: Connection, wanted: Mapping[int, Want | None]) -> None:
    """What is wanted for each of these photos, by row id; None where nobody can tell, to be found
    out later."""
    if not wanted:
        return
    ids = want_ids(tx, [each for each in wanted.values() if each])
    noted = [{"of": row, "to": ids[each.key] if each else None} for row, each in wanted.items()]
    many(tx, _WANT, noted)


def drop_earlier(tx: Connection, photos: Sequence[int], keep: int) -> None:
    """Of these photos' taggings that are not in force, drop all but the latest `keep`. Those that a
    person took back stay: the undo may be undone."""
    if photos:
        tx.execute(_DROP_EARLIER, {"photos": photos, "keep": keep})
