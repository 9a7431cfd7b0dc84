"""Where photos have just taken a decoder too long: folders, and network file systems as a whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tagd.fs import network_mount_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

DOUBTED_SECONDS: Final = 600.0  # unless a photo from there is answered before


class SlowPlaces:
    """Changed by the dispatcher's thread; any may ask. Nothing here touches these places, which may
    not answer."""

    def __init__(self, mount_of: Callable[[Path], Path | None] = network_mount_of) -> None:
        self._mount_of = mount_of
        self._folders: dict[Path, float] = {}  # until when they are doubted
        self._mounts: dict[Path, float] = {}

    def doubt(self, path: Path, now: float) -> None:
        """Note that the photo at this path took too long. Seconds of a monotonic clock."""
        mount = self._mount_of(path)
        place, places = (path.parent, self._folders) if mount is None else (mount, self._mounts)
        places[place] = now + DOUBTED_SECONDS

    def trust(self, path: Path) -> None:
        """Note that a photo from there was answered in time."""
        self._folders.pop(path.parent, None)
        for mount in self._around(path):
            self._mounts.pop(mount, None)

    def has(self, path: Path, now: float) -> bool:
        """Return whether the photo at this path lies in such a place."""
        until = (self._folders.get(path.parent, 0.0), *map(self._mounts.get, self._around(path)))
        return any(end is not None and now < end for end in until)

    def is_network(self, path: Path) -> bool:
        """Return whether the photo lies on a network file system."""
        return self._mount_of(path) is not None

    def mounts(self, now: float) -> tuple[Path, ...]:
        """Return the network file systems among them."""
        return tuple(place for place, until in list(self._mounts.items()) if now < until)

    def any(self, now: float) -> bool:
        """Return whether there are any."""
        return any(now < until for until in (*self._folders.values(), *self._mounts.values()))

    def _around(self, path: Path) -> list[Path]:
        return [mount for mount in self._mounts if path.is_relative_to(mount)]
