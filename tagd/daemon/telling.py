"""What the log says of the work: one line about one photo."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tagd.pipeline.worker import Outcome

if TYPE_CHECKING:
    from structlog.typing import FilteringBoundLogger

    from tagd.pipeline.worker import Report


class Teller:
    """Tells of reports as they come."""

    def __init__(self, log: FilteringBoundLogger) -> None:
        self._log = log

    def tell(self, report: Report) -> None:
        """One line about one photo."""
        match report.outcome:
            case Outcome.TAGGED:
                self._log.info("tagged", path=report.path, tags=report.tags, model=report.model)
            case Outcome.RECOGNISED:
                self._log.info("recognised", path=report.path, reason="its content has its tags")
            case Outcome.FAILED:
                self._log.warning("failed", path=report.path, reason=report.reason)
            case Outcome.POSTPONED:
                self._log.info("postponed", path=report.path, reason=report.reason)
            case Outcome.GONE:
                self._log.debug("gone", path=report.path)
