"""Finding photos, by a walk over the right index.

    text → query (query_parser.py) → rows in the place of words → simplified (search_plan.py)
         → SQL (search_sql.py) → a page of files → their tags

Two ways lead to a page. A walk looks at one file after another in the order asked for until the
page is full: at once where much fits, endless where little does. A gathering takes all that one
term finds out of its index, looks at the rest of the terms, and sorts: at once where that is
little. The kept counts say which; and a walk that does not fill its page in so many files is given
up for a gathering, since what a person looks for often lies in one folder or one year.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from itertools import chain
from typing import TYPE_CHECKING

from sqlalchemy import select

from tagd.catalogue import search_sql
from tagd.catalogue.overview import ShownTag, facts_of, tags_of
from tagd.catalogue.query import ConfidenceTerm
from tagd.catalogue.query_parser import parse
from tagd.catalogue.schema import file, photo
from tagd.catalogue.search_plan import (
    NEVER,
    All,
    Node,
    Tagged,
    Taken,
    meant,
    named_labels,
    simplified,
    terms_of,
)
from tagd.catalogue.search_sql import EVERY_FILE, Sort, Sql
from tagd.catalogue.search_words import CatalogueWords, Names
from tagd.catalogue.statements import chunks
from tagd.domain import FileState, TagState
from tagd.fs import path_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from sqlalchemy import Connection

    from tagd.domain import PhotoFacts

__all__ = ["Found", "Names", "Sort", "search", "stream"]

WALKED = 4000  # files that a walk looks at before it is given up
FARTHEST = 20_000  # the same where a gathering would have much more to look at
MUCH = 0.1  # of all files: what is taken for the size of a source that is not counted whole
PEEKED = 5_000  # as many rows of an index are counted, and more is much
CONFIDENT = (0.98, 0.9, 0.7)  # from where on the surest are looked for
PAGE = 500  # files that are shown at a time
MAPPED_BYTES = 2 << 30  # of the file that a search reads in place, without copying it


@dataclass(frozen=True, slots=True)
class Found:
    """A file that a search found, with its tags in force, the most confident first. Size in bytes,
    `modified_at` in seconds since 1970; a file that was not read yet has no photo."""

    path: Path
    tags: tuple[ShownTag, ...]
    state: FileState
    size: int
    modified_at: float
    photo_id: str | None
    facts: PhotoFacts | None


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What is asked for, with rows in the place of words."""

    node: Node
    sort: Sort
    limit: int | None
    offset: int

    @property
    def last(self) -> float:
        """How many files must be found before the page is full."""
        return math.inf if self.limit is None else self.limit + self.offset


@dataclass(frozen=True, slots=True)
class _Source:
    """A FROM clause, how many rows it walks at most, and how many files may come of it."""

    files: Sql
    rows: int
    matches: int


def search(
    tx: Connection,
    query: str,
    names: Names,
    *,
    sort: Sort = Sort.PATH,
    limit: int | None = None,
    offset: int = 0,
) -> list[Found]:
    """The files that a query finds, a page of them. Raises `QueryError` where it means nothing."""
    return list(stream(tx, query, names, sort=sort, limit=limit, offset=offset))


def stream(
    tx: Connection,
    query: str,
    names: Names,
    *,
    sort: Sort = Sort.PATH,
    limit: int | None = None,
    offset: int = 0,
) -> Iterator[Found]:
    """The same one after another, however many they are, without holding them all."""
    tx.exec_driver_sql(f"PRAGMA mmap_size = {MAPPED_BYTES}")
    words = CatalogueWords(tx, query, names)
    wanted = _Wanted(meant(parse(query), words), sort, limit, offset)
    for ids in _pages(tx, wanted, words):
        yield from _shown(tx, ids)


def _pages(tx: Connection, wanted: _Wanted, words: CatalogueWords) -> Iterator[list[int]]:
    """The rows of the files, in order."""
    if wanted.node == NEVER or wanted.last == 0:
        return
    if wanted.limit is None:
        yield from _run(tx, wanted, _cheapest(tx, wanted.node, words).files)
    elif wanted.sort is Sort.CONFIDENCE:
        yield _surest(tx, wanted, words)
    else:
        yield _page(tx, wanted, words)


