"""Finding photos by their tags, and the reads that commands print.

    parse (pure, query.py) → plan: words become labels → rows, a page of them

`show`, `status`, `failed` and `tag_counts` are in `overview.py`, and have their names here too.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import and_, false, or_, select

from tagd.catalogue.overview import (
    Failure,
    Shown,
    ShownTag,
    Status,
    TagCount,
    failed,
    show,
    status,
    tag_counts,
    tags_of,
)
from tagd.catalogue.query import PathTerm, Query, TagTerm, folded, parse
from tagd.catalogue.schema import file, label, tag
from tagd.catalogue.statements import below
from tagd.domain import FileState, TagState
from tagd.fs import key_of, path_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from sqlalchemy import ColumnElement, Connection

__all__ = ["Failure", "Found", "Shown", "ShownTag", "Status", "TagCount", "failed", "search"]
__all__ += ["show", "status", "tag_counts"]


@dataclass(frozen=True, slots=True)
class Found:
    """A file that a search found, with its tags in force, the most confident first."""

    path: Path
    tags: tuple[ShownTag, ...]


@dataclass(frozen=True, slots=True)
class _Label:
    id: int
    key: str
    name: str  # folded


def search(
    tx: Connection,
    text: str,
    resolve: Callable[[str], Collection[str]] = lambda _: (),
    *,
    limit: int | None = None,
    offset: int = 0,
) -> list[Found]:
    """The files that a query finds (see `query.py`), in the order of their paths.

    `resolve` gives the labels that a word stands for in any language. A word means the tags that
    are called so; where there is none, those in whose name it is a word; and where there is none of
    these either, those with a word that begins with it.
    """
    query = parse(text)
    labels = _labels(tx) if query.tags else []
    found = tx.execute(
        select(file.c.path_key, file.c.photo_id)
        .where(_condition(query, labels, resolve))
        .order_by(file.c.path_key)
        .limit(limit)
        .offset(offset or None)
    ).all()
    tags = tags_of(tx, {row.photo_id for row in found} - {None})
    return [
        Found(
            path_of(row.path_key),
            tuple(each for each in tags.get(row.photo_id, ()) if each.state != TagState.REJECTED),
        )
        for row in found
    ]


def _condition(
    query: Query, labels: Collection[_Label], resolve: Callable[[str], Collection[str]]
) -> ColumnElement[bool]:
    """What the file must fulfil."""
    terms: list[ColumnElement[bool]] = [file.c.state != FileState.MISSING]
    for term in query.terms:
        match term:
            case TagTerm(text):
                holds = _has_tag(_meant(text, labels, resolve(text)))
            case PathTerm(text):
                holds = _lies_at(text)
        terms.append(~holds if term.excluded else holds)
    return and_(*terms)


def _has_tag(label_ids: Collection[int]) -> ColumnElement[bool]:
    if not label_ids:
        return false()
    photos = select(tag.c.photo_id).where(
        tag.c.label_id.in_(sorted(label_ids)), tag.c.state != TagState.REJECTED
    )
    # A file without a photo has no tags: said so, since NOT (NULL IN …) holds for nothing.
    return and_(file.c.photo_id.is_not(None), file.c.photo_id.in_(photos))


def _lies_at(text: str) -> ColumnElement[bool]:
    shown = os.fsencode(text).decode("utf-8", "backslashreplace")
    if not text.startswith("/"):
        return file.c.path.contains(shown, autoescape=True)
    path = Path(text)
    return or_(file.c.path_key == key_of(path), below(file.c.path_key, path), file.c.path == shown)


def _labels(tx: Connection) -> list[_Label]:
    rows = tx.execute(select(label.c.id, label.c.key, label.c.name))
    return [_Label(row.id, row.key, folded(row.name)) for row in rows]


def _meant(text: str, labels: Collection[_Label], resolved: Collection[str]) -> list[int]:
    """The labels that a word or phrase means: exact names first, whole words, beginnings."""
    wanted, keys = folded(text), {text, *resolved}
    word = re.compile(rf"\b{re.escape(wanted)}\b")
    beginning = re.compile(rf"\b{re.escape(wanted)}")
    return (
        [each.id for each in labels if each.name == wanted or each.key in keys]
        or [each.id for each in labels if word.search(each.name)]
        or [each.id for each in labels if beginning.search(each.name)]
    )
