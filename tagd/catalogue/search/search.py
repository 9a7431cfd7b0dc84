"""Finding photos, by a walk over the right index.

    text → query (parser.py) → rows in the place of words → simplified (algebra.py)
         → SQL (sql.py) → a page of files → their tags

Two ways lead to a page. A walk looks at one file after another in the order asked for until the
page is full: at once where much fits, endless where little does. A gathering takes all that one
term finds out of its index, looks at the rest of the terms, and sorts: at once where that is
little. The kept counts say which; and a walk that does not fill its page in so many files is given
up for a gathering, since what a person looks for often lies in one folder or one year.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import TYPE_CHECKING, Any

from tagd.catalogue.db.statements import chunks, marks
from tagd.catalogue.reports.shown_tags import ShownTag, tags_of
from tagd.catalogue.search import said, sql
from tagd.catalogue.search.algebra import (
    ANY_TIME,
    NEVER,
    All,
    Node,
    Tagged,
    Taken,
    meant,
    named_labels,
    simplified,
    terms_of,
    time_of,
)
from tagd.catalogue.search.estimate import PEEKED, Source, Sources, found_by
from tagd.catalogue.search.fragments import Sql
from tagd.catalogue.search.parser import parse
from tagd.catalogue.search.query import And, ConfidenceTerm, Query, TagTerm
from tagd.catalogue.search.sql import EVERY_FILE, Position, Sort
from tagd.catalogue.search.words import CatalogueWords, Names
from tagd.domain import FileState, PhotoFacts, TagState
from tagd.fs import path_of

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    Key = tuple[Any, ...]  # of a `Position`: the file's row id is last

__all__ = [
    "Found",
    "Names",
    "Position",
    "Sort",
    "Total",
    "ids",
    "photo_ids",
    "search",
    "stream",
    "total",
]

SLACK = 2  # times as many files are looked at as would do if what is found lay evenly
LONGER = 8  # times as far the next look goes where one did not fill the page
WALKED = 2000  # files that are looked at one after another sooner than anything is gathered
FARTHEST = 20_000  # files after which a walk is given up
PAGE = 500  # files that are shown at a time
COUNTED = 20_000  # rows of an index of which the files that a query finds are counted

_FILES = """
    SELECT file.id, photo.id, file.path_key, file.state, file.size, file.mtime_ns,
           photo.content_hash, photo.format, photo.width, photo.height, photo.orientation,
           photo.camera_make, photo.camera_model, photo.taken_at
    FROM file LEFT JOIN photo ON photo.id = file.photo_id
    WHERE file.id IN """


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
    position: Position | None = field(default=None, compare=False)  # from which a page may go on


@dataclass(frozen=True, slots=True)
class Total:
    """How many files a query finds: counted, or about as many."""

    files: int
    is_exact: bool


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What is asked for, with rows in the place of words."""

    node: Node
    sort: Sort
    limit: int | None
    offset: int
    after: Position | None

    @property
    def last(self) -> float:
        """How many files must be found before the page is full."""
        return math.inf if self.limit is None else self.limit + self.offset


def search(
    tx: sqlite3.Connection,
    query: str,
    names: Names,
    *,
    sort: Sort = Sort.PATH,
    limit: int | None = None,
    offset: int = 0,
    after: Position | None = None,
) -> list[Found]:
    """The files that a query finds, a page of them. Raises `QueryError` where it means nothing."""
    return list(stream(tx, query, names, sort=sort, limit=limit, offset=offset, after=after))


def stream(
    tx: sqlite3.Connection,
    query: str,
    names: Names,
    *,
    sort: Sort = Sort.PATH,
    limit: int | None = None,
    offset: int = 0,
    after: Position | None = None,
) -> Iterator[Found]:
    """The same one after another, however many they are, without holding them all. `after` is the
    position of the file that the page before ended with: a page that goes on from there comes as
    quickly as the first, however far it is, and misses none where others come or go meanwhile."""
    node, sources = _understood(tx, query, names, sort, after)
    for page in _pages(tx, _Wanted(node, sort, limit, offset, after), sources):
        yield from _shown(tx, page)


