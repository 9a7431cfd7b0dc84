from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.home import Home


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A home of the test's own."""
    return Home(tmp_path / "home")


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """A home whose daemon runs, shared by a module's tests, each of which has its own folder."""
    shared = Home(tmp_path_factory.mktemp("running") / "home")
    with shared.daemon():
        yield shared
