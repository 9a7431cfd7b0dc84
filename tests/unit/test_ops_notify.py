"""What systemd is told, and nobody else."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from tagd.ops.notify import Notifier
from tests.support import PATIENCE_SECONDS


@pytest.mark.parametrize("kind", ["a path", "abstract"])
def test_each_word_is_a_datagram(kind: str, tmp_path: Path) -> None:
    address = str(tmp_path / "notify") if kind == "a path" else f"@tagd-test-{tmp_path.name}"
    environ = {"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "1", "WATCHDOG_PID": "1", "HOME": "/"}
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind("\0" + address[1:] if address.startswith("@") else address)
        manager.settimeout(PATIENCE_SECONDS)
        notifier = Notifier(environ)
        assert environ == {"HOME": "/"}  # decoders do not speak for us
        notifier.starting(1.5)
        notifier.ready("at work")
        notifier.alive()
        notifier.reloading()
        notifier.stopping("bye")
        said = [manager.recv(4096).decode() for _ in range(5)]
    assert said[:3] == ["EXTEND_TIMEOUT_USEC=1500000", "READY=1\nSTATUS=at work", "WATCHDOG=1"]
    assert said[3].startswith("RELOADING=1\nMONOTONIC_USEC=")
    assert said[4] == "STOPPING=1\nSTATUS=bye"


def test_where_no_manager_is_named_no_socket_is_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[object] = []
    monkeypatch.setattr(socket, "socket", lambda *kinds: opened.append(kinds))
    Notifier({}).ready("at work")
    assert opened == []


def test_a_manager_that_did_not_listen_hears_the_next_word(tmp_path: Path) -> None:
    address = str(tmp_path / "notify")
    notifier = Notifier({"NOTIFY_SOCKET": address})
    notifier.ready("at work")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(address)
        manager.settimeout(PATIENCE_SECONDS)
        notifier.alive()
        assert manager.recv(4096) == b"WATCHDOG=1"
