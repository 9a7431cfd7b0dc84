"""How other processes speak with the running daemon: one line of JSON each way.

    → {"command": "pause"}
    ← {"ok": true, "message": "paused; `tagd resume` continues"}
    ← {"ok": false, "message": "what is wrong", "hint": "what to do"}
    → {"command": "troubles"}
    ← {"ok": true, "message": "", "troubles": ["/photos is not there: waiting for it"],
       "unread": {"JPEG XL": 2}}
    → {"command": "look", "picture": "/cache/of/a/picture"}
    ← {"ok": true, "message": "", "tags": [{"tag": "cat", "confidence": 0.9, …}]}

The commands are pause, resume, drain, stop, reload, troubles and look. The socket has mode 0600 and
lies in the runtime folder: $RUNTIME_DIRECTORY, as systemd gives it, else $XDG_RUNTIME_DIR/tagd,
else a folder of this user's below /tmp. Where it is, the daemon notes in its catalogue.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import selectors
import socket
import stat
import tempfile
import threading
import time
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tagd.errors import ControlError
from tagd.fs import display

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

LONGEST_LINE = 64 << 10  # bytes of one request
LONGEST_REPLY = 16 << 20
TALK_SECONDS = 10.0  # for a client to say what it wants
REPLY_SECONDS = 60.0  # for the daemon to do it: a reload may look at a model's weights
MOST_CLIENTS = 64  # that have not said yet what they want
_LOOK_SECONDS = 1.0
_PAUSE_SECONDS = 0.1
_BACKLOG = 1024  # connections that the kernel keeps until they are accepted
_ADDRESS_BYTES = 100  # of the 108 that a socket's address may have


class Command(StrEnum):
    """What the daemon can be told."""

    PAUSE = "pause"  # tag nothing until resumed; the watch goes on
    RESUME = "resume"  # tag again
    DRAIN = "drain"  # take nothing new, tag what waits, then end
    STOP = "stop"  # end now; what waits is kept
    RELOAD = "reload"  # read the configuration again
    TROUBLES = "troubles"  # say what is wrong at the moment
    LOOK = "look"  # say what a picture shows that lies in no folder


@dataclass(frozen=True, slots=True)
class Reply:
    """What came of a command, in words; `hint` says what to do where it could not be done.
    `troubles` is the answer to the command of this name, with what pictures are `unread`: how many
    of each kind that tagd does not read. `tags` is the answer to `look`, and `code` says what is
    wrong with that picture."""

    ok: bool
    message: str
    hint: str = ""
    troubles: tuple[str, ...] = ()
    unread: Mapping[str, int] = field(default_factory=dict)
    tags: tuple[Mapping[str, Any], ...] = ()
    code: str = ""


def socket_path(catalogue: Path, environ: Mapping[str, str] = os.environ) -> Path:
    """Return where the daemon of this catalogue listens."""
    name = hashlib.blake2b(os.fsencode(catalogue), digest_size=6).hexdigest()
    # systemd lists several folders with colons between them; ours is the first.
    given = environ.get("RUNTIME_DIRECTORY", "").partition(":")[0]
    if given:
        return Path(given) / f"{name}.sock"
    if own := environ.get("XDG_RUNTIME_DIR"):
        return Path(own) / "tagd" / f"{name}.sock"
    return Path(tempfile.gettempdir()) / f"tagd-{os.getuid()}" / f"{name}.sock"


class ControlServer:
    """Answers commands in a thread of its own, one at a time. `obey` does what is asked, and may
    take a while; `look` says what a picture shows. The one server of a catalogue: its owner's."""

    def __init__(
        self,
        path: Path,
        obey: Callable[[Command], Reply],
        *,
        look: Callable[[Path], Reply] | None = None,
        beat: Callable[[], None] = lambda: None,
    ) -> None:
        self.path = path
        self._obey = obey
        self._look = look
        self._beat = beat
        self._stopping = threading.Event()
        self._socket = _listening(path)
        self._waking, self._woken = socket.socketpair()
        self._thread = threading.Thread(target=self._run, name="tagd-control", daemon=True)
        self._thread.start()

    def stop(self, timeout: float = 1.5) -> None:
        """Hang up and take the socket away."""
        self._stopping.set()
        self._waking.close()  # `select` waits no longer
        self._thread.join(timeout)
        self._woken.close()
        self._socket.close()
        self.path.unlink(missing_ok=True)

    def _run(self) -> None:
        with selectors.DefaultSelector() as ready:
            ready.register(self._woken, selectors.EVENT_READ)
            ready.register(self._socket, selectors.EVENT_READ)
            while not self._stopping.is_set():
                self._beat()
                for key, _ in ready.select(_LOOK_SECONDS):
                    if isinstance(key.data, _Client):
                        self._hear(key.data, ready)
                    elif key.fileobj is self._socket:
                        self._accept(ready)
                _hang_up(_late(ready), ready)
            _hang_up(_clients(ready), ready)

    def _accept(self, ready: selectors.BaseSelector) -> None:
        """Accept one more client. Too many that say nothing keep nobody out: the oldest goes."""
        try:
            accepted = self._socket.accept()[0]
        except OSError:
            self._stopping.wait(_PAUSE_SECONDS)  # no more descriptors
            return
        accepted.setblocking(False)
        client = _Client(accepted, time.monotonic())
        ready.register(accepted, selectors.EVENT_READ, client)
        clients = _clients(ready)
        _hang_up(clients[: len(clients) - MOST_CLIENTS], ready)

    def _hear(self, client: _Client, ready: selectors.BaseSelector) -> None:
        """More of what a client says; answered once it is a line. One that misbehaves costs itself
        the answer."""
        try:
            part = client.socket.recv(4096)
        except OSError:
            _hang_up([client], ready)
            return
        client.said += part
        if part and not client.said.endswith(b"\n") and len(client.said) < LONGEST_LINE:
            return
        began = time.monotonic()
        with contextlib.suppress(OSError):
            reply = json.dumps(asdict(self._answer(client.said))).encode()
            client.socket.settimeout(TALK_SECONDS)
            client.socket.sendall(reply + b"\n")
        _hang_up([client], ready)
        for waiting in _clients(ready):  # who may have spoken meanwhile: this time was not theirs
            waiting.since += time.monotonic() - began

    def _answer(self, request: bytes) -> Reply:
        known = ", ".join(Command)
        try:
            said = json.loads(request)
            command = Command(said["command"])
            path = Path(said["picture"]) if command is Command.LOOK else None
        except (ValueError, KeyError, TypeError, RecursionError):
            return Reply(ok=False, message="no such command", hint=f"there are {known}")
        try:
            if path is not None and self._look is not None:
                return self._look(path)
            return self._obey(command)
        except Exception as error:  # noqa: BLE001 - the next client must still be heard
            words = f"{command} failed ({type(error).__name__}: {error})"
            return Reply(ok=False, message=words, hint="the daemon's log may say more")


