"""What was changed: by photo, and by run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tagd.app.paths import followed, unknown
from tagd.catalogue.reports.overview import photos_at
from tagd.catalogue.tagging.history import Event, of_photo
from tagd.catalogue.tagging.runs import ShownRun, last

if TYPE_CHECKING:
    from pathlib import Path

    from tagd.catalogue.db.engine import Catalogue

__all__ = ["Event", "ShownRun", "events", "runs"]

RUNS = 20


def events(catalogue: Catalogue, path: Path) -> tuple[Event, ...]:
    """Return what became of the tags of the photo at this absolute path, the first change first.
    Raises `TagdError` where the catalogue does not know it."""
    names = (path, followed(path))
    with catalogue.read() as tx:
        files = [file for name in names for file in photos_at(tx, name) if file.path in names]
        if not files:
            raise unknown(path, is_photo=True)
        photo_id = files[0].photo_id
        return () if photo_id is None else tuple(of_photo(tx, photo_id))


def runs(catalogue: Catalogue, limit: int = RUNS) -> tuple[ShownRun, ...]:
    """Return the last runs that changed any tags, the latest first."""
    with catalogue.read() as tx:
        return tuple(last(tx, limit))
