"""Who looks at photos: the classifier and further taggers, each with tags and a plan of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from tagd.catalogue.db.ids import ids_taken_in
from tagd.catalogue.db.schema import tagger

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy import Connection


def tagger_ids(tx: Connection, keys: Collection[str]) -> dict[str, int]:
    """Return the row id of each tagger; those not seen before are taken in."""
    return ids_taken_in(tx, tagger.c.key, keys, lambda _: {})


def known(tx: Connection) -> dict[int, str]:
    """Return the key of every tagger by its row id, the classifier first."""
    return dict(tx.execute(select(tagger.c.id, tagger.c.key).order_by(tagger.c.id)).all())
