"""Keeping the catalogue safe: backups, putting one back, examining it, and writing it anew."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tagd.app import catalogues
from tagd.catalogue.db import copies, engine, strangers
from tagd.ops import backup as backing
from tagd.ops.backup import Backup, Restored

if TYPE_CHECKING:
    from pathlib import Path

    from tagd.catalogue.db.strangers import Stranger
    from tagd.config import Config

__all__ = ["Backup", "Compacted", "Restored", "back_up", "backups", "check", "compact", "restore"]


@dataclass(frozen=True, slots=True)
class Compacted:
    """The bytes that the catalogue took before it was written anew, and takes now."""

    before: int
    after: int


def back_up(config: Config) -> Backup:
    """Make a backup, also while the daemon works, and let the oldest beyond [backup] keep go.
    Raises `CatalogueError`."""
    catalogues.reader(config).close()  # says what is wrong where it is no catalogue
    kept = config.backup
    return backing.back_up(config.catalogue.path, kept.folder, kept.keep, time.time())


def backups(config: Config) -> list[Backup]:
    """Return the catalogue's backups, the latest first."""
    return backing.backups(config.catalogue.path, config.backup.folder)


def restore(config: Config, file: Path) -> Restored:
    """Put a backup in the catalogue's place, once it is found to be sound; what it replaces is
    kept. Raises `CatalogueError`, also while another process works on the catalogue."""
    return backing.restore(config.catalogue.path, file, time.time())


def check(config: Config) -> list[Stranger]:
    """Look through the whole catalogue, and return what lies in it that is not tagd's. Raises
    `CatalogueError` where it is damaged, or where another program's triggers change what tagd
    writes."""
    path = config.catalogue.path
    catalogues.reader(config).close()
    copies.examine(path)
    found = strangers.strangers(path)
    strangers.refuse_triggers(path, found)
    return found


def compact(config: Config) -> Compacted:
    """Write the catalogue anew without gaps. Raises `CatalogueError`, also while another process
    works on it."""
    catalogues.reader(config).close()
    return Compacted(*engine.compact(config.catalogue.path))
