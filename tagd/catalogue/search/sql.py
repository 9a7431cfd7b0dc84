"""A search in SQLite's own SQL: the conditions on files, and the indexes that they are found by.

A condition never lets SQLite choose an index (a `+` before a column forbids it): which one is
walked is decided in `search.py`, by the kept counts. What is probed for each file is found by its
`photo_id`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tagd.catalogue.db.statements import UNSAID, marks
from tagd.catalogue.search import paths, said
from tagd.catalogue.search.algebra import (
    ANY_TIME,
    All,
    AnyOf,
    GivenBy,
    Negated,
    Node,
    Quality,
    SaidBy,
    ShotWith,
    Suggested,
    Tagged,
    Taken,
    named_labels,
)
from tagd.catalogue.search.fragments import Sql, in_parentheses, joined
from tagd.catalogue.search.query import (
    ConfidenceTerm,
    NearTerm,
    PathTerm,
    PlacedTerm,
    RatingTerm,
    SourceTerm,
    StateTerm,
    TagCountTerm,
)
from tagd.domain import FileState, TagSource
from tagd.fs import key_of

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Iterable

FEW_LABELS = 16  # are looked up one by one: the index of tags has them by time, side by side
LAST_ROW = (1 << 63) - 1  # the greatest row id that SQLite gives
MOST_CAMERAS = 100  # of which photos are gathered one camera after the other


class Sort(StrEnum):
    """The order of what is found."""

    PATH = "path"
    NEWEST = "newest"  # taken last first; what nobody knows the time of comes last
    ADDED = "added"  # the latest in the catalogue first
    CONFIDENCE = "confidence"  # the surest of the tags asked for first


@dataclass(frozen=True, slots=True)
class Position:
    """Where a file stands in an order: what that order sorts by, the file's row id last."""

    key: tuple[str | float, ...]


# What each order sorts by, all of it upwards or all of it downwards. Where the rest is the same the
# row id decides: a page that goes on after a position must miss no file, and have none twice.
KEYS = {
    Sort.PATH: ("file.path", "file.id"),
    Sort.NEWEST: ("file.taken", "file.path", "file.id"),
    Sort.ADDED: ("file.id",),
    Sort.CONFIDENCE: ("doubt", "file.path", "file.id"),
}
DOWNWARDS = frozenset({Sort.NEWEST, Sort.ADDED})
EVERY_FILE = Sql("file")
_IS_TAGGED = Sql("(+file.state = ? AND +file.photo_id IS NOT NULL)", (FileState.TAGGED.value,))
_COLUMNS = "id, path_key, path, state, photo_id, taken"


def statement(
    node: Node, source: Sql, sort: Sort, stretch: Sql | None = None, after: Position | None = None
) -> Sql:
    """The files out of `source` that fulfil a node, in order, each as the key of its `Position`;
    to be limited."""
    held = [condition(node)]
    if stretch is not None:
        held.insert(0, stretch)
    if after is not None:
        held.append(_beyond(sort, after))
    columns, down = ", ".join(KEYS[sort]), " DESC" * (sort in DOWNWARDS)
    if sort is Sort.CONFIDENCE:
        columns = columns.replace("doubt", f"{_doubt(named_labels(node))} AS doubt")
    where = joined(held, " AND ")
    order = ", ".join(f"{column}{down}" for column in KEYS[sort])
    text = f"SELECT {columns} FROM {source.text} WHERE {where.text} ORDER BY {order}"
    return Sql(text, (*source.values, *where.values))


def _beyond(sort: Sort, after: Position) -> Sql:
    """What holds for the files after a position in an order."""
    sign = "<" if sort in DOWNWARDS else ">"
    key = ", ".join(KEYS[sort])
    return Sql(f"(+{key}) {sign} {marks(after.key)}", after.key)


