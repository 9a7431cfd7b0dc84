"""Recording what came of a batch of photos: everything at once, or nothing.

Photo, file, decision, predictions, tags and the end of the job are written in the one transaction
of the caller, so that there is no moment at which a crash loses or doubles work.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import bindparam, exists, func, insert, or_, select

from tagd.catalogue.db.bulk import among, at_once, many
from tagd.catalogue.db.schema import (
    CLASSIFIER_ID,
    photo,
    photo_tagger,
    prediction,
    tagger,
    tagging,
    want,
)
from tagd.catalogue.db.statements import take_over, upserting
from tagd.catalogue.db.times import moment
from tagd.catalogue.plans import plans
from tagd.catalogue.plans.taggers import tagger_ids
from tagd.catalogue.queue import jobs
from tagd.catalogue.tagging import embeddings, predictions
from tagd.catalogue.tagging.runs import Run, run_id
from tagd.catalogue.tagging.tags import (
    ModelTags,
    ids_of_named,
    model_ids,
    nothing_above,
    replace_model_tags,
)
from tagd.domain import CLASSIFIER, FileState, Place

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from sqlalchemy import Connection

    from tagd.domain import Embedding, Job, PhotoFacts, Predictions, Signature, Tags, Want

_FACTS = ("format", "width", "height", "orientation", "camera_make", "camera_model", "taken_at")

# Statements of every batch are made once: making one takes longer than SQLite takes for a photo.
_its = tagging.alias()
_LATEST = select(func.max(_its.c.id)).where(
    _its.c.photo_id == photo.c.id,
    _its.c.tagger_id == photo_tagger.c.tagger_id,
    or_(_its.c.id == photo_tagger.c.tagging_id, _its.c.undone_by.is_not(None)),
)
_IN_FORCE = (
    select(
        photo.c.content_hash,
        want.c.key,
        tagging.c.orientation,
        photo_tagger.c.tagging_id.is_not(None),
    )
    .join_from(photo, photo_tagger, photo_tagger.c.photo_id == photo.c.id)
    .join(tagging, tagging.c.id == _LATEST.scalar_subquery())
    .join(want, want.c.id == photo_tagger.c.applied_id, isouter=True)
    .where(among(photo.c.content_hash, "hashes"))
    .where(photo_tagger.c.tagger_id.in_(select(tagger.c.id).where(tagger.c.key == bindparam("by"))))
)
_TAKE_IN = upserting(photo, key=["content_hash"], changes=take_over(*_FACTS))
_ROWS = select(
    photo.c.content_hash,
    photo.c.id,
    exists().where(tagging.c.photo_id == photo.c.id, tagging.c.tagger_id == CLASSIFIER_ID),
).where(among(photo.c.content_hash, "hashes"))
# An inode of 0 stays: the file system keeps no stable ones, which the decoder cannot know.
_LINK = f"""
    UPDATE file SET photo_id = new.column2, taken = new.column3, size = new.column4,
        mtime_ns = new.column5, ctime_ns = new.column6,
        inode = CASE inode WHEN 0 THEN 0 ELSE new.column7 END,
        state = '{FileState.TAGGED}', state_since = new.column8, seen_at = new.column8,
        reason_code = iif(new.column9 IS NULL, NULL, 'flawed'), reason = new.column9
    FROM (VALUES {{}}) AS new WHERE file.id = new.column1"""
# What tagd answers for in a picture says nothing of another that has come to its name.
_FORGET = f"""
    DELETE FROM inscription WHERE place = '{Place.EMBEDDED}' AND file_id IN (
        SELECT file.id FROM (VALUES {{}}) AS new JOIN file ON file.id = new.column1
        WHERE file.photo_id <> new.column2)"""
_DECIDE, _SAY = insert(tagging), insert(prediction)
# What was just decided is each photo's latest tagging.
_DECIDED = (
    select(tagging.c.photo_id, func.max(tagging.c.id))
    .where(among(tagging.c.photo_id, "photos"), tagging.c.tagger_id == bindparam("tagger"))
    .group_by(tagging.c.photo_id)
)
_COME_INTO_FORCE = """
    INSERT INTO photo_tagger (photo_id, tagger_id, tagging_id, applied_id) VALUES {}
    ON CONFLICT (photo_id, tagger_id) DO UPDATE
    SET tagging_id = excluded.tagging_id, applied_id = excluded.applied_id"""


@dataclass(frozen=True, slots=True)
class Tagging:
    """What models were asked of a photo, why, what each stage said, and the tags that follow.
    `refine`: a quicker model than the photo deserves; to be looked at again when there is time.
    `run`: the run that it belongs to, None for that of whoever records it."""

    reason: str
    stages: tuple[Predictions, ...]  # those heard, in order; the last one decided
    tags: Tags
    refine: bool = False
    asked: Want | None = None
    run: Run | None = None


@dataclass(frozen=True, slots=True)
class Look:
    """What one tagger made of a photo: None where its current tags stay. `desired` is the plan that
    the photo is to be tagged by in the end, None where nobody can tell."""

    tagging: Tagging | None = None
    desired: Want | None = None


@dataclass(frozen=True, slots=True)
class TaggedFile:
    """What came of one job. `signature` is that of the very bytes that were read. `tagging` and
    `wanted` are the classifier's `Look` (see `known`), `further` those of other taggers, by key."""

    job: Job
    photo_id: str
    facts: PhotoFacts
    signature: Signature
    tagging: Tagging | None
    wanted: Want | None = None
    further: Mapping[str, Look] = field(default_factory=dict)
    # What the last model sees in it that the tagging heard, or that an earlier one ended in.
    embedding: Embedding | None = None


