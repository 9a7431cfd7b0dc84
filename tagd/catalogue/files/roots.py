"""The watched folders as they were last seen, and the disks that were mounted below them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from tagd.catalogue.db.schema import root
from tagd.catalogue.db.statements import below, take_over, upsert
from tagd.fs import display, key_of, path_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from sqlalchemy import Connection


@dataclass(frozen=True, slots=True)
class RootRecord:
    """A watched folder, or a disk below one, when its last scan ended: `os.stat`'s device and
    inode, and the time."""

    path: Path
    device: int
    inode: int
    scanned_at: float


def known_root(tx: Connection, path: Path) -> RootRecord | None:
    """The folder as it was last seen, None where it was never scanned."""
    row = tx.execute(select(root).where(root.c.path_key == key_of(path))).first()
    if row is None:
        return None
    return RootRecord(path, _unsigned(row.device), _unsigned(row.inode), row.scanned_at)


def known_around(tx: Connection, folder: Path, watched: Path) -> list[RootRecord]:
    """The disks that were mounted below a watched folder, as far as they have to do with a folder
    in it: mounted below that, at it, or around it."""
    rows = tx.execute(select(root).where(below(root.c.path_key, watched))).all()
    return [
        disk
        for disk in _records(rows)
        if disk.path.is_relative_to(folder) or folder.is_relative_to(disk.path)
    ]


def known_over(tx: Connection, path: Path) -> list[RootRecord]:
    """The watched folders and disks that a path lies in, as they were last seen."""
    keys = [key_of(folder) for folder in path.parents]
    return _records(tx.execute(select(root).where(root.c.path_key.in_(keys))).all())


def is_as_seen(record: RootRecord) -> bool:
    """Whether the disk is still, or again, there that was seen: where it is not, what is not found
    says nothing. Looks at it."""
    try:
        return record.path.stat().st_dev == record.device
    except OSError:
        return False


def remember_root(tx: Connection, record: RootRecord) -> None:
    """Take note of a folder as it is now."""
    row = {
        "path_key": key_of(record.path),
        "path": display(record.path),
        "device": _signed(record.device),
        "inode": _signed(record.inode),
        "scanned_at": record.scanned_at,
    }
    upsert(tx, root, [row], key=["path_key"], changes=take_over("device", "inode", "scanned_at"))


def _records(rows: Iterable[Any]) -> list[RootRecord]:
    return [
        RootRecord(
            path_of(row.path_key), _unsigned(row.device), _unsigned(row.inode), row.scanned_at
        )
        for row in rows
    ]


def _signed(number: int) -> int:
    # The database's integers are signed; the kernel's device and inode numbers are not.
    return number - (1 << 64) if number >= 1 << 63 else number


def _unsigned(number: int) -> int:
    return number + (1 << 64) if number < 0 else number
