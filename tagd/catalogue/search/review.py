"""What a person looks through: the photos that a tag was given to, the least sure first, and how
many of them were found right and wrong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tagd.catalogue.db.statements import CHUNK, chunks, marks
from tagd.fs import path_of

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection
    from pathlib import Path

_GIVEN = """
    SELECT found.photo_id, found.confidence, label.id
    FROM label JOIN found ON found.label_id = label.id
    WHERE label.key = ? AND (found.confidence, found.photo_id) > (?, ?)
    ORDER BY found.confidence, found.photo_id LIMIT ?"""
# A person's own tag, and one that a person confirmed or rejected, are not in doubt.
_DOUBTED = """
    SELECT tag.photo_id FROM tag
    WHERE tag.label_id = ? AND tag.photo_id IN {photos} AND EXISTS (
        SELECT 1 FROM file WHERE file.photo_id = tag.photo_id AND file.state <> 'missing')
    GROUP BY tag.photo_id
    HAVING max(tag.source = 'model') AND NOT max(tag.state <> 'active' OR tag.source = 'person')"""
# Of what persons said something, which is little beside what models said.
_JUDGED = """
    SELECT tag.label_id AS label_id, CASE
               WHEN max(tag.state = 'rejected') THEN 'wrong'
               WHEN max(tag.state = 'confirmed' OR tag.source = 'person') THEN 'right'
           END AS judged
    FROM (SELECT DISTINCT photo_id, label_id FROM history WHERE who = 'person') AS said
    JOIN tag ON tag.photo_id = said.photo_id AND tag.label_id = said.label_id
    GROUP BY tag.label_id, tag.photo_id"""
_MONTHS = """
    WITH RECURSIVE months (month) AS (
        SELECT max(taken) / 100000000 FROM file
        UNION ALL
        SELECT (SELECT max(taken) / 100000000 FROM file WHERE taken < month * 100000000)
        FROM months WHERE month IS NOT NULL
    )
    SELECT month FROM months WHERE month IS NOT NULL"""


@dataclass(frozen=True, slots=True)
class Doubt:
    """A photo that models gave a tag to, and how sure the surest of them is."""

    photo_id: str
    confidence: float


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


def doubtful(tx: sqlite3.Connection, label: str, limit: int) -> list[Doubt]:
    """Return photos that a label was given to by models alone, the least sure first."""
    doubts: list[Doubt] = []
    after = (-1.0, 0)
    while len(doubts) < limit and (rows := tx.execute(_GIVEN, (label, *after, CHUNK)).fetchall()):
        after = (rows[-1][1], rows[-1][0])
        photos = [row for row, *_ in rows]
        asked = _DOUBTED.format(photos=marks(photos))
        doubted = {row for (row,) in tx.execute(asked, (rows[0][2], *photos))}
        ids = _ids(tx, doubted)
        doubts += [Doubt(ids[row], sure) for row, sure, _ in rows if row in doubted]
    return doubts[:limit]


def standings(tx: sqlite3.Connection) -> dict[str, Standing]:
    """Return how every label that a person spoke of was judged, in photos."""
    rows = tx.execute(
        f"""SELECT label.key, sum(judged = 'right'), sum(judged = 'wrong'),
                   coalesce(tag_count.files, 0)
            FROM ({_JUDGED}) AS judgements
            JOIN label ON label.id = judgements.label_id
            LEFT JOIN tag_count ON tag_count.label_id = label.id
            WHERE judged IS NOT NULL GROUP BY label.id"""
    )
    return {key: Standing(right, wrong, max(0, files - right)) for key, right, wrong, files in rows}


def label_counts(tx: sqlite3.Connection) -> list[LabelCount]:
    """Return every label that files have, the most frequent first."""
    rows = tx.execute(
        """SELECT label.key, label.name, tag_count.files FROM tag_count
           JOIN label ON label.id = tag_count.label_id WHERE tag_count.files > 0
           ORDER BY tag_count.files DESC, label.name"""
    )
    return [LabelCount(*row) for row in rows]


def months(tx: sqlite3.Connection) -> list[int]:
    """Return the months that files were taken in, such as 202406, the latest first; 0 is no month:
    nobody knows when these were taken."""
    return [month for (month,) in tx.execute(_MONTHS)]


def _ids(tx: sqlite3.Connection, photos: Collection[int]) -> dict[int, str]:
    rows = tx.execute(f"SELECT id, content_hash FROM photo WHERE id IN {marks(photos)}", [*photos])
    return dict(rows)
