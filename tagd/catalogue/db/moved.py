"""Paths in tables with one folder in place of another, as SQL. Apart from `statements.py`, which a
search needs, and a search does without SQLAlchemy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import LargeBinary, Text, cast, func, literal

from tagd.catalogue.db.statements import below_key
from tagd.fs import display

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import ColumnElement, Table


def moved_key(key: ColumnElement[bytes], source: Path, destination: Path) -> ColumnElement[bytes]:
    """A path key with one folder in place of another. Joining bytes makes text in SQLite, with the
    same bytes; the cast says what they are."""
    rest = func.substr(key, len(below_key(source)) + 1)
    prefix = literal(below_key(destination), LargeBinary)
    return cast(prefix.op("||")(rest), LargeBinary)


def moved_paths(table: Table, source: Path, destination: Path) -> dict[str, Any]:
    """The values of a table's `path_key` and `path` with one folder in place of another."""
    shown = literal(display(destination).rstrip("/") + "/", Text)
    skip = len(display(source).rstrip("/") + "/")
    return {
        "path_key": moved_key(table.c.path_key, source, destination),
        "path": shown.op("||")(func.substr(table.c.path, skip + 1)),
    }
