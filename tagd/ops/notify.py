"""What systemd is told: sd_notify(3), a datagram to the socket that $NOTIFY_SOCKET names.

Where nobody listens, nothing is said and nothing fails. The variables are taken out of the
environment, so that decoders and exports do not speak for us.
"""

from __future__ import annotations

import os
import socket
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import MutableMapping


class Notifier:
    """Speaks to the service manager, if there is one."""

    def __init__(self, environ: MutableMapping[str, str] = os.environ) -> None:
        address = environ.pop("NOTIFY_SOCKET", "")
        for name in ("WATCHDOG_USEC", "WATCHDOG_PID"):
            environ.pop(name, None)
        # A name that begins with @ is in the abstract name space, where it begins with NUL.
        self._address = "\0" + address[1:] if address.startswith("@") else address

    def starting(self, seconds: float) -> None:
        """Say that the start takes its time: at most so many seconds until the next word of it."""
        self._send(f"EXTEND_TIMEOUT_USEC={round(seconds * 1e6)}")

    def ready(self, status: str) -> None:
        """Say that it is started, or done with a reload."""
        self._send(f"READY=1\nSTATUS={status}")

    def status(self, status: str) -> None:
        """Send one line about how things stand, for `systemctl status`."""
        self._send(f"STATUS={status}")

    def reloading(self) -> None:
        """Say that a reload begins, which `ready` will end."""
        now = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        self._send(f"RELOADING=1\nMONOTONIC_USEC={now}")

    def stopping(self, status: str) -> None:
        """Say that the end has begun."""
        self._send(f"STOPPING=1\nSTATUS={status}")

    def alive(self) -> None:
        """Say that every thread makes progress."""
        self._send("WATCHDOG=1")

    def _send(self, message: str) -> None:
        if not self._address:
            return
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sender:
            sender.setblocking(False)
            try:
                sender.sendto(message.encode(), self._address)
            except OSError:
                return  # a service manager that does not listen must not stop the tagging
