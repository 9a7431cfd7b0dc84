"""Where else a word is found that is no tag: in paths, cameras and times."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from tagd.catalogue.search.algebra import NEVER, meant
from tagd.catalogue.search.parser import parse
from tagd.catalogue.search.query import CameraTerm, PathTerm
from tagd.catalogue.search.sql import condition
from tagd.errors import QueryError

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

    from tagd.catalogue.search.algebra import Words
    from tagd.catalogue.search.query import Query

MOST = 10_000  # files that are counted


def elsewhere(tx: sqlite3.Connection, text: str, words: Words) -> str:
    """What would find something instead, such as `path:Kyoto finds 12 files`; empty where nothing
    does."""
    told = []
    for query in _queries(text):
        number = _count(tx, query, words)
        if number:
            many = f"over {MOST:,}" if number > MOST else f"{number:,}"
            told.append(f"{query} finds {many} {'file' if number == 1 else 'files'}")
    return "; ".join(told)


def _queries(text: str) -> Iterator[Query]:
    if text[:1].isdigit():
        with suppress(QueryError):  # no date
            yield parse(f"taken:{text}")
    yield CameraTerm(text)
    yield PathTerm(text)


def _count(tx: sqlite3.Connection, query: Query, words: Words) -> int:
    """How many files it finds, counted up to one more than `MOST`."""
    try:
        node = meant(query, words)
    except QueryError:
        return 0  # no camera is called so
    if node == NEVER:
        return 0
    held = condition(node)
    counted = f"SELECT count(*) FROM (SELECT 1 FROM file WHERE {held.text} LIMIT ?)"
    (number,) = tx.execute(counted, (*held.values, MOST + 1)).fetchone()
    return int(number)
