from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from tagd.catalogue.engine import Catalogue
from tagd.models.pool import ModelPool
from tests.catalogue import fresh
from tests.desk import Desk
from tests.intake import Live
from tests.night import Night
from tests.photos import cat, coffee


@pytest.fixture
def catalogue(tmp_path: Path) -> Iterator[Catalogue]:
    """An empty catalogue beside what the test watches."""
    with fresh(tmp_path) as opened:
        yield opened


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder to watch."""
    folder = tmp_path / "photos"
    folder.mkdir()
    return folder


@pytest.fixture
def live(catalogue: Catalogue, root: Path) -> Iterator[Live]:
    """An intake that watches it and is done with its first scan."""
    with Live(catalogue, root) as running:
        yield running.first_scan()


@pytest.fixture(scope="module")
def pool() -> Iterator[ModelPool]:
    """The embedded models on the CPU, loaded once for the whole file."""
    with closing(ModelPool(device="cpu")) as pool:
        yield pool


@pytest.fixture
def night(tmp_path: Path, pool: ModelPool) -> Iterator[Night]:
    """A desk with two photos, whose tags are to catch up."""
    with ExitStack() as stack:
        desk = Desk(tmp_path, pool, stack)
        cat().save(desk.photos / "cat.png")
        coffee().save(desk.photos / "coffee.jpg")
        yield Night(desk)
