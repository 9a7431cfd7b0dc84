"""Which watched folders may keep whoever looks into them waiting, and whether they answer.

All else here is asked of one thread; nothing waits for a file system for long.
"""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

from tagd.fs import network_mount_of
from tagd.intake.patience import Patience
from tagd.intake.roots import is_folder
from tagd.intake.trouble import TroubleKind, silent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from tagd.intake.trouble import Trouble


class FarFolders:
    """`trouble` and `clear` are told of folders that do not answer, and of those that do again."""

    def __init__(
        self,
        trouble: Callable[[Trouble], None],
        clear: Callable[[TroubleKind, Path | None], None],
    ) -> None:
        self._trouble = trouble
        self._clear = clear
        self._patience = Patience()
        self._mounts: dict[Path, Path] = {}  # of the folders on a network, as links lead there

    # From any thread: nothing is touched.

    def around(self, path: Path) -> Path | None:
        """Return the folder on a network that a path lies in, if it lies in one."""
        return next((top for top in tuple(self._mounts) if path.is_relative_to(top)), None)

    def slow_place(self, folder: Path) -> Path | None:
        """Return what may keep whoever reads this folder waiting for ever: the network file system
        that it lies on, or itself while it does not answer."""
        top = self.around(folder)
        mount = network_mount_of(folder) if top is None else self._mounts.get(top)
        return folder if mount is None and self._patience.is_owed(folder) else mount

    # From the thread that watches.

    def note(self, top: Path, mount: Path | None) -> None:
        """Note that this folder lies on the network file system mounted there, or on none."""
        if mount is None:
            self._mounts.pop(top, None)
        else:
            self._mounts[top] = mount

    def ask(self, folders: Iterable[Path]) -> None:
        """Ask all at once, so that those that do not answer are waited for together."""
        for folder in folders:
            self._patience.ask(folder)

    def look_at(self, folder: Path) -> os.stat_result:
        """Return what a folder is like. Raises `OSError` where none is there, or nothing is
        answered."""
        status = self._patience.status(folder)
        if not is_folder(status):
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
        return status

    def answers(self, folder: Path) -> bool:
        """Return whether its file system answers, whatever it says. Where it has not for long, that
        is said."""
        since = self._patience.silent_since(folder)
        if since is None:
            self._clear(TroubleKind.ROOT_SILENT, folder)
        else:
            self._clear(TroubleKind.ROOT_ABSENT, folder)
            self._trouble(silent(folder, since))
        return since is None
