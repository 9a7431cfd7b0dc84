"""The tagging is given other tools while it works: those in use stay open, the rest is closed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from tagd.catalogue.db.engine import Catalogue
from tagd.config import Config
from tagd.daemon.tagging import Listeners, Tagging, Tools
from tagd.decoding.pool import DecodeRequest
from tagd.ops.pulse import Pulses

CONFIG = Config()


@pytest.fixture
def tagging(catalogue: Catalogue) -> Iterator[Tagging]:
    """One that works with its first tools, whose turn has not ended yet."""
    listeners = Listeners(
        on_report=lambda _: None,
        on_times=lambda _: None,
        on_ready=lambda _: None,
        on_fault=lambda _: None,
        on_writes=lambda: None,
    )
    made = Tagging(CONFIG, catalogue, listeners, pulses=Pulses(60), log=structlog.get_logger())
    yield made
    made.end(0.0)


def are_open(tools: Tools) -> bool:
    """Whether its decoders take another photo."""
    try:
        tools.decoders.submit(DecodeRequest(tools.decoders.outstanding, Path("/none.jpg"), ()))
    except RuntimeError:
        return False
    return True


def test_what_is_at_work_stays_open_through_two_changes_in_a_row(tagging: Tagging) -> None:
    kept = tagging.prepare(CONFIG, anew=False)
    tagging.take(kept)
    new = tagging.prepare(CONFIG, anew=True)
    tagging.take(new)
    assert (are_open(kept), are_open(new)) == (True, True)
    tagging.steer(work=False)  # the turn has ended
    assert (are_open(kept), are_open(new)) == (False, True)


def test_what_nobody_came_to_use_is_closed(tagging: Tagging) -> None:
    first, second = (tagging.prepare(CONFIG, anew=True) for _ in range(2))
    tagging.take(first)
    tagging.take(second)
    assert (are_open(first), are_open(second)) == (False, True)
    tagging.end(0.0)
    assert not are_open(second)
