"""Which photos are meant: files, folders, or what a query finds, as rows of the catalogue."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tagd.app.paths import followed, unknown
from tagd.catalogue.db.snapshot import sqlite
from tagd.catalogue.reports.overview import files_at, known_files, photos_at
from tagd.catalogue.search import review, search
from tagd.catalogue.search.words import label_names
from tagd.errors import TagdError
from tagd.fs import display
from tagd.labels.meaning import Meaning

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Connection

    from tagd.catalogue.reports.overview import ShownFile
    from tagd.labels.rules import TagRules


@dataclass(frozen=True, slots=True)
class Selection:
    """Photos that a person means: those at absolute `paths` and in these folders, those that a
    query finds, or `photos` by their ids."""

    paths: tuple[Path, ...] = ()
    query: str | None = None
    photos: tuple[str, ...] = ()


def photo_ids(tx: Connection, selection: Selection, rules: TagRules) -> list[int]:
    """Return the photos by row id. Raises `QueryError`, `PathUnknown`, and `TagdError` where a path
    leads to no photo that was tagged, or a query finds none."""
    query = selection.query
    if selection.photos:
        return _known(tx, selection.photos)
    if query is None:
        return sorted({photo for path in selection.paths for photo in photos_below(tx, path)})
    photos = search.photo_ids(sqlite(tx), *_asked(tx, query, rules))
    if not photos:
        raise _nothing_found(query)
    return photos


def file_ids(tx: Connection, selection: Selection, rules: TagRules) -> list[int]:
    """Return the files that are there and whose content is known, by row id, in the order of the
    paths or of the search. Raises as `photo_ids` does."""
    if selection.query is not None:
        found = files_found(tx, selection.query, rules)
        if not found:
            raise _nothing_found(selection.query)
        known = known_files(tx, found)
        return [file_id for file_id in found if file_id in known]
    files: dict[int, None] = {}
    if selection.photos:
        return review.files_of(sqlite(tx), _known(tx, selection.photos))
    for path in selection.paths:
        below = files_at(tx, path) or files_at(tx, followed(path))
        if not below:
            raise unknown(path)
        files.update(dict.fromkeys(below))
    return list(files)


def _known(tx: Connection, photos: tuple[str, ...]) -> list[int]:
    found = review.rows_of(sqlite(tx), photos)
    if len(found) < len(set(photos)):
        raise TagdError("some of these photos are not in the catalogue any more")
    return found


def photos_below(tx: Connection, path: Path) -> list[int]:
    """Return the photos of a file, or of all files below a folder, by row id. Raises `PathUnknown`,
    and `TagdError` where none of them was tagged."""
    # A name that leads there through symbolic links is the second guess, as `tagd show` has it.
    found = photos_at(tx, path) or photos_at(tx, followed(path))
    if not found:
        raise unknown(path)
    photos = [file.photo_id for file in found if file.photo_id is not None]
    if not photos:
        raise TagdError(f"{display(path)} has not been tagged yet: {_why(found[0])}")
    return photos


def files_found(tx: Connection, query: str, rules: TagRules) -> list[int]:
    """Return the files that a query finds, by row id, in the order of a search. Raises
    `QueryError`."""
    return list(search.ids(sqlite(tx), *_asked(tx, query, rules)))


def _asked(tx: Connection, query: str, rules: TagRules) -> tuple[str, Meaning]:
    """Return the query, and what names mean in it."""
    return query.removeprefix("-- "), Meaning.by(rules, label_names(sqlite(tx)))


def _nothing_found(query: str) -> TagdError:
    return TagdError(f"nothing found for {query!r}")


def _why(file: ShownFile) -> str:
    return f"{file.state}, {file.reason}" if file.reason else str(file.state)
