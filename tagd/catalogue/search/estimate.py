"""How much of the catalogue a search finds, about, and which index has the least of it.

What tags have is counted; of the rest so much of an index is counted as takes no time, and more is
taken for much. Terms are taken to be independent of each other, which is right often enough: a
search that goes wrong by it is as slow as it would be without, and finds the same.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tagd.catalogue.search import paths, sql
from tagd.catalogue.search.algebra import (
    ANY_TIME,
    All,
    AnyOf,
    Negated,
    Node,
    Tagged,
    Taken,
    terms_of,
    time_of,
)
from tagd.catalogue.search.fragments import Sql
from tagd.catalogue.search.query import PathTerm
from tagd.catalogue.search.sql import EVERY_FILE

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

PEEKED = 50_000  # as many rows of an index are counted
MUCH = 3  # times as many are there where it has more
NAMED = 0.02  # of all files have a text in their path, perhaps
LEAST = 1e-9  # of all files, so that what is found nowhere divides well


@dataclass(frozen=True, slots=True)
class Source:
    """A FROM clause, how many rows it walks at most, and the term that all its files fulfil."""

    files: Sql
    rows: int
    fulfils: Node | None = None


class Sources:
    """What may be found in a catalogue of about so many files."""

    def __init__(self, tx: sqlite3.Connection, files: int) -> None:
        self._tx = tx
        self.files = max(files, 1)
        self._known: dict[Node, tuple[int, int]] = {}

    def cheapest(self, node: Node) -> Source:
        """The index out of which the fewest files come that may fulfil the query."""
        terms, when = terms_of(node), time_of(node)
        best = Source(EVERY_FILE, self.files)
        for term in terms:
            source = self.source(term, when)
            best = min(best, source, key=lambda each: each.rows)
        texts = (term.text for term in terms if isinstance(term, PathTerm))
        named = next(filter(None, map(paths.named, texts)), None)
        return replace(best, files=named) if best.files is EVERY_FILE and named else best

    def source(self, term: Node, when: Taken) -> Source:
        """The files that fulfil one term, out of its index; all files where it has none."""
        files = sql.gathered(term, when)
        if files is None:
            return Source(EVERY_FILE, self.files)
        rows = self._count(term)[0]
        match term:
            case Tagged(_, quality) if found_by(term):
                share = 1 if when == ANY_TIME else self.share(when)
                return Source(files, round(rows * share), None if quality else term)
        return Source(files, rows)

    def rarest(self, terms: Iterable[Node]) -> Node | None:
        """The one that the fewest files fulfil."""
        return min(terms, key=self.share, default=None)

    def rarest_first(self, node: Node) -> Node:
        """The same, where what most files fail is looked at before the rest of it."""
        match node:
            case All(nodes):
                return All(tuple(sorted(nodes, key=self.share)))
        return node

    def share(self, node: Node) -> float:
        """How many of all files fulfil a node, from `LEAST` to 1."""
        return min(max(self._share(node), LEAST), 1.0)

    def _share(self, node: Node) -> float:
        match node:
            case All(nodes):
                return math.prod(map(self.share, nodes))
            case AnyOf(nodes):
                return sum(map(self.share, nodes))
            case Negated(Tagged() as tagged):
                return 1 - self._share(tagged)
            case Negated():
                return 1.0
            case PathTerm(text) if not text.startswith("/"):
                return NAMED
        return self._count(node)[1] / self.files

    def _count(self, term: Node) -> tuple[int, int]:
        """How many rows an index has of a term, and how many files these are."""
        if term not in self._known:
            self._known[term] = self._counted(term)
        return self._known[term]

    def _counted(self, term: Node) -> tuple[int, int]:
        if labels := found_by(term):
            return sql.tag_counts(self._tx, labels)
        rows = sql.peek(self._tx, term, PEEKED)
        if rows is None:
            return self.files, self.files
        many = rows if rows <= PEEKED else min(MUCH * PEEKED, self.files)
        return many, many


def found_by(node: Node) -> frozenset[int] | None:
    """The labels by which the index of tags, each by time, finds a node, if it does."""
    match node:
        case Tagged(labels, quality) if not sql.said_by_others(quality):
            return labels
    return None
