"""Backups of the catalogue: their names, their rotation, and putting one back.

    backups/catalogue-20261121T033000Z-1f2e3d.db

holds the moment and whose backup it is, so that two catalogues may share a folder and none rotates
the other's away. A backup is examined before it counts and before another one makes room for it.
Embeddings are left out: they are most of its size, and are found out again.
"""

from __future__ import annotations

import hashlib
import os
import re
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tagd.catalogue.db import copies, lock
from tagd.catalogue.db.connection import connect_reader, translated, translated_place
from tagd.catalogue.db.strangers import Stranger, strangers, take_out
from tagd.catalogue.db.version import refuse_newer, version_of
from tagd.catalogue.tagging import embedded
from tagd.errors import CatalogueCorrupt, CatalogueError, CatalogueMissing
from tagd.fs import display

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

DAMAGED = "damaged"  # the word in the name of what was set aside
_STAMP = re.compile(r"-(\d{8}T\d{6}Z)-[0-9a-f]{6}\.db$")


@dataclass(frozen=True, slots=True)
class Backup:
    """A copy of the catalogue as it was at `made_at`, seconds since 1970."""

    path: Path
    made_at: float


def back_up(catalogue: Path, folder: Path, keep: int, now: float) -> Backup:
    """Make a backup, examine it, and remove the oldest beyond `keep`. Raises `CatalogueError`."""
    target = folder / f"{catalogue.stem}-{copies.stamp(now)}-{_whose(catalogue)}.db"
    with translated_place(target):
        folder.mkdir(mode=0o750, parents=True, exist_ok=True)
        for leftover in folder.glob(f"*-{_whose(catalogue)}.db.new"):
            leftover.unlink(missing_ok=True)  # of a backup that was killed
        with translated(catalogue):
            copies.copy(catalogue, target, examined=True, prepare=embedded.leave_out)
        for backup in superfluous(backups(catalogue, folder), keep):
            backup.path.unlink(missing_ok=True)
    return Backup(target, now)


def backups(catalogue: Path, folder: Path) -> list[Backup]:
    """List this catalogue's backups, the latest first."""
    found = [
        Backup(path, _moment(stamp[1]))
        for path in folder.glob(f"*-{_whose(catalogue)}.db")
        if (stamp := _STAMP.search(path.name))
    ]
    return sorted(found, key=lambda backup: backup.made_at, reverse=True)


def superfluous(found: Sequence[Backup], keep: int) -> Sequence[Backup]:
    """Return what goes when so many are kept. 0 asks for no more backups, not for those that are
    there to be removed."""
    return sorted(found, key=lambda backup: backup.made_at, reverse=True)[keep or len(found) :]


def newest_good(catalogue: Path, folder: Path) -> Backup | None:
    """Return the latest backup that is sound and that this tagd can read."""
    for backup in backups(catalogue, folder):
        try:
            verify(backup.path)
        except CatalogueError:
            continue
        return backup
    return None


def verify(file: Path) -> None:
    """Raise `CatalogueError` unless this file is a sound catalogue that this tagd can read."""
    if not file.is_file():
        raise CatalogueMissing(f"there is no {display(file)}")
    with translated(file), closing(connect_reader(file)) as connection:
        version = version_of(connection, file)
    if version is None:
        raise CatalogueMissing(f"{display(file)} is empty")
    refuse_newer(version, file)
    copies.examine(file)


@dataclass(frozen=True, slots=True)
class Restored:
    """What `restore` did: where the replaced catalogue is now, None where there was none, and what
    of the backup is not tagd's. Triggers and views among it were left out, tables were not."""

    replaced: Path | None
    strange: tuple[Stranger, ...]


def restore(catalogue: Path, file: Path, now: float) -> Restored:
    """Put this backup in the catalogue's place, without anybody else's triggers and views. Raises
    CatalogueHeld while another process works on it, and `CatalogueError` where the file is not
    sound; nothing has changed then."""
    verify(file)
    strange = strangers(file)
    with translated_place(catalogue):
        catalogue.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
        held = lock.acquire(catalogue, "tagd restore")
        try:
            replaced = copies.put_back(file, catalogue, now, prepare=take_out)
        finally:
            held.release()
    return Restored(replaced, tuple(strange))


def refuse_damaged(catalogue: Path, folder: Path, now: float) -> str | None:
    """Before a start: where the catalogue is damaged set it aside, and raise CatalogueCorrupt with
    the backup that can take its place, until somebody has put one there or taken the damaged one
    away. Where there is no backup, return what happened: a new one may be begun."""
    if catalogue.exists():
        damage = copies.damage_of(catalogue)
        if damage is None:
            return None
        with translated_place(catalogue):
            held = lock.acquire(catalogue, "tagd run")
            try:
                aside = copies.set_aside(catalogue, DAMAGED, now)
            finally:
                held.release()
        what = f"{damage}; it is set aside as {display(aside)}, with nothing changed in it"
    elif found := copies.set_asides(catalogue, DAMAGED):
        aside = found[-1]
        what = f"the catalogue was damaged and set aside as {display(aside)}"
    else:
        return None
    good = newest_good(catalogue, folder)
    if good is None:
        return what
    raise CatalogueCorrupt(
        what,
        hint=f"`tagd restore {display(good.path)}` puts the backup of {_local(good.made_at)} in its"
        f" place; to begin anew instead, move {display(aside)} elsewhere.",
    )


def _whose(catalogue: Path) -> str:
    return hashlib.blake2b(os.fsencode(catalogue), digest_size=3).hexdigest()


def _moment(stamp: str) -> float:
    return datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp()


def _local(seconds: float) -> str:
    return datetime.fromtimestamp(seconds).astimezone().strftime("%Y-%m-%d %H:%M")
