"""Searching: what a query finds, at one moment of the catalogue. Answers at once: SQLAlchemy is not
imported, which takes longer than most searches."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tagd.catalogue.db.snapshot import snapshot
from tagd.catalogue.search import search
from tagd.catalogue.search.search import Found, Position, Sort, Total
from tagd.catalogue.search.words import label_names
from tagd.config import tag_rules
from tagd.labels.meaning import Meaning

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tagd.catalogue.db.snapshot import Snapshot
    from tagd.config import Config

__all__ = ["Found", "Moment", "Position", "SearchRequest", "Sort", "Total", "moment"]


@dataclass(frozen=True, slots=True)
class SearchRequest:
    """A query as a person types it, and which of what it finds: at most `limit` files after the
    first `offset`, or after a position, in an order."""

    query: str
    sort: Sort = Sort.PATH
    limit: int | None = None
    offset: int = 0
    after: Position | None = None


@dataclass(frozen=True, slots=True)
class Moment:
    """The catalogue as it is at one moment, with what names mean in it. Each method raises
    `QueryError`, with what may have been meant, for a query that means nothing."""

    tx: Snapshot
    meaning: Meaning

    def found(self, request: SearchRequest) -> Iterator[Found]:
        """Yield the files that are asked for, however many they are, without holding them all."""
        return search.stream(
            self.tx,
            request.query,
            self.meaning,
            sort=request.sort,
            limit=request.limit,
            offset=request.offset,
            after=request.after,
        )

    def total(self, query: str) -> Total:
        """Return how many files a query finds, or about how many."""
        return search.total(self.tx, query, self.meaning)


@contextmanager
def moment(config: Config) -> Iterator[Moment]:
    """Hold the catalogue as it is now, and read its names under the rules that are configured.
    Raises `ConfigError` and `CatalogueError`."""
    with snapshot(config.catalogue.path) as tx:
        yield Moment(tx, Meaning.by(tag_rules(config), label_names(tx)))
