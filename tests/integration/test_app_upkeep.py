"""The catalogue kept safe, and whether tagd can work here, as functions: values in, values out."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tagd.app.health import complaints, examine
from tagd.app.schemas import backup_fields
from tagd.app.upkeep import back_up, backups, check, compact, restore
from tagd.catalogue.db.engine import open_owner, open_reader
from tagd.config import Config
from tagd.errors import CatalogueCorrupt, CatalogueHeld, CatalogueMissing
from tests.catalogue import rows
from tests.reading import PHOTOS, fill


@pytest.fixture
def config(tmp_path: Path) -> Config:
    """A catalogue with photos of every fate."""
    found = Config.model_validate(
        {
            "catalogue": {"path": tmp_path / "catalogue.db"},
            "backup": {"folder": tmp_path / "backups", "keep": 1},
            "watch": {"folders": [tmp_path]},
        }
    )
    with closing(open_owner(found.catalogue.path)) as catalogue:
        fill(catalogue, tmp_path)
    return found


def photos(config: Config) -> int:
    with open_reader(config.catalogue.path) as catalogue, catalogue.read() as tx:
        [(found,)] = rows(tx, "SELECT count(*) FROM photo")
    return int(found)


def test_a_backup_is_made_listed_and_put_back(config: Config) -> None:
    made = back_up(config)
    assert backups(config)[0].path == made.path
    assert backup_fields(made)["path"] == str(made.path)
    with closing(open_owner(config.catalogue.path)) as catalogue, catalogue.write() as tx:
        tx.exec_driver_sql("DELETE FROM photo")
        tx.exec_driver_sql("DELETE FROM tag")
    assert photos(config) == 0
    done = restore(config, made.path)
    assert photos(config) == len(PHOTOS)
    assert done.replaced is not None
    assert done.strange == ()


def test_a_sound_catalogue_is_written_anew(config: Config) -> None:
    assert check(config) == []
    done = compact(config)
    assert 0 < done.after <= done.before
    with closing(open_owner(config.catalogue.path, "tagd run")), pytest.raises(CatalogueHeld):
        compact(config)


def test_what_is_not_tagds_is_named_and_damage_is_an_error(config: Config) -> None:
    with closing(sqlite3.connect(config.catalogue.path)) as other:
        other.execute("CREATE TABLE mine (id)")
    assert [found.name for found in check(config)] == ["mine"]
    with config.catalogue.path.open("r+b") as file:
        file.seek(3 * 4096)
        file.write(b"\xff" * 20 * 4096)
    with pytest.raises(CatalogueCorrupt):
        check(config)
    config.catalogue.path.unlink()
    for use in (back_up, check, compact):
        with pytest.raises(CatalogueMissing):
            use(config)


def test_what_is_configured_and_not_there_is_a_complaint(config: Config, tmp_path: Path) -> None:
    assert complaints(config) == []
    wrong = Config.model_validate(
        {
            "watch": {"folders": [tmp_path / "no", tmp_path / "catalogue.db"]},
            "model": {"name": "efficientnet-lite9"},
        }
    )
    assert [text.partition(":")[0] for text in complaints(wrong)] == [
        "watch.folders",
        "watch.folders",
        "model.name",
    ]


def test_the_machine_is_examined_one_finding_at_a_time(config: Config) -> None:
    findings = examine(config)
    assert next(findings).name == "clock"
    assert next(findings).name == "sqlite"
