"""Files as the catalogue knows them, and what a scan or a watch says of them.

What becomes of a submitted file is a pure decision (`_verdict`), applied for a whole batch at once.
Moves and disappearances are in `moves.py`, and have their names here too.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import and_, bindparam, delete, func, insert, select, update

from tagd.catalogue.db.schema import (
    CLASSIFIER_ID,
    file,
    inscription,
    intent,
    job,
    photo,
    photo_tagger,
    said,
)
from tagd.catalogue.db.statements import below, chunks
from tagd.catalogue.files.moves import (
    UNFINISHED,
    adopt_moved,
    forget_missing,
    mark_missing,
    mark_missing_below,
    rename,
)
from tagd.catalogue.files.roots import RootRecord, known_around, known_root, remember_root
from tagd.catalogue.queue import jobs
from tagd.domain import FileState, JobKind, JobState, PhotoFacts, Place, Priority, Signature
from tagd.fs import display, key_of, path_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from sqlalchemy import Connection

    from tagd.domain import SettledFile

__all__ = [
    "KnownFile",
    "RootRecord",
    "Submitted",
    "adopt_moved",
    "facts_of",
    "forget_missing",
    "known_around",
    "known_files",
    "known_root",
    "let_go",
    "mark_missing",
    "mark_missing_below",
    "remember_root",
    "rename",
    "submit",
]


class KnownFile(NamedTuple):
    """What a scan compares with the disk. A tuple: a scan makes a million of them."""

    file_id: int
    signature: Signature
    state: FileState


@dataclass(frozen=True, slots=True)
class Submitted:
    """What `submit` found: files that have a job now, and files that need none."""

    queued: int
    unchanged: int


class _Verdict(Enum):
    """What becomes of a submitted file."""

    NEW = auto()  # never seen: a row and a job
    CHANGED = auto()  # other content, perhaps: its job starts over
    RETURNED = auto()  # was missing, is unchanged: its tags count again
    REOPENED = auto()  # unchanged, but its work has to be done (again)
    WAITS = auto()  # its job is in the queue already
    UNCHANGED = auto()  # nothing to do


def known_files(tx: Connection, root: Path) -> dict[bytes, KnownFile]:
    """Every file that the catalogue knows below a folder, the missing ones too, by path key."""
    rows = tx.execute(
        select(
            file.c.path_key,
            file.c.id,
            file.c.state,
            file.c.size,
            file.c.mtime_ns,
            file.c.ctime_ns,
            file.c.inode,
        ).where(below(file.c.path_key, root))
    )
    states = {state.value: state for state in FileState}
    return {
        key: KnownFile(file_id, Signature(*signature), states[state])
        for key, file_id, state, *signature in rows
    }


def facts_of(row: Any) -> PhotoFacts:
    """What a row with the columns of `photo` says of the picture."""
    return PhotoFacts(
        format=row.format,
        width=row.width,
        height=row.height,
        orientation=row.orientation,
        camera_make=row.camera_make,
        camera_model=row.camera_model,
        taken_at=row.taken_at,
    )


def submit(tx: Connection, files: Sequence[SettledFile], now: float) -> Submitted:
    """Take note of settled files and queue what has to be read. A path given twice counts once, as
    it was given last.

    A file whose signature changed keeps its photo, and so its tags, until its content is known. One
    that was given up stays so while it is unchanged, unless a person asks. One that tagd itself is
    writing to is looked at when that is done.
    """
    by_key = {key_of(each.path): each for each in files}
    for key in tx.scalars(select(intent.c.path_key)):
        by_key.pop(key, None)
    queued = 0
    for keys in chunks(by_key):
        some = {key: by_key[key] for key in keys}
        rows = _rows(tx, keys)
        verdicts = {key: _verdict(rows.get(key), each) for key, each in some.items()}
        queued += sum(
            verdict not in {_Verdict.RETURNED, _Verdict.UNCHANGED} for verdict in verdicts.values()
        )
        _apply(tx, some, verdicts, now)
    return Submitted(queued, len(by_key) - queued)


def let_go(tx: Connection, file_id: int, shows: Sequence[str]) -> None:
    """The file cannot be read, and its bytes are those of the photos that are called so, if of any.
    One that it held before is elsewhere or gone: its tags are not those of this file any more."""
    its = select(photo.c.id).where(photo.c.content_hash.in_(shows))
    is_another = and_(file.c.id == file_id, file.c.photo_id.not_in(its))
    if shows and tx.execute(update(file).where(is_another).values(photo_id=None)).rowcount:
        tx.execute(delete(said).where(said.c.file_id == file_id))
        inside = (inscription.c.file_id == file_id, inscription.c.place == Place.EMBEDDED)
        tx.execute(delete(inscription).where(*inside))


def _rows(tx: Connection, keys: Sequence[bytes]) -> dict[bytes, Any]:
    """The rows of these files by path key, with the state of its job and its tagging."""
    tag_job = (job.c.file_id == file.c.id) & (job.c.kind == JobKind.TAG)
    looked_at = (photo_tagger.c.photo_id == file.c.photo_id) & (
        photo_tagger.c.tagger_id == CLASSIFIER_ID
    )
    rows = tx.execute(
        select(file, photo_tagger.c.tagging_id, job.c.state.label("job_state"))
        .join_from(file, photo_tagger, looked_at, isouter=True)
        .join(job, tag_job, isouter=True)
        .where(file.c.path_key.in_(keys))
    )
    return {row.path_key: row for row in rows}


def _verdict(row: Any, found: SettledFile) -> _Verdict:
    """What becomes of a file, given what the catalogue knows of its path (None for nothing)."""
    if row is None:
        return _Verdict.NEW
    if found.signature != Signature(row.size, row.mtime_ns, row.ctime_ns, row.inode):
        return _Verdict.CHANGED
    match row.state:
        case FileState.TAGGED:
            return _Verdict.UNCHANGED
        case FileState.MISSING:
            is_unfinished = row.tagging_id is None or row.reason_code == UNFINISHED
            return _Verdict.REOPENED if is_unfinished else _Verdict.RETURNED
        case FileState.FAILED:
            asked = found.priority == Priority.ASKED
            return _Verdict.REOPENED if asked else _Verdict.UNCHANGED
    waits = row.job_state in {JobState.WAITING, JobState.LEASED}
    return _Verdict.WAITS if waits else _Verdict.REOPENED


def _apply(
    tx: Connection,
    files: Mapping[bytes, SettledFile],
    verdicts: Mapping[bytes, _Verdict],
    now: float,
) -> None:
    """Write down what was decided: a few statements, however many files."""

    def of(*kinds: _Verdict) -> list[bytes]:
        return [key for key, verdict in verdicts.items() if verdict in kinds]

    new, waits = of(_Verdict.NEW), of(_Verdict.WAITS)
    to_do = of(_Verdict.CHANGED, _Verdict.REOPENED)
    if new:
        rows = [_queued(key, files[key], now) for key in new]
        found = ({**row, "path_key": row["key"], "first_seen_at": now} for row in rows)
        tx.execute(insert(file), list(found))
    _update(tx, [_queued(key, files[key], now) for key in to_do])
    _update(tx, [_returned(key, now) for key in of(_Verdict.RETURNED)])
    _update(tx, [{"key": key, "seen_at": now} for key in of(_Verdict.UNCHANGED) + waits])
    ids = _ids(tx, new + to_do + waits)
    priorities = {ids[key]: files[key].priority for key in new + to_do}
    jobs.enqueue(tx, JobKind.TAG, priorities, now)
    jobs.hasten(tx, JobKind.TAG, {ids[key]: files[key].priority for key in waits})


def _queued(key: bytes, found: SettledFile, now: float) -> dict[str, Any]:
    return {
        "key": key,
        "path": display(found.path),
        "state": FileState.QUEUED,
        "state_since": now,
        "reason_code": None,
        "reason": None,
        "size": found.signature.size,
        "mtime_ns": found.signature.mtime_ns,
        "ctime_ns": found.signature.ctime_ns,
        "inode": found.signature.inode,
        "seen_at": now,
    }


def _returned(key: bytes, now: float) -> dict[str, Any]:
    return {"key": key, "state": FileState.TAGGED, "state_since": now, "seen_at": now}


def paths_of(tx: Connection, photo_ids: Iterable[int]) -> dict[int, Path]:
    """Return where each of these photos lies, by row id: the first of several files; those that are
    missing are not in it."""
    found: dict[int, Path] = {}
    for some in chunks(photo_ids):
        there = select(file.c.photo_id, func.min(file.c.path_key).label("key")).where(
            file.c.photo_id.in_(some), file.c.state != FileState.MISSING
        )
        rows = tx.execute(there.group_by(file.c.photo_id))
        found.update({row.photo_id: path_of(row.key) for row in rows})
    return found


def _update(tx: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Set the columns that these rows name, each in the file with its `key`."""
    if rows:
        values: dict[str, Any] = {name: bindparam(name) for name in rows[0] if name != "key"}
        tx.execute(update(file).where(file.c.path_key == bindparam("key")).values(values), rows)


def _ids(tx: Connection, keys: Iterable[bytes]) -> dict[bytes, int]:
    found: dict[bytes, int] = {}
    for some in chunks(keys):
        rows = tx.execute(select(file.c.path_key, file.c.id).where(file.c.path_key.in_(some)))
        found.update(rows.all())
    return found
