"""Another configuration while the daemon runs: it is taken whole, or can be taken again."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import structlog

from tagd.catalogue.db.engine import Catalogue
from tagd.config import Config
from tagd.daemon.parts import Parts
from tagd.daemon.retagging import RETAG
from tagd.errors import CatalogueBusy
from tagd.models.acquire.adopt import AdoptRequest, adopt
from tagd.models.zoo.shelf import Shelf
from tagd.ops.pulse import Pulses
from tests.daemon import locked
from tests.intake import states, write
from tests.models import DISHES, timms_folder
from tests.support import wait_until


class Counted(Pulses):
    """Pulses that are counted, by thread."""

    def __init__(self) -> None:
        super().__init__(60)
        self.beats: Counter[str] = Counter()

    def beat(self, thread: str) -> None:
        super().beat(thread)
        self.beats[thread] += 1


def configured(root: Path, **tables: Any) -> Config:
    return Config.model_validate({"watch": {"folders": [str(root)]}, **tables})


@pytest.fixture
def pulses() -> Counted:
    return Counted()


@contextmanager
def started(config: Config, catalogue: Catalogue, pulses: Counted) -> Iterator[Parts]:
    made = Parts(
        config,
        catalogue,
        on_report=lambda _: None,
        on_times=lambda _: None,
        on_ready=lambda _: None,
        on_fault=lambda _: None,
        on_outcome=lambda _place, _outcome: None,
        pulses=pulses,
        log=structlog.get_logger(),
    )
    made.start()
    try:
        yield made
    finally:
        made.end()


@pytest.fixture
def parts(catalogue: Catalogue, root: Path, pulses: Counted) -> Iterator[Parts]:
    with started(configured(root), catalogue, pulses) as made:
        yield made


@pytest.mark.parametrize(
    ("table", "values"),
    [("retag", {"per_hour": 7}), ("backup", {"keep": 0}), ("tags", {"top_k": 3})],
)
def test_a_change_that_a_locked_catalogue_cut_short_is_made_the_next_time(
    parts: Parts, catalogue: Catalogue, root: Path, table: str, values: dict[str, int]
) -> None:
    before = parts.config
    new = configured(root, **{table: values})
    with locked(catalogue), pytest.raises(CatalogueBusy):
        parts.follow(new)
    assert parts.config is before
    assert parts.follow(new).taken == tuple(f"{table}.{key}" for key in values)
    assert parts.config is new
    assert parts.follow(new).taken == ()


def test_a_change_that_was_cut_short_can_be_taken_back(
    parts: Parts, catalogue: Catalogue, root: Path
) -> None:
    before = parts.config
    with locked(catalogue), pytest.raises(CatalogueBusy):
        parts.follow(configured(root, tags={"top_k": 3}))
    parts.follow(before)
    tools = parts._tagging._next
    assert tools is not None
    assert tools.config is before


def test_folders_that_change_while_nothing_is_watched_are_watched_later(
    parts: Parts, catalogue: Catalogue, root: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    write(other / "b.jpg")
    parts.close_intake()
    parts.follow(configured(other))
    parts.open_intake()
    wait_until(lambda: "other/b.jpg" in states(catalogue))


def test_tags_go_on_to_catch_up_where_a_change_was_cut_short(
    parts: Parts, catalogue: Catalogue, root: Path, pulses: Counted
) -> None:
    [running] = retaggers()
    with locked(catalogue), pytest.raises(CatalogueBusy):
        parts.follow(configured(root, retag={"per_hour": 7}))
    before = pulses.beats[RETAG]
    wait_until(lambda: pulses.beats[RETAG] > before or not running.is_alive())
    assert retaggers() == [running]


def test_a_model_that_was_replaced_is_used_from_then_on(
    catalogue: Catalogue, root: Path, pulses: Counted, tmp_path: Path
) -> None:
    shelf = Shelf(tmp_path / "models")
    first = adopt(
        AdoptRequest(timms_folder(tmp_path / "first", 3, label_names=DISHES), "mine"), shelf
    )
    config = configured(root, model={"name": "mine", "folder": str(shelf.store.root)})
    with started(config, catalogue, pulses) as parts:
        assert parts._tagging.models.fingerprint_of("mine") == first.fingerprint
        parts.keep()
        used = parts._tagging.models
        assert used.fingerprint_of("mine") == first.fingerprint
        second = timms_folder(tmp_path / "second", 3, label_names=DISHES)
        replacing = adopt(AdoptRequest(second, "mine", replace=True), shelf)
        assert replacing.fingerprint != first.fingerprint
        parts.keep()
        assert parts._tagging.models.fingerprint_of("mine") == replacing.fingerprint
        adopt(AdoptRequest(tmp_path / "first", "mine", replace=True), shelf)
        assert parts.follow(config).in_words() == "replaced: mine"
        assert parts.follow(config).models == ()


def retaggers() -> list[threading.Thread]:
    return [each for each in threading.enumerate() if each.name == RETAG]
