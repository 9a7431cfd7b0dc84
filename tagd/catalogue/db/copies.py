"""Copies of a catalogue: made whole or not at all, examined, put aside, and put back."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tagd import fs
from tagd.catalogue.db.connection import SIDE_FILES, connect, connect_reader, side_file, translated
from tagd.errors import CatalogueCorrupt, CatalogueError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

FILE_MODE = 0o640
SMALL = 256 << 20  # bytes that SQLite looks through in about a second
_WAL_VERSION = b"\x02"  # byte 18 of the header, sqlite.org/fileformat.html


def stamp(now: float) -> str:
    """A moment as names of files have it: 20261121T130245Z."""
    return datetime.fromtimestamp(now, UTC).strftime("%Y%m%dT%H%M%SZ")


def copy(
    path: Path,
    target: Path,
    *,
    examined: bool = False,
    prepare: Callable[[Path], object] = lambda _: None,
) -> None:
    """Copy a catalogue that may be in use to `target`, as it is at one moment, in DELETE mode, once
    `prepare` has had a hand in it. `examined`: it gets its name only once it is found to be sound,
    else raises CatalogueCorrupt."""
    unfinished = side_file(target, ".new")
    unfinished.unlink(missing_ok=True)
    create_file(unfinished)
    try:
        with closing(connect(path, "ro")) as source, closing(connect(unfinished, "rw")) as made:
            source.backup(made)
            # The copy says that it is in WAL mode, as the original is: see `connection.py`.
            made.execute("PRAGMA journal_mode = DELETE").fetchone()
        prepare(unfinished)
        if examined:
            examine(unfinished)
        place(unfinished, target)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise


def examine(path: Path, *, thoroughly: bool = True) -> None:
    """Have SQLite look at every page, and thoroughly at every index against its table, and at every
    row that points to another, too. Raises CatalogueCorrupt."""
    with translated(path), closing(connect_reader(path)) as connection:
        check = "integrity_check" if thoroughly else "quick_check"
        rows = [str(row[0]) for row in connection.execute(f"PRAGMA {check}(3)")]
        found = [row for row in rows if row != "ok"]
        if thoroughly:
            strays = connection.execute("PRAGMA foreign_key_check").fetchmany(3)
            found += [f"a row of {table} points to nothing in {to}" for table, _, to, _ in strays]
    if found:
        raise CatalogueCorrupt(
            f"{fs.display(path)} is damaged: {'; '.join(found)}",
            hint="Stop tagd and put a backup in its place, or set it aside to start a new one.",
        )


def damage_of(path: Path) -> str | None:
    """Return what is wrong with a catalogue, as far as can be told at once: a large one is looked
    through only where it was not closed properly. None where all is well, or where opening it says
    what is wrong."""
    try:
        if path.stat().st_size == 0:
            return None
        with translated(path), closing(connect_reader(path)) as connection:
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        if path.stat().st_size <= SMALL or ended_badly(path):
            examine(path, thoroughly=False)
    except CatalogueCorrupt as error:
        return error.message
    except (CatalogueError, OSError, sqlite3.Error):
        return None
    return None


def ended_badly(path: Path) -> bool:
    """Whether who last owned it could not close it: it is in WAL mode still."""
    with path.open("rb") as file:
        file.seek(18)
        return file.read(1) == _WAL_VERSION


def set_aside(path: Path, word: str, now: float) -> Path:
    """Give a catalogue that nobody has open, and SQLite's files beside it, another name:
    `NAME.WORD-MOMENT.db`. Returns it."""
    aside = _beside(path, word, now)
    for suffix in SIDE_FILES:
        if side_file(path, suffix).exists():
            side_file(path, suffix).rename(side_file(aside, suffix))
    path.rename(aside)
    _sync(path.parent)
    return aside


def set_asides(path: Path, word: str) -> list[Path]:
    """What `set_aside` put there, the latest last."""
    return sorted(path.parent.glob(f"{path.stem}.{word}-*{path.suffix or '.db'}"))


def put_back(
    copied: Path, path: Path, now: float, *, prepare: Callable[[Path], object] = lambda _: None
) -> Path | None:
    """Put a copy in the catalogue's place, which nobody has open, once `prepare` has had a hand in
    it; the one that is replaced gets another name, which is returned. At each moment one of the two
    is there."""
    unfinished = side_file(path, ".new")
    copy(copied, unfinished)
    prepare(unfinished)
    aside = None
    if path.exists():
        aside = _beside(path, "replaced", now)
        os.link(path, aside)
        for suffix in SIDE_FILES:
            # It would be taken for the copy's own.
            if side_file(path, suffix).exists():
                side_file(path, suffix).rename(side_file(aside, suffix))
    place(unfinished, path)
    return aside


def _beside(path: Path, word: str, now: float) -> Path:
    wanted = path.with_name(f"{path.stem}.{word}-{stamp(now)}{path.suffix or '.db'}")
    number = 1
    while wanted.exists():  # nothing is written over, not even twice within a second
        number += 1
        wanted = path.with_name(f"{path.stem}.{word}-{stamp(now)}-{number}{path.suffix or '.db'}")
    return wanted


def create_file(path: Path) -> None:
    """An empty file that its group may read, whatever the umask says."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, FILE_MODE)
    try:
        os.fchmod(descriptor, FILE_MODE)
    finally:
        os.close(descriptor)


def place(unfinished: Path, final: Path) -> None:
    """Give a closed database its name, durably."""
    _sync(unfinished)
    unfinished.replace(final)
    _sync(final.parent)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
