"""The tags that there are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tagd.catalogue.reports.overview import TagCount, tag_counts

if TYPE_CHECKING:
    from tagd.catalogue.db.engine import Catalogue

__all__ = ["TagCount", "tags"]


def tags(catalogue: Catalogue) -> tuple[TagCount, ...]:
    """Return every tag with the number of files that have it, the most frequent first."""
    with catalogue.read() as tx:
        return tuple(tag_counts(tx))
