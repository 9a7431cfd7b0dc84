"""SQL that several modules share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from tagd.domain import TagSource
from tagd.fs import key_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence, Sized
    from pathlib import Path

    from sqlalchemy import ColumnElement, Connection, Table
    from sqlalchemy.dialects.sqlite import Insert
    from sqlalchemy.sql.base import ReadOnlyColumnCollection

    Row = dict[str, Any]
    NewColumns = ReadOnlyColumnCollection[str, Any]
    Changes = Callable[[NewColumns], dict[str, Any]]

T = TypeVar("T")

ROLLED_BACK = "tagd.rolled_back"  # in `Connection.info`: what a rollback makes doubtful
CHUNK = 1000  # values in one IN (…): SQLite takes 32,766, and a longer list gains nothing


def rank_of(source: str) -> str:
    """Return SQL for the rank of a column of sources."""
    ranks = " ".join(f"WHEN '{each.value}' THEN {each.rank}" for each in TagSource)
    return f"CASE {source} {ranks} END"


# A label that several gave a photo is one tag. One of them tells of it: the source of the highest
# rank, and of several taggers the surest.
ONE_A_LABEL = f"""NOT EXISTS (
            SELECT 1 FROM tag AS other
            WHERE other.photo_id = tag.photo_id AND other.label_id = tag.label_id
            AND ({rank_of("other.source")}, other.confidence, tag.tagger_id)
                > ({rank_of("tag.source")}, tag.confidence, other.tagger_id))"""

# A suggestion counts until anybody says anything of its label in its photo.
UNSAID = """NOT EXISTS (
            SELECT 1 FROM tag
            WHERE tag.photo_id = suggestion.photo_id AND tag.label_id = suggestion.label_id)"""


def chunks(values: Iterable[T], size: int = CHUNK) -> Iterator[list[T]]:
    """The values in lists of at most `size`."""
    everything = list(values)
    for start in range(0, len(everything), size):
        yield everything[start : start + size]


def take_over(*names: str) -> Changes:
    """Changes for `upsert`: the present row takes these columns from the new one."""
    return lambda new: {name: new[name] for name in names}


def upsert(
    tx: Connection,
    table: Table,
    rows: Sequence[Row],
    *,
    key: Sequence[str],
    changes: Changes | None = None,
) -> None:
    """Insert each row. Where one with the same `key` exists, apply `changes` to it, which is given
    the columns of the new row; without `changes`, the present row stays."""
    if rows:
        tx.execute(upserting(table, key=key, changes=changes), list(rows))


def upserting(
    table: Table,
    *,
    key: Sequence[str],
    changes: Changes | None = None,
    unless: ColumnElement[bool] | None = None,
) -> Insert:
    """The statement of `upsert`, the one that differs between databases: PostgreSQL's dialect has
    the same under the same names. A present row of which `unless` holds stays as it is."""
    from sqlalchemy.dialects.sqlite import insert  # noqa: PLC0415  lazy: `chunks` needs none

    statement = insert(table)
    if changes is None:
        return statement.on_conflict_do_nothing(index_elements=list(key))
    return statement.on_conflict_do_update(
        index_elements=list(key),
        set_=changes(statement.excluded),
        where=None if unless is None else unless.is_not(True),
    )


def marks(values: Sized) -> str:
    """As many question marks as there are values, for an IN in plain SQL."""
    return f"({', '.join('?' * len(values))})"


def below_key(folder: Path) -> bytes:
    """What the keys of all paths below the folder begin with."""
    return key_of(folder).rstrip(b"/") + b"/"


def at_or_below(column: ColumnElement[bytes], path: Path) -> ColumnElement[bool]:
    """Whether a path key is this file's, or lies below this folder."""
    return (column == key_of(path)) | below(column, path)


def below(column: ColumnElement[bytes], folder: Path) -> ColumnElement[bool]:
    """Whether a path key lies below the folder: a range, which an index answers, and which does not
    take `/photos2` for `/photos`."""
    prefix = below_key(folder)
    # "0" is the character after "/".
    return (column > prefix) & (column < prefix[:-1] + b"0")