def stretch(
    tx: sqlite3.Connection, sort: Sort, end: int, length: int, after: Position | None = None
) -> Sql:
    """The first so many files in an order, or the first after a position, as a range of its index;
    by time those before `end`."""
    if sort is Sort.NEWEST:
        return Sql("file.taken < ? AND file.taken >= ?", (end, since(tx, end, length)))
    if sort is Sort.ADDED:
        last = LAST_ROW if after is None else after.key[0]
        edge = _value(
            tx, "SELECT id FROM file WHERE id < ? ORDER BY id DESC LIMIT 1 OFFSET ?", last, length
        )
        return Sql("file.id < ? AND file.id > ?", (last, edge or 0))
    first = "" if after is None else after.key[0]
    edge = _value(
        tx, "SELECT path FROM file WHERE path >= ? ORDER BY path LIMIT 1 OFFSET ?", first, length
    )
    if edge is None:
        return Sql("file.path >= ?", (first,))
    return Sql("file.path >= ? AND file.path < ?", (first, edge))


def since(tx: sqlite3.Connection, end: int, length: int) -> int:
    """From when on about so many files were taken before `end`; 0 where there are no more."""
    after = "SELECT taken FROM file WHERE taken < ? ORDER BY taken DESC LIMIT 1 OFFSET ?"
    return int(_value(tx, after, end, length) or 0)


def least_confident(
    tx: sqlite3.Connection, labels: Iterable[int], when: Taken, length: int, most: float = 1.0
) -> float:
    """How sure the last is of the surest so many that have one of these labels and are no surer
    than `most`; 0 where there are no more."""
    text = (
        f"SELECT confidence FROM found WHERE label_id IN {_listed(labels)} AND confidence <= ?"
        " AND taken >= ? AND taken < ? ORDER BY confidence DESC LIMIT 1 OFFSET ?"
    )
    return float(_value(tx, text, most, when.start, when.end, length) or 0)


def peek(tx: sqlite3.Connection, node: Node, most: int) -> int | None:
    """How many rows the index has that finds a node; a little more than `most` where it is more,
    and None where there is no such index."""
    source = _counted(node)
    if source is None:
        return None
    text = f"SELECT count(*) FROM (SELECT 1 FROM {source.text} LIMIT ?)"
    return int(_value(tx, text, *source.values, most + 1))


def tag_counts(tx: sqlite3.Connection, labels: Iterable[int]) -> tuple[int, int]:
    """The kept counts of files with these labels: all together, and of the most frequent one."""
    text = "SELECT total(files), coalesce(max(files), 0) FROM tag_count WHERE label_id IN "
    total, most = tx.execute(text + _listed(labels)).fetchone()
    return int(total), int(most)


def _value(tx: sqlite3.Connection, text: str, *values: object) -> Any:
    """The first value of the first row; None where there is no row."""
    row = tx.execute(text, values).fetchone()
    return None if row is None else row[0]


def _doubt(labels: Iterable[int] | None) -> str:
    """The less, the surer the surest of these tags: what has none of them comes last."""
    among = "" if labels is None else f" AND +label_id IN {_listed(labels)}"
    return (
        "-coalesce((SELECT max(confidence) FROM tag WHERE photo_id = file.photo_id"
        f" AND state <> 'rejected'{among}), -1)"
    )


def condition(node: Node) -> Sql:
    """What holds for a row of `file`, as SQL that is true or false and never NULL."""
    match node:
        case All(nodes):
            return in_parentheses(joined((Sql("1"), *map(condition, nodes)), " AND "))
        case AnyOf(nodes):
            return in_parentheses(joined((Sql("0"), *map(condition, nodes)), " OR "))
        case Negated(inner):
            held = condition(inner)
            return Sql(f"NOT {held.text}", held.values)
    return _term(node)