@dataclass(frozen=True, slots=True)
class InForce:
    """What models were last asked for a photo that has tags in force (the key of a `Want`, None
    where that is not known), and the photo's orientation when its tags were given.

    Tags that were taken back since stand for nothing, and are in force as that: the same is not
    asked again."""

    asked: str | None
    orientation: int
    stands: bool = True  # False where they were taken back


@dataclass(frozen=True, slots=True)
class _Row:
    id: int
    looked_at: bool  # by the classifier, whose tags may have been taken back since
    taken: int  # as `file.taken` has it: the photo's, whatever a copy says of itself


def known(tx: Connection, photo_ids: Collection[str], by: str = CLASSIFIER) -> dict[str, InForce]:
    """Which of these photos a tagger has looked at, and by what. What is not here it has not."""
    rows = tx.execute(_IN_FORCE, {"hashes": list(photo_ids), "by": by}).all()
    return {
        content_hash: InForce(asked, orientation, bool(stands))
        for content_hash, asked, orientation, stands in rows
    }


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
    for key, looks in _by_tagger(sound, fresh, rows).items():
        [tagger_id] = tagger_ids(tx, [key]).values()
        # Before its tags come into force: a photo with tags of which nobody knows what is desired
        # stands in an index of its own.
        plans.note_desired(tx, {look.row: look.desired for look in looks}, tagger_id)
        given = _decide(tx, looks, tagger_id=tagger_id, name_of=name_of, now=now, run=run)
        replace_model_tags(tx, given, now, above, tagger_id)
        if keep is not None:
            earlier = [look.row for look in looks if look.tagging and look.looked_at]
            plans.drop_earlier(tx, earlier, keep, tagger_id)
    seen = {rows[each.photo_id].id: each.embedding for each in sound if each.embedding}
    embeddings.keep(tx, seen, now)
    recorded = {each.job for each in sound}
    jobs.complete_all(tx, recorded)
    jobs.give_back(tx, ours - recorded)
    return [each.job in recorded for each in results]


class Seen(NamedTuple):
    """What a tagger made of a photo, by its row id; `looked_at`: it may have earlier taggings."""

    row: int
    looked_at: bool
    orientation: int
    tagging: Tagging | None
    desired: Want | None


