"""What tagd wrote into photos and their sidecars: what is to be written, what is being written, and
which keywords it answers for in which file.

A write is noted in `intent` before its first byte and settled in the transaction that notes what
came of it, so that a kill at any step is set right at the next start. While it goes on, what the
watch tells of the photo says nothing (see `photos.submit`); once it is settled the file is looked
at again, so that nothing that others did meanwhile is missed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import case, delete, exists, insert, or_, select, text, true, update

from tagd.catalogue.db.schema import (
    NOTHING_OURS,
    file,
    inscription,
    intent,
    job,
    label,
    model,
    photo,
    revision,
    tag,
)
from tagd.catalogue.db.statements import chunks, rank_of, take_over, upsert
from tagd.catalogue.queue import jobs
from tagd.catalogue.tagging.runs import Run, noted, run_id
from tagd.domain import (
    FileState,
    JobKind,
    JobState,
    Place,
    Priority,
    Signature,
    TagSource,
    TagState,
)
from tagd.fs import display, key_of, path_of

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy import Connection

Keywords = Mapping[str, tuple[str, ...]]  # by the field that holds them
Wanted = Callable[[Path], bool]  # whether anything is to be written for the photo at a path

_SIGNATURE = ("size", "mtime_ns", "ctime_ns", "inode")


@dataclass(frozen=True, slots=True)
class GivenTag:
    """A tag in force, and who gave it. `said_at` is in seconds since 1970."""

    label: str
    name: str
    confidence: float
    source: TagSource
    state: TagState
    model: str | None
    fingerprint: str | None
    said_at: float


@dataclass(frozen=True, slots=True)
class Inscription:
    """What tagd left in one file: the keywords that it answers for there, a digest of what was to
    be written, and the signature of the file as it was left."""

    place: Place
    path: Path
    ours: Keywords
    wish: str
    signature: Signature


@dataclass(frozen=True, slots=True)
class Target:
    """A file whose tags are to be written, with what was written for it before."""

    file_id: int
    path: Path
    state: FileState
    signature: Signature
    photo_id: int
    content: str  # who the photo is: a hash of its image payload
    format: str
    tags: tuple[GivenTag, ...]
    written: Mapping[Place, Inscription]


@dataclass(frozen=True, slots=True)
class Begun:
    """A write that is under way. `seen` is what was there: inode, size, mtime in nanoseconds and
    links; None for a new file. `digest` is that of the bytes to come."""

    token: str
    file_id: int
    place: Place
    path: Path
    seen: tuple[int, ...] | None
    digest: str
    ours: Keywords = field(default_factory=dict)
    wish: str = ""
    way: bytes | None = None


def enqueue(
    tx: Connection, photos: Collection[int], wanted: Wanted, priority: Priority, now: float
) -> int:
    """Queue the writing of these photos' tags, by their row ids, in every file of theirs that it is
    wanted for. Returns how many files that are."""
    files: dict[int, int] = {}
    for some in chunks(photos):
        rows = tx.execute(
            select(file.c.id, file.c.path_key).where(
                file.c.photo_id.in_(some), file.c.state == FileState.TAGGED
            )
        )
        files.update({each: priority for each, key in rows if wanted(path_of(key))})
    jobs.enqueue(tx, JobKind.WRITE, files, now)
    return len(files)


def settle_job(tx: Connection, done: Target) -> None:
    """Note that the write that waited for this file has been done, unless its tags have changed
    since."""
    if _tags(tx, done.photo_id) == done.tags:
        jobs.settle(tx, JobKind.WRITE, done.file_id)


def rows_of(tx: Connection, photo_ids: Collection[str]) -> list[int]:
    """Return the row ids of these photos, by their content."""
    found: list[int] = []
    for some in chunks(photo_ids):
        found += tx.scalars(select(photo.c.id).where(photo.c.content_hash.in_(some)))
    return found


def target(tx: Connection, file_id: int) -> Target | None:
    """Return the file with its photo's tags; None where it is not known, or its content is not."""
    row = tx.execute(
        select(file, photo.c.content_hash, photo.c.format)
        .join_from(file, photo, photo.c.id == file.c.photo_id)
        .where(file.c.id == file_id)
    ).first()
    if row is None:
        return None
    return Target(
        file_id=file_id,
        path=path_of(row.path_key),
        state=FileState(row.state),
        signature=_signature(row),
        photo_id=row.photo_id,
        content=row.content_hash,
        format=row.format,
        tags=_tags(tx, row.photo_id),
        written={each.place: each for each in written(tx, file_id)},
    )


