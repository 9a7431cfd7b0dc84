"""Photos that a former version knew by another id go on under the one that they have now.

That version took all bytes of a GIF, BMP, TIFF or RAW for its identity, so that edited metadata
made another photo of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import bindparam, delete, or_, select, update

from tagd.catalogue.db.bulk import among
from tagd.catalogue.db.schema import file, history, photo, tag
from tagd.domain import TagSource, TagState

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from sqlalchemy import Connection

_ROWS = select(photo.c.content_hash, photo.c.id).where(among(photo.c.content_hash, "hashes"))
# What somebody said, and not a model alone.
_SAID = or_(tag.c.source != TagSource.MODEL, tag.c.state != TagState.ACTIVE)


def known_among(tx: Connection, photo_ids: Collection[str]) -> dict[str, int]:
    """Those of these photo ids that the catalogue knows, and their row ids."""
    return dict(tx.execute(_ROWS, {"hashes": list(photo_ids)}).all())


def adopt(tx: Connection, former: Mapping[str, str]) -> None:
    """Give photos their new ids (former → new). One whose new id is there too, as a copy was read
    before it, becomes one with that: its files go over, and what people said of it."""
    hashes = [*former.keys(), *former.values()]
    rows: dict[str, int] = dict(tx.execute(_ROWS, {"hashes": hashes}).all())
    for old, new in former.items():
        if old not in rows:
            continue
        row = rows.pop(old)
        if new in rows:
            _join(tx, row, rows[new])
        else:
            tx.execute(update(photo).where(photo.c.id == row).values(content_hash=new))
            rows[new] = row


def _join(tx: Connection, old: int, new: int) -> None:
    """Make one photo of two. What somebody said of a label of the one that goes replaces what a
    model said of the one that stays, and never what somebody said."""
    theirs = _labels_said(tx, old) - _labels_said(tx, new)
    of_theirs = tag.c.label_id.in_(sorted(theirs))
    tx.execute(delete(tag).where(tag.c.photo_id == new, of_theirs))
    tx.execute(update(tag).where(tag.c.photo_id == old, of_theirs).values(photo_id=new))
    for table in (history, file):
        moved = update(table).where(table.c.photo_id == bindparam("old"))
        tx.execute(moved.values(photo_id=bindparam("new")), {"old": old, "new": new})
    tx.execute(delete(photo).where(photo.c.id == old))


def _labels_said(tx: Connection, row: int) -> set[int]:
    return set(tx.scalars(select(tag.c.label_id).where(tag.c.photo_id == row, _SAID)))
