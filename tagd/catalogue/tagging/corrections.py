"""Corrections of a photo's tags: by a person, or by what a person wrote into the photo.

    decide (pure): what an action makes of the tags with one label → rows of `tag` and `history`

A label has one tag for each source that gave it. Where one is rejected all are, and no model gives
the label again. A correction outranks every model; one from metadata never overrides a person's
rejection.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, bindparam, delete, insert, select, true

from tagd.catalogue.db.bulk import one_of
from tagd.catalogue.db.schema import NO_TAGGER, history, tag
from tagd.catalogue.db.statements import chunks, take_over, upsert
from tagd.catalogue.tagging.runs import Run, run_id
from tagd.domain import TagSource, TagState

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from sqlalchemy import Connection

    Standing = Mapping[TagSource, TagState]
    Outcome = Mapping[TagSource, TagState | None]

KEY = ("photo_id", "label_id", "source", "tagger_id")  # of a tag
CERTAIN = 1.0  # the confidence of a tag that a person gave


class Action(StrEnum):
    """What can be done about a label in a photo: the commands of the same names."""

    ADD = "add"  # it is there, even if it was rejected before
    REMOVE = "remove"  # no tag any more: what was added goes, what a model gave is rejected
    CONFIRM = "confirm"  # the tag that is there is right, also one that was rejected
    REJECT = "reject"  # it is not there, nor is anything that is a kind of it


@dataclass(frozen=True, slots=True)
class Correction:
    """An action on one label, by its row id. `below`: the labels that are kinds of it, which are
    rejected with it where the photo has them. `by`: a person, or the photo's metadata."""

    action: Action
    label_id: int
    below: frozenset[int] = frozenset()
    by: TagSource = TagSource.PERSON
    # Photos, by row id, in which the label is suggested, which is as good as a tag to confirm.
    suggested: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Change:
    """One tag's state, before and after; None where it is not there. `tagged_at`: since when."""

    photo_id: int
    label_id: int
    source: TagSource
    before: TagState | None
    after: TagState | None
    tagged_at: float | None = None
    tagger_id: int = NO_TAGGER  # of a model's tag


@dataclass(frozen=True, slots=True)
class _Tag:
    """A tag that a photo has with a label. `since` is in seconds since 1970."""

    source: TagSource
    tagger_id: int
    state: TagState
    since: float

    @property
    def is_active(self) -> bool:
        return self.state == TagState.ACTIVE


def decide(action: Action, standing: Standing, by: TagSource) -> Outcome:
    """What the action makes of the tags that have one label, by source: those that change. Pure."""
    in_force = {source for source, state in standing.items() if state != TagState.REJECTED}
    match action:
        case Action.ADD if by == TagSource.METADATA and len(in_force) < len(standing):
            return {}
        case Action.ADD:
            lifted = dict.fromkeys(standing.keys() - in_force, TagState.ACTIVE)
            return lifted | ({} if by in in_force else {by: TagState.ACTIVE})
        case Action.CONFIRM if by == TagSource.METADATA:
            active = standing.get(TagSource.MODEL) == TagState.ACTIVE
            return {TagSource.MODEL: TagState.CONFIRMED} if active else {}
        case Action.CONFIRM:
            said = {TagSource.PERSON: TagState.ACTIVE}
            right = {source: said.get(source, TagState.CONFIRMED) for source in standing}
            return {
                source: state
                for source, state in right.items()
                if standing[source] not in {state, TagState.CONFIRMED}
            }
        case Action.REJECT:
            return dict.fromkeys(in_force if standing else {by}, TagState.REJECTED)
        case Action.REMOVE if by != TagSource.PERSON:
            return {by: None} if standing.get(by) == TagState.ACTIVE else {}
        case Action.REMOVE:
            return {source: None if source == by else TagState.REJECTED for source in in_force}


def correct(
    tx: Connection, correction: Correction, photos: Collection[int], run: Run, now: float
) -> list[Change]:
    """Apply it to these photos, by their row ids; returns what changed, which the history notes."""
    changes = [change for some in chunks(photos) for change in _follows(tx, correction, some)]
    apply(tx, changes, correction.by, run, now)
    return changes


def apply(tx: Connection, changes: Sequence[Change], who: TagSource, run: Run, now: float) -> None:
    """Give the tags their new states, and note the changes in the history."""
    if not changes:
        return
    kept = [_row(each, now) for each in changes if each.after is not None]
    upsert(tx, tag, kept, key=KEY, changes=take_over("state"))
    if gone := [_key(each) for each in changes if each.after is None]:
        tx.execute(
            delete(tag).where(*(tag.c[name] == bindparam(f"of_{name}") for name in KEY)), gone
        )
    note(tx, changes, who, run, now)


