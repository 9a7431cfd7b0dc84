"""Photos tagged once, as a function: paths go in, what came of them comes out."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from threading import Thread

import pytest
import structlog

from tagd.app.tagging import Left, is_exporting, left, tag, wait_for_exports
from tagd.app.work_schemas import summary_fields
from tagd.assembly import build
from tagd.catalogue.db import settings
from tagd.catalogue.db.engine import open_owner, open_reader
from tagd.catalogue.files import photos
from tagd.config import Config
from tagd.daemon import once
from tagd.domain import Priority, SettledFile
from tagd.fs import signature_of
from tagd.work.progress import Progress
from tests.photos import coffee
from tests.support import wait_until
from tests.workers import at_work


@pytest.fixture(autouse=True)
def _in_this_process(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No graph is exported beside: that takes minutes, and has tests of its own."""
    monkeypatch.setattr(build, "expand", lambda *_: None)
    yield
    structlog.reset_defaults()


def at(root: Path) -> Config:
    return Config.model_validate(
        {
            "catalogue": {"path": root / "catalogue.db"},
            "model": {"folder": root / "models", "device": "cpu"},
            "worker": {"decoders": 1},
        }
    )


def test_photos_are_tagged_and_what_failed_is_told(tmp_path: Path) -> None:
    config, told = at(tmp_path), list[Progress]()
    assert left(config) == Left(0, None)
    coffee().save(tmp_path / "coffee.jpg")
    (tmp_path / "broken.jpg").write_bytes(b"no photo")

    done = tag(config, [tmp_path], told.append)
    assert (done.tagged, [path.name for path, _ in done.failed]) == (1, ["broken.jpg"])
    assert done.device.startswith("cpu")
    assert told[-1].done == told[-1].total == 2
    assert summary_fields(done)["failed"][0]["path"] == str(tmp_path / "broken.jpg")
    assert not is_exporting(done)
    wait_for_exports(done)

    again = tag(config, [tmp_path / "coffee.jpg"])
    assert (again.tagged, again.unchanged, again.failed) == (0, 1, ())
    assert left(config) == Left(0, None)


def test_what_is_left_names_who_works_on_it(tmp_path: Path) -> None:
    config = at(tmp_path)
    owner = open_owner(config.catalogue.path, "tagd run")
    try:
        found = left(config)
    finally:
        owner.close()
    assert found.photos == 0
    assert found.holder is not None
    assert found.holder.what == "tagd run"


def test_what_another_process_dies_with_is_tagged_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(once, "HEARTBEAT_SECONDS", 0.2)
    config, photo = at(tmp_path), tmp_path / "coffee.jpg"
    coffee().save(photo)
    with closing(open_owner(config.catalogue.path)) as catalogue, catalogue.write() as tx:
        signature = signature_of(photo.stat())
        photos.submit(tx, [SettledFile(photo, signature, Priority.NEW)], time.time())
    with at_work(config.catalogue.path) as other:
        assert other.name == "coffee.jpg"

        def kill() -> None:
            wait_until(lambda: is_working(config.catalogue.path))
            other.kill()

        killing = Thread(target=kill)
        killing.start()
        assert tag(config, [photo]).tagged == 1
        killing.join()


def is_working(catalogue: Path) -> bool:
    """Whether the models are loaded, and the queue is being worked off."""
    with open_reader(catalogue) as opened, opened.read() as tx:
        return settings.get(tx, settings.WORKING_WITH) is not None
