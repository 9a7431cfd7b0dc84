"""Statements that run for every batch of photos: compiled once, for many rows at a time.

SQLAlchemy compiles them, and the driver takes the values as they are: binding the values of a row
takes SQLAlchemy longer than storing the row takes SQLite.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import chain
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from sqlalchemy import JSON, bindparam, func, literal, select
from sqlalchemy.dialects.sqlite import dialect

from tagd.catalogue.db.statements import chunks, marks

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

    from sqlalchemy import ColumnElement, Connection
    from sqlalchemy.sql.elements import ClauseElement

    from tagd.catalogue.db.statements import Row


def among(column: ColumnElement[Any], name: str) -> ColumnElement[bool]:
    """Whether the column's value is in the list that is bound to `name`: one parameter, however
    long the list is."""
    return _in(column, bindparam(name, type_=JSON))


def one_of(column: ColumnElement[Any], values: Collection[int]) -> ColumnElement[bool]:
    """Whether the column's value is one of these, however many they are."""
    return _in(column, literal(sorted(values), JSON))


def _in(column: ColumnElement[Any], values: ColumnElement[Any]) -> ColumnElement[bool]:
    listed = func.json_each(values).table_valued("value")
    return column.in_(select(listed.c.value))


def many(tx: Connection, statement: ClauseElement, rows: Sequence[Row]) -> None:
    """Run a statement, compiled once and cached, for each row. All rows name the same columns, with
    values as the driver takes them."""
    if rows:
        sql, values_of = _compiled(statement, tuple(rows[0]))
        tx.exec_driver_sql(sql, list(map(values_of, rows)))


def at_once(tx: Connection, sql: str, rows: Iterable[Sequence[Any]]) -> None:
    """Run one statement for many rows, which replace its braces as VALUES. A statement that fires
    triggers or changes references journals the pages that it changes, so that it can be rolled
    back alone: one statement for each row would journal the same pages again and again."""
    for some in chunks(rows):
        values = ", ".join([marks(some[0])] * len(some))
        tx.exec_driver_sql(sql.format(values), tuple(chain.from_iterable(some)))


@lru_cache(maxsize=64)
def _compiled(
    statement: ClauseElement, names: tuple[str, ...]
) -> tuple[str, Callable[[Row], tuple[Any, ...]]]:
    compiled: Any = statement.compile(dialect=dialect(), column_keys=list(names))
    return str(compiled), itemgetter(*compiled.positiontup)
