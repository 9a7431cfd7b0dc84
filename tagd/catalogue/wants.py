"""What models were asked for photos, and what is wanted of them: kept as rows that compare as one
number each. Which photos are stale follows in `retag.py`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import bindparam, delete, func, select, update

from tagd.catalogue.schema import photo, tagging, want
from tagd.catalogue.statements import chunks, upsert

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from sqlalchemy import Connection

    from tagd.domain import Want

# Made once, as it is said with every batch of photos (see record.py).
_rank = func.row_number().over(partition_by=tagging.c.photo_id, order_by=tagging.c.id.desc())
_ranked = (
    select(tagging.c.id, _rank.label("rank"))
    .join_from(tagging, photo, photo.c.id == tagging.c.photo_id)
    .where(photo.c.id.in_(bindparam("photos", expanding=True)))
    .where(tagging.c.id != photo.c.tagging_id, tagging.c.undone_by.is_(None))
    .subquery()
)
_DROP_EARLIER = delete(tagging).where(
    tagging.c.id.in_(select(_ranked.c.id).where(_ranked.c.rank > bindparam("keep")))
)


def want_ids(tx: Connection, wants: Iterable[Want]) -> dict[str, int]:
    """The row id of each want by its key; those not seen before are taken in."""
    by_key = {each.key: each for each in wants}
    found = select(want.c.key, want.c.id).where(want.c.key.in_(list(by_key)))
    ids: dict[str, int] = dict(tx.execute(found).all())
    if unseen := [each for key, each in by_key.items() if key not in ids]:
        rows = [
            {"key": each.key, "models": each.models, "refine": int(each.refine)} for each in unseen
        ]
        upsert(tx, want, rows, key=["key"])
        ids = dict(tx.execute(found).all())
    return ids


def note_wanted(tx: Connection, wanted: Mapping[int, Want | None]) -> None:
    """What is wanted for each of these photos, by row id; None where nobody can tell, to be found
    out later."""
    if not wanted:
        return
    ids = want_ids(tx, [each for each in wanted.values() if each])
    tx.execute(
        update(photo).where(photo.c.id == bindparam("of")).values(wanted_id=bindparam("to")),
        [{"of": row, "to": ids[each.key] if each else None} for row, each in wanted.items()],
    )


def drop_earlier(tx: Connection, photos: Collection[int], keep: int) -> None:
    """Of these photos' taggings that are not in force, drop all but the latest `keep`. Those that a
    person took back stay: he may want them again."""
    for some in chunks(photos):
        tx.execute(_DROP_EARLIER, {"photos": some, "keep": keep})
