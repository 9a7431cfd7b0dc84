"""Changed rules applied to all photos: their tags derived anew from what the models said."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from tagd.assembly.derivation import derivation_of
from tagd.assembly.writing import writes_of
from tagd.catalogue.db.engine import open_owner, open_reader
from tagd.catalogue.tagging.runs import Run
from tagd.errors import CatalogueHeld
from tagd.revise import rederive as deriving
from tagd.revise.rederive import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable

    from tagd.config import Config
    from tagd.work.progress import Progress

__all__ = ["Outcome", "preview", "rederive"]

COMMAND = "tagd tags rederive"


def preview(config: Config, on_progress: Callable[[Progress], None] = lambda _: None) -> Outcome:
    """Return what deriving all tags anew would change. Works beside a daemon as well."""
    with closing(open_reader(config.catalogue.path)) as catalogue:
        return deriving.preview(catalogue, derivation_of(config), on_progress=on_progress)


def rederive(config: Config, on_progress: Callable[[Progress], None] = lambda _: None) -> Outcome:
    """Derive all tags anew, and return what that changed. Raises `CatalogueHeld` while another
    works on the catalogue: that one has read other rules perhaps, and would go on with them."""
    path = config.catalogue.path
    if not path.exists():
        open_reader(path)  # which says that there is none
    try:
        with closing(open_owner(path, COMMAND)) as catalogue:
            return deriving.rederive(
                catalogue,
                derivation_of(config),
                run=Run.of(COMMAND),
                writes=writes_of(config),
                on_progress=on_progress,
            )
    except CatalogueHeld as held:
        raise CatalogueHeld(
            held.message,
            pid=held.pid,
            hint="Start it again: it then notices changed rules and does this by itself.",
        ) from held
