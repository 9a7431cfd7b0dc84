"""What is read of photos on request fills what their EXIF leaves open, and nothing else."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from tagd.catalogue.db import migrate
from tagd.catalogue.db.engine import open_owner
from tagd.catalogue.files import sidecars
from tagd.catalogue.tagging import record
from tagd.catalogue.written import readings
from tagd.domain import Readings
from tests import catalogue as recorded
from tests.intake import Bench, jobs, work_off, write

SAID = Readings(camera_model="Phone 1", taken_at="2023-05-06T07:08:09", rating=3)


@pytest.mark.parametrize(
    ("known", "told"),
    [
        ((None, None), ("Phone 1", "2023-05-06T07:08:09", 20230506070809)),
        (("D750", None), ("D750", "2023-05-06T07:08:09", 20230506070809)),
        ((None, "2024-06-01T12:00:00"), ("Phone 1", "2024-06-01T12:00:00", 20240601120000)),
    ],
)
def test_only_gaps_are_filled(
    known: tuple[str | None, str | None], told: tuple[str, str, int], tmp_path: Path
) -> None:
    model, taken_at = known
    with recorded.fresh(tmp_path) as catalogue, catalogue.write() as tx:
        recorded.submit(tx, recorded.settled("/p/a.jpg"))
        [job] = recorded.claim(tx)
        result = recorded.result(job, "a" * 32, "n00000000")
        facts = replace(result.facts, camera_make=None, camera_model=model, taken_at=taken_at)
        record.record(tx, [replace(result, facts=facts)], recorded.name_of, recorded.NOW)
        readings.fill_gaps(tx, {1: SAID})
        sql = "SELECT camera_model, taken_at, taken FROM photo JOIN file ON photo_id = 1"
        assert recorded.rows(tx, sql) == [told]


def test_what_stood_in_a_file_goes_when_it_stands_there_no_more(tmp_path: Path) -> None:
    beside = Path("/p/a.jpg.xmp")
    with recorded.fresh(tmp_path) as catalogue, catalogue.write() as tx:
        recorded.submit(tx, recorded.settled("/p/a.jpg", 1), recorded.settled("/p/copy.jpg", 2))
        done = [recorded.result(job, "a" * 32, "n00000000") for job in recorded.claim(tx)]
        record.record(tx, done, recorded.name_of, recorded.NOW)
        placed = replace(SAID, latitude=35.5, longitude=139.5, sidecars=(beside,))
        readings.put_said(tx, {1: placed, 2: Readings()})
        sql = "SELECT rating, latitude, longitude FROM v_files ORDER BY path"
        nothing = (None, None, None)
        assert recorded.rows(tx, sql) == [(3, 35.5, 139.5), nothing], "nor had the copy any"
        assert sidecars.read_below(tx, Path("/p")) == {b"/p/a.jpg.xmp"}
        assert sidecars.gone(tx, [beside], recorded.NOW) == 1
        readings.put_said(tx, {1: Readings()})
        assert recorded.rows(tx, sql) == [nothing, nothing]
        assert sidecars.read_below(tx, Path("/p")) == set()


def test_a_scan_notices_a_sidecar_that_was_deleted_meanwhile(tmp_path: Path) -> None:
    with recorded.fresh(tmp_path) as catalogue:
        photo = write(tmp_path / "photos" / "a.jpg")
        beside = photo.with_name("a.jpg.xmp")
        beside.touch()
        bench = Bench(catalogue, (photo.parent,))
        bench.scan()
        work_off(catalogue)
        with catalogue.write() as tx:
            readings.put_said(tx, {1: replace(SAID, sidecars=(beside,))})
        bench.scan()
        assert jobs(catalogue) == {}
        beside.unlink()
        bench.scan()
        assert list(jobs(catalogue)) == ["photos/a.jpg"]


def test_an_older_catalogue_keeps_what_it_knows_until_it_is_read_again(tmp_path: Path) -> None:
    place = tmp_path / "catalogue.db"
    place.touch()
    migrate.upgrade(place, to="0009")
    with closing(sqlite3.connect(place)) as connection:
        connection.executescript(
            "INSERT INTO photo (id, content_hash, format, width, height, orientation, rating,"
            " latitude, longitude) VALUES (1, 'a', 'JPEG', 1, 1, 1, 4, 35.5, 139.5);"
            "INSERT INTO file (id, path_key, path, photo_id, state, state_since, size, mtime_ns,"
            " ctime_ns, inode, seen_at) VALUES (1, '/a', '/a', 1, 'tagged', 0, 1, 1, 1, 1, 0);"
        )
    migrate.upgrade(place)
    with open_owner(place) as catalogue, catalogue.read() as tx:
        assert recorded.rows(tx, "SELECT rating, latitude, longitude FROM v_files") == [
            (4, 35.5, 139.5)
        ]
        assert recorded.rows(tx, "SELECT kind, file_id FROM job") == [("tag", 1)]
