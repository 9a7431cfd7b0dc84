"""What a person looks through: the photos that a tag was given to, the least sure first, and how
many of them were found right and wrong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tagd.catalogue.db.statements import chunks, marks
from tagd.fs import path_of

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection
    from pathlib import Path

_PRESENT = (
    "EXISTS (SELECT 1 FROM file WHERE file.photo_id = tag.photo_id AND file.state <> 'missing')"
)
# A person's own tag, and one that a person confirmed, are not in doubt.
_SETTLED = """EXISTS (SELECT 1 FROM tag AS other WHERE other.photo_id = tag.photo_id
                AND other.label_id = tag.label_id
                AND (other.state <> 'active' OR other.source = 'person'))"""


@dataclass(frozen=True, slots=True)
class Doubt:
    """A photo that models gave a tag to, and how sure the surest of them is."""

    photo_id: str
    confidence: float
    row: int


@dataclass(frozen=True, slots=True)
class Standing:
    """How a person judged a tag, in photos: what is right, what is wrong, what waits."""

    right: int = 0
    wrong: int = 0
    waiting: int = 0

    @property
    def looked_at(self) -> int:
        """How many photos were judged."""
        return self.right + self.wrong

    @property
    def precision(self) -> float | None:
        """The share that is right of what was judged; None before anything was."""
        return self.right / self.looked_at if self.looked_at else None


@dataclass(frozen=True, slots=True)
class LabelCount:
    """A label, and how many files have it."""

    label: str
    name: str
    files: int


def paths_of(tx: sqlite3.Connection, photo_id: str) -> list[Path]:
    """Return the files of a photo that are there, by its id."""
    rows = tx.execute(
        """SELECT file.path_key FROM photo JOIN file ON file.photo_id = photo.id
           WHERE photo.content_hash = ? AND file.state <> 'missing' ORDER BY file.path""",
        (photo_id,),
    )
    return [path_of(key) for (key,) in rows]


def rows_of(tx: sqlite3.Connection, photo_ids: Collection[str]) -> list[int]:
    """Return the photos with these ids, by row id; those that are unknown are left out."""
    return [
        row
        for some in chunks(photo_ids)
        for (row,) in tx.execute(f"SELECT id FROM photo WHERE content_hash IN {marks(some)}", some)
    ]


def files_of(tx: sqlite3.Connection, photos: Collection[int]) -> list[int]:
    """Return the files of these photos that are there, all by row id."""
    return [
        row
        for some in chunks(photos)
        for (row,) in tx.execute(
            f"SELECT id FROM file WHERE state <> 'missing' AND photo_id IN {marks(some)}", some
        )
    ]


def doubtful(
    tx: sqlite3.Connection, label: str, limit: int, after: tuple[float, int] = (-1.0, 0)
) -> list[Doubt]:
    """Return photos that a label was given to by models alone, the least sure first, after the one
    with this confidence and row."""
    rows = tx.execute(
        f"""SELECT photo.content_hash, max(tag.confidence) AS sure, photo.id
            FROM tag JOIN label ON label.id = tag.label_id JOIN photo ON photo.id = tag.photo_id
            WHERE label.key = ? AND tag.source = 'model' AND tag.state = 'active'
            AND NOT {_SETTLED} AND {_PRESENT}
            GROUP BY photo.id HAVING (sure, photo.id) > (?, ?)
            ORDER BY sure, photo.id LIMIT ?""",
        (label, *after, limit),
    )
    return [Doubt(*row) for row in rows]


def standings(tx: sqlite3.Connection, label: str | None = None) -> dict[str, Standing]:
    """Return how every label, or this one, was judged. A photo counts once however many gave it."""
    which = "" if label is None else "WHERE label.key = ?"
    rows = tx.execute(
        f"""SELECT key, sum(judged = 1), sum(judged = -1), sum(judged = 0) FROM (
                SELECT label.key AS key, tag.photo_id,
                       CASE WHEN max(tag.state = 'rejected') THEN -1
                            WHEN max(tag.state = 'confirmed' OR tag.source = 'person') THEN 1
                            ELSE 0 END AS judged
                FROM tag JOIN label ON label.id = tag.label_id {which}
                GROUP BY tag.label_id, tag.photo_id)
            GROUP BY key""",
        () if label is None else (label,),
    )
    return {key: Standing(*counts) for key, *counts in rows}


def label_counts(tx: sqlite3.Connection) -> list[LabelCount]:
    """Return every label that files have, the most frequent first."""
    rows = tx.execute(
        """SELECT label.key, label.name, tag_count.files FROM tag_count
           JOIN label ON label.id = tag_count.label_id WHERE tag_count.files > 0
           ORDER BY tag_count.files DESC, label.name"""
    )
    return [LabelCount(*row) for row in rows]


def months(tx: sqlite3.Connection) -> list[tuple[int, int]]:
    """Return how many files each month has, such as (202406, 12), the latest first; 0 is no month:
    nobody knows when these were taken."""
    rows = tx.execute(
        """SELECT taken / 100000000 AS month, count(*) FROM file WHERE state <> 'missing'
           GROUP BY month ORDER BY month DESC"""
    )
    return [(month, files) for month, files in rows]
