"""Which run of tagd changed what: a row for each that changed any tag."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from sqlalchemy import distinct, exists, func, select

from tagd.catalogue.db.ids import ids_of, ids_taken_in
from tagd.catalogue.db.schema import NOTHING_OURS, history, inscription, revision, run, tagging

if TYPE_CHECKING:
    from sqlalchemy import Column, ColumnElement, Connection, Subquery


@dataclass(frozen=True, slots=True)
class Run:
    """One command, or one run of the daemon, such as "tagd run". `started_at` is in seconds since
    1970."""

    key: str
    command: str
    started_at: float

    @classmethod
    def of(cls, command: str) -> Run:
        """A run that starts now."""
        return cls(uuid4().hex, command, time.time())


@dataclass(frozen=True, slots=True)
class ShownRun:
    """A run, and what it did: photos that models tagged, changes of single tags, taggings that it
    took back, and files that hold what it wrote. `undone`: how many of its own taggings were taken
    back since."""

    run: int
    command: str
    started_at: float
    tagged: int
    changed: int
    took_back: int
    undone: int
    written: int = 0


def run_id(tx: Connection, of: Run) -> int:
    """The number of this run, which is noted with its first change."""
    row = {"command": of.command, "started_at": of.started_at}
    return ids_taken_in(tx, run.c.key, [of.key], lambda _: row)[of.key]


def noted(tx: Connection, of: Run) -> int | None:
    """The number of this run, None while it has changed nothing."""
    return ids_of(tx, run.c.key, [of.key]).get(of.key)


def last(tx: Connection, limit: int) -> list[ShownRun]:
    """The last runs that changed tags, the latest first."""
    made = _of_photos(
        tagging.c.run_id,
        tagged=func.count(),
        undone=func.count(tagging.c.undone_by),
    )
    undone = _of_photos(tagging.c.undone_by, took_back=func.count())
    changed = select(func.count()).where(history.c.run_id == run.c.id).scalar_subquery()
    kept = select(func.count(distinct(revision.c.file_id.op("||")(revision.c.place)))).where(
        revision.c.run_id == run.c.id, revision.c.undone == 0
    )
    its = (revision.c.file_id == inscription.c.file_id, revision.c.place == inscription.c.place)
    older = select(func.count()).where(
        inscription.c.run_id == run.c.id,
        inscription.c.ours != NOTHING_OURS,
        ~exists().where(*its),
    )
    written = kept.scalar_subquery() + older.scalar_subquery()
    rows = tx.execute(
        select(
            run.c.id,
            run.c.command,
            run.c.started_at,
            func.coalesce(made.c.tagged, 0),
            changed,
            func.coalesce(undone.c.took_back, 0),
            func.coalesce(made.c.undone, 0),
            written,
        )
        .join_from(run, made, made.c.id == run.c.id, isouter=True)
        .join(undone, undone.c.id == run.c.id, isouter=True)
        .order_by(run.c.id.desc())
        .limit(limit)
    )
    return [ShownRun(*row) for row in rows]


def _of_photos(run_of: Column[Any], **counts: ColumnElement[int]) -> Subquery:
    """These counts of taggings, by run. Taggers look at the same photos, which count once: as many
    as the tagger of most."""
    named = [count.label(name) for name, count in counts.items()]
    each = select(run_of.label("id"), *named).group_by(run_of, tagging.c.tagger_id).subquery()
    most = [func.max(each.c[name]).label(name) for name in counts]
    return select(each.c.id, *most).group_by(each.c.id).subquery()
