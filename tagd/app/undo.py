"""Taking back what tagd added: by a run, by a model, or since a moment."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tagd.app.selection import photos_below
from tagd.assembly.derivation import derivation_of
from tagd.assembly.writing import writes_of
from tagd.catalogue.tagging.runs import Run, noted
from tagd.catalogue.tagging.undone import UndoScope, models_there, runs_there
from tagd.errors import TagdError
from tagd.revise import undo as taking_back

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sqlalchemy import Connection

    from tagd.catalogue.db.engine import Catalogue
    from tagd.config import Config
    from tagd.revise.rederive import Outcome
    from tagd.work.progress import Progress

__all__ = ["UndoRequest", "UndoScope", "Undone", "undo"]


@dataclass(frozen=True, slots=True)
class UndoRequest:
    """What is to be taken back, of the photos at absolute `paths` alone where there are any."""

    scope: UndoScope
    paths: tuple[Path, ...] = ()
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class Undone:
    """What was, or would be, taken back: what models gave so many photos (`looks`), and how many
    changes of single tags were `said`; what becomes of the photos by both; and the number of the
    run that brings it back, if it was done."""

    looks: int
    said: int
    together: Outcome
    run: int | None

    def __bool__(self) -> bool:
        return bool(self.looks or self.said)


def undo(
    catalogue: Catalogue,
    config: Config,
    request: UndoRequest,
    on_progress: Callable[[Progress], None] = lambda _: None,
) -> Undone:
    """Take it back, or say what would be. Raises `PathUnknown`, and `TagdError` where there is no
    such run or model."""
    derivation = derivation_of(config)
    with catalogue.read() as tx:
        scope = _scope(tx, request)
    if request.dry_run:
        seen = taking_back.preview(catalogue, scope, derivation, on_progress=on_progress)
        return Undone(seen.looks.photos, seen.said, seen.together, None)
    run = Run.of("tagd undo")
    writes = writes_of(config)
    done = taking_back.undo(
        catalogue, scope, derivation, run, writes=writes, on_progress=on_progress
    )
    with catalogue.read() as tx:
        return Undone(done.looks.photos, done.said, done.together, noted(tx, run))


def _scope(tx: Connection, request: UndoRequest) -> UndoScope:
    """Return what is to be taken back, with the photos by row id."""
    scope = request.scope
    if scope.run is not None and not runs_there(tx, scope.run):
        raise TagdError(
            f"there is no run {scope.run}", hint="`tagd history` lists the latest runs."
        )
    if scope.model is not None and not models_there(tx, scope.model):
        raise TagdError(f"no model {scope.model!r} has tagged a photo")
    if not request.paths:
        return scope
    photos = {photo for path in request.paths for photo in photos_below(tx, path)}
    return replace(scope, photos=frozenset(photos))
