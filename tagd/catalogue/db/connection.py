"""SQLite connections: how they are opened and set up, and what their errors mean.

With `engine.py` the only place that knows pragmas. A catalogue is in WAL mode while its owner runs,
so that readers and the writer never wait for each other, and in DELETE mode while nobody does, so
that users who may only read the file can open it: without its `-wal` and `-shm` files a WAL
database can be opened only by users who may create them.
"""

from __future__ import annotations

import os
import sqlite3
import time
from contextlib import closing, contextmanager, suppress
from typing import TYPE_CHECKING, Literal
from urllib.parse import quote

from tagd import fs
from tagd.errors import CatalogueBusy, CatalogueCorrupt, CatalogueError, CatalogueUnsuitable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BUSY_SECONDS = 5.0
# Before it two connections that write or checkpoint at the same moment can, rarely, damage the
# database. Source: sqlite.org/wal.html, "The WAL-reset bug".
WAL_RESET_FIXED = (3, 51, 3)
SQLITE_VERSION = sqlite3.sqlite_version_info
SIDE_FILES = ("-wal", "-shm", "-journal")

_WAL_KEPT_BYTES = 64 << 20  # what a grown WAL is cut back to
_WRITER_CACHE_KIB = 32 << 10
_SWITCH_PAUSE_SECONDS = 0.02

Mode = Literal["ro", "rw"]


def uri_of(path: Path, mode: Mode) -> str:
    """SQLite's URI of a file whose name may hold any byte."""
    return f"file://{quote(os.fsencode(path.absolute()))}?mode={mode}"


def side_file(path: Path, suffix: str) -> Path:
    """The file that SQLite keeps beside the database under `suffix`."""
    return path.with_name(path.name + suffix)


def connect(path: Path, mode: Mode, *, busy_seconds: float | None = None) -> sqlite3.Connection:
    """A connection whose transactions we begin ourselves; the file must be there."""
    return sqlite3.connect(
        uri_of(path, mode),
        uri=True,
        timeout=BUSY_SECONDS if busy_seconds is None else busy_seconds,
        isolation_level=None,
        check_same_thread=False,
    )


def connect_reader(path: Path) -> sqlite3.Connection:
    """A connection that cannot change anything."""
    connection = connect(path, "ro")
    connection.execute("PRAGMA query_only = ON")
    return connection


def connect_writer(path: Path, *, checkpoints: bool) -> sqlite3.Connection:
    """A connection that writes durably; one process alone, the owner, may checkpoint."""
    connection = connect(path, "rw")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute(f"PRAGMA cache_size = -{_WRITER_CACHE_KIB}")
    if checkpoints:
        connection.execute("PRAGMA journal_mode = WAL").fetchone()
        connection.execute(f"PRAGMA journal_size_limit = {_WAL_KEPT_BYTES}").fetchone()
    else:
        connection.execute("PRAGMA wal_autocheckpoint = 0").fetchone()
    return connection


def prepare_new(connection: sqlite3.Connection) -> None:
    """Settings that must be made before a database gets its first table."""
    connection.execute("PRAGMA auto_vacuum = INCREMENTAL")


def leave_wal(path: Path, seconds: float) -> bool:
    """Switch to DELETE mode, so that who may only read the file can open it while nobody runs.

    Another program that has the database open prevents this; we try for `seconds`. Given up, the
    `-wal` and `-shm` files stay while that program has them open, and for good where it may only
    read; with them the catalogue is readable as well. What remains is another program with write
    access that ends last: SQLite then removes both, and until tagd runs again only those who may
    write in the folder can open the catalogue.
    """
    deadline = time.monotonic() + seconds
    while True:
        with closing(connect(path, "rw", busy_seconds=0)) as connection:
            try:
                if connection.execute("PRAGMA journal_mode = DELETE").fetchone() == ("delete",):
                    return True
            except sqlite3.OperationalError as error:
                if _code(error) != sqlite3.SQLITE_BUSY:
                    raise
        if time.monotonic() >= deadline:
            return False
        time.sleep(_SWITCH_PAUSE_SECONDS)


def share_with_group(path: Path) -> None:
    """Give SQLite's files beside the database its group: they inherit its mode, but their group is
    the process's where the folder is not setgid."""
    group = path.stat().st_gid
    for suffix in SIDE_FILES:
        beside = side_file(path, suffix)
        if beside.exists() and beside.stat().st_gid != group:
            # Only members of a group can give it a file; the catalogue works all the same.
            with suppress(PermissionError):
                os.chown(beside, -1, group)


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """SQLite's errors about its file become ours; what a wrong statement causes stays as it is."""
    try:
        yield
    except Exception as error:
        cause = getattr(
            error, "orig", error
        )  # what SQLAlchemy, not imported here, makes its own of
        if isinstance(cause, sqlite3.Error) and (ours := _translate(cause, path)):
            raise ours from error
        raise


@contextmanager
def translated_place(path: Path) -> Iterator[None]:
    """`translated`, and what the file system says of the catalogue's place becomes ours too."""
    try:
        with translated(path):
            yield
    except OSError as error:
        raise CatalogueUnsuitable(
            f"{fs.display(path)}: {error.strerror or error}",
            hint="The catalogue needs a folder on a local disk in which this user may write.",
        ) from error


def _code(error: sqlite3.Error) -> int:
    """SQLite's primary result code."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def _translate(error: sqlite3.Error, path: Path) -> CatalogueError | None:
    name = fs.display(path)
    match _code(error):
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return CatalogueBusy(
                f"{name} is locked by another program",
                hint="Close what writes to it, such as a database browser with unsaved changes.",
            )
        case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB:
            return CatalogueCorrupt(
                f"{name} is damaged or no catalogue: {error}",
                hint="Set it aside and put a backup in its place, or let tagd start a new one.",
            )
        case sqlite3.SQLITE_FULL:
            return CatalogueUnsuitable(
                f"{name}: no space is left on its disk", hint="Nothing is lost; make room there."
            )
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_PERM | sqlite3.SQLITE_CANTOPEN:
            return CatalogueUnsuitable(
                f"{name} cannot be opened as needed: {error}",
                hint="This user may lack rights on it or its folder. To read it, membership in its "
                "group is enough while tagd runs and after tagd stopped by itself.",
            )
        case sqlite3.SQLITE_IOERR:
            return CatalogueUnsuitable(
                f"{name}: the disk reports an error: {error}", hint="See the system's log."
            )
    return None
