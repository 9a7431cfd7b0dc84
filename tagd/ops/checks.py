"""The checks of `tagd doctor`, each a function from plain values to what it found."""

from __future__ import annotations

import os
import shutil
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from tagd.catalogue.db import copies
from tagd.catalogue.db.connection import SQLITE_VERSION, WAL_RESET_FIXED
from tagd.fs import display, file_system_of
from tagd.installation import adding
from tagd.intake.patience import answers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from tagd.catalogue.db.lock import Holder

LITTLE_SPACE = 1 << 30  # bytes; below this, say so
NO_SPACE = 64 << 20  # bytes; below this, a night's work may not fit
OLDEST_PLAUSIBLE = datetime(2025, 1, 1, tzinfo=UTC).timestamp()  # this program did not exist before
CLOCK_SLACK_SECONDS = 60.0
MEGABYTE = 1_000_000


class Level(StrEnum):
    """How much a finding matters."""

    OK = "ok"  # nothing to do
    WARNING = "warning"  # works, but not as well as it could
    PROBLEM = "problem"  # does not work


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found. `advice` says what to do, where there is something."""

    name: str
    level: Level
    what: str
    advice: str = ""


def ok(name: str, what: str) -> Finding:
    """Say that all is well."""
    return Finding(name, Level.OK, what)


def confinement(landlock: int) -> str:
    """Check what decoders are kept from, by the version of the kernel's Landlock, 0 for none."""
    if not landlock:
        return "this system has no Landlock, so that photos which take one over could change files"
    return "Landlock keeps decoders from changing files" + " and from TCP" * (landlock >= 4)


def sqlite_version(version: Sequence[int] = SQLITE_VERSION) -> Finding:
    """Check which SQLite this is. One with the WAL-reset bug will do: it takes two processes that
    checkpoint, tagd does so in one alone, and readers never. Source: sqlite.org/wal.html."""
    text = ".".join(map(str, version))
    if tuple(version) < WAL_RESET_FIXED:
        text += "; its WAL-reset bug does no harm while programs other than tagd only read"
    return ok("sqlite", f"SQLite {text}")


def state_folder(catalogue: Path, free_bytes: int | None = None) -> Finding:
    """Check whether the catalogue's folder can be written to and has space. The kernel says how
    much is free where `free_bytes` is not given."""
    folder = next(place for place in catalogue.parents if place.exists())
    name = display(folder)
    if not os.access(folder, os.W_OK | os.X_OK):
        return Finding(
            "state folder",
            Level.PROBLEM,
            f"{name} cannot be written to, so the catalogue {display(catalogue)} cannot be kept",
            "give this user rights on it, or set another [catalogue] path",
        )
    free = shutil.disk_usage(folder).free if free_bytes is None else free_bytes
    text = f"{name} can be written to, {free / MEGABYTE:,.0f} MB free"
    if free < LITTLE_SPACE:
        level = Level.PROBLEM if free < NO_SPACE else Level.WARNING
        return Finding("state folder", level, text, "make room on this disk")
    return ok("state folder", text)


def catalogue_place(catalogue: Path) -> Finding:
    """Check whether the catalogue lies on a disk of this machine."""
    system = file_system_of(catalogue)
    if system.is_network:
        return Finding(
            "catalogue",
            Level.PROBLEM,
            f"{display(catalogue)} lies on a network file system ({system.type}), where SQLite's"
            " locks cannot be relied upon",
            "set [catalogue] path to a place on a local disk",
        )
    if not catalogue.exists():
        return ok("catalogue", f"{display(catalogue)} is not there yet; it will be made")
    return ok("catalogue", f"{display(catalogue)}, {catalogue.stat().st_size / MEGABYTE:,.1f} MB")


def integrity(catalogue: Path) -> Finding:
    """SQLite's own examination of every page, index and reference. Raises `CatalogueError`."""
    copies.examine(catalogue)
    return ok("integrity", "the catalogue is sound")


def owner(holder: Holder | None) -> Finding:
    """Check who works on the catalogue now."""
    return ok("daemon", f"{holder} works on the catalogue" if holder else "none is running")


def watched_folder(folder: Path) -> Finding:
    """Check whether a watched folder is there and can be read."""
    name = display(folder)
    if not answers(folder):
        advice = "is its server, or its disk, there? `tagd run` takes it up as soon as it answers"
        return Finding("folder", Level.PROBLEM, f"{name} does not answer", advice)
    if not folder.is_dir():
        what = f"{name} is not a folder" if folder.exists() else f"{name} is not there"
        return Finding(
            "folder", Level.PROBLEM, what, "make it, mount it, or change [watch] folders"
        )
    if not os.access(folder, os.R_OK | os.X_OK):
        return Finding(
            "folder", Level.PROBLEM, f"{name} may not be read", "give this user rights on it"
        )
    system = file_system_of(folder)
    if system.is_network:
        return ok("folder", f"{name} can be read; {system.type} is polled, as it tells no changes")
    return ok("folder", f"{name} can be read")


