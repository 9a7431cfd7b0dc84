"""How many photos are to catch up, from which models to which, and how long that will take."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from tagd.catalogue.db import settings
from tagd.catalogue.plans import stale
from tagd.catalogue.plans.stale import Gap
from tagd.domain import CLASSIFIER
from tagd.errors import ModelError
from tagd.policy.cascade import QUICK
from tagd.revise.staleness import PAGE, photos_of
from tagd.work.progress import after as progress_after

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from sqlalchemy import Connection

    from tagd.catalogue.db.engine import Catalogue
    from tagd.revise.staleness import Standard
    from tagd.tagging.taggers import Tagger, Taggers
    from tagd.work.progress import Progress


# What a photo takes that catches up by what is kept: 0.83 of one core, measured with 20,000 photos.
RECALL_MS: Final = 1.0


@dataclass(frozen=True, slots=True)
class Step:
    """So many photos go from what they were tagged by (empty: not known, or by nothing yet) to
    other models, in about so many seconds of forward passes at most; None where nobody knows.
    `measured`: on this machine, not estimated. `opened`: the photos are, for it; else all that it
    needs is kept."""

    asked: str
    wanted: str
    photos: int
    refine: bool
    seconds: float | None
    measured: bool
    tagger: str = CLASSIFIER
    opened: bool = True


def plan(
    catalogue: Catalogue,
    standard: Standard,
    on_progress: Callable[[Progress], None] = lambda _: None,
    hear: Callable[[ModelError], None] = lambda _: None,
    further: Taggers | None = None,
) -> list[Step]:
    """Return the steps of the classifier, the largest first, then those of `further` taggers.
    Nothing is written: what a changed configuration will lead to is told before anything follows
    it. `hear` is told why some photos are in none. Raises `ModelError` where the models of all
    cannot be had."""
    steps = [_step(gap, standard) for gap in _gaps(catalogue, standard, on_progress, hear)]
    for tagger in further or ():
        steps += _further_steps(catalogue, standard, tagger)
    return steps


def photos_in(steps: Sequence[Step]) -> int:
    """Return of how many photos these steps are: what taggers catch up with are the same ones."""
    by_tagger = Counter[str]()
    for step in steps:
        by_tagger[step.tagger] += step.photos
    return max(by_tagger.values(), default=0)


def _further_steps(catalogue: Catalogue, standard: Standard, tagger: Tagger) -> Iterator[Step]:
    """Yield what a tagger is to catch up with: by what is kept, and by looking at the other photos.
    Raises `ModelError` where it cannot look."""
    plan = tagger.plan
    with catalogue.read() as tx:
        gaps = stale.further_gaps(tx, tagger.key, plan, tagger.bases)
    base = standard.machine.find(QUICK)
    for gap, kept in gaps:
        step = Step(gap.asked, gap.wanted, kept, False, None, False, tagger.key)
        if kept:
            yield replace(step, seconds=kept * RECALL_MS / 1000, opened=False)
        if photos := gap.photos - kept:
            took = base.milliseconds if base else None
            seconds = None if took is None else photos * took / 1000
            measured = base is not None and base.measured
            yield replace(step, photos=photos, seconds=seconds, measured=measured)


def _gaps(
    catalogue: Catalogue,
    standard: Standard,
    on_progress: Callable[[Progress], None],
    hear: Callable[[ModelError], None],
) -> Sequence[Gap]:
    lasting = standard.lasting
    with catalogue.read() as tx:
        is_known = settings.get(tx, settings.WANTED_WITH) == lasting.digest()
        if lasting.is_one_for_all:
            for_all = standard.want_of(lasting.choice_for_all())
            return _of_classifier(tx) if is_known else stale.gaps_if(tx, for_all)
        gaps = _of_classifier(tx) if is_known else []
        asked = stale.wants_by_key(tx)
        total = stale.last_photo(tx)
    found: Counter[tuple[str, str, str, bool]] = Counter()
    started = time.monotonic()
    for done, photo in enumerate(photos_of(catalogue, unknown=is_known), 1):
        if done % PAGE == 0:
            seconds = time.monotonic() - started
            on_progress(progress_after(seconds, done, total, current="by rules"))
        try:
            wanted = standard.wanted(photo)
        except ModelError as error:
            hear(error)  # its tags stay as they are until the model is there
            continue
        if wanted is not None and wanted.key not in (photo.asked, photo.given):
            known = asked.get(photo.asked or "")
            before = (known.models, known.refine) if known else ("", False)
            found[before[0], wanted.models, wanted.key, before[1]] += 1
    return [
        *gaps,
        *(Gap(one, other, n, refine) for (one, other, _, refine), n in found.most_common()),
    ]


def _of_classifier(tx: Connection) -> list[Gap]:
    return [gap for gap in stale.gaps(tx) if gap.tagger == CLASSIFIER]


def _step(gap: Gap, standard: Standard) -> Step:
    models = [standard.machine.find(model) for model in gap.wanted.split(", then ")]
    took = [each.milliseconds if each else None for each in models]
    known = [each for each in took if each is not None]
    seconds = gap.photos * sum(known) / 1000 if len(known) == len(took) else None
    measured = all(each is not None and each.measured for each in models)
    return Step(gap.asked, gap.wanted, gap.photos, gap.refine, seconds, measured)
