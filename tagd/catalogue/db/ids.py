"""The row ids of what photos share: labels, models, wants and runs, each known by its key.

None of them is ever deleted, so what a connection has read of them stays true; a rollback, which
may take new ones back, clears it (see engine.py). A batch of photos names most labels there are:
looking them up each time takes as long as half of all the rest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from tagd.catalogue.db.statements import ROLLED_BACK, chunks, upsert

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from sqlalchemy import Column, Connection

    from tagd.catalogue.db.statements import Row


def ids_of(tx: Connection, key: Column[str], keys: Collection[str]) -> dict[str, int]:
    """The row ids of those of these keys that are in the catalogue."""
    seen: dict[str, int] = tx.info.setdefault(ROLLED_BACK, {}).setdefault(key.table.name, {})
    for some in chunks(each for each in keys if each not in seen):
        found = tx.execute(select(key, key.table.c.id).where(key.in_(some)))
        seen.update(found.all())
    return {each: seen[each] for each in keys if each in seen}


def ids_taken_in(
    tx: Connection, key: Column[str], keys: Collection[str], row_of: Callable[[str], Row]
) -> dict[str, int]:
    """The row id of each of these keys; for one that is not there, `row_of` gives a row."""
    ids = ids_of(tx, key, keys)
    if unseen := [each for each in keys if each not in ids]:
        rows = [{key.name: each, **row_of(each)} for each in unseen]
        upsert(tx, key.table, rows, key=[key.name])
        ids |= ids_of(tx, key, unseen)
    return ids
