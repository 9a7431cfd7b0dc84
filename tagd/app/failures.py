"""The photos that were given up, and trying them again."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tagd.app.paths import unknown
from tagd.catalogue.db.engine import open_writer, owner_of
from tagd.catalogue.queue import jobs
from tagd.catalogue.reports import overview
from tagd.catalogue.reports.overview import Failure, photos_at

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from sqlalchemy import Connection

    from tagd.catalogue.db.engine import Catalogue
    from tagd.config import Config

__all__ = ["Failure", "Retried", "failed", "lies_in", "retry"]


@dataclass(frozen=True, slots=True)
class Retried:
    """How many photos will be tried again, and whether a tagd runs that does so."""

    photos: int
    is_running: bool


def failed(catalogue: Catalogue, places: Sequence[Path] | None) -> tuple[Failure, ...]:
    """Return the photos that were given up, the latest first, where there are `places` (absolute)
    those in them. Raises `PathUnknown` for a place that is neither there nor known."""
    with catalogue.read() as tx:
        _require(tx, places)
        return tuple(each for each in overview.failed(tx) if lies_in(each.path, places))


def retry(config: Config, places: Sequence[Path] | None) -> Retried:
    """Have them tried again. Raises as `failed` does."""
    path = config.catalogue.path
    with open_writer(path) as catalogue, catalogue.write() as tx:
        _require(tx, places)
        number = jobs.retry_failed(tx, places, time.time())
    return Retried(number, owner_of(path) is not None)


def lies_in(path: Path, places: Sequence[Path] | None) -> bool:
    """Return whether the path is one of these, or below one; everything lies in None."""
    return places is None or any(path.is_relative_to(place) for place in places)


def _require(tx: Connection, places: Sequence[Path] | None) -> None:
    for place in places or ():
        if not os.path.lexists(place) and not photos_at(tx, place):
            raise unknown(place)
