"""What a person says about a photo's tags, himself or by what he wrote into the photo.

    decide (pure): what a word makes of the tags with one label → rows of `tag`, and of `history`

A label has a tag for each source that gave it. Where one is rejected all are, and no model gives
the label again. Whoever says something has the last word over models; metadata never has it over a
person's rejection.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from enum import Enum, auto
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, bindparam, delete, insert, select

from tagd.catalogue.runs import Run, run_id
from tagd.catalogue.schema import history, tag
from tagd.catalogue.statements import chunks, take_over, upsert
from tagd.domain import TagSource, TagState

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from sqlalchemy import Connection

    Standing = Mapping[TagSource, TagState]
    Outcome = Mapping[TagSource, TagState | None]

CERTAIN = 1.0  # the confidence of a tag that a person gave


class Word(Enum):
    """What can be said of a label in a photo."""

    GIVE = auto()  # it is there, whatever was said before
    WITHDRAW = auto()  # it is not to be a tag: what was given goes, what a model says is rejected
    CONFIRM = auto()  # the tag that is there is right
    REJECT = auto()  # it is not there, nor is anything that is a kind of it


@dataclass(frozen=True, slots=True)
class Saying:
    """A word about one label, by its row id. `below`: the labels that are kinds of it, which are
    rejected with it where the photo has them. `by`: a person, or what stands in the photo."""

    word: Word
    label_id: int
    below: frozenset[int] = frozenset()
    by: TagSource = TagSource.PERSON


@dataclass(frozen=True, slots=True)
class Change:
    """One tag's state, before and after; None where it is not there. `tagged_at`: since when."""

    photo_id: int
    label_id: int
    source: TagSource
    before: TagState | None
    after: TagState | None
    tagged_at: float | None = None


def decide(word: Word, standing: Standing, by: TagSource) -> Outcome:
    """What the word makes of the tags that have one label, by source: those that change. Pure."""
    in_force = {source for source, state in standing.items() if state != TagState.REJECTED}
    match word:
        case Word.GIVE if by == TagSource.METADATA and len(in_force) < len(standing):
            return {}
        case Word.GIVE:
            lifted = dict.fromkeys(standing.keys() - in_force, TagState.ACTIVE)
            return lifted | ({} if by in in_force else {by: TagState.ACTIVE})
        case Word.CONFIRM:
            return {
                source: TagState.CONFIRMED
                for source, state in standing.items()
                if state == TagState.ACTIVE and source != TagSource.PERSON
            }
        case Word.REJECT:
            return dict.fromkeys(in_force if standing else {by}, TagState.REJECTED)
        case Word.WITHDRAW if by != TagSource.PERSON:
            return {by: None} if standing.get(by) == TagState.ACTIVE else {}
        case Word.WITHDRAW:
            return {source: None if source == by else TagState.REJECTED for source in in_force}


def say(
    tx: Connection, saying: Saying, photos: Collection[int], run: Run, now: float
) -> list[Change]:
    """Say it of these photos, by their row ids; what changed. Nothing is written where nothing
    does."""
    changes = [change for some in chunks(photos) for change in _follows(tx, saying, some)]
    apply(tx, changes, saying.by, run, now)
    return changes


def apply(tx: Connection, changes: Sequence[Change], who: TagSource, run: Run, now: float) -> None:
    """Give the tags their new states, and note it."""
    if not changes:
        return
    kept = [_row(each, now) for each in changes if each.after is not None]
    upsert(tx, tag, kept, key=["photo_id", "label_id", "source"], changes=take_over("state"))
    if gone := [_key(each) for each in changes if each.after is None]:
        this = [tag.c[name] == bindparam(f"of_{name}") for name in ("photo_id", "label_id")]
        tx.execute(delete(tag).where(*this, tag.c.source == bindparam("of_source")), gone)
    note(tx, changes, who, run, now)