def _page(tx: Connection, wanted: _Wanted, words: CatalogueWords) -> list[int]:
    """A short walk where it may well fill the page, else a gathering."""
    source = _cheapest(tx, wanted.node, words)
    length = min(max(WALKED, source.rows // 2), FARTHEST)
    # Folders are mostly of one time: a walk by path finds all of a year at once, or none for long.
    astray = wanted.sort is Sort.PATH and source.rows <= FARTHEST and _is_dated(wanted.node)
    if not astray and wanted.last * words.files <= source.matches * length:
        stretch = search_sql.stretch(tx, wanted.sort, terms_of(wanted.node), length)
        found = list(chain.from_iterable(_run(tx, wanted, EVERY_FILE, stretch)))
        if len(found) == wanted.limit or words.files <= length:
            return found
    return list(chain.from_iterable(_run(tx, wanted, source.files)))


def _is_dated(node: Node) -> bool:
    return any(isinstance(term, Taken) for term in terms_of(node))


def _surest(tx: Connection, wanted: _Wanted, words: CatalogueWords) -> list[int]:
    """By confidence: looked for among the surest first, which are few."""
    for low in CONFIDENT:
        sure = Tagged(named_labels(wanted.node), (ConfidenceTerm(low),))
        narrower = replace(wanted, node=simplified(All((wanted.node, sure))))
        source = _cheapest(tx, narrower.node, words)
        found = list(chain.from_iterable(_run(tx, narrower, source.files)))
        if len(found) == wanted.limit:
            return found
    source = _cheapest(tx, wanted.node, words)
    return list(chain.from_iterable(_run(tx, wanted, source.files)))


def _cheapest(tx: Connection, node: Node, words: CatalogueWords) -> _Source:
    """The index out of which the fewest files come that may fulfil the query."""
    terms = terms_of(node)
    best = _Source(EVERY_FILE, words.files, words.files)
    share = 1.0  # of all files, in the time that is asked for: what an index of tags has of them
    for term in sorted(terms, key=lambda each: not isinstance(each, Taken)):
        files = search_sql.gathered(term, terms)
        if files is None:
            continue
        if isinstance(term, Tagged) and term.labels and not search_sql.said_by_others(term.quality):
            rows, matches = words.rows_of(term.labels), words.files_of(term.labels)
            source = _Source(files, round(rows * share), round(matches * share))
        else:
            rows = search_sql.peek(tx, files, PEEKED)
            matches = words.files if rows > PEEKED else rows
            source = _Source(files, round(matches * MUCH) if rows > PEEKED else rows, matches)
        if isinstance(term, Taken):
            share = min(1.0, source.rows / max(words.files, 1))
        best = min(best, source, key=lambda each: each.rows)
    named = next(filter(None, map(search_sql.named, terms)), None)
    if best.files is EVERY_FILE and named is not None:
        return replace(best, files=named)
    return best


def _run(
    tx: Connection, wanted: _Wanted, source: Sql, stretch: Sql | None = None
) -> Iterator[list[int]]:
    """The rows of the files out of a source that fulfil the query, in order, in lists of some."""
    statement = search_sql.statement(wanted.node, source, wanted.sort, stretch)
    values = (*statement.values, -1 if wanted.limit is None else wanted.limit, wanted.offset)
    found = tx.exec_driver_sql(f"{statement.text} LIMIT ? OFFSET ?", values)
    for rows in found.partitions(PAGE):
        yield [row[0] for row in rows]


def _shown(tx: Connection, ids: Sequence[int]) -> Iterator[Found]:
    """The files of these rows, in this order."""
    for some in chunks(ids):
        rows = {
            row.file_id: row
            for row in tx.execute(
                select(file.c.id.label("file_id"), file, photo)
                .join_from(file, photo, photo.c.id == file.c.photo_id, isouter=True)
                .where(file.c.id.in_(some))
            )
        }
        tags = tags_of(tx, {row.photo_id for row in rows.values()} - {None})
        for row in map(rows.__getitem__, some):
            in_force = (
                each for each in tags.get(row.photo_id, ()) if each.state != TagState.REJECTED
            )
            yield Found(
                path=path_of(row.path_key),
                tags=tuple(in_force),
                state=FileState(row.state),
                size=row.size,
                modified_at=row.mtime_ns / 1e9,
                photo_id=row.content_hash,
                facts=None if row.photo_id is None else facts_of(row),
            )
