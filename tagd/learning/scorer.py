"""Photos that are tagged just now, scored by all heads in the transaction that records them.

Heads are read again only where any has changed. A batch in which nothing is like any personal tag
costs two small queries.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np
from sqlalchemy import select

from tagd.catalogue.db.bulk import among
from tagd.catalogue.db.schema import photo
from tagd.catalogue.tagging import learned, personal
from tagd.catalogue.tagging.learned import Scored
from tagd.catalogue.tagging.tags import nothing_above
from tagd.learning.figures import may_give, sure_of
from tagd.learning.head import scores

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from numpy.typing import NDArray
    from sqlalchemy import Connection

    from tagd.catalogue.tagging.personal import KeptHead, Personal
    from tagd.catalogue.tagging.runs import Run
    from tagd.domain import Embedding

_ROWS = select(photo.c.content_hash, photo.c.id).where(among(photo.c.content_hash, "hashes"))


class Scorer:
    """One thread calls it, that of the worker."""

    def __init__(self, run: Run, above: Callable[[str], Collection[str]] = nothing_above) -> None:
        self._run = run
        self._above = above
        self._state: tuple[object, ...] | None = None
        self._known: dict[str, list[tuple[Personal, KeptHead]]] = {}  # by the model's fingerprint

    def take_in(self, tx: Connection, seen: Sequence[Embedding], now: float) -> set[int]:
        """Have photos get what personal tags they are like, or be suggested for them, by what a
        model sees in them; return those whose tags changed, by row id."""
        if not seen:
            return set()
        self._refresh(tx)
        if not self._known:
            return set()
        rows = dict(tx.execute(_ROWS, {"hashes": [each.photo_id for each in seen]}).all())
        together: dict[str, dict[int, NDArray[np.float32]]] = defaultdict(dict)
        for each in seen:
            if each.vector is not None and each.photo_id in rows:
                together[each.fingerprint][rows[each.photo_id]] = each.vector
        changed: set[int] = set()
        for fingerprint, vectors in together.items():
            for of, kept, found in self._scored(fingerprint, vectors):
                changed |= self._put(tx, of, kept, found, now)
        return changed

    def _refresh(self, tx: Connection) -> None:
        if (state := personal.state(tx)) == self._state:
            return
        known: dict[str, list[tuple[Personal, KeptHead]]] = defaultdict(list)
        by_label = personal.heads(tx)
        for of in personal.every(tx):
            for kept in by_label.get(of.label_id, ()):
                known[kept.fingerprint].append((of, kept))
        self._known, self._state = dict(known), state

    def _scored(
        self, fingerprint: str, vectors: dict[int, NDArray[np.float32]]
    ) -> list[tuple[Personal, KeptHead, dict[int, float]]]:
        known = self._known.get(fingerprint, [])
        if not known:
            return []
        rows = np.stack(list(vectors.values()))
        found = scores(rows, [kept for _, kept in known])
        return [
            (of, kept, dict(zip(vectors, column.tolist(), strict=True)))
            for (of, kept), column in zip(known, found.T, strict=True)
        ]

    def _put(
        self, tx: Connection, of: Personal, kept: KeptHead, found: dict[int, float], now: float
    ) -> set[int]:
        sure = sure_of(kept, np.array(list(found.values())))
        scored = [
            Scored(photo_id, kept.model_id, float(confidence), score >= kept.threshold)
            for (photo_id, score), confidence in zip(found.items(), sure, strict=True)
        ]
        were = learned.said_of(tx, of, list(found))
        due = [each for each in scored if each.is_like or each.photo_id in were]
        if not due:
            return set()
        gives = {kept.model_id} if may_give(kept) else set()
        return set(
            learned.put(tx, of, due, gives, run=self._run, now=now, above=self._above).changed
        )