def note(tx: Connection, changes: Sequence[Change], who: TagSource, run: Run, now: float) -> None:
    """Write into the history what became of tags."""
    if not changes:
        return
    number = run_id(tx, run)
    rows = [
        {
            "photo_id": each.photo_id,
            "label_id": each.label_id,
            "source": each.source,
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


def said_in(tx: Connection, number: int) -> list[Change]:
    """What would take back what a run, by its number, has said: of each tag that is still as the
    run left it. What was said of a tag since then stands."""
    same = [tag.c[name] == history.c[name] for name in ("photo_id", "label_id", "source")]
    rows = tx.execute(
        select(history, tag.c.state, tag.c.tagged_at.label("since"))
        .join_from(history, tag, and_(*same), isouter=True)
        .where(history.c.run_id == number, history.c.who != TagSource.MODEL)
        .order_by(history.c.id)
    )
    by_tag: dict[tuple[int, int, str], list[Any]] = defaultdict(list)
    for row in rows:
        by_tag[row.photo_id, row.label_id, row.source].append(row)
    back = []
    for (photo_id, label_id, source), said in by_tag.items():
        # Said several times in one run, a tag becomes what it was before the first of them.
        first, latest = said[0], said[-1]
        if latest.state == latest.after != first.before:
            before, after = _state(latest.after), _state(first.before)
            since = latest.since if latest.tagged_at is None else latest.tagged_at
            back.append(Change(photo_id, label_id, TagSource(source), before, after, since))
    return back


def having(tx: Connection, label_ids: Collection[int], photos: Collection[int]) -> set[int]:
    """Which of these photos have one of these labels as a tag in force."""
    found: set[int] = set()
    for some in chunks(photos):
        rows = select(tag.c.photo_id).where(
            tag.c.photo_id.in_(some),
            tag.c.label_id.in_(label_ids),
            tag.c.state != TagState.REJECTED,
        )
        found.update(tx.scalars(rows))
    return found


def _follows(tx: Connection, saying: Saying, photos: Collection[int]) -> Iterator[Change]:
    """What becomes of these photos' tags."""
    standing: dict[tuple[int, int], dict[TagSource, tuple[TagState, float]]] = defaultdict(dict)
    rows = tx.execute(
        select(tag.c.photo_id, tag.c.label_id, tag.c.source, tag.c.state, tag.c.tagged_at).where(
            tag.c.photo_id.in_(photos), tag.c.label_id.in_({saying.label_id, *saying.below})
        )
    )
    for photo_id, label_id, source, state, tagged_at in rows:
        standing[photo_id, label_id][TagSource(source)] = TagState(state), tagged_at
    rejected = set()
    for photo_id in photos:
        for change in _becomes(saying, photo_id, saying.label_id, standing):
            if change.after == TagState.REJECTED:
                rejected.add(photo_id)
            yield change
    with_it = replace(saying, word=Word.REJECT)
    for photo_id, label_id in sorted(standing):
        if photo_id in rejected and label_id != saying.label_id:
            yield from _becomes(with_it, photo_id, label_id, standing)


def _becomes(
    saying: Saying,
    photo_id: int,
    label_id: int,
    standing: Mapping[tuple[int, int], Mapping[TagSource, tuple[TagState, float]]],
) -> Iterator[Change]:
    """What becomes of the tags that one photo has with one label."""
    tags = standing.get((photo_id, label_id), {})
    states = {source: state for source, (state, _) in tags.items()}
    for source, after in decide(saying.word, states, saying.by).items():
        before, since = tags.get(source, (None, None))
        yield Change(photo_id, label_id, source, before, after, since)


def _state(text: str | None) -> TagState | None:
    return None if text is None else TagState(text)


def _row(change: Change, now: float) -> dict[str, Any]:
    since = now if change.tagged_at is None else change.tagged_at
    return {
        "photo_id": change.photo_id,
        "label_id": change.label_id,
        "source": change.source,
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
    }
