from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from sqlalchemy import Connection

from tagd.catalogue.db.engine import Catalogue
from tagd.models.pool import ModelPool
from tagd.models.zoo import registry
from tagd.models.zoo.shelf import Shelf
from tests.catalogue import fresh
from tests.desk import Desk
from tests.intake import Live
from tests.night import Night
from tests.photos import cat, coffee

SMALL = registry.find("mobilenet-v4-conv-small")


@pytest.fixture
def catalogue(tmp_path: Path) -> Iterator[Catalogue]:
    """An empty catalogue beside what the test watches."""
    with fresh(tmp_path) as opened:
        yield opened


@pytest.fixture
def tx(catalogue: Catalogue) -> Iterator[Connection]:
    """A transaction that writes into it."""
    with catalogue.write() as connection:
        yield connection


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


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Random weights of a small network, as timm saves them."""
    from tests import models  # noqa: PLC0415  lazy: it brings torch, which most tests do without

    built = models.network(SMALL)
    models.scale_head(built, SMALL)
    return models.save(built, SMALL, tmp_path_factory.mktemp("weights"))


@pytest.fixture(scope="module")
def dishes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model with labels of its own, as Hugging Face saves it."""
    from tests import models  # noqa: PLC0415  lazy, as above

    return models.save_dishes(tmp_path_factory.mktemp("dishes"))


@pytest.fixture(scope="module")
def taken_in(weights: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of models that has the small one."""
    from tagd.models.acquire.adopt import AdoptRequest, adopt  # noqa: PLC0415  lazy, as above

    folder = tmp_path_factory.mktemp("taken-in")
    adopt(AdoptRequest(weights, SMALL.id), Shelf(folder))
    return folder


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path / "models")


@pytest.fixture
def stocked(taken_in: Path, tmp_path: Path) -> Shelf:
    """A shelf with the small model on it."""
    return Shelf(shutil.copytree(taken_in, tmp_path / "models"))
