"""What commands share that take a query."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from tagd.catalogue.search.search import Found
    from tagd.labels.rules import TagRules


def found_by(tx: Connection, query: str, rules: TagRules) -> list[Found]:
    """The files that a query finds, inside a transaction. Raises `QueryError`."""
    from tagd.catalogue.db.snapshot import sqlite  # noqa: PLC0415  lazy, as above
    from tagd.catalogue.search.search import search  # noqa: PLC0415
    from tagd.catalogue.search.words import label_names  # noqa: PLC0415
    from tagd.labels.meaning import Meaning  # noqa: PLC0415

    its = sqlite(tx)
    return search(its, query.removeprefix("-- "), Meaning.by(rules, label_names(its)))
