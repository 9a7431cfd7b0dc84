"""Sidecars, as the watch tells of them: their photos are read again, and cost no inference."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import and_, or_, select

from tagd.catalogue import jobs
from tagd.catalogue.schema import file, inscription, intent
from tagd.domain import FileState, JobKind, Priority
from tagd.fs import key_of

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Connection

    from tagd.domain import Signature


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
    photos = tx.scalars(select(file.c.id).where(its, file.c.state == FileState.TAGGED)).all()
    jobs.enqueue(tx, JobKind.TAG, dict.fromkeys(photos, Priority.NEW), now)
    return len(photos)


def is_ours(tx: Connection, path: Path, signature: Signature) -> bool:
    """Whether the sidecar is as tagd left it, or is being written by it."""
    key = key_of(path)
    if tx.scalar(select(intent.c.token).where(intent.c.path_key == key)) is not None:
        return True
    left = tx.execute(
        select(inscription.c.size, inscription.c.mtime_ns).where(inscription.c.path_key == key)
    )
    return any(tuple(row) == (signature.size, signature.mtime_ns) for row in left)
