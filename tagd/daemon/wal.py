"""SQLite's write-ahead log, kept from growing without end.

What is committed stands in the log until it can be taken over into the catalogue's file, which
whoever reads an earlier moment prevents. A program that never ends its transaction makes the log
grow with everything that is tagged. So it is cut back as soon as that can be done, said while it
cannot, and photos wait before it takes the disk.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from tagd.catalogue.db.engine import Catalogue

EVERY_SECONDS = 10.0
LARGE_BYTES = 64 << 20  # what SQLite itself cuts it back to; below, it is left to SQLite
FULL_BYTES = 1 << 30
MEGABYTE = 1_000_000


class WriteAheadLog:
    """Looked after by the supervisor's thread; asked by any."""

    def __init__(self, catalogue: Catalogue, clock: Callable[[], float] = time.monotonic) -> None:
        self._catalogue = catalogue
        self._clock = clock
        self._next_look = clock()
        self._held = 0  # bytes that cannot be taken over

    @property
    def is_full(self) -> bool:
        """Whether nothing more should be tagged for now."""
        return self._held >= FULL_BYTES

    @property
    def troubles(self) -> tuple[str, ...]:
        """Somebody is in the way."""
        if not self._held:
            return ()
        waits = "photos wait until it ends" if self.is_full else "it grows with each photo"
        return (
            "another program keeps a transaction on the catalogue open, so that the log beside it"
            f" holds {self._held / MEGABYTE:,.0f} MB: {waits}; close that program, such as a"
            " database browser with an open query",
        )

    def check(self) -> None:
        """Called about every second: cut the log back where it is large. Raises
        `CatalogueError`."""
        if self._clock() < self._next_look:
            return
        self._next_look = self._clock() + EVERY_SECONDS
        large = self._catalogue.log_bytes() >= LARGE_BYTES
        self._held = self._catalogue.shorten_log() if large else 0
