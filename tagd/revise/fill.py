"""Embeddings of photos that were tagged without: queued after all else, or all removed again.

Which photos lack one stands in an index of its own, through which it goes a page at a time, however
many models are not here any more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tagd.catalogue.tagging import embedded

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy import Connection

    from tagd.catalogue.db.engine import Catalogue

DROPPED: Final = 2_000  # a transaction, so that other writers never wait long
FREED: Final = 4_000  # pages that are given back to the disk after that


class Filler:
    """One thread calls it. Having come to the end it rests until `rest_seconds` have passed, on the
    clock that the caller reads: what could not be had is looked for again."""

    def __init__(self, catalogue: Catalogue, *, keeps: bool, rest_seconds: float) -> None:
        self._catalogue = catalogue
        self._keeps = keeps
        self._rest_seconds = rest_seconds
        self._after = 0  # the row that it has come to
        self._rests_until: float | None = None

    @property
    def is_midway(self) -> bool:
        """Return whether there are more to be looked through at once."""
        return self._keeps and self._after > 0

    def has_work(self, tx: Connection, clock: float) -> bool:
        """Return whether there is a photo to be looked at now."""
        return self._keeps and not self._rests(clock) and embedded.any_lacking(tx, self._after)

    def feed(
        self, tx: Connection, fingerprints: Collection[str], most: int, now: float, clock: float
    ) -> int:
        """Queue up to so many of which one of these models is to see something; returns how
        many."""
        if not self._keeps or most <= 0 or self._rests(clock):
            return 0
        fed = embedded.feed(tx, fingerprints, most, now, after=self._after)
        self._after, self._rests_until = fed.upto or 0, None
        if fed.upto is None:
            self._rests_until = clock + self._rest_seconds
        return fed.queued

    def remove(self) -> None:
        """Remove some of what is not to be kept, and give their room back to the disk. Raises
        `CatalogueError`."""
        if self._keeps:
            return
        with self._catalogue.read() as tx:
            if not embedded.any_kept(tx):
                return
        with self._catalogue.write() as tx:
            embedded.drop(tx, DROPPED)
        self._catalogue.tidy(FREED)

    def _rests(self, clock: float) -> bool:
        return self._rests_until is not None and clock < self._rests_until
