"""An HTTP server for this machine alone, which nobody can lean on.

At most some connections at a time, none for longer than some seconds, and none for a page in a
browser that only pretends to be of this machine (DNS rebinding): whoever asks names one of this
machine's own names.
"""

from __future__ import annotations

import ipaddress
import socket
import threading
import time
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

MOST_CONNECTIONS = 8
LONGEST_SECONDS = 10.0  # for one connection, from its first byte to its last
_PAUSE_SECONDS = 0.1


class LocalHandler(BaseHTTPRequestHandler):
    """Answers one request. A subclass says what, in `answer`."""

    timeout = LONGEST_SECONDS
    server: LocalServer

    def do_GET(self) -> None:
        """Refuse what was meant for another host."""
        if self.server.is_meant(self.headers.get("Host")):
            self.answer()
        else:
            self.send(HTTPStatus.MISDIRECTED_REQUEST, b"this is another host\n")

    def answer(self) -> None:
        """Call `send` once."""
        raise NotImplementedError

    def send(self, code: HTTPStatus, body: bytes, kind: str = "text/plain; charset=utf-8") -> None:
        """Send the whole reply."""
        self.send_response(code)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Log nothing: who asked is no news."""


class LocalServer(ThreadingHTTPServer):
    """Listens, and keeps to the limits. `beat` is called twice a second by `serve_forever`. Raises
    `OSError` where it cannot listen."""

    daemon_threads = True

    def __init__(
        self, host: str, port: int, handler: type[LocalHandler], beat: Callable[[], None]
    ) -> None:
        self._host = host
        self._beat = beat
        self._lock = threading.Lock()
        self._since: dict[Any, float] = {}  # of each open connection, on the monotonic clock
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        super().__init__((host, port), handler)

    def is_meant(self, host: str | None) -> bool:
        """Return whether a request with this header is for us. A browser always sends one."""
        return host is None or is_own(host, self._host)

    def service_actions(self) -> None:
        """Hang up on those that take too long: a byte now and then must not keep them here."""
        self._beat()
        now = time.monotonic()
        with self._lock:
            late = [
                connection
                for connection, since in self._since.items()
                if now - since > LONGEST_SECONDS
            ]
        for connection in late:
            _hang_up(connection)

    def get_request(self) -> tuple[Any, Any]:
        """Accept the next connection."""
        try:
            return super().get_request()
        except OSError:
            time.sleep(_PAUSE_SECONDS)  # no descriptors are left: do not ask again and again
            raise

    def process_request(self, request: Any, client_address: Any) -> None:
        """Talk to a client in a thread of its own, unless there are too many."""
        with self._lock:
            is_full = len(self._since) >= MOST_CONNECTIONS
            if not is_full:
                self._since[request] = time.monotonic()
        if is_full:
            super().shutdown_request(request)
        else:
            super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Note that a connection has ended."""
        with self._lock:
            self._since.pop(request, None)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Log nothing of a client that hangs up, or talks nonsense."""


def is_own(host: str, listening: str) -> bool:
    """Return whether a `Host` header, with its port or without, names this machine: `localhost`, a
    loopback address, or what the server listens at."""
    name = host.strip().lower()
    if name.startswith("["):
        name = name[1:].partition("]")[0]
    elif name.count(":") == 1:
        name = name.partition(":")[0]
    if name.rstrip(".") in {"localhost", listening.lower()}:
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def _hang_up(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # it has ended meanwhile