def note(tx: Connection, changes: Sequence[Change], who: TagSource, run: Run, now: float) -> None:
    """Note the changes in the history."""
    if not changes:
        return
    number = run_id(tx, run)
    rows = [
        {
            "photo_id": each.photo_id,
            "label_id": each.label_id,
            "source": each.source,
            "tagger_id": each.tagger_id,
            "who": who,
            "before": each.before,
            "after": each.after,
            "at": now,
            "tagged_at": each.tagged_at if each.after is None else None,
            "run_id": number,
        }
        for each in changes
    ]
    tx.execute(insert(history), rows)


def reversal_of(tx: Connection, number: int, photos: Collection[int] | None = None) -> list[Change]:
    """The changes that take back the corrections of a run, by its number, where the tag is still as
    the run left it; of these photos alone, where any are named. Later corrections stand."""
    same = [tag.c[name] == history.c[name] for name in KEY]
    these = true() if photos is None else one_of(history.c.photo_id, photos)
    rows = tx.execute(
        select(history, tag.c.state, tag.c.tagged_at.label("since"))
        .join_from(history, tag, and_(*same), isouter=True)
        .where(history.c.run_id == number, history.c.who != TagSource.MODEL, these)
        .order_by(history.c.id)
    )
    by_tag: dict[tuple[int, int, str, int], list[Any]] = defaultdict(list)
    for row in rows:
        by_tag[row.photo_id, row.label_id, row.source, row.tagger_id].append(row)
    back = []
    for (photo_id, label_id, source, tagger_id), changed in by_tag.items():
        # Changed several times in one run, a tag becomes what it was before the first of them.
        first, latest = changed[0], changed[-1]
        if latest.state == latest.after != first.before:
            before, after = _state(latest.after), _state(first.before)
            since = latest.since if latest.tagged_at is None else latest.tagged_at
            change = Change(photo_id, label_id, TagSource(source), before, after, since, tagger_id)
            back.append(change)
    return back


def having(
    tx: Connection, label_ids: Collection[int], photos: Collection[int]
) -> tuple[set[int], set[int]]:
    """Which of these photos have one of these labels as a tag in force, and in which it is
    rejected."""
    in_force, rejected = set[int](), set[int]()
    for some in chunks(photos):
        rows = select(tag.c.photo_id, tag.c.state).where(
            tag.c.photo_id.in_(some), tag.c.label_id.in_(label_ids)
        )
        for photo_id, state in tx.execute(rows):
            (rejected if state == TagState.REJECTED else in_force).add(photo_id)
    return in_force, rejected


def _follows(tx: Connection, correction: Correction, photos: Collection[int]) -> Iterator[Change]:
    """What becomes of these photos' tags."""
    standing: dict[tuple[int, int], list[_Tag]] = defaultdict(list)
    rows = tx.execute(
        select(tag).where(
            tag.c.photo_id.in_(photos), tag.c.label_id.in_({correction.label_id, *correction.below})
        )
    )
    for row in rows:
        its = _Tag(TagSource(row.source), row.tagger_id, TagState(row.state), row.tagged_at)
        standing[row.photo_id, row.label_id].append(its)
    rejected = set()
    for photo_id in photos:
        for change in _becomes(correction, photo_id, correction.label_id, standing):
            if change.after == TagState.REJECTED:
                rejected.add(photo_id)
            yield change
    with_it = replace(correction, action=Action.REJECT)
    for photo_id, label_id in sorted(standing):
        if photo_id in rejected and label_id != correction.label_id:
            yield from _becomes(with_it, photo_id, label_id, standing)


def _becomes(
    correction: Correction,
    photo_id: int,
    label_id: int,
    standing: Mapping[tuple[int, int], Sequence[_Tag]],
) -> Iterator[Change]:
    """What becomes of the tags that one photo has with one label. What is decided of a source holds
    for the tags of all its taggers: where one is active, the source is."""
    tags = standing.get((photo_id, label_id), ())
    if correction.action == Action.CONFIRM and not tags and photo_id in correction.suggested:
        yield Change(photo_id, label_id, TagSource.LEARNED, None, TagState.CONFIRMED)
    states = {its.source: its.state for its in sorted(tags, key=lambda its: its.is_active)}
    for source, after in decide(correction.action, states, correction.by).items():
        if source not in states:
            yield Change(photo_id, label_id, source, None, after)
        for its in tags:
            if its.source == source and its.state != after:
                yield Change(photo_id, label_id, source, its.state, after, its.since, its.tagger_id)


def _state(text: str | None) -> TagState | None:
    return None if text is None else TagState(text)


def _row(change: Change, now: float) -> dict[str, Any]:
    since = now if change.tagged_at is None else change.tagged_at
    return {
        "photo_id": change.photo_id,
        "label_id": change.label_id,
        "source": change.source,
        "tagger_id": change.tagger_id,
        "state": change.after,
        "confidence": CERTAIN,
        "model_id": None,
        "tagged_at": since,
    }


def _key(change: Change) -> dict[str, Any]:
    return {
        "of_photo_id": change.photo_id,
        "of_label_id": change.label_id,
        "of_source": change.source,
        "of_tagger_id": change.tagger_id,
    }
