"""A catalogue of 100,000 files: nothing walks through all of it that need not. How long things take
is measured in benchmarks/catalogue.py."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, event

from tagd.catalogue.db.engine import Catalogue, open_owner
from tagd.catalogue.files import photos
from tagd.catalogue.files.photos import Submitted
from tagd.catalogue.queue import claims, jobs, leases
from tagd.catalogue.tagging import record
from tagd.domain import JobKind, Priority
from tests.catalogue import LABELS, NOW, claim, fresh, name_of, result, settled

FILES = 100_000
BATCH = 250


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Catalogue]:
    """100,000 files, all waiting, in 200 folders."""
    folder = tmp_path_factory.mktemp("scale")
    with fresh(folder) as opened, opened.write() as tx:
        files = [
            settled(f"/photos/{number % 200}/{number}.jpg", number, Priority.RESCAN)
            for number in range(FILES)
        ]
        assert photos.submit(tx, files, NOW) == Submitted(FILES, 0)
    with open_owner(folder / "catalogue.db") as opened:
        yield opened


def plan_of(tx: Connection, statement: str, *values: object) -> str:
    rows = tx.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
    return "\n".join(row[-1] for row in rows)


@pytest.mark.slow
def test_all_that_is_known_of_a_large_library_is_read(catalogue: Catalogue) -> None:
    with catalogue.read() as tx:
        known = photos.known_files(tx, Path("/photos"))
    assert len(known) == FILES


def test_results_are_recorded_a_batch_a_transaction(catalogue: Catalogue) -> None:
    """Photo, file, decision, 64 logits, three tags and the end of the job for each."""
    for turn in range(3):
        with catalogue.write() as tx:
            claimed = claim(tx, BATCH, f"worker/{turn}")
        assert len(claimed) == BATCH
        batch = [
            result(job, f"{job.file_id:032x}", *LABELS[job.id % 90 : job.id % 90 + 3])
            for job in claimed
        ]
        with catalogue.write() as tx:
            assert all(record.record(tx, batch, name_of, NOW))


def test_claiming_and_looking_use_their_indexes(catalogue: Catalogue) -> None:
    said: list[str] = []

    def explain(
        tx: Connection, _: object, statement: str, values: tuple[object, ...], *__: object
    ) -> None:
        if statement.startswith(("SELECT", "UPDATE job")):
            said.append(plan_of(tx, statement, *values))

    with catalogue.write() as tx:
        event.listen(tx, "before_cursor_execute", explain)
        claims.claim(tx, JobKind.TAG, limit=3, lease="w/1", lease_seconds=60, now=NOW)
        jobs.next_due(tx)
        leases.recover(tx, NOW)
    assert len(said) > 5
    for plan in said:
        assert not re.search("SCAN (?!anon_1 VIRTUAL TABLE)", plan), "but of those chosen"
        assert "USE TEMP B-TREE" not in plan, "the index gives the order"
        assert "ix_job_next" in plan or "INTEGER PRIMARY KEY" in plan


@pytest.mark.parametrize(
    ("statement", "indexes"),
    [
        ("SELECT * FROM v_photo_tags WHERE path = ?", ["ix_file_path", "PRIMARY KEY (photo_id=?)"]),
        ("SELECT * FROM v_photo_tags WHERE tag = ?", ["ix_label_name", "ix_tag_label_id"]),
        ("SELECT * FROM v_files WHERE state = ?", ["ix_file_state"]),
        ("SELECT * FROM v_files WHERE path = ?", ["ix_file_path"]),
        ("SELECT * FROM v_predictions WHERE path = ?", ["ix_file_path"]),
    ],
)
def test_views_answer_from_their_indexes(
    catalogue: Catalogue, statement: str, indexes: list[str]
) -> None:
    with catalogue.read() as tx:
        plan = plan_of(tx, statement, "cat")
    assert all(index in plan for index in indexes), plan
    assert "SCAN" not in plan.replace("SCAN best", "")


def test_a_claim_passes_over_those_that_wait_for_their_time(catalogue: Catalogue) -> None:
    """Half the queue in back-off before the next in line."""
    with catalogue.write() as tx:
        tx.exec_driver_sql(f"UPDATE job SET not_before = {NOW + 3600} WHERE id < {FILES // 2}")
    with catalogue.write() as tx:
        claimed = claim(tx, 5, "late/1")
    assert len(claimed) == 5
    assert all(job.id >= FILES // 2 for job in claimed)
