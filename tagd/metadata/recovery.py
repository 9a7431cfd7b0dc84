"""What a kill, or a failure, left behind: set right without ever losing the only good copy.

Two names say how far a write came. What is called `part` is our own copy, unfinished. What is
called `swap` is our own, whole, until the exchange, and after it whatever had the photo's name.
Which of the two it is, the digest of our own bytes tells.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from tagd.containers import DamagedContainer, strict_spans
from tagd.metadata.file_calls import translated
from tagd.metadata.folder import opened
from tagd.metadata.ledger import FileIdentity

if TYPE_CHECKING:
    from tagd.metadata.folder import Folder
    from tagd.metadata.ledger import Intent


class Recovered(StrEnum):
    """How a write that was cut short turned out."""

    WRITTEN = "written"  # what was intended is there
    UNDONE = "undone"  # the photo is as it was, or as another program made it since
    AWAITED = "awaited"  # its folder is not there: renamed, or on a disk that is not mounted yet
    KEPT = "kept"  # two files that may both be wanted: the second stays, hidden, beside the photo


def recover(intent: Intent) -> Recovered:
    """Set right what one intent left behind. May be repeated. Raises a PhotoError."""
    with translated(intent.path):
        if not intent.path.parent.is_dir():
            return Recovered.AWAITED
        with opened(intent.path.parent, named=None) as folder:
            return recover_in(folder, intent)


def recover_in(folder: Folder, intent: Intent) -> Recovered:
    """Do the same in an open folder, wherever that is by now. Raises OSError."""
    if folder.is_gone:
        return Recovered.AWAITED
    folder.unlink(intent.part.name)
    kept = folder.exists(intent.swap.name) and not _settle(folder, intent)
    folder.sync()
    if kept:
        return Recovered.KEPT
    return Recovered.WRITTEN if _is_written(folder, intent) else Recovered.UNDONE


def _settle(folder: Folder, intent: Intent) -> bool:
    """Let go of one of the two files, and say whether that could be done without a doubt."""
    name, swap = intent.path.name, intent.swap.name
    if folder.holds(swap, intent.digest):  # ours, and not needed
        folder.unlink(swap)
        return True
    if not folder.exists(name):
        folder.rename_new(swap, name)
        return True
    if (
        FileIdentity.of(folder.lstat(swap)) == intent.seen
    ):  # the old one, whose name has gone to a new one
        if folder.holds(name, intent.digest) or _is_whole(folder, name):
            folder.unlink(swap)
            return True
        return False
    # Another program's, which the exchange caught, or nothing that we know.
    if folder.holds(name, intent.digest) and folder.exchange(swap, name):
        folder.unlink(swap)
        return True
    return False


def _is_written(folder: Folder, intent: Intent) -> bool:
    if not intent.digest:
        return not folder.exists(intent.path.name)
    return folder.holds(intent.path.name, intent.digest)


def _is_whole(folder: Folder, name: str) -> bool:
    """Return whether the file is complete as far as its structure tells."""
    try:
        data = folder.read(name)
        strict_spans(data)
    except (DamagedContainer, FileNotFoundError):
        return False
    return bool(data)
