"""Taking back what tagd added: a page of photos a transaction, beside whoever works.

What a model gave goes, and what was said of the photo before comes into force again, its tags
derived by the present rules. What was said in a run is taken back with it, where nothing else was
said since. A kill in the middle leaves whole photos; the same command then does the rest.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tagd.catalogue.tagging import corrections, derived, undone
from tagd.domain import Priority, TagSource
from tagd.revise.rederive import Outcome
from tagd.tagging.together import foresee, restore
from tagd.work.progress import after as progress_after

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy import Connection

    from tagd.catalogue.db.engine import Catalogue
    from tagd.catalogue.tagging.corrections import Change
    from tagd.catalogue.tagging.differences import Difference
    from tagd.catalogue.tagging.runs import Run
    from tagd.catalogue.tagging.undone import Step, UndoScope
    from tagd.labels.derivation import Derivation
    from tagd.work.progress import Progress
    from tagd.writeback.queue import Writes

    OnProgress = Callable[[Progress], None]

PAGE = 500


@dataclass(slots=True)
class TakenBack:
    """What was, or would be, taken back: looks that models had at photos, and how many changes of
    single tags were `said`, in `words`; each with the tags that come and go by it. `photos` and
    `changed`, those that gain or lose a tag, by row id: some are of both kinds."""

    looks: Outcome = field(default_factory=Outcome)
    words: Outcome = field(default_factory=Outcome)
    said: int = 0
    photos: set[int] = field(default_factory=set)
    changed: set[int] = field(default_factory=set)

    @property
    def together(self) -> Outcome:
        """Return what becomes of photos by both."""
        return Outcome(
            photos=len(self.photos),
            changed=len(self.changed),
            gained=self.looks.gained + self.words.gained,
            lost=self.looks.lost + self.words.lost,
        )

    def __bool__(self) -> bool:
        return bool(self.looks.photos or self.said)


def undo(
    catalogue: Catalogue,
    what: UndoScope,
    derivation: Derivation,
    run: Run,
    *,
    writes: Writes | None = None,
    on_progress: OnProgress = lambda _: None,
) -> TakenBack:
    """Take it back. `writes` queues the writing of what is left into photos."""
    found, started, last = TakenBack(), time.monotonic(), 0
    with catalogue.write() as tx:
        changes = _said(tx, what, found, derivation)
        _unsay(tx, changes, derivation, run, writes)
        total = undone.count(tx, what)
    while True:
        with catalogue.write() as tx:
            steps = undone.page(tx, what, after=last, limit=PAGE)
            if not steps:
                return found
            moved = _moved(steps)
            changed = foresee(tx, moved, derivation)
            undone.take_back(tx, what, steps, run)
            restore(tx, moved, derivation)
            if writes is not None:
                writes.queue_rows(tx, set().union(*moved.values()), Priority.ASKED)
        last = _count(found, steps, changed, derivation)
        on_progress(_progress(started, found.looks.photos, total))


def preview(
    catalogue: Catalogue,
    what: UndoScope,
    derivation: Derivation,
    *,
    on_progress: OnProgress = lambda _: None,
) -> TakenBack:
    """Return what `undo` would take back, with nothing written. The catalogue may be open for
    reading alone."""
    found, started, last = TakenBack(), time.monotonic(), 0
    with catalogue.read() as tx:
        _said(tx, what, found, derivation)
        total = undone.count(tx, what)
    while True:
        with catalogue.read() as tx:
            steps = undone.page(tx, what, after=last, limit=PAGE)
            changed = foresee(tx, _moved(steps), derivation)
        if not steps:
            return found
        last = _count(found, steps, changed, derivation)
        on_progress(_progress(started, found.looks.photos, total))


def _said(
    tx: Connection, what: UndoScope, found: TakenBack, derivation: Derivation
) -> list[Change]:
    """Return what takes back what was said in a run, taken in."""
    changes = [] if what.run is None else corrections.reversal_of(tx, what.run, what.photos)
    found.said = len(changes)
    _take_in(found, found.words, derived.by_word(tx, changes), derivation)
    return changes


def _unsay(
    tx: Connection,
    changes: Sequence[Change],
    derivation: Derivation,
    run: Run,
    writes: Writes | None,
) -> None:
    """Take back what was said; models then give what they were kept from giving."""
    corrections.apply(tx, changes, TagSource.PERSON, run, time.time())
    photos = {change.photo_id for change in changes}
    restore(tx, derived.current(tx, photos), derivation)
    if writes is not None:
        writes.queue_rows(tx, photos, Priority.ASKED)


def _moved(steps: Sequence[Step]) -> dict[int, dict[int, int | None]]:
    """Return the taggings that become current, by tagger and photo."""
    found: dict[int, dict[int, int | None]] = {}
    for step in steps:
        if step.after != step.before:
            found.setdefault(step.tagger_id, {})[step.photo_id] = step.after
    return found


def _count(
    found: TakenBack, steps: Sequence[Step], changed: Sequence[Difference], derivation: Derivation
) -> int:
    """Take a page in; the last photo of it."""
    _take_in(found, found.looks, changed, derivation)
    photos = {step.photo_id for step in steps}
    found.looks.photos += len(photos) - len({each.row_id for each in changed})
    found.photos.update(photos)
    return steps[-1].photo_id


def _take_in(
    found: TakenBack, kind: Outcome, changed: Sequence[Difference], derivation: Derivation
) -> None:
    kind.count(changed, derivation.name_of)
    found.photos.update(each.row_id for each in changed)
    found.changed.update(each.row_id for each in changed if each.come or each.gone)


def _progress(started: float, done: int, total: int) -> Progress:
    return progress_after(time.monotonic() - started, done, total, current="taken back")
