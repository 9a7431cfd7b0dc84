"""What lies in a catalogue's database and is not tagd's.

A trigger of somebody else's runs in the midst of what tagd writes, and may undo it. Views and
tables do nothing by themselves.
"""

from __future__ import annotations

import shlex
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tagd.catalogue.db import triggers, views
from tagd.catalogue.db.connection import connect, connect_reader, translated
from tagd.catalogue.db.schema import metadata
from tagd.catalogue.db.version import SCHEMA_VERSION, version_of
from tagd.errors import CatalogueError
from tagd.fs import display

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable
    from pathlib import Path

_NO_TABLES = frozenset({"alembic_version"})  # of the schema, and tagd's all the same


@dataclass(frozen=True, slots=True)
class Stranger:
    """A trigger, a view or a table; or one of tagd's own that somebody has changed."""

    kind: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


def strangers(path: Path) -> list[Stranger]:
    """What is not tagd's. Tables of a catalogue with another schema than ours are not judged."""
    with translated(path), closing(connect_reader(path)) as connection:
        return _found(connection, path)


def refuse_triggers(path: Path, found: Iterable[Stranger]) -> None:
    """Raise CatalogueError where something among these runs by itself."""
    active = [each for each in found if each.kind == "trigger"]
    if active:
        drop = f'DROP TRIGGER "{active[0].name}"'
        raise CatalogueError(
            f"{display(path)} holds what is not tagd's, and changes what tagd writes:"
            f" {', '.join(map(str, active))}",
            hint="where you did not make it, stop tagd and take it out:"
            f" sqlite3 {shlex.quote(display(path))} {shlex.quote(drop)}",
        )


def take_out(path: Path) -> list[Stranger]:
    """Drop others' triggers and views from a copy that nobody has open, and make ours anew where
    they are not as they should be. Returns what was dropped."""
    with translated(path), closing(connect(path, "rw")) as connection:
        dropped = [each for each in _found(connection, path) if each.kind != "table"]
        for each in dropped:
            connection.execute(f"DROP {each.kind} IF EXISTS {_quoted(each.name)}")
        if version_of(connection, path) == SCHEMA_VERSION:
            there = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
            for name, statement in _ours().items():
                if name not in there:
                    connection.execute(statement)
    return dropped


def _found(connection: sqlite3.Connection, path: Path) -> list[Stranger]:
    is_present = version_of(connection, path) == SCHEMA_VERSION
    rows = connection.execute("SELECT type, name, sql FROM sqlite_master ORDER BY type, name")
    return [
        Stranger(kind, name) for kind, name, sql in rows if _is_strange(kind, name, sql, is_present)
    ]


def _is_strange(kind: str, name: str, sql: str, is_present: bool) -> bool:
    """`is_present`: its schema is the one that we know."""
    if kind == "table":
        ours = name in metadata.tables or name in _NO_TABLES or name.startswith("sqlite_")
        return is_present and not ours
    if kind not in {"trigger", "view"}:
        return False
    if is_present:
        return _ours().get(name) != sql
    # An older schema's own are made anew when it is migrated.
    return not name.startswith(triggers.PREFIX if kind == "trigger" else "v_")


def _ours() -> dict[str, str]:
    return {**views.create(), **triggers.create()}


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