def written(tx: Connection, file_id: int) -> list[Inscription]:
    """Return what tagd left in this file and in its sidecar."""
    rows = tx.execute(select(inscription).where(inscription.c.file_id == file_id))
    return [_inscription(row) for row in rows]


def beside_others(tx: Connection, its: Target) -> list[tuple[int, Path, Inscription]]:
    """Return the sidecars that tagd left for other files which show, or showed, the same photo: the
    file's row id and path, and what was left, the latest first."""
    rows = tx.execute(
        select(inscription, file.c.path_key.label("photo_key"))
        .join_from(inscription, file, file.c.id == inscription.c.file_id)
        .where(file.c.photo_id == its.photo_id, file.c.id != its.file_id)
        .where(inscription.c.place == Place.SIDECAR)
        .order_by(inscription.c.written_at.desc(), file.c.id)
    )
    return [(row.file_id, path_of(row.photo_key), _inscription(row)) for row in rows]


def hand_over(tx: Connection, giver: int, taker: int, place: Place) -> None:
    """Hand over what tagd left for one file, by row id, with the way back, to another which has
    nothing there."""
    for table in (inscription, revision):
        its = (table.c.file_id == giver, table.c.place == place)
        tx.execute(update(table).where(*its).values(file_id=taker))


def outdated(tx: Connection, photos: Collection[int], wanted: Wanted) -> list[tuple[Path, Place]]:
    """Return where the tags of these photos, by their row ids, were written and will not be by
    itself: the photo's path and the place."""
    found: list[tuple[Path, Place]] = []
    for some in chunks(photos):
        rows = tx.execute(
            select(file.c.path_key, inscription.c.place)
            .join_from(file, inscription, inscription.c.file_id == file.c.id)
            .where(file.c.photo_id.in_(some), file.c.state != FileState.MISSING)
            .where(inscription.c.ours != NOTHING_OURS)
            .order_by(file.c.path_key)
        )
        found += [(path_of(key), Place(place)) for key, place in rows]
    return [(path, place) for path, place in found if not wanted(path)]


def put(tx: Connection, file_id: int, what: Inscription, run: Run | int, now: float) -> None:
    """Note what was left in a file by a run, or by one of this number, in the place of what was
    before."""
    row: dict[str, Any] = {
        "file_id": file_id,
        "place": what.place,
        "path_key": key_of(what.path),
        "path": display(what.path),
        "ours": dumped(what.ours),
        "wish": what.wish,
        **{name: getattr(what.signature, name) for name in _SIGNATURE},
        "run_id": run if isinstance(run, int) else run_id(tx, run),
        "written_at": now,
    }
    changes = take_over(*(name for name in row if name not in {"file_id", "place"}))
    upsert(tx, inscription, [row], key=["file_id", "place"], changes=changes)


def moved(
    tx: Connection, file_id: int, place: Place, path: Path, signature: Signature | None
) -> None:
    """Note that what tagd left for this file lies there now; without a signature as it was left."""
    values: dict[str, Any] = {"path_key": key_of(path), "path": display(path)}
    if signature is not None:
        values |= {name: getattr(signature, name) for name in _SIGNATURE}
    this = (inscription.c.file_id == file_id) & (inscription.c.place == place)
    tx.execute(update(inscription).where(this).values(values))


def holders(tx: Connection, sidecar: Path) -> list[int]:
    """Return the files that are there, by row id, whose sidecar tagd left at this path."""
    rows = (
        select(file.c.id)
        .join_from(inscription, file, file.c.id == inscription.c.file_id)
        .where(inscription.c.path_key == key_of(sidecar), inscription.c.place == Place.SIDECAR)
        .where(file.c.state != FileState.MISSING)
    )
    return list(tx.scalars(rows))


