"""The open catalogue: who may do what with it, and transactions that mean what they say.

One process owns a catalogue: it alone migrates and checkpoints it, and its writes take turns on one
connection. Others may read at any time without waiting, and write shortly beside the owner. A write
begins as one (BEGIN IMMEDIATE), since a transaction that reads first and writes later fails at once
where another has written meanwhile, however long it would have waited. A read sees one moment.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import NullPool, Pool, QueuePool, create_engine, event
from sqlalchemy.exc import TimeoutError as PoolTimeout

from tagd import fs
from tagd.catalogue.db import copies, lock, migrate
from tagd.catalogue.db.connection import (
    BUSY_SECONDS,
    SIDE_FILES,
    connect,
    connect_reader,
    connect_writer,
    leave_wal,
    prepare_new,
    share_with_group,
    side_file,
    translated,
    translated_place,
)
from tagd.catalogue.db.statements import ROLLED_BACK
from tagd.catalogue.db.version import check, is_there
from tagd.errors import CatalogueBusy, CatalogueHeld, CatalogueUnsuitable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import Connection, Engine

    from tagd.catalogue.db.lock import Holder, Lock

__all__ = ["Catalogue", "compact", "open_owner", "open_reader", "open_writer", "owner_of"]

MOUNTINFO = Path("/proc/self/mountinfo")

_FOLDER_MODE = 0o750
_TURN_SECONDS = 30.0  # how long one of our threads waits for another's write
_LEAVE_WAL_SECONDS = 1.0
_IDLE_READERS = 4


class Catalogue:
    """An open catalogue, for every thread of this process. Made by `open_owner`, `open_writer` or
    `open_reader`; a context manager that closes it.

    Between its transactions only an owner keeps connections, so that a reader or a writer that
    lives long does not keep the owner from leaving the file readable (see `connection.leave_wal`).
    """

    def __init__(self, path: Path, *, lock: Lock | None, writes: bool) -> None:
        self.path = path
        self._lock = lock
        self._writes = writes
        self._opened = path.stat()
        self._readers = self._engine(
            lambda: connect_reader(path), "BEGIN DEFERRED", self._pool(_IDLE_READERS)
        )
        self._writer = self._engine(
            lambda: connect_writer(path, checkpoints=lock is not None),
            "BEGIN IMMEDIATE",
            self._pool(1),
        )
        self._watch: sqlite3.Connection | None = None
        self._watching = threading.Lock()

    def read(self) -> AbstractContextManager[Connection]:
        """A transaction that sees one moment of the catalogue and never waits for a writer."""
        return self._transaction(self._readers)

    def write(self) -> AbstractContextManager[Connection]:
        """A transaction that may write: committed at the end, or rolled back by an exception. Not
        to be nested."""
        assert self._writes, "opened for reading"
        return self._transaction(self._writer)

    def tidy(self, pages: int) -> int:
        """Have SQLite renew what its planner knows, and give up to so many free pages back to the
        disk; returns how many free ones are left. To be called by the owner."""
        with self.write() as tx:
            tx.exec_driver_sql("PRAGMA optimize")
        with self.write() as tx:
            # It frees a page a step, and `execute` makes but one. This commits by itself.
            driver: Any = tx.connection.driver_connection
            driver.executescript(f"PRAGMA incremental_vacuum({pages})")
            return int(tx.exec_driver_sql("PRAGMA freelist_count").scalar_one())

    def log_bytes(self) -> int:
        """The size of the write-ahead log beside the file."""
        try:
            return side_file(self.path, "-wal").stat().st_size
        except FileNotFoundError:
            return 0

    def shorten_log(self) -> int:
        """Take over into the file what the write-ahead log holds, and cut the log to nothing;
        returns the bytes that stay because somebody reads an earlier moment. Waits for nobody but
        our own writers. To be called by the owner."""
        with _turn(self.path), closing(self._writer.raw_connection()) as turn:
            driver: Any = turn.driver_connection
            driver.execute("PRAGMA busy_timeout = 0")
            try:
                busy, _, _ = driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            finally:
                driver.execute(f"PRAGMA busy_timeout = {BUSY_SECONDS * 1000:.0f}")
        return self.log_bytes() if busy else 0

    def is_in_place(self) -> bool:
        """Whether the file is still the one that was opened. One that was removed, renamed or
        replaced goes on taking what nobody will ever find."""
        try:
            return os.path.samestat(self.path.stat(), self._opened)
        except (FileNotFoundError, NotADirectoryError):
            return False
        except OSError:
            return True  # as far as can be told

    def data_version(self) -> int:
        """A number that changes with every commit, of this process or another. Takes microseconds;
        only to be compared with an earlier one of the same Catalogue."""
        with self._watching, translated(self.path):
            if self._watch is None:
                self._watch = connect_reader(self.path)
            return int(self._watch.execute("PRAGMA data_version").fetchone()[0])

    def close(self) -> None:
        """Close it; an owner leaves it so that members of its group may go on reading, and lets go
        of it."""
        try:
            with self._watching:
                if self._watch is not None:
                    self._watch.close()
                    self._watch = None
            self._readers.dispose()
            self._writer.dispose()
            if not self.is_in_place():
                return
            if self._lock is not None:
                with translated(self.path):
                    leave_wal(self.path, _LEAVE_WAL_SECONDS)
            elif self._writes:
                self._settle()
        finally:
            if self._lock is not None:
                self._lock.release()
                self._lock = None

    def __enter__(self) -> Catalogue:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _settle(self) -> None:
        """Where the owner ended before this writer, do what it could not do because of it."""
        with translated_place(self.path):
            try:
                held = lock.acquire(self.path, "tagd")
            except CatalogueHeld:
                return
            try:
                leave_wal(self.path, _LEAVE_WAL_SECONDS)
            finally:
                held.release()

    @contextmanager
    def _transaction(self, engine: Engine) -> Iterator[Connection]:
        with _turn(self.path), engine.connect() as connection:
            try:
                with connection.begin():
                    yield connection
            except BaseException:
                # No event of SQLAlchemy's tells of a COMMIT that failed, as on a full disk.
                connection.info.pop(ROLLED_BACK, None)
                raise

    def _pool(self, size: int) -> Callable[[Callable[[], Any]], Pool]:
        if self._lock is None:
            return NullPool
        # Further readers come and go; a second writer waits for its turn here, not inside SQLite.
        return lambda creator: QueuePool(
            creator,
            pool_size=size,
            max_overflow=0 if size == 1 else -1,
            timeout=_TURN_SECONDS,
        )

    @staticmethod
    def _engine(
        opened: Callable[[], sqlite3.Connection],
        begin: str,
        pool: Callable[[Callable[[], Any]], Pool],
    ) -> Engine:
        engine = create_engine("sqlite://", pool=pool(opened))
        event.listen(engine, "begin", lambda connection: connection.exec_driver_sql(begin))
        return engine


@contextmanager
def _turn(path: Path) -> Iterator[None]:
    """`translated`, for what waits for its turn to write as well."""
    try:
        with translated(path):
            yield
    except PoolTimeout as error:
        raise CatalogueBusy(
            f"{fs.display(path)}: a write in this process takes too long"
        ) from error


def open_owner(path: Path, what: str = "tagd", *, mountinfo: Path = MOUNTINFO) -> Catalogue:
    """The catalogue to work on, made or migrated where that is needed; `what` tells others who we
    are, such as "tagd run".

    Raises CatalogueHeld where another process works on it, CatalogueTooNew, CatalogueCorrupt, and
    CatalogueUnsuitable where its place cannot hold it.
    """
    path = path.absolute()
    _refuse_network(path, mountinfo)
    with translated_place(path):
        _make_folder(path.parent)
        held = lock.acquire(path, what)
        try:
            if not is_there(path):
                _make(path)
            check(path, older_is_fine=True)
            migrate.upgrade(path)
            catalogue = Catalogue(path, lock=held, writes=True)
            # From here to the end one connection stays open, and SQLite's files beside with it.
            with catalogue.write():
                pass
            share_with_group(path)
        except BaseException:
            held.release()
            raise
    return catalogue


def open_writer(path: Path, *, mountinfo: Path = MOUNTINFO) -> Catalogue:
    """The catalogue for short writes beside its owner. Raises as `open_reader` does."""
    path = path.absolute()
    _refuse_network(path, mountinfo)
    with translated_place(path):
        check(path, older_is_fine=False)
        return Catalogue(path, lock=None, writes=True)


def open_reader(path: Path) -> Catalogue:
    """The catalogue for reading, whether it has an owner or not.

    Raises CatalogueMissing where there is none yet, CatalogueTooNew, and CatalogueError where it
    has to be migrated first.
    """
    path = path.absolute()
    with translated_place(path):
        check(path, older_is_fine=False)
        return Catalogue(path, lock=None, writes=False)


def compact(path: Path) -> tuple[int, int]:
    """Write the catalogue anew without gaps; returns its bytes before and after. Raises
    CatalogueHeld while another process works on it."""
    with open_owner(path, "tagd db vacuum") as catalogue:
        before = path.stat().st_size
        with translated(catalogue.path), closing(connect_writer(path, checkpoints=True)) as alone:
            alone.execute("VACUUM")
    return before, path.stat().st_size


def owner_of(path: Path) -> Holder | None:
    """Who works on this catalogue now, if anybody."""
    with translated_place(path):
        return lock.holder(path.absolute())


def _refuse_network(path: Path, mountinfo: Path) -> None:
    system = fs.file_system_of(path, mountinfo)
    if system.is_network:
        raise CatalogueUnsuitable(
            f"{fs.display(path)} is on a network file system ({system.type})",
            hint="SQLite cannot lock safely there. Put `catalogue.path` on a local disk; the "
            "photos may stay where they are.",
        )


def _make_folder(folder: Path) -> None:
    """The folder and its parents, each readable for its group where we make it."""
    missing = [each for each in (folder, *folder.parents) if not each.exists()]
    for each in reversed(missing):
        each.mkdir(exist_ok=True)
        each.chmod(_FOLDER_MODE)


def _make(path: Path) -> None:
    """A new catalogue under its final name all at once: who looks sees none or a whole one."""
    unfinished = side_file(path, ".new")
    for leftover in (
        unfinished,
        *(side_file(p, s) for p in (unfinished, path) for s in SIDE_FILES),
    ):
        # A stale journal beside a new database would be taken for its own.
        leftover.unlink(missing_ok=True)
    copies.create_file(unfinished)
    with closing(connect(unfinished, "rw")) as connection:
        prepare_new(connection)
    migrate.upgrade(unfinished)
    copies.place(unfinished, path)
