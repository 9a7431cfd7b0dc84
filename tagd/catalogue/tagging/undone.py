"""Taking back what models gave photos: which taggings, and which ones come into force then.

Nothing is deleted. A tagging that is taken back is marked with the run that did it, and the one
before it, if there is one that was not taken back, is in force again. To take back a run that took
taggings back puts them into force again.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import and_, bindparam, false, func, or_, select, true, update

from tagd.catalogue.db.bulk import one_of
from tagd.catalogue.db.schema import model, photo_tagger, tagging
from tagd.catalogue.db.schema import run as run_table
from tagd.catalogue.tagging.runs import Run, run_id

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import ColumnElement, Connection


@dataclass(frozen=True, slots=True)
class UndoScope:
    """What is to be taken back, one of these: a run by its number, what a model gave by its name or
    fingerprint, or what any model gave since a moment, in seconds since 1970. `photos`: of these
    alone, by row id; None for all."""

    run: int | None = None
    model: str | None = None
    since: float | None = None
    photos: frozenset[int] | None = None


@dataclass(frozen=True, slots=True)
class Look:
    """One tagging of a photo by its row id. `given`: it is to be taken back. `taken`: it was, and
    that is to be taken back. `stands`: neither of them, and in no run taken back."""

    id: int
    given: bool
    taken: bool
    stands: bool


@dataclass(frozen=True, slots=True)
class Step:
    """One photo and one tagger by their row ids: the current tagging before and after, None for
    none."""

    photo_id: int
    tagger_id: int
    before: int | None
    after: int | None


def in_force_after(looks: Sequence[Look], before: int | None) -> int | None:
    """The tagging that is in force when all that is to be taken back is. Pure.

    What was in force stays, unless it is taken back itself or one that is newer comes back.
    """
    goes = any(look.given and look.id == before for look in looks)
    stay = [look.id for look in looks if look.stands and (goes or look.id == before)]
    return max([*stay, *(look.id for look in looks if look.taken)], default=None)


def runs_there(tx: Connection, number: int) -> bool:
    """Whether there is a run of this number."""
    return tx.scalar(select(run_table.c.id).where(run_table.c.id == number)) is not None


def models_there(tx: Connection, name: str) -> bool:
    """Whether a model of this name or fingerprint has tagged photos."""
    return tx.scalar(select(model.c.id).where(_named(name)).limit(1)) is not None


def count(tx: Connection, what: UndoScope) -> int:
    """How many photos there are to take something back of."""
    photos = select(func.count(tagging.c.photo_id.distinct()))
    return tx.execute(photos.where(or_(_given(what), _taken(what)))).scalar_one()


def page(tx: Connection, what: UndoScope, *, after: int = 0, limit: int) -> list[Step]:
    """The next photos that there is something to take back of, in the order of their rows."""
    touched = or_(_given(what), _taken(what))
    photos = tx.scalars(
        select(tagging.c.photo_id)
        .where(touched, tagging.c.photo_id > after)
        .group_by(tagging.c.photo_id)
        .order_by(tagging.c.photo_id)
        .limit(limit)
    ).all()
    stands = and_(tagging.c.undone_by.is_(None), ~_given(what))
    rows = tx.execute(
        select(
            tagging.c.photo_id,
            tagging.c.tagger_id,
            photo_tagger.c.tagging_id,
            tagging.c.id,
            _given(what),
            _taken(what),
            stands,
        )
        .join_from(
            tagging,
            photo_tagger,
            and_(
                photo_tagger.c.photo_id == tagging.c.photo_id,
                photo_tagger.c.tagger_id == tagging.c.tagger_id,
            ),
        )
        .where(tagging.c.photo_id.in_(photos))
        .order_by(tagging.c.photo_id, tagging.c.tagger_id)
    )
    looks: dict[tuple[int, int, int | None], list[Look]] = defaultdict(list)
    for photo_id, tagger_id, before, *look in rows:
        looks[photo_id, tagger_id, before].append(Look(*look))
    return [
        Step(photo_id, tagger_id, before, in_force_after(seen, before))
        for (photo_id, tagger_id, before), seen in looks.items()
        if any(look.given or look.taken for look in seen)
    ]


def take_back(tx: Connection, what: UndoScope, steps: Sequence[Step], run: Run) -> None:
    """Take it back of the photos of one page. What is in force again is as if it had always been
    so: there is no trace of it under `run`."""
    photos = tagging.c.photo_id.in_([step.photo_id for step in steps])
    # What comes back first: what is then marked by this run must not be taken for it.
    tx.execute(update(tagging).where(photos, _taken(what)).values(undone_by=None))
    given = and_(photos, _given(what))
    if tx.scalar(select(tagging.c.id).where(given).limit(1)) is not None:
        tx.execute(update(tagging).where(given).values(undone_by=run_id(tx, run)))
    moved = [
        {"of": step.photo_id, "by": step.tagger_id, "to": step.after}
        for step in steps
        if step.after != step.before
    ]
    if moved:
        its = and_(
            photo_tagger.c.photo_id == bindparam("of"), photo_tagger.c.tagger_id == bindparam("by")
        )
        tx.execute(update(photo_tagger).where(its).values(tagging_id=bindparam("to")), moved)


def _given(what: UndoScope) -> ColumnElement[bool]:
    """The taggings that are to be taken back."""
    there = and_(_of(what), tagging.c.undone_by.is_(None))
    if what.run is not None:
        return and_(there, func.coalesce(tagging.c.run_id, 0) == what.run)
    if what.model is not None:
        return and_(there, tagging.c.model_id.in_(select(model.c.id).where(_named(what.model))))
    return and_(there, tagging.c.tagged_at >= what.since)


def _taken(what: UndoScope) -> ColumnElement[bool]:
    """The taggings that were taken back by what is to be taken back."""
    if what.run is None:
        return false()
    return and_(_of(what), func.coalesce(tagging.c.undone_by, 0) == what.run)


def _of(what: UndoScope) -> ColumnElement[bool]:
    """The taggings of the photos that are meant."""
    return true() if what.photos is None else one_of(tagging.c.photo_id, what.photos)


def _named(name: str) -> ColumnElement[bool]:
    return or_(model.c.name == name, model.c.fingerprint == name)
