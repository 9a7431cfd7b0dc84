"""systemd is told how things stand, and the watchdog starves when any thread stands still."""

from __future__ import annotations

import itertools
import re
import socket
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator, MutableMapping
from pathlib import Path
from typing import Any

import pytest
import structlog
from structlog.testing import capture_logs

from tagd.catalogue.db.engine import open_owner
from tagd.config import load
from tagd.daemon.orders import Orders
from tagd.daemon.service import Service
from tagd.ops.control import Command
from tagd.ops.notify import Notifier
from tagd.ops.pulse import Pulses
from tests import photos
from tests.acceptance.home import START_SECONDS, Home
from tests.support import PATIENCE_SECONDS, wait_until

PATIENCE = 1.5
THREADS = (
    "worker",
    "decoders",
    "tagd-stream",
    "tagd-scan",
    "tagd-control",
    "retag",
    "maintenance",
    "tagd-metrics",
)


class Freezing(Pulses):
    """Pulses that a named thread cannot get past while it is to stand still."""

    def __init__(self) -> None:
        super().__init__(PATIENCE)
        self.frozen = ""
        self.thaw = threading.Event()

    def beat(self, thread: str) -> None:
        if thread == self.frozen:
            self.thaw.wait()
        super().beat(thread)


class Manager:
    """systemd's end of the notification socket. It listens all the time, since the kernel keeps as
    few as ten messages for who does not, and what comes then is lost."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.heard: list[str] = []
        self._told = 0
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(path))
        self._listener = threading.Thread(target=self._hear)
        self._listener.start()

    def _hear(self) -> None:
        while message := self._socket.recv(4096):
            self.heard += message.decode().splitlines()

    def listen(self) -> list[str]:
        """What was said since the last time."""
        before, self._told = self._told, len(self.heard)
        return self.heard[before : self._told]

    def close(self) -> None:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as end:
            end.sendto(b"", str(self.path))
        self._listener.join()
        self._socket.close()


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[Manager]:
    listening = Manager(tmp_path / "notify")
    yield listening
    listening.close()


@pytest.mark.slow
def test_the_watchdog_is_fed_only_while_every_thread_makes_progress(
    home: Home, manager: Manager, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in home.environment.items():
        monkeypatch.setenv(name, value)
    home.configure('[metrics]\nlisten = "127.0.0.1:0"\n')
    monkeypatch.setattr("tagd.daemon.maintenance.PULSE_SECONDS", 0.2)
    monkeypatch.setattr("tagd.daemon.parts.PATIENCE_SECONDS", PATIENCE)
    monkeypatch.setattr("tagd.intake.scans.BEAT_SECONDS", 0.2)
    monkeypatch.setattr("tagd.decoding.dispatcher._BEAT_SECONDS", 0.2)
    monkeypatch.setattr("tagd.daemon.service.CHECK_SECONDS", 0.1)
    config = load(home.config)
    pulses, orders = Freezing(), Orders()
    with capture_logs() as logs, open_owner(config.catalogue.path, "tagd run") as catalogue:
        service = Service(
            config,
            catalogue,
            orders,
            reread=lambda: config,
            relog=lambda _: None,
            notifier=Notifier({"NOTIFY_SOCKET": str(manager.path)}),
            log=structlog.get_logger(),
            pulses=pulses,
        )
        service.start()
        supervisor = threading.Thread(target=service.supervise)
        supervisor.start()
        try:
            wait_until(lambda: "READY=1" in manager.listen(), START_SECONDS)
            for thread in THREADS:
                starves(thread, pulses, orders, manager, logs)
        finally:
            pulses.thaw.set()
            orders.stop()
            supervisor.join()
            assert service.end()
    wait_until(lambda: manager.heard[-2:] == ["STOPPING=1", "STATUS=stopping"])


def starves(
    thread: str,
    pulses: Freezing,
    orders: Orders,
    manager: Manager,
    logs: list[MutableMapping[str, Any]],
) -> None:
    """Freeze one thread, see the feeding stop, let it go on, see the feeding begin again."""
    wait_until(lambda: "WATCHDOG=1" in manager.listen(), START_SECONDS, "it is fed")
    pulses.thaw.clear()
    pulses.frozen = thread

    def noticed() -> bool:
        return thread in {each.thread for each in pulses.late()}

    wait_until(noticed, START_SECONDS, f"{thread} is found to be late")
    orders.give(Command.RESUME)  # whatever was said before it was late is said by now
    manager.listen()
    for _ in range(3):  # each makes the supervisor look around once more
        orders.give(Command.RESUME)
    assert "WATCHDOG=1" not in manager.listen(), thread
    assert any("threads make no progress" in str(line["event"]) for line in logs)
    pulses.frozen = ""
    pulses.thaw.set()


def test_systemd_is_told(home: Home, manager: Manager) -> None:
    home.environment["NOTIFY_SOCKET"] = str(manager.path)
    home.environment["WATCHDOG_USEC"] = "60000000"
    home.configure('[metrics]\nlisten = "127.0.0.1:0"\n')
    photos.cat().save(home.photos / "cat.jpg")
    with home.daemon():
        home.wait_state("cat.jpg", "tagged")
        [port] = re.findall(r"port=(\d+)", home.log.read_text())
        wait_until(lambda: 'tagd_photos_total{outcome="tagged"} 1.0' in served(port, "metrics"))
        numbers = served(port, "metrics")
        assert 'tagd_info{device="cpu' in numbers
        assert "tagd_watches 1.0" in numbers
        assert "tagd_late_threads 0.0" in numbers
        assert 'tagd_model_loaded{model="efficientnet-lite0"} 1.0' in numbers
        assert "\ntagd_model_loads_total " in numbers
        assert "tagd_device_memory_total_bytes" in numbers
        timed = 'tagd_stage_seconds_count{stage="forward"} 1.0'
        wait_until(lambda: timed in served(port, "metrics"))
        assert (served(port, "healthz"), served(port, "readyz")) == ("ok\n", "ready\n")
        wait_until(lambda: "READY=1" in manager.heard)
        assert home.run("reload").returncode == 0
        wait_until(lambda: "RELOADING=1" in manager.heard)
        reloading = manager.heard.index("RELOADING=1")
        wait_until(lambda: "READY=1" in manager.heard[reloading:])
        home.run("pause")
        wait_until(lambda: "STATUS=paused" in manager.listen())
    wait_until(lambda: "STOPPING=1" in manager.heard)
    assert "WATCHDOG=1" in manager.heard
    assert any(line.startswith("EXTEND_TIMEOUT_USEC=") for line in manager.heard)


def served(port: str, what: str) -> str:
    address = f"http://127.0.0.1:{port}/{what}"
    with urllib.request.urlopen(address, timeout=PATIENCE_SECONDS) as reply:
        return str(reply.read().decode())


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_a_first_start_where_memory_may_not_be_made_executable(tmp_path: Path) -> None:
    """As the shipped unit has it: PyTorch answers first, and exports in a child that may not
    either; then ONNX Runtime takes over."""
    denied = (
        "import ctypes, os, sys\n"
        "assert ctypes.CDLL(None, use_errno=True).prctl(65, 1, 0, 0, 0) == 0\n"  # PR_SET_MDWE
        "os.execv(sys.executable, [sys.executable, *sys.argv[1:]])\n"
    )
    tried = subprocess.run([sys.executable, "-c", denied, "-c", ""], check=False)
    if tried.returncode:
        pytest.skip("this kernel cannot deny it")
    home = Home(tmp_path / "home", '[model]\nname = "efficientnet-lite0"\n')
    photos.cat().save(home.photos / "cat.jpg")
    with home.log.open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-c", denied, "-m", "tagd", "run", "--config", str(home.config)],
            stdout=log,
            stderr=subprocess.STDOUT,
            env=home.environment,
            cwd=home.root,
        )
    try:
        home.wait_state("cat.jpg", "tagged")
        assert "cat" in home.tags("cat.jpg")
        graphs = home.root / "cache" / "tagd" / "graphs"
        exported = 2 * PATIENCE_SECONDS  # beside the first answers
        wait_until(lambda: bool(list(graphs.glob("*.onnx"))), exported, "the graph is made")
        turned = itertools.count(1)

        def takes_over() -> bool:
            """The change comes with the first photo after the export has ended, torch and all. An
            export that was quicker than the import of PyTorch has it come with the very first."""
            name = f"coffee-{next(turned)}.jpg"
            photos.coffee().rotate(next(turned)).save(home.photos / name)
            home.wait_state(name, "tagged")
            return "ONNX Runtime" in home.log.read_text()

        wait_until(takes_over, exported, "ONNX Runtime takes over")
    finally:
        process.terminate()
        assert process.wait(PATIENCE_SECONDS) == 0, home.log.read_text()
