"""One moment of the catalogue through SQLite alone, for what answers at once.

SQLAlchemy takes longer to import than a search takes to answer. So a search says its SQL, which is
SQLite's own anyway, to SQLite's own connection; `sqlite` has that of a transaction.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, cast

from tagd.catalogue.db.connection import connect_reader, translated, translated_place
from tagd.catalogue.db.version import check
from tagd.errors import CatalogueError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import Connection

Snapshot = sqlite3.Connection  # within a transaction that reads


@contextmanager
def snapshot(path: Path) -> Iterator[Snapshot]:
    """The catalogue for reading, as it is now, whether it has an owner or not. Raises as
    `engine.open_reader` does."""
    path = path.absolute()
    with translated_place(path):
        check(path, older_is_fine=False)
        connection = connect_reader(path)
    with closing(connection), translated(path):
        connection.execute("BEGIN DEFERRED")
        yield connection


def sqlite(tx: Connection) -> Snapshot:
    """SQLite's connection below a transaction, which it is part of."""
    return cast("Snapshot", tx.connection.driver_connection)


def newest(path: Path) -> float | None:
    """Return when a catalogue of any version last saw a file, in seconds since 1970; None where it
    cannot tell: what is wrong with it is found by those who open it."""
    try:
        with translated(path), closing(connect_reader(path)) as connection:
            seen_at = connection.execute("SELECT max(seen_at) FROM file").fetchone()[0]
    except (CatalogueError, sqlite3.Error):
        return None
    return None if seen_at is None else float(seen_at)
