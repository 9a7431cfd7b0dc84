"""The watch over all folders: inotify where the kernel tells, polling where it does not.

It is only what makes tagd quick; a scan is the source of truth. What the watch cannot tell it says
through `missed`: there a scan is needed. Each way in which watching fails is noticed, named and
answered:

    the kernel's queue overflowed, or ours did     new watches, scan
    folders are renamed again and again            the same, after a while, each looked at once
    the reader's or a poller's thread ended        started anew, scan
    a folder was deleted and made again            new watches, scan
    a folder is not there                          looked for until it is, then watched, scan
    its file system does not answer                asked once, with patience; the same when it does
    the kernel gives no more watches               polling of what has none, tried again later
    the kernel gives no inotify instance           polling of all
    a network file system                          polling, for its own mount alone
    a folder without a watch, for whatever reason  found by the next scan, given one

All of this belongs to one thread, which calls; watchdog's threads only append and wake it.
"""

from __future__ import annotations

import errno
import math
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tagd.domain import EventKind, PathEvent
from tagd.fs import display, key_of, path_of
from tagd.intake.far import FarFolders
from tagd.intake.mirror import NO_MIRROR, Mirror
from tagd.intake.polling import Pollers, meaning, mute_watchdog
from tagd.intake.roots import RootIdentity, same
from tagd.intake.storm import calmed
from tagd.intake.tree import Covered, FolderTree
from tagd.intake.trouble import (
    Trouble,
    TroubleKind,
    absent,
    no_inotify,
    too_few_watches,
    unreadable,
)

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from tagd.intake.exclude import Excludes
    from tagd.intake.probe import Devices


RENEW_SECONDS = 5.0  # between one queue that overflowed and the next


@dataclass(slots=True)
class Reports:
    """Whom the watcher tells, always from the thread that calls it."""

    trouble: Callable[[Trouble], None]
    clear: Callable[[TroubleKind, Path | None], None]
    missed: Callable[[Path], None]  # changes at and below this folder were perhaps not told


@dataclass(slots=True)
class _Root:
    path: Path
    identity: RootIdentity | None = None  # None while it is not there
    polled: bool = False  # as a whole
    folders: int = 0  # admitted ones, when it was last covered