def _term(node: Node) -> Sql:
    match node:
        case Tagged():
            return _has_tag(node)
        case Suggested(labels):
            return _exists("suggestion", "photo_id", _suggested(labels))
        case Taken(start, end):
            return Sql("(+file.taken >= ? AND +file.taken < ?)", (start, end))
        case ShotWith(cameras):
            return _exists("photo", "id", _is_camera(cameras))
        case SaidBy(models):
            model = "(SELECT model_id FROM tagging WHERE tagging.id = photo_tagger.tagging_id)"
            return _exists("photo_tagger", "photo_id", Sql(f"{model} IN {_listed(models)}"))
        case TagCountTerm():
            return _has_tags(node)
        case RatingTerm() | PlacedTerm() | NearTerm():
            return said.holds(node)
        case PathTerm(text):
            return paths.lies_at(text)
        case StateTerm(state):
            return Sql("(+file.state = ?)", (state.value,))
    raise AssertionError(node)


def _exists(table: str, key: str, held: Sql) -> Sql:
    text = f"EXISTS (SELECT 1 FROM {table} WHERE {table}.{key} = file.photo_id AND {held.text})"
    return Sql(text, held.values)


def _listed(ids: Iterable[int]) -> str:
    """Row ids, of which no text of a person's is ever one."""
    return f"({', '.join(map(str, sorted(ids)))})"


def _has_tag(node: Tagged) -> Sql:
    if node.labels is not None and not node.quality and len(node.labels) <= FEW_LABELS:
        same = "found.taken = file.taken AND found.label_id IN "
        return _exists("found", "photo_id", Sql(same + _listed(node.labels)))
    held = [Sql("tag.state <> 'rejected'"), *map(_quality, node.quality)]
    if node.labels is not None:
        # All tags of a photo lie side by side: looked through, not looked up one label at a time.
        free = "+" * (len(node.labels) > 1)
        held.append(Sql(f"{free}tag.label_id IN {_listed(node.labels)}"))
    return _exists("tag", "photo_id", joined(held, " AND "))


def _has_tags(node: TagCountTerm) -> Sql:
    """So many tags. None are only those of a photo that was looked at: what waits has none yet."""
    if node.high == 0:
        bare = _exists("untagged", "photo_id", Sql("1"))
        return in_parentheses(joined((_IS_TAGGED, bare), " AND "))
    number = (
        "(SELECT count(DISTINCT label_id) FROM tag"
        " WHERE photo_id = file.photo_id AND state <> 'rejected')"
    )
    held = [Sql(f"{number} >= ?", (node.low,)) if node.low else _IS_TAGGED]
    if node.high is not None:
        held.append(Sql(f"{number} <= ?", (node.high,)))
    return in_parentheses(joined(held, " AND "))


def _suggested(labels: Iterable[int]) -> Sql:
    return Sql(f"suggestion.label_id IN {_listed(labels)} AND {UNSAID}")


def _quality(quality: Quality) -> Sql:
    match quality:
        case SourceTerm(source):
            return Sql("tag.source = ?", (source.value,))
        case GivenBy(taggers):
            return Sql(f"tag.tagger_id IN {_listed(taggers)}")
        case ConfidenceTerm(low, high, without_low, without_high):
            above, below = ">" if without_low else ">=", "<" if without_high else "<="
            text = f"tag.confidence {above} ? AND tag.confidence {below} ?"
            return Sql(text, (low, high))


def _is_camera(cameras: Iterable[tuple[str | None, str | None]]) -> Sql:
    same = Sql("(photo.camera_make IS ? AND photo.camera_model IS ?)")
    return in_parentheses(joined((Sql(same.text, each) for each in cameras), " OR "))


def gathered(node: Node, when: Taken) -> Sql | None:
    """The files that fulfil a node, and perhaps more, out of an index: a FROM clause. Each file
    comes once. None where no index has them; `when` narrows those that have the time."""
    photos = _photos(node, when)
    return _files_of(node) if photos is None else _of_photos(photos)


