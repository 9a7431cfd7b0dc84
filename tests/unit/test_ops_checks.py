"""Each check of `tagd doctor`, from plain values to what it says."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tagd import installation
from tagd.errors import CatalogueCorrupt
from tagd.ops import checks
from tagd.ops.checks import Finding, Level

NOW = checks.OLDEST_PLAUSIBLE + 1000


def test_a_bug_of_an_old_sqlite_is_named_and_is_no_trouble() -> None:
    assert checks.sqlite_version((3, 51, 3)).level is Level.OK
    old = checks.sqlite_version((3, 40, 1))
    assert old.level is Level.OK
    assert "3.40.1" in old.what
    assert "WAL-reset" in old.what


@pytest.mark.parametrize(
    ("free", "level"),
    [(10 << 30, Level.OK), (500 << 20, Level.WARNING), (1 << 20, Level.PROBLEM)],
)
def test_space_for_the_catalogue(free: int, level: Level, tmp_path: Path) -> None:
    found = checks.state_folder(tmp_path / "not yet/there/catalogue.db", free)
    assert found.level is level
    assert str(tmp_path) in found.what


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_state_folder_without_rights(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    assert checks.state_folder(tmp_path / "catalogue.db").level is Level.PROBLEM


def test_a_catalogue_that_is_not_there_yet_is_well(tmp_path: Path) -> None:
    found = checks.catalogue_place(tmp_path / "catalogue.db")
    assert found.level is Level.OK
    assert "will be made" in found.what


def made(path: Path) -> Path:
    connection = sqlite3.connect(path)
    connection.executescript(
        "CREATE TABLE one (id INTEGER PRIMARY KEY, words TEXT);"
        "CREATE INDEX by_words ON one (words);"
        "CREATE TABLE two (one_id REFERENCES one (id));"
    )
    words = [(f"word {n}" * 50,) for n in range(500)]
    connection.executemany("INSERT INTO one (words) VALUES (?)", words)
    connection.commit()
    connection.close()
    return path


def test_a_sound_catalogue(tmp_path: Path) -> None:
    path = made(tmp_path / "c.db")
    before = path.read_bytes()
    assert checks.integrity(path).level is Level.OK
    assert path.read_bytes() == before


def test_damage_is_found(tmp_path: Path) -> None:
    path = made(tmp_path / "c.db")
    content = bytearray(path.read_bytes())
    middle = len(content) // 2 // 4096 * 4096
    content[middle : middle + 4096] = b"\x55" * 4096
    path.write_bytes(content)
    with pytest.raises(CatalogueCorrupt, match="damaged"):
        checks.integrity(path)


def test_a_row_that_points_to_nothing_is_found(tmp_path: Path) -> None:
    path = made(tmp_path / "c.db")
    connection = sqlite3.connect(path)
    connection.execute("INSERT INTO two VALUES (999999)")
    connection.commit()
    connection.close()
    with pytest.raises(CatalogueCorrupt, match="a row of two points to nothing in one"):
        checks.integrity(path)


def test_what_is_no_database_is_corrupt(tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    path.write_text("no database\n" * 500)
    with pytest.raises(CatalogueCorrupt):
        checks.integrity(path)


def test_watched_folders(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert checks.watched_folder(tmp_path).level is Level.OK
    missing = checks.watched_folder(tmp_path / "nowhere")
    assert missing.level is Level.PROBLEM
    assert "not there" in missing.what
    assert "not a folder" in checks.watched_folder(tmp_path / "file").what


def test_folders_to_watch_are_counted_without_the_excluded(tmp_path: Path) -> None:
    (tmp_path / "a/b/c").mkdir(parents=True)
    (tmp_path / "a/.hidden/deep").mkdir(parents=True)
    (tmp_path / "loop").symlink_to(tmp_path)
    seen = []

    def admits(relative: str, is_folder: bool) -> bool:
        seen.append((relative, is_folder))
        return not relative.endswith(".hidden")

    assert checks.folders_below(tmp_path, admits) == 4
    assert ("a/b/c", True) in seen


@pytest.mark.parametrize(
    ("needed", "roots", "watches", "instances", "level"),
    [
        (100, 1, 8192, 128, Level.OK),
        (7000, 1, 8192, 128, Level.WARNING),
        (9000, 1, 8192, 128, Level.PROBLEM),
        (100, 70, 8192, 128, Level.WARNING),
        (9000, 1, None, None, Level.OK),
    ],
)
def test_the_watch_budget(
    needed: int, roots: int, watches: int | None, instances: int | None, level: Level
) -> None:
    found = checks.watch_budget(needed, roots, watches, instances)
    assert found.level is level
    assert ("sysctl" in found.advice) is (level is not Level.OK)


@given(st.integers(1, 10**7))
def test_the_advised_limit_leaves_room(needed: int) -> None:
    found = checks.watch_budget(needed, 1, 0, 128)
    advised = int(found.advice.rpartition("=")[2])
    assert needed * 2 <= advised <= needed * 4
    assert checks.watch_budget(needed, 1, advised, 128).level is Level.OK


def test_kernel_limits(tmp_path: Path) -> None:
    (tmp_path / "max").write_text("8192\n")
    assert checks.limit(tmp_path / "max") == 8192
    assert checks.limit(tmp_path / "none") is None


def test_the_clock() -> None:
    assert checks.clock(NOW).level is Level.OK
    assert checks.clock(NOW, NOW + 5).level is Level.OK
    assert checks.clock(NOW, NOW + 4000).level is Level.WARNING
    assert checks.clock(0.0).level is Level.PROBLEM


def test_the_raw_extra() -> None:
    assert checks.raw_extra(True).level is Level.OK
    assert f"`{installation.adding('raw')}`" in checks.raw_extra(False).advice


def test_the_worst_finding_counts() -> None:
    assert checks.worst([]) is Level.OK
    findings = [
        checks.ok("a", "b"),
        Finding("c", Level.PROBLEM, ""),
        Finding("d", Level.WARNING, ""),
    ]
    assert checks.worst(findings) is Level.PROBLEM
    assert checks.worst(findings[::2]) is Level.WARNING


def test_the_folder_of_sidecars(tmp_path: Path) -> None:
    assert checks.sidecar_folder(tmp_path / "not" / "yet").level is Level.OK
    (tmp_path / "file").touch()
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    for name in ("file", "dangling"):
        for place in (tmp_path / name, tmp_path / name / "below"):
            found = checks.sidecar_folder(place)
            assert found.level is Level.PROBLEM
            assert f"{tmp_path / name} is no folder" in found.what
            assert found.advice
