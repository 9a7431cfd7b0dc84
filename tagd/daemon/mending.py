"""A thread of its own for what may wait for a disk that does not answer, so that nothing else does.

One thing at a time: what takes longer goes on, and its outcome is had later.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from tagd.writeback.ledger import Recovery


class Mending:
    """Used by one thread, the supervisor's."""

    def __init__(self) -> None:
        self._thread: threading.Thread | None = None
        self._outcome: Recovery | Exception | None = None

    @property
    def goes_on(self) -> bool:
        """Whether something is at work, or its outcome has not been had."""
        return self._thread is not None

    def do(self, work: Callable[[], Recovery], seconds: float) -> Recovery | None:
        """Do it, unless what was begun before goes on; what came of either, None where that takes
        longer. Raises what it raised."""
        if self._thread is None:
            self._thread = threading.Thread(
                target=self._run, args=(work,), name="mending", daemon=True
            )
            self._thread.start()
        self._thread.join(seconds)
        if self._thread.is_alive():
            return None
        self._thread = None
        if isinstance(self._outcome, Exception):
            raise self._outcome
        return self._outcome

    def _run(self, work: Callable[[], Recovery]) -> None:
        try:
            self._outcome = work()
        except Exception as error:  # noqa: BLE001 - raised again by who waits for it
            self._outcome = error
