"""Files that change between the moment they settled and the moment they are read; very many."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tagd.catalogue.db.engine import open_owner
from tests import photos
from tests.acceptance.home import START_SECONDS, TAG_SECONDS, Home
from tests.catalogue import rows
from tests.faults.daemon import troubles
from tests.intake import Bench, Live, drop
from tests.support import wait_until

MANY = 100_000


def test_a_catalogue_that_is_taken_away_ends_the_daemon_with_the_reason(home: Home) -> None:
    daemon = home.start()
    wait_until(lambda: "ready" in home.log.read_text(), START_SECONDS, "it is ready")
    home.database.parent.rename(home.root / "elsewhere")
    assert daemon.wait(TAG_SECONDS) == 1
    told = home.log.read_text()
    assert f"{home.database} was removed, renamed or replaced" in told
    assert "Traceback" not in told
    assert not home.database.parent.exists()


@pytest.mark.slow
def test_replaced_truncated_deleted_and_growing_while_they_wait(home: Home) -> None:
    with home.daemon() as daemon:
        assert home.run("pause").returncode == 0
        names = ("replaced.jpg", "truncated.jpg", "deleted.jpg", "growing.jpg", "same.jpg")
        for name, made in zip(names, photos.distinct(5, home.root), strict=True):
            made.rename(home.photos / name)
        for name in names:
            home.wait_state(name, "queued")
        photos.coffee().save(home.root / "coffee.jpg")
        (home.root / "coffee.jpg").rename(home.photos / "replaced.jpg")
        whole = (home.photos / "growing.jpg").read_bytes()
        for name in ("truncated.jpg", "growing.jpg"):
            (home.photos / name).write_bytes(whole[: len(whole) // 2])
        (home.photos / "deleted.jpg").unlink()
        assert home.run("resume").returncode == 0
        home.wait_state("same.jpg", "tagged")
        (home.photos / "growing.jpg").write_bytes(whole)
        home.wait_state("replaced.jpg", "tagged")
        home.wait_state("growing.jpg", "tagged")
        home.wait_state("truncated.jpg", "failed")
        home.wait_state("deleted.jpg", "missing")
        assert "espresso" in home.tags("replaced.jpg")
        assert "truncated.jpg" in home.run("failed").stdout
        assert "data end early" in home.run("status").stdout
        assert troubles(home) == []
        assert daemon.poll() is None
    assert home.rows("SELECT count(*) FROM v_files") == [(5,)]


@pytest.mark.slow
def test_a_hundred_thousand_files_in_one_folder(tmp_path: Path) -> None:
    root = tmp_path / "photos"
    root.mkdir()
    for number in range(MANY):
        (root / f"{number}.jpg").touch()
    with open_owner(tmp_path / "catalogue.db") as catalogue:
        Bench(catalogue, (root,)).scan()
        count = "SELECT count(*), count(DISTINCT path) FROM file WHERE state <> 'missing'"
        with Live(catalogue, root) as live:
            drop(root / "new.jpg")
            root.rename(tmp_path / "away")
            live.until(lambda: bool(live.intake.state().troubles), "its absence is noticed")
            (tmp_path / "away").rename(root)
            live.until(lambda: not live.intake.state().troubles, "it is back")
            (root / "0.jpg").unlink()

            def is_known() -> bool:
                with catalogue.read() as tx:
                    return rows(tx, count) == [(MANY, MANY)] and bool(
                        rows(tx, "SELECT 1 FROM file WHERE path LIKE '%/new.jpg'")
                    )

            live.until(is_known, "one more and one less")
            assert live.intake.state().troubles == ()
    shutil.rmtree(root)
