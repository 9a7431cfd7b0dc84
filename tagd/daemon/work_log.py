"""The log of the work: a line for each photo, or a summary where there are many."""

from __future__ import annotations

import threading
import time
from collections import Counter
from typing import TYPE_CHECKING

from tagd.tagging.failures import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable

    from structlog.typing import FilteringBoundLogger

    from tagd.errors import InternalFault
    from tagd.tagging.failures import Report

LINES = 20  # for single photos in one period; the others are counted
PERIOD_SECONDS = 60.0
_WORDS = {Outcome.RECOGNISED: "known_already"}  # in a summary, where the outcome's own says little
QUIET_SECONDS = 5.0  # without a photo: the backlog is worked off


def fault(log: FilteringBoundLogger, error: InternalFault) -> None:
    """A fault of ours cost a photo a try: what was raised, with its traceback."""
    log.error("an internal error", path=error.path, exc_info=error.__cause__)


class WorkLog:
    """Logs reports as they come; a failure always has its own line. Thread-safe."""

    def __init__(
        self, log: FilteringBoundLogger, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._log = log
        self._clock = clock
        self._lock = threading.Lock()
        self._counted: Counter[Outcome] = Counter()
        self._lines = 0
        self._begun = self._last = -PERIOD_SECONDS

    def add(self, report: Report) -> None:
        """Write a line for one photo, or count it for the next summary. What its keywords did is
        always said."""
        with self._lock:
            for note in report.notes:
                self._log.info(note, **_facts(report))
            now = self._last = self._clock()
            if not self._counted and now - self._begun >= PERIOD_SECONDS:
                self._begun, self._lines = now, 0
            self._lines += 1
            if report.is_usual:
                self._log.debug(report.outcome, **_facts(report), reason=report.reason)
            elif self._lines <= LINES or report.outcome is Outcome.FAILED:
                self._line(report)
            else:
                self._counted[report.outcome] += 1
                self._log.debug(report.outcome, **_facts(report))

    def flush_if_due(self) -> None:
        """Called about every second: write the summary when it is due."""
        with self._lock:
            now = self._clock()
            is_quiet = now - self._last >= QUIET_SECONDS
            if self._counted and (is_quiet or now - self._begun >= PERIOD_SECONDS):
                counts = {_WORDS.get(each, str(each)): n for each, n in self._counted.items()}
                seconds = round(now - self._begun)
                self._log.info("many photos, in summary", seconds=seconds, **counts)
                self._counted.clear()
                # In the midst of a backlog the next period has no lines either.
                self._begun, self._lines = now, 0 if is_quiet else LINES

    def _line(self, report: Report) -> None:
        match report.outcome:
            case Outcome.TAGGED:
                self._log.info("tagged", **_facts(report), tags=report.tags, model=report.model)
            case Outcome.RECOGNISED:
                reason = "its picture has its tags already"
                self._log.info("known already", **_facts(report), reason=reason)
            case Outcome.FAILED:
                self._log.warning("failed", **_facts(report), reason=report.reason)
            case Outcome.POSTPONED:
                self._log.info("postponed", **_facts(report), reason=report.reason)
            case Outcome.GONE:
                self._log.debug("gone", **_facts(report))


def _facts(report: Report) -> dict[str, object]:
    """Which photo: its path, its row in the catalogue, and who it is where that is known."""
    facts: dict[str, object] = {"path": report.path, "file_id": report.file_id}
    return facts | ({"photo_id": report.photo_id} if report.photo_id else {})