@dataclass(slots=True)
class _Client:
    """Somebody who has connected, and what was said so far."""

    socket: socket.socket
    since: float  # on the monotonic clock
    said: bytes = b""


def _clients(ready: selectors.BaseSelector) -> list[_Client]:
    """Return those who have not said all yet, the oldest first."""
    found = [key.data for key in ready.get_map().values() if isinstance(key.data, _Client)]
    return sorted(found, key=lambda client: client.since)


def _late(ready: selectors.BaseSelector) -> list[_Client]:
    before = time.monotonic() - TALK_SECONDS
    return [client for client in _clients(ready) if client.since < before]


def _hang_up(clients: Iterable[_Client], ready: selectors.BaseSelector) -> None:
    for client in clients:
        ready.unregister(client.socket)
        client.socket.close()


def tell(path: Path, command: Command, seconds: float = REPLY_SECONDS, **about: str) -> Reply:
    """Have the daemon that listens at `path` do something, within so many seconds; `about` is
    what the command needs to know. Raises `ControlError`."""
    try:
        with (
            _address(path) as address,
            socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as server,
        ):
            server.settimeout(seconds)
            server.connect(address)
            server.sendall(json.dumps({"command": command, **about}).encode() + b"\n")
            said = json.loads(_line(server, LONGEST_REPLY))
            lists = {name: tuple(said.get(name, ())) for name in ("troubles", "tags")}
            return Reply(**{**said, **lists})
    except PermissionError as error:
        raise ControlError(
            f"the daemon at {display(path)} listens to its own user and to root alone",
            hint="use sudo, or become the user that it runs as",
        ) from error
    except (OSError, ValueError, TypeError, AttributeError, RecursionError) as error:
        raise ControlError(
            f"the daemon at {display(path)} does not answer: {error}",
            hint="`tagd status` says whether it runs",
        ) from error


def _listening(path: Path) -> socket.socket:
    """Open a socket under this name that only its user can speak to. Raises `ControlError`."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _refuse_another_users(path.parent)
        # Left behind by a daemon that was killed: whoever owns the catalogue is the only one.
        path.unlink(missing_ok=True)
        listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
        try:
            listening.settimeout(_LOOK_SECONDS)
            with _address(path) as address:
                listening.bind(address)
            path.chmod(0o600)  # before `listen`: until then nobody can connect
            listening.listen(_BACKLOG)
        except BaseException:
            listening.close()
            raise
    except OSError as error:
        raise ControlError(
            f"no control socket can be made at {display(path)}: {error.strerror or error}",
            hint="set XDG_RUNTIME_DIR to a folder of this user's",
        ) from error
    return listening


def _refuse_another_users(folder: Path) -> None:
    """Refuse a folder of another user: in /tmp anyone could have made it before us."""
    status = folder.stat()
    if status.st_uid not in (os.getuid(), 0) or (
        status.st_mode & stat.S_IWOTH and not status.st_mode & stat.S_ISVTX
    ):
        raise PermissionError(0, "its folder belongs to another user, or is open to all")


@contextlib.contextmanager
def _address(path: Path) -> Iterator[str]:
    """Return the socket's address, of which the kernel takes 108 bytes; longer ones by way of
    /proc."""
    if len(os.fsencode(path)) <= _ADDRESS_BYTES:
        yield str(path)
        return
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)


def _line(peer: socket.socket, most: int = LONGEST_LINE) -> bytes:
    """Return what the peer says up to the end of the line, or `most` bytes of it."""
    said = bytearray()
    while not said.endswith(b"\n") and len(said) < most:
        part = peer.recv(1 << 16)
        if not part:
            break
        said += part
    return bytes(said)
