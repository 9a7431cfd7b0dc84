"""Taggers catch up by what models saw in photos before: arithmetic on kept embeddings, a page of
photos a transaction. No photo is opened.

What so comes to photos that were tagged before is one run, whichever start of tagd it takes.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from tagd.catalogue.plans import stale
from tagd.catalogue.plans.taggers import tagger_ids
from tagd.catalogue.tagging import embeddings, record
from tagd.catalogue.tagging.record import Seen
from tagd.domain import CLASSIFIER
from tagd.revise.staleness import refresh_further
from tagd.tagging.taggers import catching_up, tagging_of
from tagd.tagging.together import settle
from tagd.work.progress import after as progress_after

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection

    from tagd.catalogue.db.engine import Catalogue
    from tagd.domain import Want
    from tagd.labels.derivation import Derivation
    from tagd.tagging.taggers import Tagger, Taggers
    from tagd.work.progress import Progress
    from tagd.writeback.queue import Writes

PAGE: Final = 200  # photos a transaction, so that other writers never wait long


class Recall:
    """One thread calls it. A tagger that has come to the end rests until `anew`: photos of which no
    embedding is kept have to be looked at."""

    def __init__(
        self,
        catalogue: Catalogue,
        taggers: Taggers,
        derivation: Derivation,
        *,
        writes: Writes | None = None,
        keep_runs: int | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._catalogue = catalogue
        self._taggers = taggers
        self._derivation = derivation
        self._writes = writes
        self._keep_runs = keep_runs
        self._clock = clock
        self._after: dict[str, int] = {}  # by tagger: the row that it has come to
        self._is_done: set[str] = set()

    def catch_up(self, on_progress: Callable[[Progress], None] = lambda _: None) -> int:
        """Have all photos catch up that can. Return how many did. Raises `CatalogueError`."""
        refresh_further(self._catalogue, self._taggers.plans())
        self.anew()
        with self._catalogue.read() as tx:
            gaps = stale.gaps(tx)
        total = sum(gap.photos for gap in gaps if gap.tagger != CLASSIFIER)
        started, done = time.monotonic(), 0
        while given := self.page():
            done += given
            seconds = time.monotonic() - started
            on_progress(progress_after(seconds, done, total, current="everyday words"))
        return done

    def anew(self) -> None:
        """Look again through all photos that are behind."""
        self._after.clear()
        self._is_done.clear()

    def is_done(self, tagger: Tagger) -> bool:
        """Return whether a tagger has given all that it can by what is kept."""
        return not tagger.bases or tagger.key in self._is_done

    def page(self) -> int:
        """Have the next photos catch up. Return how many; 0 once all have that can. Raises
        `CatalogueError`."""
        for tagger in self._taggers.ready():
            plan = self._taggers.plan_of(tagger)
            while plan is not None and not self.is_done(tagger):
                with self._catalogue.write() as tx:
                    if given := self._give(tx, tagger, plan):
                        return given
        return 0

    def _give(self, tx: Connection, tagger: Tagger, plan: Want) -> int:
        [tagger_id] = tagger_ids(tx, [tagger.key]).values()
        behind = embeddings.behind(
            tx,
            tagger_id,
            plan.key,
            tagger.bases,
            after=self._after.get(tagger.key, 0),
            limit=PAGE,
        )
        if not behind:
            self._is_done.add(tagger.key)
            return 0
        self._after[tagger.key] = behind[-1].photo
        said = {each.photo_id: each for each in tagger.recall([one.embedding for one in behind])}
        run = catching_up(tagger.key, plan)
        looks = [
            Seen(
                photo.photo,
                looked_at=True,
                orientation=photo.orientation,
                tagging=tagging_of(tagger.key, plan, predictions, run),
                desired=plan,
            )
            for photo in behind
            if (predictions := said.get(photo.embedding.photo_id)) is not None
        ]
        now = self._clock()
        record.add(
            tx, looks, self._derivation.name_of, now, tagger_id=tagger_id, keep=self._keep_runs
        )
        changed = settle(tx, [look.row for look in looks], self._derivation)
        if self._writes is not None:
            self._writes.queue_rows(tx, {each.row_id for each in changed if each})
        return len(looks)