def drop_writes(tx: Connection) -> None:
    """Drop all writes: nothing is to be written any more. A sidecar that goes along with its photo
    still does."""
    has_sidecar = exists().where(
        inscription.c.file_id == job.c.file_id, inscription.c.place == Place.SIDECAR
    )
    ended = or_(job.c.state == JobState.QUARANTINED, ~has_sidecar)
    tx.execute(delete(job).where(job.c.kind == JobKind.WRITE, ended))


def forget(tx: Connection, file_id: int, place: Place) -> None:
    """Note that nothing of tagd's is there any more."""
    this = (inscription.c.file_id == file_id) & (inscription.c.place == place)
    tx.execute(delete(inscription).where(this))


def take_signature(tx: Connection, file_id: int, path: Path, signature: Signature) -> None:
    """Note that the file at this path is known as tagd left it, so that nobody takes it for
    changed."""
    values: dict[str, Any] = {name: getattr(signature, name) for name in _SIGNATURE}
    # 0 where the file system keeps no stable ones.
    values["inode"] = case((file.c.inode == 0, 0), else_=signature.inode)
    this = (file.c.id == file_id) & (file.c.path_key == key_of(path))
    tx.execute(update(file).where(this).values(values))


def begin(tx: Connection, what: Begun, run: Run) -> None:
    """Note a write before its first byte."""
    row = {
        "token": what.token,
        "file_id": what.file_id,
        "place": what.place,
        "path_key": key_of(what.path),
        "seen": None if what.seen is None else json.dumps(what.seen),
        "digest": what.digest,
        "ours": dumped(what.ours),
        "wish": what.wish,
        "run_id": run_id(tx, run),
        "way": what.way,
    }
    tx.execute(insert(intent), [row])


def settle(tx: Connection, token: str) -> None:
    """Note that the write has come to an end."""
    tx.execute(delete(intent).where(intent.c.token == token))


def begun(tx: Connection, run: Run | None = None) -> list[Begun]:
    """Return every write that was begun and not settled, or those of one run."""
    mine = true() if run is None else intent.c.run_id == noted(tx, run)
    return [
        Begun(
            token=row.token,
            file_id=row.file_id,
            place=Place(row.place),
            path=path_of(row.path_key),
            seen=None if row.seen is None else tuple(json.loads(row.seen)),
            digest=row.digest,
            ours=loaded(row.ours),
            wish=row.wish,
            way=row.way,
        )
        for row in tx.execute(select(intent).where(mine))
    ]


def _tags(tx: Connection, photo_id: int) -> tuple[GivenTag, ...]:
    """Return the current tags, each label once: of several the last, by the source's rank and the
    surest tagger."""
    rows = tx.execute(
        select(tag, label.c.key, label.c.name, model.c.name.label("by"), model.c.fingerprint)
        .join_from(tag, label, label.c.id == tag.c.label_id)
        .join(model, model.c.id == tag.c.model_id, isouter=True)
        .where(tag.c.photo_id == photo_id)
        .order_by(text(rank_of("tag.source")), tag.c.confidence, label.c.key)
    ).all()
    rejected = {row.key for row in rows if row.state == TagState.REJECTED}
    found = {
        row.key: GivenTag(
            label=row.key,
            name=row.name,
            confidence=row.confidence,
            source=TagSource(row.source),
            state=TagState(row.state),
            model=row.by,
            fingerprint=row.fingerprint,
            said_at=row.tagged_at,
        )
        for row in rows
        if row.key not in rejected
    }
    return tuple(sorted(found.values(), key=lambda each: (-each.confidence, each.name)))


def _inscription(row: Any) -> Inscription:
    return Inscription(
        Place(row.place), path_of(row.path_key), loaded(row.ours), row.wish, _signature(row)
    )


def _signature(row: Any) -> Signature:
    return Signature(row.size, row.mtime_ns, row.ctime_ns, row.inode)


def dumped(keywords: Keywords) -> str:
    """Keywords as the tables have them."""
    return json.dumps(
        {str(name): list(values) for name, values in keywords.items()}, ensure_ascii=False
    )


def loaded(text: str) -> Keywords:
    """Read what `dumped` wrote."""
    return {name: tuple(values) for name, values in json.loads(text).items()}
