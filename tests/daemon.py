"""What the daemon's tests share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

import pytest

from tagd.catalogue.db.engine import Catalogue
from tagd.errors import CatalogueBusy


@contextmanager
def locked(catalogue: Catalogue) -> Iterator[None]:
    """Another program has it for longer than anyone waits."""

    def busy() -> NoReturn:
        raise CatalogueBusy("locked by another program")

    with pytest.MonkeyPatch.context() as meanwhile:
        meanwhile.setattr(catalogue, "read", busy)
        meanwhile.setattr(catalogue, "write", busy)
        yield
