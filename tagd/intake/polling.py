"""Folders whose changes the kernel does not tell: looked at again and again by watchdog's poller.

Network file systems, and whatever the kernel gave no watches for. Only what inotify does not cover
is looked at, excludes apply before anything is listed, symlinks are not followed, and a poller
takes a twentieth of its time at most, however slow the disk.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections import deque
from typing import TYPE_CHECKING, Any

from watchdog.events import (
    DirCreatedEvent,
    DirDeletedEvent,
    DirMovedEvent,
    FileCreatedEvent,
    FileDeletedEvent,
    FileModifiedEvent,
    FileMovedEvent,
    FileSystemEvent,
    FileSystemEventHandler,
)
from watchdog.observers.api import BaseObserver
from watchdog.observers.polling import PollingEmitter

from tagd.domain import EventKind, PathEvent
from tagd.fs import path_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tagd.intake.exclude import Excludes

SHARE = 20  # a look that took a second is followed by at least twenty of rest
MEANT: list[type[FileSystemEvent]] = [
    FileCreatedEvent,
    FileModifiedEvent,
    FileDeletedEvent,
    FileMovedEvent,
    DirCreatedEvent,
    DirDeletedEvent,
    DirMovedEvent,
]


class Collector(FileSystemEventHandler):
    """Only appends: an exception in a handler would end the watch."""

    def __init__(self, inbox: deque[FileSystemEvent], wake: threading.Event) -> None:
        self._inbox = inbox
        self._wake = wake

    def on_any_event(self, event: FileSystemEvent) -> None:
        """Be told by watchdog's dispatcher: something changed."""
        self._inbox.append(event)
        if not self._wake.is_set():
            self._wake.set()


class PoliteEmitter(PollingEmitter):
    """Takes its first look in its own thread, rests in proportion, and says how it ended."""

    def __init__(self, *args: Any, on_standing: Callable[[str], None], **options: Any) -> None:
        super().__init__(*args, **options)
        self.failure: BaseException | None = None
        self._on_standing = on_standing
        self._shortest = self._timeout

    def on_thread_start(self) -> None:
        """Do nothing yet: a first look at a slow disk must not hold up whoever starts us."""

    def run(self) -> None:
        """Look until told to stop."""
        try:
            self._snapshot = self._take_snapshot()
            self._on_standing(self.watch.path)
            super().run()
        except BaseException as error:  # noqa: BLE001 - its owner says it and starts anew
            self.failure = error

    def queue_events(self, timeout: float) -> None:
        """Rest, look, and work out how long to rest next."""
        before = time.monotonic()
        super().queue_events(timeout)
        took = max(0.0, time.monotonic() - before - timeout)
        self._timeout = max(self._shortest, SHARE * took)


class _PollingObserver(BaseObserver):
    def __init__(self, seconds: float, **options: Any) -> None:
        super().__init__(PoliteEmitter, timeout=seconds, **options)
        self.name = "tagd-polling"


class Poller:
    """One polled folder, with all that is below it and not watched by inotify."""

    def __init__(
        self,
        top: Path,
        root: Path,
        *,
        seconds: float,
        excludes: Excludes,
        is_watched: Callable[[bytes], bool],
        wake: threading.Event,
        on_standing: Callable[[Path], None],
    ) -> None:
        self.top = top
        self.root = root
        self.inbox: deque[FileSystemEvent] = deque()
        self._text = os.fspath(top)
        self._prefix = len(os.fspath(root).rstrip("/")) + 1
        self._excludes = excludes
        self._is_watched = is_watched
        self._stopping = False
        self._observer = _PollingObserver(
            seconds,
            stat=self._stat,
            listdir=self._list,
            on_standing=lambda _: on_standing(top),
        )
        collector = Collector(self.inbox, wake)
        self._observer.schedule(collector, self._text, recursive=True, event_filter=MEANT)

    def start(self) -> None:
        """Begin; the first look is taken by the poller's own thread."""
        self._observer.start()

    def stop(self) -> None:
        """End; a look in progress is broken off at its next folder. Does not wait: watchdog joins
        its threads without a limit, and one may hang on a server that is gone."""
        self._stopping = True
        threading.Thread(target=self._observer.stop, name="tagd-poll-end", daemon=True).start()

    @property
    def emitters(self) -> tuple[PoliteEmitter, ...]:
        """Return watchdog's looking threads, to see whether they live."""
        return tuple(e for e in self._observer.emitters if isinstance(e, PoliteEmitter))

    def failure(self) -> str | None:
        """Return why it has ended, where it has."""
        for emitter in self.emitters:
            if not emitter.is_alive():
                return str(emitter.failure or "its thread ended")
        return None if self._observer.is_alive() else "its dispatcher ended"

    def _stat(self, path: str) -> os.stat_result:
        # The folder itself may be named through a symlink; below it, none is followed.
        return os.stat(path, follow_symlinks=path == self._text)  # noqa: PTH116

    def _list(self, path: str | None) -> Iterator[os.DirEntry[str]]:
        assert path is not None
        if self._stopping:
            raise InterruptedError("told to stop")
        folders_only = self._is_watched(os.fsencode(path))
        with os.scandir(path) as entries:
            for entry in entries:
                is_folder = entry.is_dir(follow_symlinks=False)
                if (is_folder or not folders_only) and self._excludes.admits_entry(
                    entry.path[self._prefix :], is_folder
                ):
                    yield entry


