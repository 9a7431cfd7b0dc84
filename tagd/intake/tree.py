"""The folders that inotify watches, one watch a folder, all on one queue of the kernel's.

watchdog's reader of that queue (`InotifyFD`) does the reading. In place of its watch groups stands
`FolderTree`, because they register watches before anything can be excluded, swallow the error when
the kernel gives no more of them, hold every event back for half a second behind a file that was
moved out, pair no moves between two watched folders, and go on reporting from a folder that was
moved away. The reader's thread only appends; paths are worked out later, by one thread, in the
order of the events, so that a renamed folder's events are never mistaken for its successor's.

Source: inotify(7); watchdog 7.1.0, observers/inotify_c.py.
"""

from __future__ import annotations

import errno
import os
import time
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from watchdog.observers.inotify_c import CallbackId, InotifyConstants, InotifyFD, Mask

from tagd.domain import EventKind, PathEvent
from tagd.fs import path_of

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterator

    from watchdog.observers.inotify_c import InotifyEvent, WatchDescriptor

    from tagd.intake.exclude import Excludes

# Neither opened nor closed-without-writing, which our own reading would cause, nor modified, of
# which a long copy causes thousands: a file that stays open is observed by the settler instead.
EVENTS = (
    InotifyConstants.IN_CREATE
    | InotifyConstants.IN_DELETE
    | InotifyConstants.IN_MOVED_FROM
    | InotifyConstants.IN_MOVED_TO
    | InotifyConstants.IN_CLOSE_WRITE
    | InotifyConstants.IN_ONLYDIR
)
FOLDER = Mask(EVENTS | InotifyConstants.IN_DONT_FOLLOW)
ROOT = Mask(EVENTS | InotifyConstants.IN_MOVE_SELF)

MOST_EVENTS = 200_000  # waiting for us; beyond that a scan is cheaper, and memory stays bounded
PAUSE_SECONDS = 0.001  # for each event that comes once there were too many
PAIRING_SECONDS = 0.2  # between the two halves of a rename; the kernel queues them back to back


class Inbox:
    """Where watching threads leave what they saw. Appending is all that they do."""

    def __init__(self, wake: threading.Event, most: int = MOST_EVENTS) -> None:
        self.items: deque[tuple[FolderWatch, InotifyEvent | None]] = deque()
        self.overflowed = False
        self._wake = wake
        self._most = most

    def put(self, item: tuple[FolderWatch, InotifyEvent | None]) -> None:
        """Leave an item, or note that there are too many. From then on nothing is kept, as a scan
        makes up for all of it; and the reader slows down, so that the kernel's own queue, which
        costs nothing, takes the flood."""
        if self.overflowed or len(self.items) >= self._most:
            self.overflowed = True
            time.sleep(PAUSE_SECONDS)
        else:
            self.items.append(item)
        if not self._wake.is_set():
            self._wake.set()

    def overflow(self) -> None:
        """Note that the kernel dropped events."""
        self.overflowed = True
        self._wake.set()

    def give_up(self) -> None:
        """Forget what waits: a scan finds out sooner."""
        self.overflowed = True
        self.items.clear()


class FolderWatch:
    """One watched folder. Its path is right only in the order of the events."""

    __slots__ = ("descriptor", "inbox", "live", "path", "root")

    def __init__(self, path: bytes, root: bytes, inbox: Inbox) -> None:
        self.path = path
        self.root = root
        self.inbox = inbox
        self.live = True
        self.descriptor: WatchDescriptor | None = None

    def on_event(self, event: InotifyEvent) -> None:
        """Be told by watchdog's reader: something happened in the folder."""
        self.inbox.put((self, event))

    def on_watch_deleted(self, wd: WatchDescriptor) -> None:  # noqa: ARG002
        """Be told by watchdog's reader: the folder is gone or unmounted, or we dropped the
        watch."""
        if self.live:
            self.inbox.put((self, None))

    def on_queue_overflow(self) -> None:
        """Be told by watchdog's reader: events were lost, whosever."""
        self.inbox.overflow()


class InotifyReader(InotifyFD):
    """watchdog's reader, whose end is noticed."""

    def __init__(self, wake: threading.Event) -> None:
        super().__init__()
        self.name = "tagd-inotify"
        self.failure: BaseException | None = None
        self._wake_owner = wake

    def run(self) -> None:
        """Read until told to stop."""
        try:
            super().run()
        except BaseException as error:  # noqa: BLE001 - its owner says it and starts anew
            self.failure = error
            self._is_reading = False  # or `close` would leave the descriptors to this dead thread
            self._wake_owner.set()


