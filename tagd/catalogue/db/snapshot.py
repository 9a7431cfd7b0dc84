"""One moment of the catalogue through SQLite alone, for what answers at once.

SQLAlchemy takes longer to import than a search takes to answer. So a search says its SQL, which is
SQLite's own anyway, to SQLite's own connection; `sqlite` has that of a transaction.
"""

from __future__ import annotations

from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, cast

from tagd.catalogue.db.connection import connect_reader, translated, translated_place
from tagd.catalogue.db.version import check

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import Connection


@contextmanager
def snapshot(path: Path) -> Iterator[sqlite3.Connection]:
    """The catalogue for reading, as it is now, whether it has an owner or not. Raises as
    `engine.open_reader` does."""
    path = path.absolute()
    with translated_place(path):
        check(path, older_is_fine=False)
        connection = connect_reader(path)
    with closing(connection), translated(path):
        connection.execute("BEGIN DEFERRED")
        yield connection


def sqlite(tx: Connection) -> sqlite3.Connection:
    """SQLite's connection below a transaction, which it is part of."""
    return cast("sqlite3.Connection", tx.connection.driver_connection)
