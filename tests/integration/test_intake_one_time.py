"""What a person names with `tagd tag`."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import pytest

from tagd.catalogue.db.engine import Catalogue
from tagd.domain import Priority
from tagd.intake.exclude import Excludes
from tagd.intake.one_time import OneTimeIntake
from tagd.intake.submit import Submitter
from tests.intake import jobs, states, too_large_to_hold, work_off, write


def ask(catalogue: Catalogue, *, wall: float = 4e9, patience: float = 0.3) -> OneTimeIntake:
    return OneTimeIntake(
        submitter=Submitter(catalogue, lambda: None, lambda: wall),
        excludes=Excludes(),
        settle_seconds=0.1,
        clock=time.monotonic,
        wall=lambda: wall,
        pause=threading.Event().wait,
        patience_seconds=patience,
    )


def test_files_and_folders_are_submitted_before_all_else(
    catalogue: Catalogue, tmp_path: Path
) -> None:
    named = write(tmp_path / "album/a.jpg", "a")
    write(tmp_path / "album/deep/b.jpg", "b")
    write(tmp_path / "album/.hidden/c.jpg", "c")
    (tmp_path / "album/notes.txt").write_text("nothing")
    asked = ask(catalogue).submit([tmp_path / "album", named])
    assert sorted(asked.taken) == [named, tmp_path / "album/deep/b.jpg"]
    assert (asked.queued, asked.unchanged, asked.refused) == (2, 0, ())
    assert set(jobs(catalogue).values()) == {Priority.ASKED}
    work_off(catalogue)
    again = ask(catalogue).submit([tmp_path / "album"])
    assert (again.queued, again.unchanged) == (0, 2)


def test_a_file_that_is_named_is_taken_whatever_its_name(
    catalogue: Catalogue, tmp_path: Path
) -> None:
    path = tmp_path / ".hidden.txt"
    path.write_text("no photo, and the reason is to be seen")
    assert ask(catalogue).submit([path]).taken == (path,)
    assert states(catalogue) == {".hidden.txt": "queued"}


def test_an_original_beside_its_photo_is_left_alone_even_when_it_is_named(
    catalogue: Catalogue, tmp_path: Path
) -> None:
    photo, original = write(tmp_path / "a.jpg"), write(tmp_path / "a.jpg_original")
    asked = ask(catalogue).submit([photo, original])
    assert asked.taken == (photo,)
    assert asked.refused == ((original, "an original that is kept beside its photo"),)


def test_a_relative_path_counts_from_the_working_directory(
    catalogue: Catalogue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path / "a.jpg")
    (tmp_path / "b").mkdir()
    monkeypatch.chdir(tmp_path / "b")
    assert ask(catalogue).submit([Path("../a.jpg")]).taken == (path,)


def test_a_file_that_was_touched_just_now_is_waited_for_where_somebody_may_write_it(
    catalogue: Catalogue, tmp_path: Path
) -> None:
    path = write(tmp_path / "a.jpg")
    before = time.monotonic()
    with path.open("ab"):
        assert ask(catalogue, wall=path.stat().st_ctime).submit([path]).taken == (path,)
    assert time.monotonic() - before >= 0.1


def test_a_copy_that_has_ended_is_not_waited_for(catalogue: Catalogue, tmp_path: Path) -> None:
    path = write(tmp_path / "a.jpg")
    asking = ask(catalogue, wall=path.stat().st_ctime)
    asking.pause = lambda seconds: seconds > 0  # who waits gives up
    assert asking.submit([path]).taken == (path,)


def test_what_cannot_be_taken_has_a_reason(catalogue: Catalogue, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo.jpg")
    growing = write(tmp_path / "growing.jpg")
    now = growing.stat().st_ctime

    def grow(seconds: float) -> bool:
        nonlocal now
        now += seconds
        with growing.open("ab") as file:
            file.write(b"more")
        return False

    asking = ask(catalogue, wall=now)
    asking.clock, asking.pause = lambda: now, grow
    with growing.open("ab"):
        asked = asking.submit([tmp_path / "nowhere.jpg", tmp_path / "fifo.jpg", growing])
    assert dict(asked.refused) == {
        tmp_path / "nowhere.jpg": "no such file or directory",
        tmp_path / "fifo.jpg": "neither a file nor a folder",
        growing: "still being written",
    }
    assert asked.taken == ()


def test_a_file_that_nobody_foresaw_costs_itself_alone(
    catalogue: Catalogue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("good", "evil", "late"):
        write(tmp_path / f"album/{name}.jpg", name)
    with too_large_to_hold(monkeypatch, "evil.jpg"):
        asked = ask(catalogue).submit([tmp_path / "album"])
    assert {each.name for each in asked.taken} == {"good.jpg", "late.jpg"}
    ((path, reason),) = asked.refused
    assert path.name == "evil.jpg"
    assert "OverflowError" in reason
    assert set(states(catalogue)) == {"album/good.jpg", "album/late.jpg"}