def ids(
    tx: sqlite3.Connection,
    query: str,
    names: Names,
    *,
    sort: Sort = Sort.PATH,
    limit: int | None = None,
    offset: int = 0,
    after: Position | None = None,
) -> Iterator[int]:
    """The row ids of the same files in the same order, of which nothing is read."""
    node, sources = _understood(tx, query, names, sort, after)
    for page in _pages(tx, _Wanted(node, sort, limit, offset, after), sources):
        yield from (key[-1] for key in page)


def photo_ids(tx: sqlite3.Connection, query: str, names: Names) -> list[int]:
    """The photos that a query finds, by row id, each once; files that were not read yet have none.
    Raises `QueryError`."""
    found: set[int] = set()
    for files in chunks(ids(tx, query, names)):
        text = f"SELECT photo_id FROM file WHERE photo_id IS NOT NULL AND id IN {marks(files)}"
        found.update(row[0] for row in tx.execute(text, files))
    return sorted(found)


def total(tx: sqlite3.Connection, query: str, names: Names) -> Total:
    """How many files a query finds: counted where an index has few for it, else what the kept
    counts say, so that it takes no time in the largest catalogue. Raises `QueryError`."""
    node, sources = _understood(tx, query, names)
    if node == NEVER:
        return Total(0, is_exact=True)
    source = sources.cheapest(node)
    if source.rows > COUNTED:
        return Total(round(sources.share(node) * sources.files), is_exact=False)
    held = sql.condition(node)
    counted = f"SELECT count(*) FROM {source.files.text} WHERE {held.text}"
    (files,) = tx.execute(counted, (*source.files.values, *held.values)).fetchone()
    return Total(int(files), is_exact=True)


def _understood(
    tx: sqlite3.Connection,
    query: str,
    names: Names,
    sort: Sort = Sort.PATH,
    after: Position | None = None,
) -> tuple[Node, Sources]:
    """What a query means here, with what most files fail first."""
    said.learn(tx)
    words = CatalogueWords(tx, query, names)
    sources = Sources(tx, words.files)
    node = meant(asked(query, names), words)
    if sort is Sort.NEWEST and after is not None:  # nothing later than that is gathered
        node = simplified(All((node, Taken(ANY_TIME.start, int(after.key[0]) + 1))))
    return sources.rarest_first(node), sources


def asked(text: str, names: Names) -> Query:
    """What a text asks for. One that is a tag's name asks for that tag, whatever else it may mean:
    my cat, where something is called so. Raises `QueryError`."""
    if names.is_tag(text, exactly=True):
        return TagTerm(" ".join(text.split()))
    query = parse(text)
    words = query.terms if isinstance(query, And) else ()
    plain = [word for word in words if isinstance(word, TagTerm) and not word.beginning]
    if not plain or len(plain) < len(words):
        return query
    # A synonym of several words, such as fire truck, where one of them alone says nothing.
    is_phrase = names.is_tag(text) or (
        names.is_name(text) and not all(names.labels(word.text) for word in plain)
    )
    return TagTerm(" ".join(text.split())) if is_phrase else query


def _pages(tx: sqlite3.Connection, wanted: _Wanted, sources: Sources) -> Iterator[list[Key]]:
    """The keys of the files, in order."""
    if wanted.node == NEVER or wanted.last == 0:
        return
    if wanted.limit is None:
        yield from _run(tx, wanted, sources.cheapest(wanted.node).files)
        return
    match wanted.sort:
        case Sort.CONFIDENCE:
            yield _surest(tx, wanted, sources)
        case Sort.NEWEST:
            yield _newest(tx, wanted, sources)
        case _:
            yield _page(tx, wanted, sources)


def _page(tx: sqlite3.Connection, wanted: _Wanted, sources: Sources) -> list[Key]:
    """A walk where it may well fill the page before a gathering is done, else a gathering."""
    source, when = sources.cheapest(wanted.node), time_of(wanted.node)
    needed = wanted.last / sources.share(wanted.node)
    length = round(min(max(SLACK * needed, WALKED), max(source.rows, WALKED), FARTHEST))
    # Folders are mostly of one time: a walk by path finds all of a year at once, or none for long.
    astray = wanted.sort is Sort.PATH and when != ANY_TIME and source.rows <= PEEKED
    if needed <= length and not astray:
        stretch = sql.stretch(tx, wanted.sort, when.end, length, wanted.after)
        found = _all_of(_run(tx, wanted, EVERY_FILE, stretch))
        if len(found) == wanted.limit or sources.files <= length:
            return found
    return _gathered(tx, wanted, source)