def sidecar_folder(folder: Path) -> Finding:
    """Check whether sidecars can be made in the folder that is named for them, or it itself."""
    name = display(folder)
    there = next(place for place in (folder, *folder.parents) if os.path.lexists(place))
    advice = "make it, free its name, or set another [metadata] sidecar_folder"
    if not there.is_dir():
        what = f"{display(there)} is no folder, so that no sidecars can be made in {name}"
        return Finding("sidecar folder", Level.PROBLEM, what, advice)
    if not os.access(there, os.W_OK | os.X_OK):
        what = f"{display(there)} cannot be written to, so that no sidecars can be made in {name}"
        advice = "give this user rights on it, or set another [metadata] sidecar_folder"
        return Finding("sidecar folder", Level.PROBLEM, what, advice)
    free = shutil.disk_usage(there).free
    if free < NO_SPACE:
        what = f"{name} is on a disk with {free / MEGABYTE:,.0f} MB free"
        return Finding("sidecar folder", Level.PROBLEM, what, "make room on this disk")
    return ok("sidecar folder", f"{name} can be written to")


def folders_below(root: Path, admits: Callable[[str, bool], bool]) -> int:
    """Count the folders that a watch of `root` needs, itself included. `admits(relative path, is
    folder)` says which are looked at; symbolic links are not followed."""
    number = 0
    for here, names, _ in os.walk(root):
        number += 1
        below = os.path.relpath(here, root)
        names[:] = [
            name for name in names if admits(name if below == "." else f"{below}/{name}", True)
        ]
    return number


def watch_budget(
    needed: int, roots: int, max_watches: int | None, max_instances: int | None
) -> Finding:
    """Check whether the kernel lets this user watch so many folders. Source: inotify(7).

    The limits, None where the system has no inotify, are shared by all programs of a user.
    """
    if max_watches is None or max_instances is None:
        return ok("watches", "this system has no inotify, and so no limit of it")
    folders = "1 folder" if needed == 1 else f"{needed:,} folders"
    what = f"{folders} to watch, {max_watches:,} watches allowed to this user"
    if needed > max_watches:
        return Finding(
            "watches",
            Level.PROBLEM,
            f"{what}; what is not covered is polled, which is slower",
            f"sudo sysctl fs.inotify.max_user_watches={_double(needed)}",
        )
    if needed > max_watches * 0.8:
        advice = f"sudo sysctl fs.inotify.max_user_watches={_double(needed)}"
        return Finding("watches", Level.WARNING, f"{what}; other programs need some too", advice)
    if roots > max_instances // 2:
        return Finding(
            "watches",
            Level.WARNING,
            f"{roots} watched folders of at most {max_instances} inotify instances",
            f"sudo sysctl fs.inotify.max_user_instances={_double(roots + max_instances)}",
        )
    return ok("watches", what)


def _double(number: int) -> int:
    """Return the power of two that leaves at least as much again."""
    return 1 << (2 * number - 1).bit_length()


def limit(file: Path) -> int | None:
    """Read a number that the kernel shows under /proc/sys, or None where there is no such file."""
    try:
        return int(file.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None


def raw_extra(installed: bool) -> Finding:
    """Check whether RAW photos can be read."""
    if installed:
        return ok("raw", "rawpy is installed: RAW photos are read")
    return Finding(
        "raw",
        Level.WARNING,
        "RAW photos (CR2, NEF, ARW, DNG, …) are not read",
        f"`{adding('raw')}`, if you have any",
    )


def clock(now: float, newest: float | None = None) -> Finding:
    """Check whether the clock is plausible: later than this program, and than what the catalogue
    holds (`newest`, seconds since 1970)."""
    text = time.strftime("%Y-%m-%d %H:%M:%S %z", time.localtime(now))
    if now < OLDEST_PLAUSIBLE:
        return Finding("clock", Level.PROBLEM, f"the clock says {text}", "set the clock")
    if newest is not None and newest > now + CLOCK_SLACK_SECONDS:
        ahead = newest - now
        return Finding(
            "clock",
            Level.WARNING,
            f"the clock says {text}, but the catalogue has an entry {ahead:,.0f} s later",
            "set the clock, if it is wrong; tagd itself does not mind",
        )
    return ok("clock", text)


def worst(findings: Iterable[Finding]) -> Level:
    """Return the level of the whole."""
    order = list(Level)
    return max((finding.level for finding in findings), key=order.index, default=Level.OK)
