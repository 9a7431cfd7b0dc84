"""Tags derived anew from what models said before: after changed rules, with no inference.

What a person decided is left alone, and the tags in force stay until their photo's turn comes.
"""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tagd.catalogue.db import settings
from tagd.catalogue.tagging import derived, predictions, tags
from tagd.tagging.together import differences
from tagd.work.progress import after

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tagd.catalogue.db.engine import Catalogue
    from tagd.catalogue.tagging.differences import Difference
    from tagd.catalogue.tagging.runs import Run
    from tagd.labels.derivation import Derivation
    from tagd.work.progress import Progress
    from tagd.writeback.queue import Writes

    OnProgress = Callable[[Progress], None]

PAGE = 500  # photos a transaction, so that other writers never wait long
UNFINISHED = "unfinished"  # as the rules that tags were derived with: some with these, some those


@dataclass(slots=True)
class Outcome:
    """What deriving anew changed, or would change. Tags are counted by photo, under their names."""

    photos: int = 0
    changed: int = 0  # photos that gain or lose a tag
    renamed: int = 0  # labels that get another name
    gained: Counter[str] = field(default_factory=Counter)
    lost: Counter[str] = field(default_factory=Counter)

    def count(self, found: Sequence[Difference], name_of: Callable[[str], str]) -> None:
        """Take a page of photos in."""
        self.photos += len({each.row_id for each in found})
        self.changed += len({each.row_id for each in found if each.come or each.gone})
        for each in found:
            self.gained.update(map(name_of, each.come))
            self.lost.update(map(name_of, each.gone))


def rederive_if_changed(
    catalogue: Catalogue,
    derivation: Derivation,
    *,
    run: Run | None = None,
    writes: Writes | None = None,
    stopping: Callable[[], bool] = lambda: False,
    on_progress: OnProgress = lambda _: None,
) -> Outcome | None:
    """Derive all tags anew where the rules are not those that they were derived with, and name
    labels anew where it is the names that changed. None where neither did. `writes` queues the
    writing of what changes into photos."""
    with catalogue.read() as tx:
        derived_with = settings.get(tx, settings.DERIVED_WITH)
        named_with = settings.get(tx, settings.NAMED_WITH)
    if derived_with != derivation.digest():
        return rederive(
            catalogue,
            derivation,
            run=run,
            writes=writes,
            stopping=stopping,
            on_progress=on_progress,
        )
    if named_with != derivation.names_digest():
        return Outcome(renamed=_rename(catalogue, derivation, writes))
    return None


def rederive(
    catalogue: Catalogue,
    derivation: Derivation,
    *,
    run: Run | None = None,
    writes: Writes | None = None,
    stopping: Callable[[], bool] = lambda: False,
    on_progress: OnProgress = lambda _: None,
) -> Outcome:
    """Derive all tags anew; what comes and goes is noted in the photos' history under `run`.

    Stopped or killed in the middle it begins again next time, whatever the rules are then: it is
    noted at the begin that the tags follow from no one set of rules.
    """
    outcome = Outcome(renamed=_rename(catalogue, derivation, writes))
    with catalogue.write() as tx:
        settings.put(tx, settings.DERIVED_WITH, UNFINISHED)
        total = predictions.count(tx)
    started, last = time.monotonic(), 0
    while not stopping():
        # Read and written in one transaction: a person's decision comes before it or after.
        with catalogue.write() as tx:
            page = derived.page(tx, after=last, limit=PAGE)
            found = differences(page, derivation)
            derived.put(tx, found, derivation.name_of, time.time(), run)
            if writes is not None:
                writes.queue_rows(tx, [each.row_id for each in found if each])
            if not page:
                settings.put(tx, settings.DERIVED_WITH, derivation.digest())
                break
        outcome.count(found, derivation.name_of)
        last = page[-1].row_id
        on_progress(_progress(started, outcome.photos, total))
    return outcome


def preview(
    catalogue: Catalogue, derivation: Derivation, *, on_progress: OnProgress = lambda _: None
) -> Outcome:
    """Return what `rederive` would change, with nothing written. The catalogue may be open for
    reading alone, beside whoever works on it."""
    outcome, started, last = Outcome(), time.monotonic(), 0
    with catalogue.read() as tx:
        outcome.renamed = len(tags.renamed(tx, _names(tags.label_keys(tx), derivation)))
        total = predictions.count(tx)
    while True:
        with catalogue.read() as tx:
            page = derived.page(tx, after=last, limit=PAGE)
        if not page:
            return outcome
        found = differences(page, derivation)
        outcome.count(found, derivation.name_of)
        last = page[-1].row_id
        on_progress(_progress(started, outcome.photos, total))


def _rename(catalogue: Catalogue, derivation: Derivation, writes: Writes | None) -> int:
    with catalogue.write() as tx:
        names = _names(tags.label_keys(tx), derivation)
        if writes is not None:
            writes.queue_rows(tx, tags.photos_with(tx, tags.renamed(tx, names)))
        renamed = tags.rename_labels(tx, names)
        settings.put(tx, settings.NAMED_WITH, derivation.names_digest())
    return renamed


def _names(labels: Sequence[str], derivation: Derivation) -> dict[str, str]:
    return {label: derivation.name_of(label) for label in labels}


def _progress(started: float, done: int, total: int) -> Progress:
    return after(time.monotonic() - started, done, total, current="tags derived anew")