def add(
    tx: Connection,
    looks: Sequence[Seen],
    name_of: Callable[[str], str],
    now: float,
    *,
    tagger_id: int,
    keep: int | None = None,
) -> None:
    """Record what a tagger makes of photos that are known, with no job behind it; `keep` as in
    `record`. Their tags are the caller's to put: see `derived.put`."""
    _decide(tx, looks, tagger_id=tagger_id, name_of=name_of, now=now, run=None)
    if keep is not None:
        plans.drop_earlier(tx, [look.row for look in looks], keep, tagger_id)


def _by_tagger(
    sound: Sequence[TaggedFile], fresh: Mapping[str, TaggedFile], rows: Mapping[str, _Row]
) -> dict[str, list[Seen]]:
    """What each tagger made of each content, once: where one comes twice, of the one that the
    classifier looked at. Its last file says what is desired."""
    looks: dict[str, dict[str, Seen]] = {CLASSIFIER: {}}
    for each in sound:
        row, one = rows[each.photo_id], fresh.get(each.photo_id, each)
        seen = partial(Seen, row.id, row.looked_at, one.facts.orientation)
        looks[CLASSIFIER][each.photo_id] = seen(one.tagging, each.wanted)
        for key, look in one.further.items():
            looks.setdefault(key, {})[each.photo_id] = seen(look.tagging, look.desired)
    return {key: list(by_photo.values()) for key, by_photo in looks.items()}


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
            each.facts.flaw,
        )
        for each in results
    ]
    at_once(tx, _FORGET, [link[:2] for link in links])
    at_once(tx, _LINK, links)


def _decide(
    tx: Connection,
    looks: Sequence[Seen],
    *,
    tagger_id: int,
    name_of: Callable[[str], str],
    now: float,
    run: Run | None,
) -> list[ModelTags]:
    """New taggings come into force; the tags that they give."""
    decisions = [(each, each.tagging) for each in looks if each.tagging]
    if not decisions:
        return []
    said = [stage for _, one in decisions for stage in one.stages]
    models = model_ids(tx, {each.fingerprint: each.model for each in said}, now)
    keys = {each.label for _, one in decisions for each in one.tags.tags}
    keys.update(*(each.labels[: predictions.KEPT] for each in said))
    labels = ids_of_named(tx, sorted(keys), name_of)
    asked = plans.want_ids(tx, [one.asked for _, one in decisions if one.asked])
    runs = {one.run or run for _, one in decisions}
    numbers = {each: each and run_id(tx, each) for each in runs}
    heads: list[dict[str, Any]] = [
        {
            "photo_id": look.row,
            "tagger_id": tagger_id,
            "model_id": models[one.stages[-1].fingerprint],
            "reason": one.reason,
            "orientation": look.orientation,
            "tagged_at": now,
            "refine": int(one.refine),
            "run_id": numbers[one.run or run],
            "want_id": asked[one.asked.key] if one.asked else None,
        }
        for look, one in decisions
    ]
    many(tx, _DECIDE, heads)
    photos = [look.row for look, _ in decisions]
    made = tx.execute(_DECIDED, {"photos": photos, "tagger": tagger_id})
    taggings: dict[int, int] = dict(made.all())
    rows: list[dict[str, Any]] = [
        {"tagging_id": taggings[look.row], "stage": stage}
        | predictions.row_of(each, labels, models[each.fingerprint])
        for look, one in decisions
        for stage, each in enumerate(one.stages)
    ]
    many(tx, _SAY, rows)
    current = [
        (head["photo_id"], tagger_id, taggings[head["photo_id"]], head["want_id"]) for head in heads
    ]
    at_once(tx, _COME_INTO_FORCE, current)
    return [
        ModelTags(look.row, models[one.stages[-1].fingerprint], one.tags) for look, one in decisions
    ]
