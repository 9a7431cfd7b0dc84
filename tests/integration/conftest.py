from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from tagd.models.pool import ModelPool
from tests.desk import Desk
from tests.night import Night
from tests.photos import cat, coffee


@pytest.fixture(scope="module")
def pool() -> Iterator[ModelPool]:
    """The embedded models on the CPU, loaded once for the whole file."""
    with closing(ModelPool(device="cpu")) as pool:
        yield pool


@pytest.fixture
def night(tmp_path: Path, pool: ModelPool) -> Iterator[Night]:
    with ExitStack() as stack:
        desk = Desk(tmp_path, pool, stack)
        cat().save(desk.photos / "cat.png")
        coffee().save(desk.photos / "coffee.jpg")
        yield Night(desk)
