"""What commands share that take photos or a query: the catalogue, and what names mean in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tagd.app.paths import followed, unknown
from tagd.cli.options import absolute
from tagd.errors import TagdError
from tagd.fs import display

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from sqlalchemy import Connection

    from tagd.catalogue.reports.overview import ShownFile
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


def photos_below(tx: Connection, path: Path) -> list[int]:
    """The photos of a file, or of all files below a folder, by row id. Raises TagdError where there
    are none."""
    from tagd.catalogue.reports.overview import photos_at  # noqa: PLC0415  lazy, as above

    # A name that leads there through symbolic links is the second guess, as `tagd show` has it.
    place = absolute(path)
    found = photos_at(tx, place) or photos_at(tx, followed(place))
    if not found:
        raise unknown(place)
    photos = [each.photo_id for each in found if each.photo_id is not None]
    if not photos:
        raise TagdError(f"{display(place)} has not been tagged yet: {_why(found)}")
    return photos


def _why(found: Sequence[ShownFile]) -> str:
    first = found[0]
    return f"{first.state}, {first.reason}" if first.reason else str(first.state)