def _newest(tx: sqlite3.Connection, wanted: _Wanted, sources: Sources) -> list[Key]:
    """By time. The index of tags has them by time too, and is gathered back from the latest, in
    ever longer stretches."""
    when = time_of(wanted.node)
    tagged = sources.rarest(filter(found_by, terms_of(wanted.node)))
    if tagged is None:
        return _page(tx, wanted, sources)
    source = sources.source(tagged, when)
    length = SLACK * wanted.last / sources.share(wanted.node)
    while length < sources.files and source.rows > WALKED:
        start = max(when.start, sql.since(tx, when.end, round(length)))
        found = _gathered(tx, wanted, sources.source(tagged, Taken(start, when.end)))
        if len(found) == wanted.limit:
            return found
        length *= LONGER
    return _gathered(tx, wanted, sources.cheapest(wanted.node))


def _surest(tx: sqlite3.Connection, wanted: _Wanted, sources: Sources) -> list[Key]:
    """By confidence: looked for among the surest first, which are few."""
    labels, when = named_labels(wanted.node), time_of(wanted.node)
    rows = sql.tag_counts(tx, labels)[0] if labels else 0
    most = 1.0 if wanted.after is None else -float(wanted.after.key[0])
    length = SLACK * wanted.last / sources.share(wanted.node) * rows / sources.files
    while labels and length < rows:
        low = sql.least_confident(tx, labels, when, round(length), most)
        sure = Tagged(labels, (ConfidenceTerm(low),))
        narrower = replace(wanted, node=simplified(All((wanted.node, sure))))
        found = _gathered(tx, narrower, sources.source(sure, when))
        if len(found) == wanted.limit:
            return found
        length *= LONGER
    return _gathered(tx, wanted, sources.cheapest(wanted.node))


def _run(
    tx: sqlite3.Connection, wanted: _Wanted, source: Sql, stretch: Sql | None = None
) -> Iterator[list[Key]]:
    """The keys of the files out of a source that fulfil the query, in order, in lists of some."""
    statement = sql.statement(wanted.node, source, wanted.sort, stretch, wanted.after)
    values = (*statement.values, -1 if wanted.limit is None else wanted.limit, wanted.offset)
    found = tx.execute(f"{statement.text} LIMIT ? OFFSET ?", values)
    while rows := found.fetchmany(PAGE):
        yield rows


def _gathered(tx: sqlite3.Connection, wanted: _Wanted, source: Source) -> list[Key]:
    """What a source has of what is wanted. A term that it fulfils is not looked at again, but where
    that says which confidence is asked for."""
    if wanted.sort is not Sort.CONFIDENCE:
        rest = tuple(term for term in terms_of(wanted.node) if term != source.fulfils)
        wanted = replace(wanted, node=All(rest))
    return _all_of(_run(tx, wanted, source.files))


def _all_of(pages: Iterator[list[Key]]) -> list[Key]:
    return list(chain.from_iterable(pages))


def _shown(tx: sqlite3.Connection, page: Sequence[Key]) -> Iterator[Found]:
    """The files with these keys, in this order."""
    for some in chunks(page):
        files = [key[-1] for key in some]
        rows = {row[0]: row[1:] for row in tx.execute(_FILES + marks(files), files)}
        tags = tags_of(tx, {photo_row for photo_row, *_ in rows.values() if photo_row is not None})
        for position in some:
            photo_row, key, state, size, mtime_ns, photo_id, *facts = rows[position[-1]]
            given = tags.get(photo_row, ())
            yield Found(
                path=path_of(key),
                tags=tuple(each for each in given if each.state != TagState.REJECTED),
                state=FileState(state),
                size=size,
                modified_at=mtime_ns / 1e9,
                photo_id=photo_id,
                facts=None if photo_row is None else PhotoFacts(*facts),
                position=Position(position),
            )
