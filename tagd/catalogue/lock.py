"""Who works on a catalogue: one process at a time, known by a locked file beside the database.

The kernel lets go of the lock when its holder ends, however it ends, so that a lock is never stale.
What the file says is for people; the lock alone counts. The file stays, for removing it would let
two processes lock two files of one name.
"""

from __future__ import annotations

import fcntl
import json
import os
import socket
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tagd import fs
from tagd.errors import CatalogueHeld

if TYPE_CHECKING:
    from pathlib import Path

_PATIENCE_SECONDS = 0.3  # whoever only asks for the holder has the lock for a moment
_PAUSE_SECONDS = 0.01


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a catalogue. `pid` is None where the file does not say yet."""

    pid: int | None
    host: str
    since: float  # seconds since 1970
    what: str  # such as "tagd run"

    def __str__(self) -> str:
        since = datetime.fromtimestamp(self.since, UTC).astimezone().strftime("%Y-%m-%d %H:%M:%S")
        process = f"process {self.pid}" if self.pid else "a process that is just starting"
        return f"{self.what} ({process} on {self.host}, since {since})"


class Lock:
    """The right to work on a catalogue, until `release`. Not inherited by programs started."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def release(self) -> None:
        """Let the next one have it, even where a forked child still shares the descriptor."""
        fcntl.flock(self._descriptor, fcntl.LOCK_UN)
        os.close(self._descriptor)


def lock_file(catalogue: Path) -> Path:
    """The file whose lock says that somebody works on this catalogue."""
    return catalogue.with_name(catalogue.name + ".lock")


def acquire(catalogue: Path, what: str) -> Lock:
    """Take the lock, saying that we are `what`; raises CatalogueHeld when another process has it,
    OSError when the file cannot be written."""
    descriptor = os.open(lock_file(catalogue), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
    try:
        _lock(descriptor, catalogue)
        if os.fstat(descriptor).st_size == 0:
            os.fchmod(descriptor, 0o640)
        _write(descriptor, what)
    except BaseException:
        os.close(descriptor)
        raise
    return Lock(descriptor)


def holder(catalogue: Path) -> Holder | None:
    """Who has the lock now, if anybody. Raises OSError where the file may not be read."""
    try:
        descriptor = os.open(lock_file(catalogue), os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _read(descriptor)
    else:
        return None
    finally:
        os.close(descriptor)


def _lock(descriptor: int, catalogue: Path) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                raise _held(catalogue, _read(descriptor)) from None
            time.sleep(_PAUSE_SECONDS)
        else:
            return


def _write(descriptor: int, what: str) -> None:
    us = {"pid": os.getpid(), "host": socket.gethostname(), "since": time.time(), "what": what}
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, json.dumps(us).encode(), 0)


def _read(descriptor: int) -> Holder:
    """What the file says; its holder may be just about to write it."""
    try:
        us = json.loads(os.pread(descriptor, 4096, 0))
        return Holder(int(us["pid"]), str(us["host"]), float(us["since"]), str(us["what"]))
    except (ValueError, KeyError, TypeError):
        return Holder(None, socket.gethostname(), time.time(), "tagd")


def _held(catalogue: Path, by: Holder) -> CatalogueHeld:
    return CatalogueHeld(
        f"{fs.display(catalogue)} is in use by {by}",
        pid=by.pid,
        hint="Only one tagd works on a catalogue. Reading, and `tagd tag`, work beside it."
        + (" `tagd stop` ends it." if by.what == "tagd run" else ""),
    )
