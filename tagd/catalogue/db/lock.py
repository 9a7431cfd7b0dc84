"""Who works on a catalogue: one process at a time, known by a locked file beside the database.

The kernel lets go of the lock when its holder ends, however it ends, so that a lock is never stale.
The file is its user's alone, since whoever can open it can lock it, and stays, for removing it
would let two processes lock two files of one name. Who holds it stands in another file, for all who
may read the catalogue; where its process has ended, that says nothing.
"""

from __future__ import annotations

import fcntl
import json
import os
import socket
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from tagd import fs
from tagd.catalogue.db.processes import began, is_alive
from tagd.errors import CatalogueHeld

_PATIENCE_SECONDS = 0.3  # whoever only asks for the holder has the lock for a moment
_PAUSE_SECONDS = 0.01


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a catalogue. `pid` is None where nobody has said so yet, or somebody else did."""

    pid: int | None
    host: str
    since: float  # seconds since 1970
    what: str  # such as "tagd run"

    def __str__(self) -> str:
        if self.pid is None:
            return "a process that does not say who it is"
        since = datetime.fromtimestamp(self.since, UTC).astimezone().strftime("%Y-%m-%d %H:%M:%S")
        return f"{self.what} (process {self.pid} on {self.host}, since {since})"


class Lock:
    """The right to work on a catalogue, until `release`. Not inherited by programs started."""

    def __init__(self, descriptor: int, said: Path) -> None:
        self._descriptor = descriptor
        self._said = said

    def release(self) -> None:
        """Let the next one have it, even where a forked child still shares the descriptor."""
        with suppress(OSError):
            self._said.unlink()
        fcntl.flock(self._descriptor, fcntl.LOCK_UN)
        os.close(self._descriptor)


def lock_file(catalogue: Path) -> Path:
    """The file whose lock says that somebody works on this catalogue."""
    return catalogue.with_name(catalogue.name + ".lock")


def holder_file(catalogue: Path) -> Path:
    """The file that says who that is."""
    return catalogue.with_name(catalogue.name + ".holder")


def acquire(catalogue: Path, what: str) -> Lock:
    """Take the lock, saying that we are `what`; raises CatalogueHeld when another process has it,
    OSError when the files cannot be written."""
    descriptor = os.open(lock_file(catalogue), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        _lock(descriptor, catalogue)
        os.fchmod(descriptor, 0o600)  # one that is there may be of an earlier version's
        _say(catalogue, what)
    except BaseException:
        os.close(descriptor)
        raise
    return Lock(descriptor, holder_file(catalogue))


def holder(catalogue: Path) -> Holder | None:
    """Who has the lock now, if anybody."""
    try:
        descriptor = os.open(lock_file(catalogue), os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    except PermissionError:
        return _said(catalogue)  # a member of its group: there is no lock to be seen
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _said(catalogue) or _unknown()
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
                raise _held(catalogue, _said(catalogue) or _unknown()) from None
            time.sleep(_PAUSE_SECONDS)
        else:
            return


def _say(catalogue: Path, what: str) -> None:
    us = {
        "pid": os.getpid(),
        "began": began(os.getpid()),
        "host": socket.gethostname(),
        "since": time.time(),
        "what": what,
    }
    file = holder_file(catalogue)
    written = file.with_name(file.name + ".new")
    written.unlink(missing_ok=True)
    descriptor = os.open(written, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o640)
    with os.fdopen(descriptor, "w", encoding="utf-8") as whole:
        os.fchmod(descriptor, 0o640)
        with suppress(OSError):  # none yet, or a group that is not ours to give
            os.fchown(descriptor, -1, catalogue.stat().st_gid)
        json.dump(us, whole)
    written.replace(file)


def _said(catalogue: Path) -> Holder | None:
    """Who says that it holds the catalogue, where that process lives."""
    try:
        us = json.loads(holder_file(catalogue).read_text(encoding="utf-8"))
        found = Holder(int(us["pid"]), str(us["host"]), float(us["since"]), str(us["what"]))
        lives = is_alive(int(us["pid"]), us["began"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return found if lives else None


def _unknown() -> Holder:
    return Holder(None, socket.gethostname(), time.time(), "tagd")


def _held(catalogue: Path, by: Holder) -> CatalogueHeld:
    return CatalogueHeld(
        f"{fs.display(catalogue)} is in use by {by}",
        pid=by.pid,
        hint="Only one tagd works on a catalogue. Reading, and `tagd tag`, work beside it."
        + (" `tagd stop` ends it." if by.what == "tagd run" else ""),
    )
