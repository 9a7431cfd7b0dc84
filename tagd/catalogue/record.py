"""Recording what came of a batch of photos: everything at once, or nothing.

Photo, file, decision, predictions, tags and the end of the job are written in the one transaction
of the caller, so that there is no moment at which a crash loses or doubles work.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import exists, func, insert, or_, select

from tagd.catalogue import jobs, predictions, wants
from tagd.catalogue.bulk import among, at_once, many
from tagd.catalogue.query_dates import moment
from tagd.catalogue.runs import Run, run_id
from tagd.catalogue.schema import photo, prediction, tagging, want
from tagd.catalogue.statements import take_over, upserting
from tagd.catalogue.tags import (
    ModelTags,
    ids_of_named,
    model_ids,
    nothing_above,
    replace_model_tags,
)
from tagd.domain import FileState

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from sqlalchemy import Connection

    from tagd.domain import Job, PhotoFacts, Predictions, Signature, Tags, Want

_FACTS = ("format", "width", "height", "orientation", "camera_make", "camera_model", "taken_at")

# Statements of every batch are made once: making one takes longer than SQLite takes for a photo.
_its = tagging.alias()
_LATEST = select(func.max(_its.c.id)).where(
    _its.c.photo_id == photo.c.id,
    or_(_its.c.id == photo.c.tagging_id, _its.c.undone_by.is_not(None)),
)
_IN_FORCE = (
    select(photo.c.content_hash, want.c.key, tagging.c.orientation)
    .join_from(photo, tagging, tagging.c.id == _LATEST.scalar_subquery())
    .join(want, want.c.id == photo.c.asked_id, isouter=True)
    .where(among(photo.c.content_hash, "hashes"))
)
_TAKE_IN = upserting(photo, key=["content_hash"], changes=take_over(*_FACTS))
_ROWS = select(
    photo.c.content_hash, photo.c.id, exists().where(tagging.c.photo_id == photo.c.id)
).where(among(photo.c.content_hash, "hashes"))
# An inode of 0 stays: the file system keeps no stable ones, which the decoder cannot know.
_LINK = f"""
    UPDATE file SET photo_id = new.column2, taken = new.column3, size = new.column4,
        mtime_ns = new.column5, ctime_ns = new.column6,
        inode = CASE inode WHEN 0 THEN 0 ELSE new.column7 END,
        state = '{FileState.TAGGED}', state_since = new.column8, seen_at = new.column8,
        reason_code = NULL, reason = NULL
    FROM (VALUES {{}}) AS new WHERE file.id = new.column1"""
_DECIDE, _SAY = insert(tagging), insert(prediction)
# What was just decided is each photo's latest tagging.
_DECIDED = (
    select(tagging.c.photo_id, func.max(tagging.c.id))
    .where(among(tagging.c.photo_id, "photos"))
    .group_by(tagging.c.photo_id)
)
_COME_INTO_FORCE = """
    UPDATE photo SET tagging_id = new.column2, asked_id = new.column3
    FROM (VALUES {}) AS new WHERE photo.id = new.column1"""


@dataclass(frozen=True, slots=True)
class Tagging:
    """What models were asked of a photo, why, what each stage said, and the tags that follow.
    `refine`: a quicker model than the photo deserves; to be looked at again when there is time."""

    reason: str
    stages: tuple[Predictions, ...]  # those heard, in order; the last one decided
    tags: Tags
    refine: bool = False
    asked: Want | None = None


@dataclass(frozen=True, slots=True)
class TaggedFile:
    """What came of one job. `signature` is that of the very bytes that were read. `tagging` is None
    where the photo's tags in force stay (see `known`). `wanted` is what the photo is to be tagged
    by in the end, None where nobody can tell."""

    job: Job
    photo_id: str
    facts: PhotoFacts
    signature: Signature
    tagging: Tagging | None
    wanted: Want | None = None


@dataclass(frozen=True, slots=True)
class InForce:
    """What models were last asked for a photo that has tags in force (the key of a `Want`, None
    where that is not known), and the photo's orientation when its tags were given.

    Tags that were taken back since stand for nothing, and are in force as that: the same is not
    asked again."""

    asked: str | None
    orientation: int


@dataclass(frozen=True, slots=True)
class _Row:
    id: int
    looked_at: bool  # by a model, whose tags may have been taken back since
    taken: int  # as `file.taken` has it: the photo's, whatever a copy says of itself


def known(tx: Connection, photo_ids: Collection[str]) -> dict[str, InForce]:
    """Which of these photos have tags in force, and from where. What is not here has none."""
    rows = tx.execute(_IN_FORCE, {"hashes": list(photo_ids)}).all()
    return {content_hash: InForce(*each) for content_hash, *each in rows}


def record(
    tx: Connection,
    results: Sequence[TaggedFile],
    name_of: Callable[[str], str],
    now: float,
    *,
    above: Callable[[str], Collection[str]] = nothing_above,
    run: Run | None = None,
    keep: int | None = None,
) -> list[bool]:
    """Record what came of these jobs and end them; `name_of` gives a label's display name, `above`
    what it is a kind of, and `run` is noted as the one that tagged the photos. Of what models said
    before, the latest `keep` taggings of each photo stay, or all.

    False for a result that was not recorded: its job is no longer ours (its file changed, went, or
    was claimed again), or it relies on tags that are not in force any more, and then its job waits
    anew. Content that comes twice is tagged once.
    """
    ours = jobs.held(tx, [each.job for each in results])
    mine = [each for each in results if each.job in ours]
    fresh: dict[str, TaggedFile] = {}
    for each in mine:
        if each.tagging is not None:
            fresh.setdefault(each.photo_id, each)
    rows = _take_in(tx, [*mine, *fresh.values()])
    sound = [each for each in mine if each.photo_id in fresh or rows[each.photo_id].looked_at]
    _link(tx, sound, rows, now)
    # Before its tags come into force: a photo with tags of which nobody knows what is wanted stands
    # in an index of its own.
    wants.note_wanted(tx, {rows[each.photo_id].id: each.wanted for each in sound})
    given = _decide(
        tx, [(rows[each.photo_id].id, each) for each in fresh.values()], name_of, now, run
    )
    replace_model_tags(tx, given, now, above)
    if keep is not None:
        earlier = [rows[photo_id].id for photo_id in fresh if rows[photo_id].looked_at]
        wants.drop_earlier(tx, earlier, keep)
    recorded = {each.job for each in sound}
    jobs.complete_all(tx, recorded)
    jobs.give_back(tx, ours - recorded)
    return [each.job in recorded for each in results]


def _take_in(tx: Connection, results: Sequence[TaggedFile]) -> dict[str, _Row]:
    """A row for each photo, with what its file, the last of several, says of it now."""
    facts = {each.photo_id: each.facts for each in results}
    taken_in = [
        {"content_hash": photo_id} | {name: getattr(its, name) for name in _FACTS}
        for photo_id, its in facts.items()
    ]
    many(tx, _TAKE_IN, taken_in)
    rows = tx.execute(_ROWS, {"hashes": list(facts)}).all()
    return {
        content_hash: _Row(row, bool(looked_at), moment(facts[content_hash].taken_at))
        for content_hash, row, looked_at in rows
    }


def _link(
    tx: Connection, results: Sequence[TaggedFile], rows: Mapping[str, _Row], now: float
) -> None:
    """The files hold these photos, as of the bytes that were read."""
    links = [
        (
            each.job.file_id,
            rows[each.photo_id].id,
            rows[each.photo_id].taken,
            each.signature.size,
            each.signature.mtime_ns,
            each.signature.ctime_ns,
            each.signature.inode,
            now,
        )
        for each in results
    ]
    at_once(tx, _LINK, links)


def _decide(
    tx: Connection,
    fresh: Sequence[tuple[int, TaggedFile]],
    name_of: Callable[[str], str],
    now: float,
    run: Run | None,
) -> list[ModelTags]:
    """New taggings, each of a photo by its row id, come into force; the tags that they give."""
    if not fresh:
        return []
    decisions = [(row, each.facts.orientation, each.tagging) for row, each in fresh if each.tagging]
    said = [stage for _, _, one in decisions for stage in one.stages]
    models = model_ids(tx, {each.fingerprint: each.model for each in said}, now)
    keys = {each.label for _, _, one in decisions for each in one.tags.tags}
    keys.update(*(each.labels[: predictions.KEPT] for each in said))
    labels = ids_of_named(tx, sorted(keys), name_of)
    asked = wants.want_ids(tx, [one.asked for _, _, one in decisions if one.asked])
    number = None if run is None else run_id(tx, run)
    heads: list[dict[str, Any]] = [
        {
            "photo_id": row,
            "model_id": models[one.stages[-1].fingerprint],
            "reason": one.reason,
            "orientation": orientation,
            "tagged_at": now,
            "refine": int(one.refine),
            "run_id": number,
            "want_id": asked[one.asked.key] if one.asked else None,
        }
        for row, orientation, one in decisions
    ]
    many(tx, _DECIDE, heads)
    made = tx.execute(_DECIDED, {"photos": [row for row, _, _ in decisions]})
    taggings: dict[int, int] = dict(made.all())
    rows: list[dict[str, Any]] = [
        {"tagging_id": taggings[row], "stage": stage}
        | predictions.row_of(each, labels, models[each.fingerprint])
        for row, _, one in decisions
        for stage, each in enumerate(one.stages)
    ]
    many(tx, _SAY, rows)
    at_once(
        tx,
        _COME_INTO_FORCE,
        [(head["photo_id"], taggings[head["photo_id"]], head["want_id"]) for head in heads],
    )
    return [
        ModelTags(row, models[one.stages[-1].fingerprint], one.tags) for row, _, one in decisions
    ]
