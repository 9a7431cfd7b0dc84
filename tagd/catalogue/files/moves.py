"""Files that move and files that go. Neither touches a tag: those belong to the photo."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import and_, bindparam, case, delete, exists, or_, select, update

from tagd.catalogue.db.moved import moved_key, moved_paths
from tagd.catalogue.db.schema import CLASSIFIER_ID, file, job, photo, photo_tagger, tag
from tagd.catalogue.db.statements import below, chunks
from tagd.catalogue.files import sidecars
from tagd.catalogue.queue import jobs
from tagd.domain import FileState, JobKind, JobState, Priority, TagSource, TagState
from tagd.fs import display, key_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from pathlib import Path

    from sqlalchemy import ColumnElement, Connection

    from tagd.domain import SettledFile, Signature

UNFINISHED: Final = "unfinished"  # of a missing file: something was still to be done for it


@dataclass(frozen=True, slots=True)
class _Move:
    """A file's row, its new path, and its signature there where that is known."""

    row: Any
    destination: Path
    signature: Signature | None
    priority: Priority

    @property
    def ctime_ns(self) -> int:
        """What renaming made of the ctime, if nothing else has changed the file too."""
        before, after = self.row, self.signature
        if after is None or (after.size, after.mtime_ns, after.inode) != (
            before.size,
            before.mtime_ns,
            before.inode,
        ):
            return int(before.ctime_ns)
        return after.ctime_ns


def rename(
    tx: Connection,
    source: Path,
    destination: Path,
    *,
    is_folder: bool,
    now: float,
    signature: Signature | None = None,
) -> int:
    """What was known as `source`, with all below it for a folder, is `destination` now; returns how
    many files that were. What was known under a new name is replaced.

    Renaming changes a file's ctime: given its `signature` after it, the file needs no second read.
    """
    if source == destination:
        return 0
    if is_folder:
        return _rename_folder(tx, source, destination, now)
    row = tx.execute(select(file).where(file.c.path_key == key_of(source))).first()
    if row is None:
        return 0
    _move(tx, [_Move(row, destination, signature, Priority.NEW)], now)
    return 1


def adopt_moved(
    tx: Connection, files: Sequence[SettledFile], gone: Collection[int], now: float
) -> frozenset[Path]:
    """Which of these newly found files are ones that are `gone` (by id) from where they were, as
    inode, size and mtime agree. They get their new path.

    Those with another name too are read again, which costs no inference where they are what they
    were: a file system gives the inode of a deleted file to the next one, and pictures without
    compression are of one size."""
    candidates: dict[tuple[int, int, int], list[Any]] = defaultdict(list)
    left: set[bytes] = set()
    for some in chunks(gone):
        for row in tx.execute(select(file).where(file.c.id.in_(some))):
            candidates[row.inode, row.size, row.mtime_ns].append(row)
            left.add(row.path_key)
    moves = []
    for found in files:
        its = found.signature
        same = candidates.get((its.inode, its.size, its.mtime_ns))
        if same and its.inode != 0 and key_of(found.path) not in left:
            moves.append(_Move(same.pop(), found.path, its, found.priority))
    _move(tx, moves, now)
    renamed = [
        move for move in moves if _name(move.row.path_key) != _name(key_of(move.destination))
    ]
    jobs.enqueue(tx, JobKind.TAG, {move.row.id: move.priority for move in renamed}, now)
    return frozenset(move.destination for move in moves)


def _name(path_key: bytes) -> bytes:
    return path_key.rpartition(b"/")[2]


def mark_missing(tx: Connection, which: Iterable[Path | int], now: float) -> int:
    """These files, by path or by id, are not there any more: their tags no longer count, and there
    is nothing to do for them. Returns how many were there until now."""
    given = list(which)
    ids = [each for each in given if isinstance(each, int)]
    keys = [key_of(each) for each in given if not isinstance(each, int)]
    marked = sum(_mark(tx, file.c.id.in_(some), now) for some in chunks(ids))
    return marked + sum(_mark(tx, file.c.path_key.in_(some), now) for some in chunks(keys))


def mark_missing_below(tx: Connection, folder: Path, now: float) -> int:
    """`mark_missing` for everything below a folder."""
    return _mark(tx, below(file.c.path_key, folder), now)


def write_again(tx: Connection, file_id: int, now: float) -> None:
    """The tags of this file are to be written once more; where it is missing, when it is back."""
    its = file.c.id == file_id
    is_missing = file.c.state == FileState.MISSING
    if not tx.execute(update(file).where(its, is_missing).values(reason_code=UNFINISHED)).rowcount:
        jobs.enqueue(tx, JobKind.WRITE, {file_id: Priority.NEW}, now)


