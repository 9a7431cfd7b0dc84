"""What can go wrong with watching, as values with words. Each is answered: see `watcher`."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from tagd.fs import display

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    # Level ("info", "warning", "error"), message, fields.
    Say = Callable[[str, str, Mapping[str, object]], None]


class TroubleKind(StrEnum):
    """What went wrong."""

    OVERFLOW = "overflow"  # events were lost: answered with new watches and a rescan
    WATCHER_DIED = "watcher-died"  # a thread of the watch ended: started anew, rescan
    ROOT_ABSENT = "root-absent"  # a watched folder is not there: waited for
    ROOT_SILENT = "root-silent"  # a watched folder's file system does not answer: waited for
    ROOT_REPLACED = "root-replaced"  # deleted and made again, or another disk: new watches, rescan
    ROOT_DOUBTED = "root-doubted"  # a scan may not judge it: nothing is called missing
    TOO_FEW_WATCHES = "too-few-watches"  # the kernel gives no more: polled
    NO_INOTIFY = "no-inotify"  # the kernel gives no instance: polled
    UNREADABLE = "unreadable"  # a folder that we may not read: left out, nothing called missing
    LEFT_OUT = "left-out"  # one file met a mistake of ours: the others go on
    CATALOGUE = "catalogue"  # it cannot be written now: tried again with a rescan
    FAILED = "failed"  # a mistake of ours: said, and the thread goes on


# These last until they are cleared; the others are over once they are said.
STANDING = frozenset(
    {
        TroubleKind.ROOT_ABSENT,
        TroubleKind.ROOT_SILENT,
        TroubleKind.ROOT_DOUBTED,
        TroubleKind.TOO_FEW_WATCHES,
        TroubleKind.NO_INOTIFY,
        TroubleKind.UNREADABLE,
        TroubleKind.LEFT_OUT,
        TroubleKind.CATALOGUE,
    }
)

OUR_MISTAKES = frozenset({TroubleKind.LEFT_OUT, TroubleKind.FAILED})

LIMITS = Path("/proc/sys/fs/inotify")


@dataclass(frozen=True, slots=True)
class Trouble:
    """One of them: the message says what and where, the hint what to do."""

    kind: TroubleKind
    message: str
    hint: str = ""
    path: Path | None = None


class TroubleBoard:
    """Says each trouble once, and keeps those that last. For every thread."""

    def __init__(self, say: Say) -> None:
        self._say = say
        self._lock = threading.Lock()
        self._standing: dict[tuple[TroubleKind, Path | None], Trouble] = {}
        self._counts: dict[TroubleKind, int] = dict.fromkeys(TroubleKind, 0)

    def report(self, trouble: Trouble) -> None:
        """Something is wrong; said unless it was said and lasts."""
        key = (trouble.kind, trouble.path)
        with self._lock:
            if self._standing.get(key) == trouble:
                return
            self._counts[trouble.kind] += 1
            if trouble.kind in STANDING:
                self._standing[key] = trouble
        level = "error" if trouble.kind in OUR_MISTAKES else "warning"
        self._say(level, trouble.message, _fields(trouble))

    def clear(self, kind: TroubleKind, path: Path | None) -> None:
        """Note that it is over, if it was."""
        with self._lock:
            trouble = self._standing.pop((kind, path), None)
        if trouble is not None:
            self._say("info", f"over: {trouble.message}", _fields(replace(trouble, hint="")))

    def standing(self) -> tuple[Trouble, ...]:
        """Return those that last."""
        with self._lock:
            return tuple(self._standing.values())

    def count(self, kind: TroubleKind) -> int:
        """Return how often it was said."""
        with self._lock:
            return self._counts[kind]


def _fields(trouble: Trouble) -> dict[str, object]:
    fields: dict[str, object] = {"trouble": trouble.kind.value}
    if trouble.hint:
        fields["hint"] = trouble.hint
    if trouble.path is not None:
        fields["path"] = display(trouble.path)
    return fields


def absent(folder: Path, reason: str, *, sidecars: bool = False) -> Trouble:
    """Report a folder that cannot be watched, one of photos or one of `sidecars`."""
    if sidecars:
        return Trouble(
            TroubleKind.ROOT_ABSENT,
            f"{display(folder)} cannot be watched ({reason}): what is changed in the sidecars there"
            " is not read until it can",
            hint="is its disk mounted, and may tagd read it? [metadata] sidecar_folder names it",
            path=folder,
        )
    return Trouble(
        TroubleKind.ROOT_ABSENT,
        f"{display(folder)} cannot be watched ({reason}): waiting for it, and nothing in it is"
        " called missing",
        path=folder,
    )


def silent(folder: Path, since: float) -> Trouble:
    """Report that the file system of a folder that is to be watched has not answered since then, in
    seconds since 1970."""
    when = datetime.fromtimestamp(since).astimezone().strftime("%Y-%m-%d %H:%M:%S")
    return Trouble(
        TroubleKind.ROOT_SILENT,
        f"{display(folder)} has not answered since {when}: waiting for it, and nothing in it is"
        " called missing",
        hint="is its server, or its disk, there? It is taken up as soon as it answers",
        path=folder,
    )


def too_few_watches(folders: int, watched: int) -> Trouble:
    """Report that the kernel's limit of watches is reached."""
    limit = _limit("max_user_watches")
    return Trouble(
        TroubleKind.TOO_FEW_WATCHES,
        f"the kernel's limit of inotify watches is reached: {watched} of {folders} folders are"
        " watched, the others are looked at again and again instead",
        hint=f"fs.inotify.max_user_watches is {limit}; raise it for good with: echo"
        f" fs.inotify.max_user_watches={max(524_288, 2 * folders)} | sudo tee"
        " /etc/sysctl.d/60-tagd.conf && sudo sysctl --system",
    )


def no_inotify(reason: str) -> Trouble:
    """Report that the kernel gives no inotify instance at all."""
    limit = _limit("max_user_instances")
    return Trouble(
        TroubleKind.NO_INOTIFY,
        f"no inotify instance can be had ({reason}): the folders are looked at again and again"
        " instead",
        hint=f"fs.inotify.max_user_instances is {limit}; raise it for good with: echo"
        " fs.inotify.max_user_instances=1024 | sudo tee /etc/sysctl.d/60-tagd.conf"
        " && sudo sysctl --system",
    )


def unreadable(folder: Path, reason: str) -> Trouble:
    """Report a folder that we may not read."""
    return Trouble(
        TroubleKind.UNREADABLE,
        f"{display(folder)} cannot be read ({reason}): left out, and nothing in it is called"
        " missing",
        hint="give the user that tagd runs as the right to read and enter it, or exclude it",
        path=folder,
    )


def left_out(path: Path, error: Exception) -> Trouble:
    """Report a file that could not be dealt with, for a reason that nobody foresaw."""
    return Trouble(
        TroubleKind.LEFT_OUT,
        f"{display(path)} is left out by a mistake of tagd's ({type(error).__name__}: {error})",
        hint="the next scan tries it again; please report it",
        path=path,
    )


def _limit(name: str) -> str:
    try:
        return (LIMITS / name).read_text().strip()
    except OSError:
        return "unknown"
