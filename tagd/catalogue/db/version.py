"""Which schema a catalogue has, asked in plain SQL, and whether this program can work with it."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from tagd import fs
from tagd.catalogue.db.connection import connect_reader
from tagd.errors import CatalogueError, CatalogueMissing, CatalogueTooNew, CatalogueUnsuitable

if TYPE_CHECKING:
    import sqlite3
    from pathlib import Path

SCHEMA_VERSION = "0017"  # the newest revision below migrations/versions: four digits, ascending


def is_there(path: Path) -> bool:
    """Whether a catalogue is at this path, or something else that is not empty."""
    return path.exists() and path.stat().st_size > 0


def check(path: Path, *, older_is_fine: bool) -> None:
    """Whether this program can work with the catalogue. Raises CatalogueMissing where there is none
    yet, CatalogueTooNew, and CatalogueError where it has to be migrated first."""
    if not is_there(path):
        raise CatalogueMissing(
            f"there is no catalogue at {fs.display(path)} yet",
            hint="`tagd run` makes one, and so does `tagd tag`.",
        )
    with closing(connect_reader(path)) as connection:
        version = version_of(connection, path)
    if version is None:
        raise CatalogueMissing(f"the catalogue at {fs.display(path)} is empty")
    refuse_newer(version, path)
    if not older_is_fine:
        refuse_older(version, path)


def version_of(connection: sqlite3.Connection, path: Path) -> str | None:
    """The revision of the catalogue's schema, None for a database with nothing in it yet.

    Raises CatalogueUnsuitable for a database that is not tagd's.
    """
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
    if not tables:
        return None
    if not {"alembic_version", "photo"} <= tables:
        raise CatalogueUnsuitable(
            f"{fs.display(path)} is another program's database",
            hint="Choose another `catalogue.path`.",
        )
    row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    return str(row[0]) if row else None


def refuse_newer(version: str, path: Path, ours: str = SCHEMA_VERSION) -> None:
    """Raise CatalogueTooNew when `version` is not one that this program knows."""
    if version > ours:
        raise CatalogueTooNew(
            f"{fs.display(path)} was written by a newer tagd: its schema is {version}, this one "
            f"knows up to {ours}",
            hint="Upgrade tagd, or put the backup from before that upgrade in its place.",
        )


def refuse_older(version: str, path: Path, ours: str = SCHEMA_VERSION) -> None:
    """Raise CatalogueError when the catalogue has to be migrated before it can be read."""
    if version < ours:
        raise CatalogueError(
            f"{fs.display(path)} was written by an older tagd: its schema is {version}, this one "
            f"needs {ours}",
            hint="Start `tagd run` once: it makes a backup and brings the catalogue up to date.",
        )