def forget_missing(tx: Connection, before: float) -> int:
    """Forget files that are missing since before that moment; returns how many. Photos that no file
    holds any more go with them, save where a person decided something about one."""
    rows = tx.execute(
        select(file.c.id, file.c.photo_id).where(
            file.c.state == FileState.MISSING, file.c.state_since < before
        )
    ).all()
    for some in chunks(row.id for row in rows):
        tx.execute(delete(file).where(file.c.id.in_(some)))
    held = exists().where(file.c.photo_id == photo.c.id)
    decided = exists().where(
        tag.c.photo_id == photo.c.id,
        or_(tag.c.source != TagSource.MODEL, tag.c.state != TagState.ACTIVE),
    )
    for some in chunks({row.photo_id for row in rows} - {None}):
        tx.execute(delete(photo).where(photo.c.id.in_(some), ~held, ~decided))
    return len(rows)


def _mark(tx: Connection, which: ColumnElement[bool], now: float) -> int:
    there = and_(which, file.c.state != FileState.MISSING)
    # Tags that were given up for good ask for no other look at the photo.
    unwritable = and_(job.c.kind == JobKind.WRITE, job.c.state == JobState.QUARANTINED)
    to_do = exists().where(job.c.file_id == file.c.id, ~unwritable)
    gone = {
        "state": FileState.MISSING,
        "state_since": now,
        # When it is back it is looked at anew, however unchanged it is.
        "reason_code": case((to_do, UNFINISHED), else_=None),
        "reason": None,
    }
    marked = tx.execute(update(file).where(there).values(gone)).rowcount
    tx.execute(delete(job).where(job.c.file_id.in_(select(file.c.id).where(which))))
    return marked


def _move(tx: Connection, moves: Sequence[_Move], now: float) -> None:
    """Give files their new paths, which none of them had. What was known there is replaced; one
    that was called missing is there again."""
    missing = [move for move in moves if move.row.state == FileState.MISSING]
    tagged = _tagged(tx, {move.row.photo_id for move in missing} - {None})
    states = {
        move.row.id: FileState.TAGGED
        if move.row.photo_id in tagged and move.row.reason_code != UNFINISHED
        else FileState.QUEUED
        for move in missing
    }
    for some in chunks(moves):
        replaced = file.c.path_key.in_([key_of(move.destination) for move in some])
        tx.execute(delete(file).where(replaced))
    rows = [
        {
            "of": move.row.id,
            "path_key": key_of(move.destination),
            "path": display(move.destination),
            "ctime_ns": move.ctime_ns,
            "state": states.get(move.row.id, move.row.state),
            "state_since": now if move.row.id in states else move.row.state_since,
            "reason_code": None if move.row.id in states else move.row.reason_code,
            "seen_at": now,
        }
        for move in moves
    ]
    if rows:
        values: dict[str, Any] = {name: bindparam(name) for name in rows[0] if name != "of"}
        tx.execute(update(file).where(file.c.id == bindparam("of")).values(values), rows)
    _forget_wanted(tx, file.c.id.in_([move.row.id for move in moves]))
    sidecars.follow(tx, [move.row.id for move in moves], now)
    again = {
        move.row.id: move.priority for move in missing if states[move.row.id] is FileState.QUEUED
    }
    jobs.enqueue(tx, JobKind.TAG, again, now)


def _forget_wanted(tx: Connection, files: ColumnElement[bool]) -> None:
    """What is desired of the classifier may follow from a photo's path: to be found out anew."""
    photos = select(file.c.photo_id).where(files, file.c.photo_id.is_not(None))
    mine = and_(photo_tagger.c.photo_id.in_(photos), photo_tagger.c.tagger_id == CLASSIFIER_ID)
    desired = photo_tagger.c.desired_id.is_not(None)
    tx.execute(update(photo_tagger).where(mine, desired).values(desired_id=None))


def _tagged(tx: Connection, photos: Collection[int]) -> set[int]:
    """Which of these photos, by row id, have tags in force."""
    found: set[int] = set()
    for some in chunks(photos):
        current = select(photo_tagger.c.photo_id).where(
            photo_tagger.c.photo_id.in_(some), photo_tagger.c.tagging_id.is_not(None)
        )
        found.update(tx.scalars(current))
    return found


def _rename_folder(tx: Connection, source: Path, destination: Path, now: float) -> int:
    """One UPDATE for everything below a folder. What was missing there stays missing."""
    moved = file.alias("moved")
    clash = exists().where(moved.c.path_key == moved_key(file.c.path_key, destination, source))
    tx.execute(delete(file).where(below(file.c.path_key, destination), clash))
    _forget_wanted(tx, below(file.c.path_key, source))
    renamed = tx.execute(
        update(file)
        .where(below(file.c.path_key, source))
        .values(moved_paths(file, source, destination))
    ).rowcount
    sidecars.follow_folder(tx, source, destination, now)
    return renamed
