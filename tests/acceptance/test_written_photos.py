"""Tags inside photos, by the real command and the real models."""

from __future__ import annotations

import contextlib
import os
import signal
import sqlite3
from functools import partial
from pathlib import Path

import pytest

from tests import photos
from tests.acceptance.home import Home
from tests.inscriptions import subjects
from tests.support import wait_until

EMBEDDED = '[metadata]\nwrite = "embedded"\n'


def test_a_photo_that_lands_has_its_tags_inside_and_what_a_person_says_follows(home: Home) -> None:
    home.configure(EMBEDDED)
    photo = home.photos / "cat.jpg"
    with home.daemon() as daemon:
        photos.cat().save(photo)
        wait_until(lambda: "cat" in subjects(photo), what="the tags are in the photo")
        assert home.run("add", photo, "Chelsea").returncode == 0
        wait_until(lambda: "Chelsea" in subjects(photo), what="what was added is in the photo")
        home.wait_state("cat.jpg", "tagged")
        assert home.inferences() == 1, "our own write is no new photo"
        with home.stopped(daemon):
            assert home.run("reject", photo, "cat").returncode == 0
        wait_until(lambda: "cat" not in subjects(photo), what="what was rejected is not")
        assert home.inferences() == 1
    assert [path.name for path in home.photos.iterdir()] == ["cat.jpg"]


def test_what_a_command_tags_it_writes_and_a_command_takes_it_back(home: Home) -> None:
    photo = home.photos / "cat.jpg"
    photos.cat().save(photo)
    before = photo.read_bytes()
    assert "1 photo tagged" in home.run("tag", photo).stdout
    told = home.run("write", photo)
    assert (told.returncode, "--to embedded` writes into them" in told.stderr) == (2, True)

    told = home.run("write", photo, "--to", "embedded", "--dry-run")
    assert "+ dc:subject: cat\n" in told.stdout
    assert photo.read_bytes() == before
    done = home.json("write", photo, "--to", "embedded")
    assert [each["path"] for each in done["written"]] == [str(photo)]
    assert "cat" in subjects(photo)
    again = home.run("write", photo, "--to", "embedded")
    assert again.stdout == "0 files written, 1 need nothing\n"

    home.configure(EMBEDDED)
    assert home.run("reject", photo, "cat").returncode == 0
    assert "1 file written" in home.run("tag", photo).stdout
    assert "cat" not in subjects(photo)
    assert "animal" in subjects(photo)
    for _ in ("what the second run wrote", "what the first did"):
        assert photo.read_bytes() != before
        [(run,)] = home.rows("SELECT run FROM v_written")
        assert home.run("write", "--undo", str(run)).stdout == "1 file written\n"
    assert photo.read_bytes() == before
    assert home.rows("SELECT run FROM v_written") == []


@pytest.mark.slow
def test_a_kill_in_the_midst_of_writing_costs_nothing(home: Home) -> None:
    home.configure(EMBEDDED)
    names = [path.name for path in photos.distinct(40, home.photos)]
    for enough in (3, 9, 20):
        process = home.start()
        wait_until(partial(_are_written, home, enough), what=f"{enough} are written")
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    assert home.run("tag", home.photos).returncode == 0
    assert sorted(path.name for path in home.photos.iterdir()) == names
    for path, tags in _tags_of(home).items():
        assert set(tags) <= set(subjects(path)), path
    assert home.rows("SELECT count(*) FROM job") == home.rows("SELECT count(*) FROM intent")
    assert home.inferences() == len(names)


def test_what_was_in_hand_at_two_kills_is_written_before_the_command_ends(home: Home) -> None:
    [photo] = photos.distinct(1, home.photos)
    assert home.run("tag", home.photos).returncode == 0
    before = photo.read_bytes()
    home.configure(EMBEDDED)
    with contextlib.closing(sqlite3.connect(home.database)) as catalogue, catalogue:
        catalogue.execute(
            "INSERT INTO job (kind, file_id, priority, state, deaths, lease, created_at)"
            " SELECT 'write', id, 10, 'leased', 1, 'one that was killed/1', 0 FROM file"
        )
    assert home.run("tag", home.photos).returncode == 0
    assert home.rows("SELECT count(*) FROM job") == [(0,)]
    assert photo.read_bytes() != before


def _are_written(home: Home, enough: int) -> bool:
    found = home.rows("SELECT count(*) FROM sqlite_schema WHERE name = 'v_written'")
    if not found or not found[0][0]:
        return False
    return int(home.rows("SELECT count(*) FROM v_written")[0][0]) >= enough


def _tags_of(home: Home) -> dict[Path, list[str]]:
    found: dict[Path, list[str]] = {}
    for path, tag in home.rows("SELECT path, tag FROM v_photo_tags"):
        found.setdefault(Path(path), []).append(tag)
    return found