@dataclass(slots=True)
class Watcher:
    """See the module. `stopping` is asked in the midst of long walks."""

    folders: Sequence[Path]
    excludes: Excludes
    wake: threading.Event
    stopping: Callable[[], bool]
    devices: Devices
    reports: Reports
    polling_seconds: float = 5.0
    mirror: Mirror = NO_MIRROR
    _roots: list[_Root] = field(init=False)
    _tree: FolderTree | None = field(init=False, default=None)
    _pollers: Pollers = field(init=False)
    _renewed: float = field(init=False, default=-math.inf)  # after an overflow, by `take`'s clock
    _far: FarFolders = field(init=False)

    def __post_init__(self) -> None:
        self._roots = [_Root(path) for path in self.folders]
        self._far = FarFolders(self.reports.trouble, self.reports.clear)
        self._pollers = Pollers(self.polling_seconds, self.excludes, self._is_watched, self.wake)

    def stand(self) -> None:
        """Watch everything. A polled folder stands only once it was looked at: see `missed`."""
        mute_watchdog()
        self._open_tree()
        self._far.ask(self.folders)
        for root in self._roots:
            self._stand(root)

    def close(self) -> None:
        """Watch nothing any more."""
        if self._tree is not None:
            self._tree.close()
        for top in self._pollers.tops:
            self._pollers.stop(top)

    @property
    def watches(self) -> int:
        """Count the folders that inotify watches."""
        return 0 if self._tree is None else self._tree.watches

    @property
    def polling(self) -> tuple[Path, ...]:
        """Return the folders that are polled, with what is below them and not watched."""
        return self._pollers.tops

    def standing(self) -> list[Path]:
        """Return the watched folders that are there and told about by inotify, in part at least."""
        return [root.path for root in self._roots if root.identity and not root.polled]

    def is_told(self, folder: bytes) -> bool:
        """Return whether somebody tells of changes in this very folder. Safe from any thread."""
        if self._tree is not None and self._tree.is_watched(folder):
            return True
        return any(path_of(folder).is_relative_to(top) for top in self._pollers.tops)

    def far_top(self, path: Path) -> Path | None:
        """Return the polled folder on a network that a path lies in, if it lies in one."""
        return self._far.around(path)

    def slow_place(self, folder: Path) -> Path | None:
        """Return what may keep a scan of this folder waiting for ever, if anything may. Safe from
        any thread."""
        return self._far.slow_place(folder)

    def stands(self, path: Path) -> bool:
        """Return whether the watched folder around a path is there and the one that is watched."""
        root = self._root_of(path)
        if root is None or root.identity is None:
            return False
        try:
            return same(
                root.identity,
                RootIdentity.of(root.path.stat(), keeps_inodes=root.identity.inode != 0),
            )
        except OSError:
            return False

    def next_due(self) -> float | None:
        """Return when `take` will have something to say without being woken."""
        if self._tree is not None and self._tree.inbox.overflowed:
            return self._renewed + RENEW_SECONDS
        return None if self._tree is None else self._tree.next_due()

    def take(self, most: int, now: float) -> list[PathEvent]:
        """Take what happened since, in order; at most about `most` events at once."""
        events = [] if self._tree is None else self._tree.take(most, now)
        for root, change in self._pollers.take(most - len(events)):
            events.extend(meaning(change, keeps_inodes=self._keeps_inodes(root)))
        for top in self._pollers.take_stood():
            self.reports.missed(top)
        events, is_storm = calmed(events)
        told = []
        for event in events:
            if event.kind is EventKind.GONE and self._root_at(event.path) is not None:
                self.look()
            else:
                told.append(event)
        self._follow(told)
        if is_storm and self._tree is not None and len(self._tree.inbox.items) > most:
            self._tree.inbox.give_up()
        self._recover_from_overflow(now)
        return told

    def look(self) -> None:
        """See to it that everything that watches lives and watches the right folders."""
        tree = self._tree
        if tree is not None and not tree.reader.is_alive():
            why = tree.reader.failure or "its thread ended"
            self._say(TroubleKind.WATCHER_DIED, f"the inotify reader died ({why}): started anew")
            self._renew()
        for root in self._roots:
            self._look_at(root)
        for top, root_path, failure in self._pollers.failed():
            self._revive(top, root_path, failure)

    def try_again(self) -> None:
        """Ask the kernel for the watches that it did not give before."""
        if self._tree is None or not self._tree.full:
            return
        self._tree.full = False
        for root in self._roots:
            if root.identity and not root.polled:
                self._stand(root)
        if not self._tree.full:
            self.reports.clear(TroubleKind.TOO_FEW_WATCHES, None)
            for root in self._roots:
                if root.identity and not root.polled:
                    self._pollers.stop(root.path)
                    self.reports.missed(root.path)

    def repair(self, folders: Sequence[bytes]) -> None:
        """Watch again where a scan met these folders, and nobody tells of changes in them."""
        untold = [folder for folder in folders if not self.is_told(folder)]
        for folder in untold:
            self._cover(path_of(folder))
        if untold and self._tree is not None and not self._tree.full:
            self._say(
                TroubleKind.WATCHER_DIED,
                f"{len(untold)} folders had no watch, such as {display(path_of(untold[0]))}:"
                " they have now",
            )
            for folder in untold:
                self.reports.missed(path_of(folder))

    def _open_tree(self) -> None:
        try:
            self._tree = FolderTree(self.excludes, self.wake, self.stopping, self._is_network)
        except OSError as error:
            self._tree = None
            reason = os.strerror(error.errno) if error.errno else str(error)
            self.reports.trouble(no_inotify(reason))

    def _stand(self, root: _Root) -> bool:
        """Watch one folder, where it is there."""
        try:
            status = self._far.look_at(root.path)
            system = self.devices.of(status.st_dev, key_of(root.path))
            root.identity = RootIdentity.of(status, keeps_inodes=system.keeps_inodes)
            root.polled = self._tree is None or system.is_network
            self._far.note(root.path, system.mount if system.is_network else None)
            if root.polled:
                self._pollers.poll(root.path, root.path)
            else:
                self._cover_root(root)
        except OSError as error:
            self._lose(root, error)
            return False
        self.reports.clear(TroubleKind.ROOT_ABSENT, root.path)
        self.reports.clear(TroubleKind.ROOT_SILENT, root.path)
        return True

    def _lose(self, root: _Root, error: OSError) -> None:
        root.identity = None
        if self._tree is not None:
            self._tree.drop(key_of(root.path))
        self._pollers.stop(root.path)
        self._say_absent(root.path, error)

    def _say_absent(self, root: Path, error: OSError) -> None:
        if not self._far.answers(root):
            return
        if self.mirror.is_bare(root, error):
            self.reports.clear(TroubleKind.ROOT_ABSENT, root)
        else:
            self.reports.trouble(
                absent(root, error.strerror or str(error), sidecars=self.mirror.holds(root))
            )

    def _look_at(self, root: _Root) -> None:
        if root.identity is None:
            self._look_for(root)
            return
        if root.polled:
            self._far.answers(root.path)  # of all else its poller tells, or a scan
            return
        try:
            status = root.path.stat()  # on a disk of this machine's
        except OSError as error:
            self._lose(root, error)
            return
        now = RootIdentity.of(status, keeps_inodes=root.identity.inode != 0)
        tree = self._tree
        assert tree is not None
        # A folder made again may get the very inode of the old one: then its watch is gone.
        if same(root.identity, now) and (tree.is_watched(key_of(root.path)) or tree.full):
            return
        self._say(
            TroubleKind.ROOT_REPLACED,
            f"{display(root.path)} is not the folder that was watched: watching the new one",
            root.path,
        )
        tree.drop(key_of(root.path))
        self.devices.forget()
        if self._stand(root) and not root.polled:
            self.reports.missed(root.path)

    def _look_for(self, root: _Root) -> None:
        if self._far.answers(root.path) and self._stand(root) and not root.polled:
            self.reports.missed(root.path)

    def _cover_root(self, root: _Root) -> None:
        """Watch one folder and all below it. Raises `PermissionError` where it may not be read."""
        covered = self._cover(root.path)
        root.folders = covered.folders
        for path, reason in covered.unreadable:
            if path == key_of(root.path):
                raise PermissionError(errno.EACCES, reason)
        if self._tree is not None and self._tree.full:
            folders = sum(root.folders for root in self._roots if not root.polled)
            self.reports.trouble(too_few_watches(folders, self._tree.watches))

    def _cover(self, folder: Path) -> Covered:
        """Watch a folder and what is below it; poll what cannot be watched."""
        root = self._root_of(folder)
        if self._tree is None or root is None:
            return Covered()
        covered = self._tree.cover(key_of(folder), key_of(root.path))
        for path, reason in covered.unreadable:
            self.reports.trouble(unreadable(path_of(path), reason))
        for mount in map(path_of, covered.foreign):
            self._far.note(mount, mount)
            self._pollers.poll(mount, root.path)
        if self._tree.full:
            self._pollers.poll(root.path, root.path)
        return covered

    def _follow(self, events: Sequence[PathEvent]) -> None:
        """Watch the folders that appeared, each once, where the one around it is watched."""
        appeared = (
            event.destination or event.path
            for event in events
            if event.is_folder and event.kind is not EventKind.GONE
        )
        for place in dict.fromkeys(appeared):
            if self._tree is not None and self._tree.is_watched(key_of(place.parent)):
                self._cover(place)

    def _recover_from_overflow(self, now: float) -> None:
        """Once what came before the gap is dealt with, so that none of it is lost as well; and not
        without end, where events come without end."""
        if self._tree is None or not self._tree.inbox.overflowed or self._tree.inbox.items:
            return
        if now < self._renewed + RENEW_SECONDS:
            return
        self._renewed = now
        self._say(
            TroubleKind.OVERFLOW,
            "more changes at once than the kernel's queue holds, so some were not told: new"
            " watches, and a scan finds what was missed",
        )
        self._renew()

    def _renew(self) -> None:
        """Make a new queue with new watches. Renames may have been lost, and with them which watch
        is where."""
        if self._tree is not None:
            self._tree.close()
        self._open_tree()
        for root in self._roots:
            if root.identity and not root.polled and self._stand(root) and not root.polled:
                self.reports.missed(root.path)

    def _revive(self, top: Path, root_path: Path, failure: str) -> None:
        """Start again a poller that ended: with its folder, or by an error."""
        self._pollers.stop(top)
        root = self._root_at(top)
        try:
            self._far.look_at(top)
        except OSError as error:
            if root is not None and root.polled:
                self._lose(root, error)
            return
        self._say(
            TroubleKind.WATCHER_DIED,
            f"looking at {display(top)} again and again ended ({failure}): started anew",
        )
        self._pollers.poll(top, root_path)

    def _keeps_inodes(self, path: Path) -> bool:
        root = self._root_at(path)
        return root is not None and root.identity is not None and root.identity.inode != 0

    def _is_watched(self, folder: bytes) -> bool:
        return self._tree is not None and self._tree.is_watched(folder)

    def _is_network(self, device: int, path: bytes) -> bool:
        return self.devices.of(device, path).is_network

    def _root_at(self, path: Path) -> _Root | None:
        return next((root for root in self._roots if root.path == path), None)

    def _root_of(self, path: Path) -> _Root | None:
        around = [root for root in self._roots if path.is_relative_to(root.path)]
        return max(around, key=lambda root: len(root.path.parts), default=None)

    def _say(self, kind: TroubleKind, message: str, path: Path | None = None) -> None:
        self.reports.trouble(Trouble(kind, message, path=path))
