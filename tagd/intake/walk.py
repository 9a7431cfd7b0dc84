"""All files below a folder, as `os.scandir` gives them: excludes applied, nothing opened.

Symlinked folders are not followed, so that there are no loops: who wants one watched names it.
Symlinked files are taken at their own path, where the link's owner may have them taken. FIFOs,
sockets and devices are passed over.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from tagd.fs import may_follow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tagd.intake.exclude import Excludes


def walk(
    top: bytes,
    root: bytes,
    excludes: Excludes,
    *,
    stopping: Callable[[], bool],
    on_folder: Callable[[bytes], None],
    on_unreadable: Callable[[bytes, OSError], None],
    on_passed_over: Callable[[bytes], None] = lambda _: None,
) -> Iterator[tuple[bytes, os.stat_result]]:
    """Path and status of each regular file at or below `top`, a folder in the watched folder
    `root`. Ends early once `stopping()`; a folder that vanishes meanwhile is passed over.
    `on_passed_over` is told what is excluded."""
    prefix = len(root.rstrip(b"/")) + 1
    todo = [top]
    while todo and not stopping():
        folder = todo.pop()
        try:
            with os.scandir(folder) as entries:
                on_folder(folder)
                for entry in entries:
                    if stopping():
                        return
                    is_folder = _is_folder(entry)
                    if not excludes.admits_entry(os.fsdecode(entry.path[prefix:]), is_folder):
                        on_passed_over(entry.path)
                        continue
                    if is_folder:
                        todo.append(entry.path)
                    elif (status := _status(entry)) is not None:
                        yield entry.path, status
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as error:
            on_unreadable(folder, error)


def _is_folder(entry: os.DirEntry[bytes]) -> bool:
    try:
        return entry.is_dir(follow_symlinks=False)
    except OSError:
        return False  # a name alone that cannot be looked at, which `_status` passes over as well


def _status(entry: os.DirEntry[bytes]) -> os.stat_result | None:
    try:
        # For anything but a symlink this asks the kernel nothing: scandir told.
        if not entry.is_file() or not _is_open(entry):
            return None
        return entry.stat()
    except OSError:
        return None


def _is_open(entry: os.DirEntry[bytes]) -> bool:
    return not entry.is_symlink() or may_follow(entry.stat(follow_symlinks=False), entry.stat())
