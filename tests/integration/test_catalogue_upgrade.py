"""A catalogue of before there were several taggers says the same in every view afterwards.

`tests/data/catalogue-0007.sql.gz` was made by the code of 7498e17 alone: 200 photos and a copy in
two folders, one file that is no picture, corrections of every kind, photos and sidecars written and
a write taken back, a re-tag that reached half of the photos and was taken back for ten of them, a
photo that moved and one that went; a sqlite3 dump of what that left.
"""

from __future__ import annotations

import gzip
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tagd.catalogue.db.engine import open_owner
from tagd.catalogue.tagging import undone
from tagd.catalogue.tagging.record import known
from tagd.catalogue.tagging.undone import UndoScope

DUMP = Path(__file__).parents[1] / "data" / "catalogue-0007.sql.gz"
VIEWS = (
    *("v_files", "v_history", "v_models", "v_photo_tags", "v_predictions", "v_queue"),
    *("v_rejected_tags", "v_runs", "v_speeds", "v_stale", "v_tags", "v_written"),
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "catalogue.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(gzip.decompress(DUMP.read_bytes()).decode())
    return path


def shown(path: Path, columns: dict[str, list[str]] | None = None) -> dict[str, list[str]]:
    """Every view's rows as text, in an order of their own, or these columns of them."""
    found = {}
    with closing(sqlite3.connect(path)) as connection:
        for view in VIEWS:
            chosen = "*" if columns is None else ", ".join(columns[view])
            found[view] = sorted(map(repr, connection.execute(f"SELECT {chosen} FROM {view}")))
    return found


def columns_of(path: Path) -> dict[str, list[str]]:
    with closing(sqlite3.connect(path)) as connection:
        return {
            view: [each[0] for each in connection.execute(f"SELECT * FROM {view}").description]
            for view in VIEWS
        }


def test_every_view_says_what_it_said(path: Path) -> None:
    columns, before = columns_of(path), shown(path)
    assert {view: len(rows) for view, rows in before.items() if not rows} == {"v_speeds": 0}
    with open_owner(path):
        pass
    assert shown(path, columns) == before
    assert {
        view: names[: len(columns[view])] for view, names in columns_of(path).items()
    } == columns
    with closing(sqlite3.connect(path)) as connection:
        by = connection.execute("SELECT source, tagger, count(*) FROM v_photo_tags GROUP BY 1, 2")
        assert {each[:2] for each in by} == {("model", "classifier"), ("person", None)}


def test_what_is_known_and_what_can_be_taken_back_stays(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        hashes = [each for (each,) in connection.execute("SELECT content_hash FROM photo")]
        before = dict(
            connection.execute(
                "SELECT content_hash, want.key FROM photo JOIN want ON want.id = asked_id"
            ).fetchall()
        )
    with open_owner(path) as catalogue, catalogue.read() as tx:
        assert {photo: of.asked for photo, of in known(tx, hashes).items()} == before
        assert undone.count(tx, UndoScope(run=11)) == 100
        steps = undone.page(tx, UndoScope(run=11), limit=1000)
        assert all(step.before != step.after is not None for step in steps)
