from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.acceptance.home import Home, export_graphs

# How long one example takes says something of the machine alone; each test has a time limit anyway.
settings.register_profile("tagd", deadline=None)
settings.load_profile("tagd")


@pytest.fixture(scope="session")
def warm_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the first run on a machine leaves for the next ones."""
    return export_graphs(tmp_path_factory.mktemp("cache"))


@pytest.fixture
def home(tmp_path: Path, warm_cache: Path) -> Home:
    """A home of the test's own."""
    return Home(tmp_path / "home", cache=warm_cache)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory, warm_cache: Path) -> Iterator[Home]:
    """A home whose daemon runs, shared by a module's tests, each of which has its own folder."""
    shared = Home(tmp_path_factory.mktemp("running") / "home", cache=warm_cache)
    with shared.daemon():
        yield shared