@dataclass(frozen=True, slots=True)
class Covered:
    """What came of watching a folder and all below it."""

    folders: int = 0  # admitted ones met, watched or not
    unreadable: tuple[tuple[bytes, str], ...] = ()
    foreign: tuple[bytes, ...] = ()  # mounts below whose changes the kernel does not tell


@dataclass(frozen=True, slots=True)
class _Departure:
    """The first half of a rename, which waits for its second. A folder that is watched by two names
    tells of each rename twice."""

    path: bytes
    is_folder: bool
    until: float


class FolderTree:
    """The watches, and what the kernel's events mean. For one thread, save for what `Inbox` and
    `is_watched` do.

    Raises `OSError` at once where the kernel gives no inotify instance.
    """

    def __init__(
        self,
        excludes: Excludes,
        wake: threading.Event,
        stopping: Callable[[], bool],
        is_network: Callable[[int, bytes], bool],
    ) -> None:
        self.inbox = Inbox(wake)
        self.full = False  # the kernel gave no more watches; set back to try again
        self._excludes = excludes
        self._stopping = stopping
        self._is_network = is_network
        self._folders: dict[bytes, FolderWatch] = {}
        self._departures: dict[int, list[_Departure]] = {}  # by cookie, in their order
        self._reader = InotifyReader(wake)
        self._reader.start()

    @property
    def watches(self) -> int:
        """Count the folders that are watched."""
        return len(self._folders)

    @property
    def reader(self) -> InotifyReader:
        """Return the thread that reads the kernel's queue."""
        return self._reader

    def is_watched(self, folder: bytes) -> bool:
        """Return whether the kernel tells of changes in this very folder. Safe from any thread."""
        return folder in self._folders

    def below(self, folder: bytes) -> int:
        """Count the folders that are watched at and below this one."""
        return len(self._at_and_below(folder))

    def close(self) -> None:
        """Drop all watches and end the reader."""
        for folder in self._folders.values():
            folder.live = False
        self._reader.stop()
        self._reader.join(1.0)

    def cover(self, top: bytes, root: bytes) -> Covered:
        """Watch a folder and all admitted ones below, each before it is listed, so that nothing
        can appear in between unseen."""
        todo, folders = [top], 0
        unreadable: list[tuple[bytes, str]] = []
        foreign: list[bytes] = []
        while todo and not self._stopping():
            folder = todo.pop()
            try:
                self._watch(folder, root)
                device = os.stat(folder).st_dev  # noqa: PTH116 - of bytes
                below = [entry for entry in _folders_in(folder) if self._admits(entry.path, root)]
            except (FileNotFoundError, NotADirectoryError):
                self.drop(folder)
                if folder == root:
                    raise
                continue
            except OSError as error:
                unreadable.append((folder, error.strerror or str(error)))
                continue
            folders += 1
            for entry in below:
                (foreign if self._is_foreign(entry, device) else todo).append(entry.path)
        return Covered(folders, tuple(unreadable), tuple(foreign))

    def drop(self, top: bytes) -> None:
        """Watch a folder and what is below it no more; events of theirs that wait mean nothing."""
        if top not in self._folders:
            return  # nor is anything below it, whose watches come after its own
        dropped = self._at_and_below(top)
        for folder in dropped:
            folder.live = False
            del self._folders[folder.path]
        try:
            self._reader.remove_callbacks(
                [(f.descriptor, CallbackId(id(f))) for f in dropped if f.descriptor is not None]
            )
        except OSError:
            # Only a closed queue refuses this, and with it the watches are gone already.
            self.inbox.overflow()

    def take(self, most: int, now: float) -> list[PathEvent]:
        """Return what the next `most` of the kernel's events mean; `now` on a monotonic clock."""
        events: list[PathEvent] = []
        items = self.inbox.items
        for _ in range(min(most, len(items))):
            folder, event = items.popleft()
            if folder.live:
                events.extend(self._meaning(folder, event, now))
        events.extend(self._departed(now))
        return events

    def next_due(self) -> float | None:
        """Return when a half of a rename will have waited long enough for its other."""
        return next(iter(self._departures.values()))[0].until if self._departures else None

    def _meaning(
        self, folder: FolderWatch, event: InotifyEvent | None, now: float
    ) -> Iterator[PathEvent]:
        if event is None or event.is_move_self:
            self.drop(folder.path)
            if folder.path == folder.root:
                yield PathEvent(EventKind.GONE, path_of(folder.root), is_folder=True)
        elif event.name:
            path = folder.path.rstrip(b"/") + b"/" + event.name
            is_folder = bool(event.mask & InotifyConstants.IN_ISDIR)
            admitted = self._admits(path, folder.root, is_folder=is_folder)
            if is_folder and not event.is_create:
                # Deleted, moved away, or taking the place of an empty folder: whatever was watched
                # under this name is so no more. Who appeared is watched by `cover`.
                self.drop(path)
            if event.is_moved_to:
                yield from self._arrived(event.cookie, path, is_folder, admitted)
            elif admitted:
                yield from self._changed(event, path, is_folder, now)

    def _changed(
        self, event: InotifyEvent, path: bytes, is_folder: bool, now: float
    ) -> Iterator[PathEvent]:
        if event.is_moved_from:
            departure = _Departure(path, is_folder, now + PAIRING_SECONDS)
            self._departures.setdefault(event.cookie, []).append(departure)
        elif event.is_delete:
            yield PathEvent(EventKind.GONE, path_of(path), is_folder=is_folder)
        elif event.is_create:
            yield PathEvent(EventKind.CHANGED, path_of(path), is_folder=is_folder)
        elif event.is_close_write:
            yield PathEvent(EventKind.WRITTEN, path_of(path))

    def _arrived(
        self, cookie: int, path: bytes, is_folder: bool, admitted: bool
    ) -> Iterator[PathEvent]:
        departure = self._partner(cookie)
        if departure is not None and not admitted:
            yield PathEvent(EventKind.GONE, path_of(departure.path), is_folder=is_folder)
        elif departure is not None:
            yield PathEvent(EventKind.MOVED, path_of(departure.path), path_of(path), is_folder)
        elif admitted:
            yield PathEvent(EventKind.ARRIVED, path_of(path), is_folder=is_folder)

    def _departed(self, now: float) -> Iterator[PathEvent]:
        """First halves of renames whose second never came: moved out of the watch."""
        while self._departures:
            cookie, departures = next(iter(self._departures.items()))
            if departures[0].until > now:
                return
            del self._departures[cookie]
            for departure in departures:
                yield PathEvent(
                    EventKind.GONE, path_of(departure.path), is_folder=departure.is_folder
                )

    def _partner(self, cookie: int) -> _Departure | None:
        """Return the first half of this rename that has waited longest."""
        departures = self._departures.get(cookie)
        if departures is None:
            return None
        departure = departures.pop(0)
        if not departures:
            del self._departures[cookie]
        return departure

    def _watch(self, path: bytes, root: bytes) -> None:
        if self.full or path in self._folders:
            return
        folder = FolderWatch(path, root, self.inbox)
        mask = ROOT if path == root else FOLDER
        # Known before the kernel is asked: events may come before it has answered us.
        self._folders[path] = folder
        try:
            descriptor = self._reader.add_callback(path, mask, folder, CallbackId(id(folder)))
        except OSError as error:
            del self._folders[path]
            if error.errno != errno.ENOSPC:
                raise
            self.full = True
            return
        folder.descriptor = descriptor
        if descriptor == -1:  # what watchdog makes of a folder that we may not read
            self.drop(path)
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    def _admits(self, path: bytes, root: bytes, *, is_folder: bool = True) -> bool:
        relative = os.fsdecode(path[len(root.rstrip(b"/")) + 1 :])
        return self._excludes.admits_entry(relative, is_folder)

    def _is_foreign(self, entry: os.DirEntry[bytes], device: int) -> bool:
        try:
            other = entry.stat(follow_symlinks=False).st_dev
        except OSError:
            return False
        return other != device and self._is_network(other, entry.path)

    def _at_and_below(self, top: bytes) -> list[FolderWatch]:
        prefix = top.rstrip(b"/") + b"/"
        return [
            folder
            for path, folder in self._folders.items()
            if path == top or path.startswith(prefix)
        ]


def _folders_in(folder: bytes) -> list[os.DirEntry[bytes]]:
    with os.scandir(folder) as entries:
        return [entry for entry in entries if entry.is_dir(follow_symlinks=False)]
