"""The catalogue that a configuration names, opened for what is about to be done."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tagd.catalogue.db.engine import Catalogue, open_owner, open_reader, open_writer
from tagd.errors import CatalogueHeld, CatalogueMissing

if TYPE_CHECKING:
    from collections.abc import Callable

    from tagd.config import Config


def writer(config: Config) -> Catalogue:
    """Open it for short writes, beside its owner too. Raises `CatalogueError`."""
    return open_writer(config.catalogue.path)


def reader(config: Config) -> Catalogue:
    """Open it for reading alone. Raises `CatalogueError`."""
    return open_reader(config.catalogue.path)


def reader_if_any(config: Config) -> Catalogue | None:
    """Open it for reading alone; None where there is none yet. Raises `CatalogueError`."""
    try:
        return reader(config)
    except CatalogueMissing:
        return None


def opened(config: Config, *, dry_run: bool) -> Catalogue:
    """Open it for what may be a dry run, which only reads. Raises `CatalogueError`."""
    return reader(config) if dry_run else writer(config)


def made(
    config: Config, command: str, on_held: Callable[[CatalogueHeld], None] = lambda _: None
) -> Catalogue:
    """Open it for writing, made where there is none. `command` tells others who works on it; where
    another process does, `on_held` is told, and the writes are short ones beside it."""
    try:
        return open_owner(config.catalogue.path, command)
    except CatalogueHeld as held:
        on_held(held)
        return writer(config)
