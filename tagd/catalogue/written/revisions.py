"""What each write of tagd's into a file changed, so that what one run wrote can be taken back.

A write is kept in the transaction that notes it. Those before that are kept nowhere, and those that
took too much room, can be taken back by their keywords alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import and_, delete, exists, insert, select, update

from tagd.catalogue.db.schema import NOTHING_OURS, inscription, revision
from tagd.catalogue.tagging.runs import Run, run_id
from tagd.catalogue.written.inscriptions import loaded
from tagd.domain import Place

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy import Connection

    from tagd.catalogue.written.inscriptions import Keywords

MOST: Final = 32  # writes into one place of a file that are kept


@dataclass(frozen=True, slots=True)
class Before:
    """What tagd answered for in a file before a write, and the number of the run that had written
    that."""

    ours: Keywords
    wish: str
    run: int


@dataclass(frozen=True, slots=True)
class Revision:
    """One write: the digest of the bytes that it left, the way back to those before (None where it
    is not known, empty where there was no file), and what tagd answered for until then."""

    id: int
    run: int
    digest: str
    way: bytes | None
    before: Before | None
    is_undone: bool


def keep(
    tx: Connection, file_id: int, place: Place, run: Run, *, digest: str, way: bytes | None
) -> None:
    """Keep a write of this run, before it is noted what tagd answers for from then on."""
    this = (inscription.c.file_id == file_id, inscription.c.place == place)
    had = tx.execute(select(inscription).where(*this)).first()
    row: dict[str, Any] = {
        "file_id": file_id,
        "place": place,
        "run_id": run_id(tx, run),
        "digest": digest,
        "way": way,
        "ours": None if had is None else had.ours,
        "wish": None if had is None else had.wish,
        "before_id": None if had is None else had.run_id,
    }
    tx.execute(insert(revision), [row])
    its = (revision.c.file_id == file_id, revision.c.place == place)
    latest = select(revision.c.id).where(*its).order_by(revision.c.id.desc())
    old = latest.offset(MOST).limit(1).scalar_subquery()
    tx.execute(delete(revision).where(*its, revision.c.id <= old))


def of(tx: Connection, file_id: int, place: Place) -> list[Revision]:
    """Return the writes into this place of a file, the latest first."""
    its = (revision.c.file_id == file_id, revision.c.place == place)
    rows = tx.execute(select(revision).where(*its).order_by(revision.c.id.desc()))
    return [
        Revision(row.id, row.run_id, row.digest, row.way, _before(row), bool(row.undone))
        for row in rows
    ]


def written_in(tx: Connection, number: int) -> list[tuple[int, Place]]:
    """Return the files, and the places in them, that a run wrote to and that was not taken back
    since."""
    mine = (revision.c.run_id == number, revision.c.undone == 0)
    kept = select(revision.c.file_id, revision.c.place).where(*mine)
    is_kept = and_(
        revision.c.file_id == inscription.c.file_id, revision.c.place == inscription.c.place
    )
    older = select(inscription.c.file_id, inscription.c.place).where(
        inscription.c.run_id == number,
        inscription.c.ours != NOTHING_OURS,
        ~exists().where(is_kept),
    )
    rows = tx.execute(kept.union(older))
    return sorted((file_id, Place(place)) for file_id, place in rows)


def mark_undone(tx: Connection, ids: Collection[int]) -> None:
    """Note that what these writes added was taken out again; later ones stand."""
    tx.execute(update(revision).where(revision.c.id.in_(ids)).values(undone=1))


def forget(tx: Connection, ids: Collection[int]) -> None:
    """Note that the file is as it was before these writes."""
    tx.execute(delete(revision).where(revision.c.id.in_(ids)))


def _before(row: Any) -> Before | None:
    if row.before_id is None:
        return None
    return Before(loaded(row.ours), row.wish, row.before_id)