def _photos(node: Node, when: Taken) -> Sql | None:
    match node:
        case TagCountTerm(high=0):
            return Sql("(SELECT photo_id FROM untagged)")
        case Tagged(_, quality) if other := said_by_others(quality):
            text = (
                "(SELECT DISTINCT photo_id FROM tag INDEXED BY ix_tag_source"
                " WHERE source <> 'model' AND source = ?)"
            )
            return Sql(text, (other.value,))
        case Tagged(labels, quality) if labels is not None:
            return _photos_tagged(labels, quality, when)
        case Suggested(labels):
            held = _suggested(labels)
            return Sql(f"(SELECT DISTINCT photo_id FROM suggestion WHERE {held.text})")
        case ShotWith(cameras) if len(cameras) <= MOST_CAMERAS:
            one = "SELECT id AS photo_id FROM photo WHERE camera_make IS ? AND camera_model IS ?"
            every = joined((Sql(one, each) for each in cameras), " UNION ALL ")
            return in_parentheses(every)
        case SaidBy(models):
            return Sql(
                "(SELECT DISTINCT photo_tagger.photo_id FROM tagging CROSS JOIN photo_tagger"
                " ON photo_tagger.tagging_id = tagging.id"
                f" WHERE tagging.model_id IN {_listed(models)})"
            )
    return None


def _files_of(node: Node) -> Sql | None:
    match node:
        case Taken(start, end):
            return _files("INDEXED BY ix_file_taken WHERE taken >= ? AND taken < ?", start, end)
        case StateTerm(state):
            return _files("INDEXED BY ix_file_state WHERE state = ?", state.value)
        case RatingTerm() | PlacedTerm() | NearTerm() if rows := said.rows(node):
            columns = ", ".join(f"file.{column}" for column in _COLUMNS.split(", "))
            found = f"SELECT file_id FROM {rows.text}"
            text = f"(SELECT {columns} FROM ({found}) AS said CROSS JOIN file ON file.id = file_id)"
            return Sql(f"{text} AS file", rows.values)
        case PathTerm(text) if (
            text.startswith("/") and "\\" not in text and not paths.is_glob(text)
        ):
            first = key_of(Path(text))
            return _files("WHERE path_key >= ? AND path_key < ?", first, first + b"0")
    return None


def _counted(node: Node) -> Sql | None:
    """What `gathered` begins with, for as long as that is an index alone."""
    match node:
        case SaidBy(models):
            return Sql(f"tagging WHERE model_id IN {_listed(models)}")
        case RatingTerm() | PlacedTerm() | NearTerm():
            return said.rows(node)
    return _files_of(node) or _photos(node, ANY_TIME)


def said_by_others(quality: Iterable[Quality]) -> TagSource | None:
    """Who else than a model is asked for: what such a one said is little, and has its own index."""
    sources = (each.source for each in quality if isinstance(each, SourceTerm))
    return next((source for source in sources if source is not TagSource.MODEL), None)


def _photos_tagged(labels: Collection[int], quality: Iterable[Quality], when: Taken) -> Sql:
    held = [
        Sql(f"label_id IN {_listed(labels)}"),
        Sql("taken >= ? AND taken < ?", (when.start, when.end)),
        *(
            Sql("confidence >= ?", (each.low,))
            for each in quality
            if isinstance(each, ConfidenceTerm)
        ),
    ]
    where = joined(held, " AND ")
    once = "DISTINCT " if len(labels) > 1 else ""
    return Sql(f"(SELECT {once}photo_id FROM found WHERE {where.text})", where.values)


def _files(where: str, *values: object) -> Sql:
    return Sql(f"(SELECT {_COLUMNS} FROM file {where}) AS file", values)


def _of_photos(photos: Sql) -> Sql:
    text = (
        f"{photos.text} AS gathered CROSS JOIN file INDEXED BY ix_file_photo_id"
        " ON file.photo_id = gathered.photo_id"
    )
    return Sql(text, photos.values)