class Pollers:
    """The polled folders, disjoint. For one thread, save for `tops`."""

    def __init__(
        self,
        seconds: float,
        excludes: Excludes,
        is_watched: Callable[[bytes], bool],
        wake: threading.Event,
    ) -> None:
        self.tops: tuple[Path, ...] = ()
        self._seconds = seconds
        self._excludes = excludes
        self._is_watched = is_watched
        self._wake = wake
        self._pollers: dict[Path, Poller] = {}
        self._stood: deque[Path] = deque()

    def poll(self, top: Path, root: Path) -> None:
        """Look at a folder again and again, unless it is below one that is."""
        if any(top.is_relative_to(polled) for polled in self._pollers):
            return
        self.stop(top)
        self._pollers[top] = poller = Poller(
            top,
            root,
            seconds=self._seconds,
            excludes=self._excludes,
            is_watched=self._is_watched,
            wake=self._wake,
            on_standing=self._has_stood,
        )
        self.tops = tuple(self._pollers)
        poller.start()

    def stop(self, top: Path) -> None:
        """Leave alone what is at and below a folder."""
        for place in [place for place in self._pollers if place.is_relative_to(top)]:
            self._pollers.pop(place).stop()
        self.tops = tuple(self._pollers)

    def take(self, most: int) -> list[tuple[Path, FileSystemEvent]]:
        """Take the next changes, each with its watched folder."""
        taken: list[tuple[Path, FileSystemEvent]] = []
        for poller in self._pollers.values():
            waiting = min(len(poller.inbox), most - len(taken))
            taken.extend((poller.root, poller.inbox.popleft()) for _ in range(waiting))
        return taken

    def take_stood(self) -> list[Path]:
        """Take the folders that have had their first look since: from now on, changes are told."""
        return [self._stood.popleft() for _ in range(len(self._stood))]

    def failed(self) -> list[tuple[Path, Path, str]]:
        """Return the folders that are looked at no more, each with its watched folder and the
        reason."""
        return [
            (top, poller.root, why)
            for top, poller in self._pollers.items()
            if (why := poller.failure()) is not None
        ]

    def _has_stood(self, top: Path) -> None:
        self._stood.append(top)
        self._wake.set()


def meaning(event: FileSystemEvent, *, keeps_inodes: bool) -> list[PathEvent]:
    """Translate a polled change into ours. Where inode numbers are made up, what looks like a move
    may join two files that have nothing to do with each other, so that it counts as a deletion and
    a find."""
    path = path_of(os.fsencode(event.src_path))
    is_folder = event.is_directory
    if isinstance(event, FileMovedEvent | DirMovedEvent):
        destination = path_of(os.fsencode(event.dest_path))
        if keeps_inodes:
            return [PathEvent(EventKind.MOVED, path, destination, is_folder)]
        return [
            PathEvent(EventKind.GONE, path, is_folder=is_folder),
            PathEvent(EventKind.CHANGED, destination, is_folder=is_folder),
        ]
    if isinstance(event, FileDeletedEvent | DirDeletedEvent):
        return [PathEvent(EventKind.GONE, path, is_folder=is_folder)]
    return [PathEvent(EventKind.CHANGED, path, is_folder=is_folder)]


def mute_watchdog() -> None:
    """Mute its loggers: what they would say, this room says itself, in words."""
    logger = logging.getLogger("watchdog")
    logger.propagate = False
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())
