"""How statements of every batch of photos are said: made once, of many rows at a time.

SQLAlchemy makes them, and the driver takes their values as they are: to lay out each row's values
takes SQLAlchemy longer than SQLite takes to store the row.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import chain
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from sqlalchemy import JSON, bindparam, func, select
from sqlalchemy.dialects.sqlite import dialect

from tagd.catalogue.statements import chunks, marks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from sqlalchemy import ColumnElement, Connection
    from sqlalchemy.sql.elements import ClauseElement

    from tagd.catalogue.statements import Row


def among(column: ColumnElement[Any], name: str) -> ColumnElement[bool]:
    """Whether the column's value is in the list that is bound to `name`: one parameter, however
    many there are."""
    bound = func.json_each(bindparam(name, type_=JSON)).table_valued("value")
    return column.in_(select(bound.c.value))


def many(tx: Connection, statement: ClauseElement, rows: Sequence[Row]) -> None:
    """Say a statement that is kept, and not made anew each time, of each row. All rows name the
    same columns, with values as the driver takes them."""
    if rows:
        sql, values_of = _compiled(statement, tuple(rows[0]))
        tx.exec_driver_sql(sql, list(map(values_of, rows)))


def at_once(tx: Connection, sql: str, rows: Iterable[Sequence[Any]]) -> None:
    """One statement for many rows, which stand as VALUES where it has braces. Each statement that
    fires triggers or changes references keeps the pages that it changes, to be taken back by
    itself: one for each row would keep the same pages again and again."""
    for some in chunks(rows):
        values = ", ".join([marks(some[0])] * len(some))
        tx.exec_driver_sql(sql.format(values), tuple(chain.from_iterable(some)))


@lru_cache(maxsize=64)
def _compiled(
    statement: ClauseElement, names: tuple[str, ...]
) -> tuple[str, Callable[[Row], tuple[Any, ...]]]:
    compiled: Any = statement.compile(dialect=dialect(), column_keys=list(names))
    return str(compiled), itemgetter(*compiled.positiontup)
