"""From a socket to answers: one process, one event loop, some threads."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import gc
import os
import signal
import socket
import sys
import threading
from contextlib import closing
from typing import TYPE_CHECKING, Final

import uvicorn
from anyio.to_thread import current_default_thread_limiter

from tagd.ops.access import Access
from tagd.ops.listening import is_loopback, listen, url
from tagd.web.application import application
from tagd.web.connections import PatientProtocol
from tagd.web.guard import Hosts
from tagd.web.site import Site

if TYPE_CHECKING:
    from tagd.config import Config

KEEP_ALIVE_SECONDS: Final = 15
STOP_SECONDS: Final = 1
THREADS: Final = 8  # that answer at a time
_M_ARENA_MAX: Final = -8
_MOST_HEADERS: Final = 32 << 10  # bytes


def bound(config: Config, access: Access) -> socket.socket:
    """Return a socket at the address of the configuration. Raises `WebError`."""
    listening = listen(*(config.web.address or ("127.0.0.1", 0)), access)
    access.note_address(url(listening))
    return listening


def serve(config: Config, listening: socket.socket) -> None:
    """Answer until SIGTERM or SIGINT."""
    _save_memory()
    host = listening.getsockname()[0]
    hosts = Hosts.of(host, config.web.hosts, is_local=is_loopback(host))
    with closing(Site.of(config)) as site:
        server = uvicorn.Server(
            uvicorn.Config(
                application(site, hosts),
                http=PatientProtocol,
                ws="none",
                loop="asyncio",
                log_config=None,
                access_log=False,
                server_header=False,
                date_header=True,
                proxy_headers=False,
                timeout_keep_alive=KEEP_ALIVE_SECONDS,
                timeout_graceful_shutdown=STOP_SECONDS,
                h11_max_incomplete_event_size=_MOST_HEADERS,
            )
        )
        asyncio.run(_answering(server, listening))


async def _answering(server: uvicorn.Server, listening: socket.socket) -> None:
    # Each thread that waits for the catalogue has memory of its own.
    current_default_thread_limiter().total_tokens = THREADS
    await server.serve(sockets=[listening])


def serve_beside_daemon(config: Config, descriptor: int) -> None:
    """Answer on a socket of the daemon's, until it says so or is gone."""
    threading.Thread(target=_end_with_daemon, name="daemon", daemon=True).start()
    with socket.socket(fileno=descriptor) as listening:
        serve(config, listening)


def _save_memory() -> None:
    """Have threads share what they allocate from, where this is the GNU C library: each keeps what
    it has let go of for itself otherwise. Source: mallopt(3)."""
    with contextlib.suppress(AttributeError, OSError):
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 1)
    gc.collect()
    gc.freeze()  # what importing has made stays


def _end_with_daemon() -> None:
    """Nothing is ever sent: the end of standard input is the daemon's."""
    while sys.stdin.buffer.read(1 << 10):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
