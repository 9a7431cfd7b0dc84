"""One line of JSON each way, over a socket that is its user's alone."""

from __future__ import annotations

import contextlib
import json
import socket
import stat
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tagd.errors import ControlError
from tagd.ops import control
from tagd.ops.control import TALK_SECONDS, Command, ControlServer, Reply, socket_path, tell
from tests.support import PATIENCE_SECONDS


def obey(command: Command) -> Reply:
    if command is Command.TROUBLES:
        return Reply(ok=True, message="2 troubles", troubles=("a disk is full", "a\nb"))
    return Reply(ok=command is not Command.DRAIN, message=f"did {command}", hint="none")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ControlServer]:
    running = ControlServer(tmp_path / "run" / "a.sock", obey)
    yield running
    running.stop()
    assert not running.path.exists()


def say(path: Path, words: bytes) -> bytes:
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(PATIENCE_SECONDS)
        client.connect(str(path))
        with contextlib.suppress(BrokenPipeError):  # it may have heard enough before the end
            client.sendall(words)
            client.shutdown(socket.SHUT_WR)
        return client.recv(4096)


def test_a_command_is_obeyed_and_answered(server: ControlServer) -> None:
    assert tell(server.path, Command.PAUSE) == Reply(ok=True, message="did pause", hint="none")
    assert not tell(server.path, Command.DRAIN).ok
    assert stat.S_IMODE(server.path.stat().st_mode) == 0o600


def test_troubles_come_one_by_one_whatever_is_in_a_name(server: ControlServer) -> None:
    assert tell(server.path, Command.TROUBLES).troubles == ("a disk is full", "a\nb")


@pytest.mark.parametrize(
    "words",
    [
        *(b"", b"\n", b"pause\n", b"[]\n", b'{"command": "fly"}\n', b"\xff\n", b"{" * 70_000),
        b"[" * 60_000 + b"\n",
    ],
)
def test_nonsense_is_answered_and_harms_nobody(server: ControlServer, words: bytes) -> None:
    reply = json.loads(say(server.path, words))
    assert (reply["ok"], reply["hint"]) == (
        False,
        "there are pause, resume, drain, stop, reload, troubles, look",
    )
    assert tell(server.path, Command.RESUME).ok


def test_a_client_that_says_nothing_does_not_keep_the_others_out(server: ControlServer) -> None:
    with socket.socket(socket.AF_UNIX) as silent:
        silent.connect(str(server.path))
        assert tell(server.path, Command.PAUSE).ok


def test_hundreds_that_say_nothing_keep_nobody_out(server: ControlServer) -> None:
    with contextlib.ExitStack() as silent:
        for _ in range(300):
            each = silent.enter_context(socket.socket(socket.AF_UNIX))
            each.connect(str(server.path))
        before = time.monotonic()
        assert tell(server.path, Command.PAUSE).ok
        assert time.monotonic() - before < 300 * TALK_SECONDS / 2


def test_who_says_nothing_for_long_is_hung_up_on(
    server: ControlServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(control, "TALK_SECONDS", 0.5)
    with socket.socket(socket.AF_UNIX) as silent:
        silent.settimeout(PATIENCE_SECONDS)
        silent.connect(str(server.path))
        silent.sendall(b'{"command": "pa')
        assert silent.recv(1) == b""


def test_who_waits_while_another_is_obeyed_is_heard_after_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(control, "TALK_SECONDS", 0.2)
    accepted, obeyed = threading.Event(), threading.Event()

    def slow(command: Command) -> Reply:
        if command is Command.RELOAD:
            accepted.set()
            assert obeyed.wait(PATIENCE_SECONDS)
        return Reply(ok=True, message="fine")

    server = ControlServer(tmp_path / "a.sock", slow)
    with socket.socket(socket.AF_UNIX) as early:
        early.settimeout(PATIENCE_SECONDS)
        early.connect(str(server.path))
        asking = threading.Thread(target=tell, args=(server.path, Command.RELOAD))
        asking.start()
        assert accepted.wait(PATIENCE_SECONDS)
        threading.Timer(1.0, obeyed.set).start()
        early.sendall(b'{"command": "pause"}\n')
        assert b"fine" in early.recv(4096)
        asking.join()
    server.stop()


def test_a_command_that_fails_is_said_and_the_next_one_is_heard(tmp_path: Path) -> None:
    def fail(command: Command) -> Reply:
        if command is Command.RELOAD:
            raise LookupError("a mistake")
        return Reply(ok=True, message="fine")

    server = ControlServer(tmp_path / "a.sock", fail)
    assert "LookupError: a mistake" in tell(server.path, Command.RELOAD).message
    assert tell(server.path, Command.PAUSE).ok
    server.stop()


def test_what_a_killed_daemon_left_is_no_hindrance(tmp_path: Path) -> None:
    path = tmp_path / "a.sock"
    with socket.socket(socket.AF_UNIX) as killed:
        killed.bind(str(path))
    with pytest.raises(ControlError, match="does not answer"):
        tell(path, Command.STOP)
    server = ControlServer(path, obey)
    assert tell(path, Command.STOP).ok
    server.stop()


def test_a_path_longer_than_an_address_may_be(tmp_path: Path) -> None:
    path = tmp_path / ("long" * 40) / "a.sock"
    server = ControlServer(path, obey)
    assert tell(path, Command.STOP).ok
    server.stop()


def test_a_folder_that_is_open_to_all_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "open"
    folder.mkdir()
    folder.chmod(0o777)
    with pytest.raises(ControlError, match="open to all"):
        ControlServer(folder / "a.sock", obey)


def test_where_it_lies() -> None:
    catalogue = Path("/c/catalogue.db")
    assert socket_path(catalogue, {"RUNTIME_DIRECTORY": "/run/tagd:/run/x"}).parent == Path(
        "/run/tagd"
    )
    own = socket_path(catalogue, {"XDG_RUNTIME_DIR": "/run/user/7"})
    assert own.parent == Path("/run/user/7/tagd")
    assert own.name != socket_path(Path("/d.db"), {"XDG_RUNTIME_DIR": "/run/user/7"}).name
    assert socket_path(catalogue, {}).parent.name.startswith("tagd-")


def test_a_reply_of_any_length_is_read_to_its_end(tmp_path: Path) -> None:
    troubles = tuple(f"/photos/{number}: 猫" for number in range(20_000))
    server = ControlServer(
        tmp_path / "a.sock", lambda _: Reply(ok=True, message="", troubles=troubles)
    )
    assert tell(tmp_path / "a.sock", Command.TROUBLES).troubles == troubles
    server.stop()


def test_a_picture_is_named_in_the_question(tmp_path: Path) -> None:
    def look(path: Path) -> Reply:
        return Reply(ok=True, message="", tags=({"tag": path.name, "confidence": 0.5},))

    server = ControlServer(tmp_path / "look.sock", lambda _: Reply(ok=True, message=""), look=look)
    try:
        told = tell(server.path, Command.LOOK, picture="/photos/猫.jpg")
        assert told.tags == ({"tag": "猫.jpg", "confidence": 0.5},)
        assert not json.loads(say(server.path, b'{"command": "look"}\n'))["ok"]
    finally:
        server.stop()
