from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tagd.catalogue.engine import Catalogue
from tests.catalogue import fresh
from tests.intake import Live


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
