"""Backups hold what the catalogue holds, rotate, and come back; what is damaged is never written
over."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from tagd.catalogue.db import copies, settings
from tagd.catalogue.db.engine import Catalogue, compact, open_owner, open_reader
from tagd.daemon.maintenance import FIRST_SECONDS, MAINTENANCE, Duty, Maintenance, next_due
from tagd.errors import (
    CatalogueBusy,
    CatalogueCorrupt,
    CatalogueError,
    CatalogueHeld,
    CatalogueMissing,
)
from tagd.ops import backup
from tests.acceptance.home import Home
from tests.catalogue import NOW, fresh
from tests.daemon import locked
from tests.support import PATIENCE_SECONDS, wait_until

DAY = 86_400.0


@pytest.fixture
def catalogue(tmp_path: Path) -> Iterator[Catalogue]:
    (tmp_path / "c").mkdir()
    with fresh(tmp_path / "c") as opened:
        yield opened


def say(catalogue: Catalogue, what: str) -> None:
    with catalogue.write() as tx:
        settings.put(tx, "said", what)


def said(path: Path) -> str | None:
    with open_reader(path) as opened, opened.read() as tx:
        return settings.get(tx, "said")


def damage(path: Path) -> bytes:
    """Write nonsense over all pages but the first; returns what the file holds then."""
    content = bytearray(path.read_bytes())
    content[4096:] = b"\xa5" * (len(content) - 4096)
    path.write_bytes(content)
    return bytes(content)


def test_a_backup_is_made_while_the_catalogue_is_written_to(
    catalogue: Catalogue, tmp_path: Path
) -> None:
    say(catalogue, "one")
    with catalogue.write() as tx:
        settings.put(tx, "said", "not committed")
        made = backup.back_up(catalogue.path, tmp_path / "backups", 7, NOW)
    assert said(made.path) == "one"
    assert made.path.stat().st_mode & 0o777 == 0o640
    assert backup.backups(catalogue.path, tmp_path / "backups") == [made]


def test_the_oldest_make_room_and_another_catalogues_stay(
    catalogue: Catalogue, tmp_path: Path
) -> None:
    folder = tmp_path / "backups"
    (tmp_path / "d").mkdir()
    with fresh(tmp_path / "d") as other:
        stays = backup.back_up(other.path, folder, 1, NOW)
    (folder / "mine-20200101T000000Z-abcdef.db").write_text("of a person")
    made = [backup.back_up(catalogue.path, folder, 3, NOW + day * DAY) for day in range(5)]
    assert backup.backups(catalogue.path, folder) == made[:1:-1]
    assert stays.path.exists()
    assert len(list(folder.iterdir())) == 5


def test_a_backup_by_hand_removes_none_where_the_daemon_makes_none(
    catalogue: Catalogue, tmp_path: Path
) -> None:
    made = [backup.back_up(catalogue.path, tmp_path / "b", 0, NOW + day * DAY) for day in range(3)]
    assert backup.backups(catalogue.path, tmp_path / "b") == made[::-1]


@pytest.mark.parametrize("cut_short_by", [CatalogueBusy("locked"), OSError(5, "I/O error")])
def test_what_is_not_examined_yet_is_no_backup(
    catalogue: Catalogue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cut_short_by: Exception
) -> None:
    folder = tmp_path / "backups"
    good = backup.back_up(catalogue.path, folder, 7, NOW)
    listed_meanwhile = []

    def examine(_path: Path) -> None:
        # What a kill at this moment would leave.
        listed_meanwhile.extend(backup.backups(catalogue.path, folder))
        raise cut_short_by

    monkeypatch.setattr(copies, "examine", examine)
    with pytest.raises(CatalogueError):
        backup.back_up(catalogue.path, folder, 1, NOW + DAY)
    assert listed_meanwhile == [good]
    assert list(folder.iterdir()) == [good.path]


@given(st.lists(st.floats(0, 1e9), unique=True), st.integers(0, 10))
def test_the_latest_are_kept_and_all_where_none_are_asked_for(
    moments: list[float], keep: int
) -> None:
    every = [backup.Backup(Path(str(moment)), moment) for moment in moments]
    gone = {each.made_at for each in backup.superfluous(every, keep)}
    kept = sorted(set(moments) - gone, reverse=True)
    assert kept == sorted(moments, reverse=True)[: keep or len(moments)]


def test_put_back_with_what_it_replaces_beside(tmp_path: Path) -> None:
    with fresh(tmp_path) as catalogue:
        path = catalogue.path
        say(catalogue, "one")
        made = backup.back_up(path, tmp_path / "b", 7, NOW)
        say(catalogue, "two")
        with pytest.raises(CatalogueHeld):
            backup.restore(path, made.path, NOW)
    replaced = backup.restore(path, made.path, NOW).replaced
    assert replaced is not None
    assert (said(path), said(replaced), said(made.path)) == ("one", "two", "one")
    with open_owner(path) as again:
        say(again, "three")
    second = backup.restore(path, made.path, NOW).replaced  # within the same second
    assert second not in (None, replaced)


def test_what_is_not_sound_is_not_put_back(tmp_path: Path) -> None:
    with fresh(tmp_path) as catalogue:
        path = catalogue.path
        made = backup.back_up(path, tmp_path / "b", 7, NOW)
    before = path.read_bytes()
    damage(made.path)
    (tmp_path / "photo.jpg").write_bytes(b"\xff\xd8 not a catalogue")
    (tmp_path / "empty.db").touch()
    with closing(sqlite3.connect(tmp_path / "other.db")) as other:
        other.execute("CREATE TABLE cats (name)")
    for name in (made.path.name, "photo.jpg", "empty.db", "other.db", "nowhere.db"):
        file = made.path if name == made.path.name else tmp_path / name
        with pytest.raises(CatalogueError):
            backup.restore(path, file, NOW)
    assert path.read_bytes() == before
    assert not list(tmp_path.glob("*.replaced-*"))


def test_a_row_that_points_to_nothing_is_damage_to_every_check(tmp_path: Path) -> None:
    with fresh(tmp_path) as catalogue:
        path = catalogue.path
        made = backup.back_up(path, tmp_path / "b", 7, NOW)
    for file in (path, made.path):
        with closing(sqlite3.connect(file)) as other:
            other.execute(
                "INSERT INTO tagging (photo_id, model_id, reason, orientation, tagged_at)"
                " VALUES (1, 1, '', 1, 0)"
            )
            other.commit()
    for check in (
        lambda: copies.examine(path),
        lambda: backup.back_up(path, tmp_path / "b", 7, NOW + DAY),
        lambda: backup.restore(path, made.path, NOW),
    ):
        with pytest.raises(CatalogueCorrupt, match="points to nothing in"):
            check()
    assert backup.backups(path, tmp_path / "b") == [made]


def test_a_damaged_one_is_set_aside_until_a_person_decides(tmp_path: Path) -> None:
    with fresh(tmp_path) as catalogue:
        path = catalogue.path
        say(catalogue, "one")
        made = backup.back_up(path, tmp_path / "b", 7, NOW)
    assert backup.refuse_damaged(path, tmp_path / "b", NOW) is None  # nothing is wrong yet
    broken = damage(path)
    for _ in range(2):  # the second start finds it missing, and does not begin anew either
        with pytest.raises(CatalogueCorrupt, match="set aside") as caught:
            backup.refuse_damaged(path, tmp_path / "b", NOW)
        assert f"tagd restore {made.path}" in caught.value.hint
        assert not path.exists()
    [aside] = copies.set_asides(path, backup.DAMAGED)
    assert aside.read_bytes() == broken
    backup.restore(path, made.path, NOW)
    assert backup.refuse_damaged(path, tmp_path / "b", NOW) is None
    assert said(path) == "one"


def test_without_a_good_backup_a_new_one_may_be_begun(tmp_path: Path) -> None:
    with fresh(tmp_path) as catalogue:
        path = catalogue.path
        made = backup.back_up(path, tmp_path / "b", 7, NOW)
    damage(made.path)
    broken = damage(path)
    assert "is set aside" in (backup.refuse_damaged(path, tmp_path / "b", NOW) or "")
    open_owner(path).close()
    assert [each.read_bytes() for each in copies.set_asides(path, backup.DAMAGED)] == [broken]


def test_a_catalogue_is_made_smaller(tmp_path: Path) -> None:
    with fresh(tmp_path) as catalogue:
        for number in range(300):
            with catalogue.write() as tx:
                settings.put(tx, f"large {number}", "x" * 4000)
        with catalogue.write() as tx:
            tx.exec_driver_sql("DELETE FROM fact WHERE key LIKE 'large%'")
        some = catalogue.tidy(100)
        assert some > 100
        assert catalogue.tidy(100_000) == 0
        path = catalogue.path
        with pytest.raises(CatalogueHeld):
            compact(path)
    before, after = compact(path)
    assert after <= before
    copies.examine(path)


@pytest.mark.parametrize(
    ("last", "due"),
    [
        (0.0, NOW + FIRST_SECONDS),  # never
        (NOW - 30 * DAY, NOW + FIRST_SECONDS),  # while nobody ran
        (NOW - DAY / 2, NOW + DAY / 2),
        (NOW + 9 * DAY, NOW + FIRST_SECONDS),  # by a clock that was wrong
    ],
)
def test_when_a_duty_is_due(last: float, due: float) -> None:
    assert next_due(last, 24.0, NOW) == due


def test_duties_are_done_and_noted_and_one_that_fails_is_said(
    catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tagd.daemon.maintenance.FIRST_SECONDS", 0.0)

    def fail() -> None:
        raise CatalogueMissing("gone")

    with capture_logs() as logs:
        duties = [Duty("good", 1.0, lambda: say(catalogue, "done")), Duty("bad", 1.0, fail)]
        maintenance = Maintenance(catalogue, duties, structlog.get_logger())
        maintenance.start()
        wait_until(lambda: said(catalogue.path) == "done" and bool(logs))
        wait_until(maintenance.stop)
    assert [line["event"] for line in logs] == ["could not do: bad"]
    with catalogue.read() as tx:
        assert settings.get(tx, settings.CARED + "good") is not None
        assert settings.get(tx, settings.CARED + "bad") is None


def test_a_duty_that_is_at_work_is_told_of_when_all_is_stopped(
    catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tagd.daemon.maintenance.FIRST_SECONDS", 0.0)
    begun, released = threading.Event(), threading.Event()

    def work() -> None:
        begun.set()
        assert released.wait(PATIENCE_SECONDS)

    maintenance = Maintenance(catalogue, [Duty("long", 1.0, work)], structlog.get_logger())
    maintenance.start()
    assert begun.wait(PATIENCE_SECONDS)
    assert not maintenance.stop()
    released.set()
    wait_until(maintenance.stop)
    with catalogue.read() as tx:
        assert settings.get(tx, settings.CARED + "long") is not None


def test_other_duties_that_cannot_be_planned_leave_those_that_are(catalogue: Catalogue) -> None:
    old, new = Duty("old", 6.0, lambda: None), Duty("new", 6.0, lambda: None)
    maintenance = Maintenance(catalogue, [old], structlog.get_logger())
    maintenance.start()
    try:
        with locked(catalogue), pytest.raises(CatalogueBusy):
            maintenance.replace([new])
        assert (maintenance.names, planned(maintenance)) == (("old",), {"old", MAINTENANCE})
        maintenance.replace([new])
        assert (maintenance.names, planned(maintenance)) == (("new",), {"new", MAINTENANCE})
    finally:
        maintenance.stop()


def test_a_clock_that_is_set_while_the_catalogue_is_locked_is_noticed_later(
    catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = time.time
    with capture_logs() as logs:
        maintenance = Maintenance(catalogue, [], structlog.get_logger())
        maintenance.start()
        try:
            monkeypatch.setattr(time, "time", lambda: real() + DAY)
            with locked(catalogue), pytest.raises(CatalogueBusy):
                maintenance.check()
            assert logs == []
            for _ in range(2):
                maintenance.check()
        finally:
            monkeypatch.undo()
            maintenance.stop()
    assert [line["event"] for line in logs] == ["the clock was changed; maintenance is rescheduled"]


def planned(maintenance: Maintenance) -> set[str]:
    return {job.id for job in maintenance._scheduler.get_jobs()}


def test_the_commands(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    open_owner(home.database).close()
    made = home.run("backup")
    assert (made.returncode, "and sound" in made.stdout) == (0, True), made.stderr
    [listed] = home.json("restore")
    assert home.run("db", "check").stdout.endswith("is sound\n")
    broken = damage(home.database)
    assert home.run("db", "check").returncode == 1
    refused = home.run("run")
    assert refused.returncode == 1
    assert f" restore {listed['path']}`" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert home.run("restore", listed["path"]).returncode == 0
    assert home.run("db", "vacuum").returncode == 0
    assert [file.read_bytes() for file in home.database.parent.glob("*.damaged-*")] == [broken]
