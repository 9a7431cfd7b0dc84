"""How a catalogue with an older schema becomes one with the present one.

alembic is loaded only where there is something to migrate. A migration runs in one transaction, DDL
included, after a backup; so a kill leaves the catalogue as it was. The views and the triggers are
made anew after the tables, in the same transaction, from `views.py` and `triggers.py`:
migrations do not repeat them.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import NullPool, create_engine, event

import tagd
from tagd import fs
from tagd.catalogue.db import copies, triggers, views
from tagd.catalogue.db.connection import connect, connect_writer
from tagd.catalogue.db.version import SCHEMA_VERSION, refuse_newer, version_of
from tagd.errors import CatalogueCorrupt

if TYPE_CHECKING:
    from sqlalchemy import Connection


def scripts() -> Path:
    """Where the migrations lie: inside the installed package, or beside it in a checkout."""
    package = Path(tagd.__file__).parent
    inside = package / "migrations"
    return inside if inside.is_dir() else package.parent / "migrations"


def upgrade(path: Path, *, to: str = SCHEMA_VERSION, chain: Path | None = None) -> Path | None:
    """Bring the catalogue to revision `to` of the migrations in `chain`; returns the backup, if one
    was made.

    To be called by the catalogue's owner. Does nothing where nothing is to be done.
    """
    with closing(connect(path, "ro")) as connection:
        version = version_of(connection, path)
        up_to_date = version == to and _made_of(connection) == {
            **views.create(),
            **triggers.create(),
        }
    if up_to_date:
        return None
    backup = None
    if version is not None:
        refuse_newer(version, path, to)
        if version != to:
            backup = back_up(path, version)
    _run(path, to, chain or scripts())
    return backup


def back_up(path: Path, version: str) -> Path:
    """Copy the catalogue to `NAME.before-VERSION.db` beside it, whole or not at all."""
    copied = path.with_name(f"{path.stem}.before-{version}{path.suffix or '.db'}")
    copies.copy(path, copied)
    return copied


def _made_of(connection: sqlite3.Connection) -> dict[str, str]:
    """The views and triggers that are there, but for those of other programs."""
    found = connection.execute(
        "SELECT name, sql FROM sqlite_master WHERE type IN ('view', 'trigger')"
    )
    return {name: sql for name, sql in found if name.startswith(("v_", triggers.PREFIX))}


def _run(path: Path, to: str, chain: Path) -> None:
    """Run the migrations in one transaction."""

    def opened() -> sqlite3.Connection:
        connection = connect_writer(path, checkpoints=False)
        # A table that is rebuilt in batch mode is dropped in between; checked before the commit.
        connection.execute("PRAGMA foreign_keys = OFF")
        return connection

    engine = create_engine("sqlite://", creator=opened, poolclass=NullPool)
    event.listen(engine, "begin", _begin_immediate)
    with engine.begin() as connection:
        _run_alembic(connection, to, chain)
        if broken := connection.exec_driver_sql("PRAGMA foreign_key_check").first():
            raise CatalogueCorrupt(
                f"{fs.display(path)}: migrating it to {to} would break references in table "
                f"{broken[0]}",
                hint="It was left as it is. Please report this.",
            )


def _begin_immediate(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _run_alembic(connection: Connection, to: str, chain: Path) -> None:
    # Loaded late: it takes 0.2 s, and most starts have nothing to migrate.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415

    config = Config(attributes={"connection": connection})
    config.set_main_option("path_separator", "newline")
    config.set_main_option("script_location", str(chain).replace("%", "%%"))
    command.upgrade(config, to)
