"""Tags that are to catch up: photos whose models were asked for something else than what is wanted.

That is a state of the photo, not a list of things to do: it is found by one index whenever someone
looks, and so outlives whatever becomes of the jobs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import and_, case, delete, exists, func, literal, or_, select, text, update

from tagd.catalogue.db.schema import (
    CLASSIFIER_ID,
    STALE,
    UNPLANNED,
    embedding,
    file,
    job,
    model,
    photo,
    photo_tagger,
    prediction,
    tagger,
    tagging,
    want,
)
from tagd.catalogue.db.statements import at_or_below, chunks, take_over, upserting
from tagd.catalogue.files.photos import facts_of
from tagd.catalogue.plans.plans import want_ids
from tagd.catalogue.queue import jobs
from tagd.domain import CLASSIFIER, FileState, JobKind, JobState, PhotoFacts, Priority, Want
from tagd.fs import path_of

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from sqlalchemy import ColumnElement, Connection

AGAIN = Want("again", "asked for again")  # what no models were ever asked for: always stale
_STALE: ColumnElement[bool] = text(STALE)  # type: ignore[assignment]  # as the index has it
_UNPLANNED: ColumnElement[bool] = text(UNPLANNED)  # type: ignore[assignment]
_MINE = photo_tagger.c.tagger_id == CLASSIFIER_ID
_REFINE = select(want.c.id).where(want.c.refine == 1)


@dataclass(frozen=True, slots=True)
class TaggedPhoto:
    """A photo with tags in force: what its models were asked last, and when those tags were given
    (keys; None where nobody knows), what is said of it, and where its files are that are there."""

    row_id: int
    asked: str | None
    given: str | None
    facts: PhotoFacts
    paths: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class Gap:
    """So many photos that are stale for a tagger: tagged by these models, to be tagged by those.
    `asked` is empty where nobody knows."""

    asked: str
    wanted: str
    photos: int
    refine: bool
    tagger: str = CLASSIFIER


@dataclass(frozen=True, slots=True)
class Queue:
    """Jobs that wait or are at work: those of new photos and all else that goes first, and those
    that only wait, of either kind that this is about. Those for embeddings count as `retag`."""

    first: int
    refine: int
    retag: int


def page(tx: Connection, *, after: int = 0, limit: int, unknown: bool = False) -> list[TaggedPhoto]:
    """The next photos that have tags in force, in the order of their rows; with `unknown` those
    alone of which nobody knows what is wanted."""
    which = _UNPLANNED if unknown else photo_tagger.c.tagging_id.is_not(None)
    asked, given = want.alias(), want.alias()
    rows = tx.execute(
        select(photo, asked.c.key.label("asked"), given.c.key.label("given"))
        .join_from(photo, photo_tagger, photo_tagger.c.photo_id == photo.c.id)
        .join(tagging, tagging.c.id == photo_tagger.c.tagging_id)
        .join(asked, asked.c.id == photo_tagger.c.applied_id, isouter=True)
        .join(given, given.c.id == tagging.c.want_id, isouter=True)
        .where(_MINE, which, photo.c.id > after)
        .order_by(photo.c.id)
        .limit(limit)
    ).all()
    paths: dict[int, list[Path]] = {row.id: [] for row in rows}
    there = select(file.c.photo_id, file.c.path_key).where(file.c.state != FileState.MISSING)
    for some in chunks(paths):
        for row in tx.execute(there.where(file.c.photo_id.in_(some)).order_by(file.c.id)):
            paths[row.photo_id].append(path_of(row.path_key))
    return [
        TaggedPhoto(row.id, row.asked, row.given, facts_of(row), tuple(paths[row.id]))
        for row in rows
    ]


def last_photo(tx: Connection) -> int:
    """The highest row id of a photo."""
    return tx.scalar(select(func.max(photo.c.id))) or 0


def want_the_same(tx: Connection, wanted: Want, rows: range | None) -> int:
    """The same is wanted for every photo of these row ids; with None for those, whatever their row
    ids, of which nobody knew. Returns for how many that is another thing than before."""
    [number] = want_ids(tx, [wanted]).values()
    others = photo_tagger.c.desired_id.is_distinct_from(number)
    which = _UNPLANNED if rows is None else and_(_among(rows), others)
    changed = update(photo_tagger).where(_MINE, which).values(desired_id=number)
    return tx.execute(changed).rowcount


def desire(tx: Connection, plan: Want, tagger_id: int, rows: range) -> int:
    """Note that a tagger beside the classifier is to look by this plan at every photo of these row
    ids that the classifier has looked at. Return for how many that is news."""
    [number] = want_ids(tx, [plan]).values()
    looked_at = (
        select(photo_tagger.c.photo_id, literal(tagger_id), literal(number))
        .where(_MINE, photo_tagger.c.tagging_id.is_not(None), _among(rows))
        .order_by(photo_tagger.c.photo_id)
    )
    columns = ["photo_id", "tagger_id", "desired_id"]
    wanted = upserting(
        photo_tagger,
        key=columns[:2],
        changes=take_over("desired_id"),
        unless=photo_tagger.c.desired_id == number,
    )
    return tx.execute(wanted.from_select(columns, looked_at)).rowcount


def let_rest(tx: Connection, tagger_id: int) -> None:
    """A tagger is not here any more: what it gave stays, and nothing is stale for it."""
    stale = update(photo_tagger).where(photo_tagger.c.tagger_id == tagger_id, _STALE)
    tx.execute(stale.values(desired_id=photo_tagger.c.applied_id))


def accept(tx: Connection, wanted: Want, rows: range | None) -> int:
    """Photos of these row ids, or all, whose tags come from what is now wanted are content,
    whatever was asked for later: they went back to it. So are those of which it was not noted what
    was asked, when all models that were heard are those wanted. Returns how many."""
    ids = want_ids(tx, [wanted, AGAIN])
    number, again = ids[wanted.key], ids[AGAIN.key]
    expected = case(dict(enumerate(wanted.fingerprints)), value=prediction.c.stage, else_="")
    other = exists().where(
        prediction.c.tagging_id == tagging.c.id,
        model.c.id == prediction.c.model_id,
        model.c.fingerprint != expected,
    )
    noted = and_(tagging.c.want_id == number, photo_tagger.c.applied_id != again)
    unnoted = and_(
        tagging.c.want_id.is_(None),
        photo_tagger.c.applied_id.is_(None),
        tagging.c.refine == 0,
        ~other,
    )
    content = exists().where(tagging.c.id == photo_tagger.c.tagging_id, or_(noted, unnoted))
    stale = and_(_MINE, _STALE, photo_tagger.c.desired_id == number)
    if rows is not None:
        stale = and_(stale, _among(rows))
    accepted = update(photo_tagger).where(stale, content).values(applied_id=number)
    return tx.execute(accepted).rowcount


def wants_by_key(tx: Connection) -> dict[str, Want]:
    """All that was ever wanted."""
    return {
        row.key: Want(row.key, row.models, refine=bool(row.refine))
        for row in tx.execute(select(want))
    }


def gaps(tx: Connection) -> list[Gap]:
    """What the stale photos are to change over to, from what; the largest gap first."""
    pairs = (
        select(
            photo_tagger.c.tagger_id,
            photo_tagger.c.applied_id,
            photo_tagger.c.desired_id,
            func.count().label("photos"),
        )
        .where(_STALE)
        .group_by(photo_tagger.c.tagger_id, photo_tagger.c.applied_id, photo_tagger.c.desired_id)
        .subquery()
    )
    asked = want.alias()
    rows = tx.execute(
        select(asked.c.models, want.c.models, pairs.c.photos, asked.c.refine, tagger.c.key)
        .join_from(pairs, want, want.c.id == pairs.c.desired_id)
        .join(tagger, tagger.c.id == pairs.c.tagger_id)
        .join(asked, asked.c.id == pairs.c.applied_id, isouter=True)
        .order_by(pairs.c.photos.desc())
    )
    return [Gap(one or "", other, n, bool(refine), by) for one, other, n, refine, by in rows]


def further_gaps(
    tx: Connection, key: str, plan: Want, bases: Collection[str]
) -> list[tuple[Gap, int]]:
    """What the gaps of a tagger beside the classifier are, or would be once it is noted that it is
    to look by this plan; each with how many of the photos have an embedding kept of one of these
    models (fingerprints), which is all that the tagger needs of them."""
    its, asked, mine = photo_tagger.alias(), want.alias(), photo_tagger.alias()
    known = exists().where(
        embedding.c.photo_id == mine.c.photo_id,
        model.c.id == embedding.c.model_id,
        model.c.fingerprint.in_(list(bases)),
    )
    of_tagger = select(tagger.c.id).where(tagger.c.key == key).scalar_subquery()
    same = and_(its.c.photo_id == mine.c.photo_id, its.c.tagger_id == of_tagger)
    rows = tx.execute(
        select(asked.c.models, func.count(), func.sum(case((known, 1), else_=0)))
        .join_from(mine, its, same, isouter=True)
        .join(asked, asked.c.id == its.c.applied_id, isouter=True)
        .where(mine.c.tagger_id == CLASSIFIER_ID, mine.c.tagging_id.is_not(None))
        .where(func.coalesce(asked.c.key, "") != plan.key)
        .where(or_(its.c.tagging_id.is_not(None), its.c.applied_id.is_(None)))
        .group_by(its.c.applied_id)
        .order_by(func.count().desc())
    )
    return [(Gap(one or "", plan.models, n, False, key), kept) for one, n, kept in rows]


def gaps_if(tx: Connection, wanted: Want) -> list[Gap]:
    """What `gaps` would be if the same were wanted for every photo."""
    asked, given = want.alias(), want.alias()
    others = and_(
        func.coalesce(asked.c.key, "") != wanted.key,
        or_(asked.c.key == AGAIN.key, func.coalesce(given.c.key, "") != wanted.key),
    )
    rows = tx.execute(
        select(asked.c.models, asked.c.refine, func.count())
        .join_from(photo_tagger, tagging, tagging.c.id == photo_tagger.c.tagging_id)
        .join(asked, asked.c.id == photo_tagger.c.applied_id, isouter=True)
        .join(given, given.c.id == tagging.c.want_id, isouter=True)
        .where(_MINE, others)
        .group_by(photo_tagger.c.applied_id)
        .order_by(func.count().desc())
    )
    return [Gap(one or "", wanted.models, n, bool(refine)) for one, refine, n in rows]


def any_stale(tx: Connection) -> bool:
    """Whether there is one."""
    stale = select(photo_tagger.c.photo_id).where(_STALE).limit(1)
    return tx.scalar(stale) is not None


def queue(tx: Connection) -> Queue:
    """What waits, and what is at work."""
    rows = tx.execute(
        select(job.c.priority, job.c.state, func.count())
        .where(job.c.state.in_([JobState.WAITING, JobState.LEASED]), job.c.not_before == jobs.READY)
        .group_by(job.c.priority, job.c.state)
    ).all()
    waiting = {priority: n for priority, state, n in rows if state == JobState.WAITING}
    return Queue(
        first=sum(n for priority, _, n in rows if priority < Priority.REFINE),
        refine=waiting.get(Priority.REFINE, 0),
        retag=waiting.get(Priority.RETAG, 0) + waiting.get(Priority.EMBED, 0),
    )


def feed(
    tx: Connection,
    priority: Priority,
    most: int,
    wanted: Collection[str],
    now: float,
    *,
    tagger_id: int = CLASSIFIER_ID,
) -> int:
    """Queue up to so many photos that are stale for a tagger and for which one of these plans is
    desired (by key): those to refine, or the others, as the priority says. Return how many.

    Only files that are there and tagged are looked at again: one that failed waits for a person.
    """
    if most <= 0 or not wanted:
        return 0
    applied = photo_tagger.c.applied_id
    quick = applied.in_(_REFINE)
    kind = quick if priority == Priority.REFINE else or_(~quick, applied.is_(None))
    ids = select(want.c.id).where(want.c.key.in_(list(wanted)))
    photo_id = photo_tagger.c.photo_id
    its = and_(file.c.photo_id == photo_id, file.c.state == FileState.TAGGED)
    first = select(func.min(file.c.id)).where(its).scalar_subquery()
    busy = exists().where(file.c.photo_id == photo_id, job.c.file_id == file.c.id)
    there = photo_tagger.c.desired_id.in_(ids)
    found = tx.scalars(
        select(first)
        .where(photo_tagger.c.tagger_id == tagger_id, _STALE, kind, there)
        .where(exists().where(its), ~busy)
        .limit(most)
    ).all()
    jobs.enqueue(tx, JobKind.TAG, dict.fromkeys(found, priority), now)
    return len(found)


def withdraw(tx: Connection, *priorities: Priority) -> int:
    """Take these jobs out of the queue while they wait; returns how many. The photos stay stale,
    and are queued again at another time."""
    waits = and_(job.c.state == JobState.WAITING, job.c.priority.in_(priorities))
    return tx.execute(delete(job).where(job.c.kind == JobKind.TAG, waits)).rowcount


def mark(tx: Connection, photos: Collection[int]) -> int:
    """These photos, by row id, are to be tagged again by every tagger, whatever they were tagged
    by; returns how many of them the classifier has looked at."""
    [again] = want_ids(tx, [AGAIN]).values()
    here = photo_tagger.c.tagging_id.is_not(None)
    marked = update(photo_tagger).values(applied_id=again)
    found = 0
    for some in chunks(photos):
        which = and_(photo_tagger.c.photo_id.in_(some), here)
        tx.execute(marked.where(which))
        found += tx.scalar(select(func.count()).select_from(photo_tagger).where(which, _MINE)) or 0
    return found


def hasten(tx: Connection, photos: Collection[int], now: float) -> list[Path]:
    """Queue these photos, by row id, before all others: one file of each that is there and tagged.
    Returns their paths."""
    files: dict[int, Path] = {}
    for some in chunks(photos):
        first = (
            select(func.min(file.c.id))
            .where(file.c.photo_id.in_(some), file.c.state == FileState.TAGGED)
            .group_by(file.c.photo_id)
        )
        rows = tx.execute(select(file.c.id, file.c.path_key).where(file.c.id.in_(first)))
        files.update((each.id, path_of(each.path_key)) for each in rows)
    jobs.enqueue(tx, JobKind.TAG, dict.fromkeys(files, Priority.ASKED), now)
    return list(files.values())


def cancel(tx: Connection) -> int:
    """Nothing is stale any more: what is wanted now counts as asked for. Returns how many photos
    that concerns."""
    withdraw(tx, Priority.REFINE, Priority.RETAG)
    stale = update(photo_tagger).where(_STALE)
    return tx.execute(stale.values(applied_id=photo_tagger.c.desired_id)).rowcount


def photos_at(tx: Connection, paths: Collection[Path]) -> set[int]:
    """The photos, by row id, of the files at these paths and in these folders that are there."""
    found: set[int] = set()
    for path in paths:
        place = at_or_below(file.c.path_key, path)
        there = and_(file.c.state != FileState.MISSING, file.c.photo_id.is_not(None))
        found.update(tx.scalars(select(file.c.photo_id).where(place, there)))
    return found


def sample(tx: Connection, most: int) -> list[Path]:
    """Up to so many files that are there and tagged, as good as drawn by lot, and the same each
    time: in the order of their photos' hashes."""
    first = (
        select(func.min(file.c.path_key).label("path_key"))
        .where(file.c.photo_id == photo.c.id, file.c.state == FileState.TAGGED)
        .scalar_subquery()
    )
    rows = tx.scalars(
        select(first)
        .join_from(photo, photo_tagger, photo_tagger.c.photo_id == photo.c.id)
        .where(_MINE, photo_tagger.c.tagging_id.is_not(None), first.is_not(None))
        .order_by(photo.c.content_hash)
        .limit(most)
    )
    return [path_of(key) for key in rows]


def _among(rows: range) -> ColumnElement[bool]:
    return photo_tagger.c.photo_id.between(rows.start, rows.stop - 1)
