"""Earlier predictions come into force again: tags are derived from what is kept, with no inference.

What was last asked of the models stays noted. So the photos are not stale, and do not change over
again, until something else is wanted than now.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from tagd.catalogue.tagging import earlier
from tagd.revise.rederive import PAGE, Outcome
from tagd.tagging.together import foresee, restore
from tagd.work.progress import after as progress_after

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from tagd.catalogue.db.engine import Catalogue
    from tagd.labels.derivation import Derivation
    from tagd.work.progress import Progress
    from tagd.writeback.queue import Writes


def go_back(
    catalogue: Catalogue,
    derivation: Derivation,
    model: str,
    *,
    photos: Collection[int] | None = None,
    writes: Writes | None = None,
    on_progress: Callable[[Progress], None] = lambda _: None,
) -> Outcome:
    """Make current again what this model (a name or a fingerprint) said, for every photo of which
    that is kept, or of these by row id; what a person decided stays. A page a transaction: stopped
    in the middle, the rest follows when it is called again. `writes` queues writing them into
    photos."""
    outcome, started, last = Outcome(), time.monotonic(), 0
    with catalogue.read() as tx:
        total = earlier.count(tx, model, photos)
    while True:
        with catalogue.write() as tx:
            by_tagger = earlier.page(tx, model, photos, after=last, limit=PAGE)
            found = foresee(tx, by_tagger, derivation)
            for tagger_id, taggings in by_tagger.items():
                earlier.put_in_force(tx, taggings, tagger_id)
            restore(tx, by_tagger, derivation)
            moved = set().union(*by_tagger.values())
            if writes is not None:
                writes.queue_rows(tx, moved)
        if not moved:
            return outcome
        outcome.count(found, derivation.name_of)
        last = max(moved)
        seconds = time.monotonic() - started
        on_progress(progress_after(seconds, outcome.photos, total, current="earlier tags"))
