"""Sidecars, as the watch tells of them: their photos are read again, and cost no inference. Those
that tagd wrote go along with photos that move.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import and_, or_, select, update

from tagd.catalogue.db.moved import moved_key, moved_paths
from tagd.catalogue.db.schema import beside, file, inscription, intent, job
from tagd.catalogue.db.statements import below, chunks
from tagd.catalogue.queue import jobs
from tagd.domain import FileState, JobKind, JobState, Place, Priority
from tagd.fs import key_of

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from sqlalchemy import ColumnElement, Connection

    from tagd.domain import Signature


# Whoever moves a photo may be about to move its sidecar too, and is not to find it gone.
SETTLE_SECONDS: Final = 2.0
_IS_TAGGED: Final = file.c.state == FileState.TAGGED
_PATH: Final = ("path_key", "path")


def submit(tx: Connection, path: Path, signature: Signature, beside: Path, now: float) -> int:
    """A sidecar is there, or is another: queue its photos, unless it is as tagd left it. `beside`
    is where it lies, or would lie were it not in a folder of its own, beside them. Returns how
    many."""
    if is_ours(tx, path, signature):
        return 0
    stem = key_of(beside.with_suffix(""))
    # `photo.jpg.xmp` goes with photo.jpg, `photo.xmp` with photo and any ending: "/" follows ".".
    short = and_(file.c.path_key > stem + b".", file.c.path_key < stem + b"/")
    its = or_(file.c.path_key == stem, short)
    photos = tx.scalars(select(file.c.id).where(its, _IS_TAGGED)).all()
    jobs.enqueue(tx, JobKind.TAG, dict.fromkeys(photos, Priority.NEW), now)
    return len(photos)


def gone(tx: Connection, paths: Collection[Path], now: float) -> int:
    """These sidecars are not there any more: the photos for which they were read are read again.
    Returns how many."""
    photos: dict[int, int] = {}
    for some in chunks(map(key_of, paths)):
        its = select(beside.c.file_id).where(beside.c.path_key.in_(some))
        rows = tx.scalars(select(file.c.id).where(file.c.id.in_(its), _IS_TAGGED))
        photos.update(dict.fromkeys(rows, int(Priority.NEW)))
    jobs.enqueue(tx, JobKind.TAG, photos, now)
    return len(photos)


def read_below(tx: Connection, folder: Path) -> set[bytes]:
    """The path keys of the sidecars below a folder that were read."""
    return set(tx.scalars(select(beside.c.path_key).where(below(beside.c.path_key, folder))))


def is_ours(tx: Connection, path: Path, signature: Signature) -> bool:
    """Whether the sidecar is as tagd left it, or is being written by it."""
    key = key_of(path)
    if tx.scalar(select(intent.c.token).where(intent.c.path_key == key)) is not None:
        return True
    left = tx.execute(
        select(inscription.c.size, inscription.c.mtime_ns).where(inscription.c.path_key == key)
    )
    return any(tuple(row) == (signature.size, signature.mtime_ns) for row in left)


def follow(tx: Connection, moved: Collection[int], now: float) -> None:
    """These files, by row id, have other paths: their sidecars are to go along. Who is about to
    write one still takes it for that of the path before."""
    for some in chunks(moved):
        jobs.start_over(tx, JobKind.WRITE, some)
        mine = inscription.c.file_id.in_(some)
        its = file.c.id == inscription.c.file_id
        path = {each: select(file.c[each]).where(its).scalar_subquery() for each in _PATH}
        embedded = update(inscription).where(mine, inscription.c.place == Place.EMBEDDED)
        tx.execute(embedded.values(path))
        _bring_along(tx, mine, now)
        _write_again(tx, some, now)
        _read_again(tx, some, now)


def _write_again(tx: Connection, moved: Collection[int], now: float) -> None:
    """What kept tags from being written was perhaps where they were."""
    given_up = (job.c.kind == JobKind.WRITE, job.c.state == JobState.QUARANTINED)
    its = tx.scalars(select(job.c.file_id).where(job.c.file_id.in_(moved), *given_up))
    again = dict.fromkeys(its, int(Priority.NEW))
    jobs.enqueue(tx, JobKind.WRITE, again, now, now + SETTLE_SECONDS)


def _read_again(tx: Connection, moved: Collection[int], now: float) -> None:
    """Sidecars of others do not follow, unless somebody moves them too."""
    its = select(beside.c.file_id).where(beside.c.file_id.in_(moved))
    photos = tx.scalars(select(file.c.id).where(file.c.id.in_(its), _IS_TAGGED))
    again = dict.fromkeys(photos, int(Priority.NEW))
    jobs.enqueue(tx, JobKind.TAG, again, now, now + SETTLE_SECONDS)


def follow_folder(tx: Connection, source: Path, destination: Path, now: float) -> None:
    """A folder is called otherwise by now, and so is what lies in it; sidecars that lie elsewhere
    are to go along."""
    inside = below(inscription.c.path_key, source)
    tx.execute(
        update(inscription).where(inside).values(moved_paths(inscription, source, destination))
    )
    read = below(beside.c.path_key, source)
    there = moved_key(beside.c.path_key, source, destination)
    tx.execute(update(beside).where(read).values(path_key=there))
    here = select(file.c.id).where(below(file.c.path_key, destination))
    jobs.start_over(tx, JobKind.WRITE, here)
    elsewhere = ~below(inscription.c.path_key, destination)
    _bring_along(tx, and_(inscription.c.file_id.in_(here), elsewhere), now)


def _bring_along(tx: Connection, which: ColumnElement[bool], now: float) -> None:
    its = select(inscription.c.file_id).where(which, inscription.c.place == Place.SIDECAR)
    files = dict.fromkeys(tx.scalars(its), int(Priority.NEW))
    jobs.enqueue(tx, JobKind.WRITE, files, now, now + SETTLE_SECONDS)
