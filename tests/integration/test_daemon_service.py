"""The supervisor, in this process and told things as by a person."""

from __future__ import annotations

import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import structlog
from structlog.testing import capture_logs

from tagd.catalogue.db import mode
from tagd.catalogue.db.engine import Catalogue
from tagd.catalogue.db.mode import Mode
from tagd.config import Config
from tagd.daemon.orders import Orders
from tagd.daemon.service import Service
from tagd.ops.control import Command
from tagd.ops.notify import Notifier
from tests.catalogue import NOW
from tests.daemon import locked
from tests.intake import drop, states
from tests.support import PATIENCE_SECONDS, wait_until


class Running(Notifier):
    """A service that runs, seen from outside: what takes its orders, what it logs, and what it
    tells the service manager."""

    def __init__(self) -> None:
        super().__init__({})
        self.orders = Orders()
        self.logs: list[str] = []
        self.port = 0
        self.heard: list[str] = []

    def _send(self, message: str) -> None:
        self.heard += message.splitlines()

    def readiness(self) -> int:
        """What /readyz answers."""
        try:
            address = f"http://127.0.0.1:{self.port}/readyz"
            with urllib.request.urlopen(address, timeout=PATIENCE_SECONDS) as reply:
                return int(reply.status)
        except urllib.error.HTTPError as error:
            with error:
                return error.code


@contextmanager
def running(catalogue: Catalogue, root: Path) -> Iterator[Running]:
    tables = {"watch": {"folders": [str(root)]}, "metrics": {"listen": "127.0.0.1:0"}}
    config, seen = Config.model_validate(tables), Running()
    with capture_logs() as logs:
        service = Service(
            config,
            catalogue,
            seen.orders,
            reread=lambda: config,
            relog=lambda _: None,
            notifier=seen,
            log=structlog.get_logger(),
        )
        service.start()
        [seen.port] = [line["port"] for line in logs if "port" in line]
        supervisor = threading.Thread(target=service.supervise)
        supervisor.start()
        try:
            yield seen
        finally:
            seen.orders.stop()
            supervisor.join()
            service.end()
            seen.logs += [line["event"] for line in logs]


@pytest.fixture(autouse=True)
def loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """The models take until this is set to be loaded."""
    is_loaded = threading.Event()

    def load(*_: object) -> dict[str, str]:
        assert is_loaded.wait(PATIENCE_SECONDS)
        return {"model": "efficientnet-lite0", "device": "cpu"}

    monkeypatch.setattr("tagd.daemon.tagging.note_engine", load)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    return is_loaded


def pause(catalogue: Catalogue) -> None:
    """Before the start, as by a person whose word outlives it."""
    with catalogue.write() as tx:
        mode.put(tx, Mode.PAUSED, NOW)


def test_a_drain_that_a_locked_catalogue_refuses_leaves_the_watch(
    catalogue: Catalogue, root: Path
) -> None:
    pause(catalogue)
    with running(catalogue, root) as service:
        with locked(catalogue):
            assert not service.orders.give(Command.DRAIN).ok
        drop(root / "a.jpg")
        wait_until(lambda: states(catalogue) == {"photos/a.jpg": "queued"})


def test_a_paused_start_is_over_at_once_and_ready_when_the_models_are_loaded(
    catalogue: Catalogue, root: Path, loaded: threading.Event
) -> None:
    pause(catalogue)
    with running(catalogue, root) as service:
        wait_until(lambda: service.heard[:2] == ["READY=1", "STATUS=paused"])
        assert service.orders.give(Command.RESUME).ok
        assert service.readiness() == 503
        loaded.set()
        wait_until(lambda: service.readiness() == 200)
    assert service.logs.count("ready") == 1


def test_a_start_that_is_stopped_is_never_ready(
    catalogue: Catalogue, root: Path, loaded: threading.Event
) -> None:
    with running(catalogue, root) as service:
        service.orders.stop()
        loaded.set()
    assert "ready" not in service.logs


def test_a_start_that_is_paused_before_the_models_are_loaded_is_over(
    catalogue: Catalogue, root: Path, loaded: threading.Event
) -> None:
    with running(catalogue, root) as service:
        assert service.orders.give(Command.PAUSE).ok
        wait_until(lambda: "READY=1" in service.heard)
        assert service.readiness() == 503
        loaded.set()


def test_a_reload_does_not_end_a_start(
    catalogue: Catalogue, root: Path, loaded: threading.Event
) -> None:
    with running(catalogue, root) as service:
        assert service.orders.give(Command.RELOAD).ok
        assert not {"READY=1", "RELOADING=1"} & set(service.heard)
        loaded.set()
        wait_until(lambda: "READY=1" in service.heard)
        assert service.orders.give(Command.RELOAD).ok
    turns = [line for line in service.heard if line in ("RELOADING=1", "READY=1")]
    assert turns == ["READY=1", "RELOADING=1", "READY=1"]
