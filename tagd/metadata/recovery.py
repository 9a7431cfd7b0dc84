"""What a kill, or a failure, left behind: set right without ever losing the only good copy.

Two names say how far a write came. What is called `part` is our own copy, unfinished. What is
called `swap` is our own, whole, until the exchange, and after it whatever had the photo's name.
Which of the two it is, the digest of our own bytes tells.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from tagd.containers import DamagedContainer, strict_spans
from tagd.fs import read_regular
from tagd.metadata import file_calls
from tagd.metadata.file_calls import translated
from tagd.metadata.ledger import Seen, digest_of

if TYPE_CHECKING:
    from pathlib import Path

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
        intent.part.unlink(missing_ok=True)
        kept = file_calls.is_there(intent.swap) and not _settle(intent)
        file_calls.sync_folder(intent.path.parent)
        if kept:
            return Recovered.KEPT
        return Recovered.WRITTEN if _is_written(intent) else Recovered.UNDONE


def _settle(intent: Intent) -> bool:
    """Let go of one of the two files, and say whether that could be done without a doubt."""
    path, swap = intent.path, intent.swap
    if _holds(swap, intent.digest):  # ours, and not needed
        swap.unlink()
        return True
    if not file_calls.is_there(path):
        file_calls.rename_new(swap, path)
        return True
    if Seen.of(swap.lstat()) == intent.seen:  # the old one, whose name has gone to a new one
        if _holds(path, intent.digest) or _is_whole(path):
            swap.unlink()
            return True
        return False
    # Another program's, which the exchange caught, or nothing that we know.
    if _holds(path, intent.digest) and file_calls.exchange(swap, path):
        swap.unlink()
        return True
    return False


def _is_written(intent: Intent) -> bool:
    if not intent.digest:
        return not file_calls.is_there(intent.path)
    return file_calls.is_there(intent.path) and _holds(intent.path, intent.digest)


def _holds(path: Path, digest: str) -> bool:
    return path.is_file() and digest_of(read_regular(path)) == digest


def _is_whole(path: Path) -> bool:
    """Whether the file is complete as far as its structure tells."""
    try:
        data = read_regular(path)
        strict_spans(data)
    except DamagedContainer:
        return False
    return bool(data)
