"""The threads that write tags: held up and let go on as often as it is asked."""

from __future__ import annotations

from pathlib import Path

import structlog

from tagd.catalogue.engine import Catalogue
from tagd.catalogue.runs import Run
from tagd.config import Config
from tagd.daemon.writing import Writing
from tagd.ops.pulse import Pulses
from tests.support import wait_until


def test_who_goes_on_before_all_have_ended_has_writers_again(
    catalogue: Catalogue, tmp_path: Path
) -> None:
    """As `tagd pause` and `tagd resume` within a second have it."""
    pulses = Pulses(60)
    config = Config.model_validate({"metadata": {"write": "sidecar"}})
    writing = Writing(
        config,
        catalogue,
        Run.of("tagd run"),
        pulses=pulses,
        log=structlog.get_logger(),
        on_fault=lambda error: None,
    )
    try:
        writing.steer(work=True)
        writing.steer(work=False)  # they are told to end, and do so by and by

        def go_on() -> bool:
            writing.steer(work=True)
            return writing.is_working

        wait_until(lambda: not writing.is_working, what="those that were told to end have ended")
        wait_until(go_on, what="others write")
    finally:
        assert writing.end(60)
