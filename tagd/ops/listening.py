"""The address at which pages are served: bound at once, so that it is known what is wrong."""

from __future__ import annotations

import errno
import socket
from ipaddress import ip_address
from typing import TYPE_CHECKING

from tagd.errors import WebError

if TYPE_CHECKING:
    from tagd.ops.access import Access

_BACKLOG = 128
ALLOWED = "`tagd service install --web` allows it"


def is_loopback(host: str) -> bool:
    """Return whether only this machine reaches it."""
    return host == "localhost" or ip_address(host).is_loopback


def listen(host: str, port: int, access: Access) -> socket.socket:
    """Return a socket that listens there. Raises `WebError` where the port is taken, where the
    service's sandbox has no network, and where others reach the address and there is no password.
    """
    if not is_loopback(host) and not access.has_password:
        raise WebError(
            f"no pages are served at {host}, which others reach, without a password",
            hint="`tagd web password` sets one, then `tagd reload`",
        )
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listening = socket.socket(family, socket.SOCK_STREAM)
    except OSError as error:
        if error.errno in (errno.EAFNOSUPPORT, errno.EPERM, errno.EACCES):
            raise WebError("this service has no network for pages", hint=ALLOWED) from error
        raise
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen(_BACKLOG)
    except OSError as error:
        listening.close()
        raise WebError(
            f"no pages are served: {host}:{port}: {error.strerror}",
            hint="name another port for [web] listen, then `tagd reload`",
        ) from error
    return listening


def url(listening: socket.socket) -> str:
    """Return what a browser on this machine calls it."""
    host, port = listening.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104  not bound, but named
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
