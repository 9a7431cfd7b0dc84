"""Photos tagged once, as a function: paths go in, what came of them comes out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from tagd.app.schemas import summary_fields
from tagd.app.tagging import Left, is_exporting, left, tag, wait_for_exports
from tagd.assembly import build
from tagd.catalogue.db.engine import open_owner
from tagd.config import Config
from tagd.work.progress import Progress
from tests.photos import coffee


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
