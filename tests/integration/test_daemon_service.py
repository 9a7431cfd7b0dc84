"""The supervisor, in this process and told things as by a person."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from tagd.catalogue import mode
from tagd.catalogue.engine import Catalogue
from tagd.catalogue.mode import Mode
from tagd.config import Config
from tagd.daemon.orders import Orders
from tagd.daemon.service import Service
from tagd.ops.control import Command
from tagd.ops.notify import Notifier
from tests.catalogue import NOW
from tests.daemon import locked
from tests.intake import drop, states
from tests.support import wait_until


@pytest.fixture
def paused(
    catalogue: Catalogue, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Orders]:
    """What a service takes orders from that was paused before it was started."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    with catalogue.write() as tx:
        mode.put(tx, Mode.PAUSED, NOW)
    config, orders = Config.model_validate({"watch": {"folders": [str(root)]}}), Orders()
    service = Service(
        config,
        catalogue,
        orders,
        reread=lambda: config,
        relog=lambda _: None,
        notifier=Notifier({}),
        log=structlog.get_logger(),
    )
    service.start()
    supervisor = threading.Thread(target=service.supervise)
    supervisor.start()
    yield orders
    orders.stop()
    supervisor.join()
    service.end()


def test_a_drain_that_a_locked_catalogue_refuses_leaves_the_watch(
    paused: Orders, catalogue: Catalogue, root: Path
) -> None:
    with locked(catalogue):
        assert not paused.give(Command.DRAIN).ok
    drop(root / "a.jpg")
    wait_until(lambda: states(catalogue) == {"photos/a.jpg": "queued"})
