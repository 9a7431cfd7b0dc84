"""systemd's journal, spoken to in its own way, so that each fact is a field of its own:

    journalctl -u tagd TAGD_PATH=/photos/a.jpg

Source: systemd.io/JOURNAL_NATIVE_PROTOCOL.
"""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tagd.fs import display

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import TextIO

    from structlog.typing import EventDict

SOCKET = "/run/systemd/journal/socket"
_PRIORITIES = {"debug": 7, "info": 6, "warning": 4, "error": 3, "critical": 2}


def is_behind(stream: TextIO, environ: Mapping[str, str] = os.environ) -> bool:
    """Return whether what is written to this stream goes to the journal, which can be spoken to."""
    try:
        status = os.fstat(stream.fileno())
    except (OSError, ValueError):
        return False
    named = environ.get("JOURNAL_STREAM") == f"{status.st_dev}:{status.st_ino}"
    return named and Path(SOCKET).is_socket()


def entry(message: str, event: Mapping[str, Any]) -> bytes:
    """Make a datagram: the message as a person reads it, its level, and every fact."""
    fields = {
        "MESSAGE": message,
        "PRIORITY": str(_PRIORITIES.get(str(event.get("level")), 6)),
        "SYSLOG_IDENTIFIER": "tagd",
    }
    for name, value in event.items():
        if name not in ("event", "level", "exception"):
            fields[f"TAGD_{name.upper()}"] = _text(value)
    return b"".join(
        _field(name, value.encode("utf-8", "backslashreplace")) for name, value in fields.items()
    )


class Entries:
    """The last processor: an event becomes an entry, whose message `text` makes."""

    def __init__(self, text: Callable[[object, str, EventDict], str]) -> None:
        self._text = text

    def __call__(self, logger: object, method: str, event: EventDict) -> bytes:
        return entry(self._text(logger, method, dict(event)), event)


class Journal:
    """Sends entries. One that the journal does not take must not stop the tagging."""

    def msg(self, entry: bytes) -> None:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sender:
            try:
                sender.sendto(entry, SOCKET)
            except OSError:
                return  # the journal is being restarted, or the entry is larger than it takes

    debug = info = warning = error = critical = exception = msg


def _field(name: str, value: bytes) -> bytes:
    if b"\n" in value:
        return name.encode() + b"\n" + len(value).to_bytes(8, "little") + value + b"\n"
    return name.encode() + b"=" + value + b"\n"


def _text(value: Any) -> str:
    if isinstance(value, Path):
        return display(value)
    if isinstance(value, list | tuple):
        return ", ".join(map(_text, value))
    return str(value)
