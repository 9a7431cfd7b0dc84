"""Tagging photos once: what lies at some paths is tagged now, here or by the daemon that runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tagd.app import catalogues
from tagd.catalogue.db.engine import owner_of
from tagd.catalogue.queue import jobs
from tagd.daemon import once
from tagd.daemon.once import Summary

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from tagd.catalogue.db.lock import Holder
    from tagd.config import Config
    from tagd.work.progress import Progress

__all__ = ["Left", "Summary", "is_exporting", "left", "tag", "wait_for_exports"]


@dataclass(frozen=True, slots=True)
class Left:
    """How many photos wait to be tagged, and who works on them."""

    photos: int
    holder: Holder | None


def tag(
    config: Config, paths: Sequence[Path], on_progress: Callable[[Progress], None] = lambda _: None
) -> Summary:
    """Tag what lies at these absolute paths, and return when that is done. Where a daemon works on
    the catalogue, it does the work. Raises `CatalogueError`, `ModelError`, and `ControlError` where
    the daemon is paused."""
    return once.tag_once(config, paths, on_progress)


def left(config: Config) -> Left:
    """Return what is left where the work was interrupted. Raises `CatalogueError`."""
    catalogue = catalogues.reader_if_any(config)
    if catalogue is None:
        return Left(0, None)
    with catalogue, catalogue.read() as tx:
        return Left(jobs.left(tx), owner_of(catalogue.path))


def is_exporting(summary: Summary) -> bool:
    """Return whether models are being exported for the next run still, which would slow it down."""
    return any(export.poll() is None for export in summary.exports)


def wait_for_exports(summary: Summary) -> None:
    """Return once they are exported. They go on by themselves where this is interrupted."""
    for export in summary.exports:
        if export.poll() is None:
            export.communicate()  # a full pipe must not hold it up
