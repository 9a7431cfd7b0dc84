"""Everything that is known about one photo."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tagd.app.paths import followed, unknown
from tagd.assembly.derivation import derivation_of
from tagd.catalogue.reports.overview import Shown, show
from tagd.labels.reasons import why_no_tag
from tagd.metadata.sidecar import SidecarRule, outdated

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tagd.catalogue.db.engine import Catalogue
    from tagd.config import Config

LIKELY = 0.05  # from which probability on it is worth saying why something is no tag


@dataclass(frozen=True, slots=True)
class NoTag:
    """What the model that decided found likely, and what kept it from being a tag."""

    label: str
    name: str
    probability: float
    reason: str


@dataclass(frozen=True, slots=True)
class PhotoReport:
    """What is known about a file, what might have been its tags, and the sidecars under its name
    that are of a photo which had that name before."""

    shown: Shown
    no_tags: tuple[NoTag, ...]
    outdated_sidecars: tuple[Path, ...]


def photo(catalogue: Catalogue, config: Config, path: Path) -> PhotoReport:
    """Return what is known about the file at this absolute path. Raises `TagdError` where the
    catalogue does not know it."""
    with catalogue.read() as tx:
        # A name that leads there through symbolic links is the second guess.
        shown = show(tx, path) or show(tx, followed(path))
    if shown is None:
        raise unknown(path, is_photo=True)
    return PhotoReport(shown, tuple(_no_tags(shown, config)), _outdated_sidecars(shown, config))


def _no_tags(shown: Shown, config: Config) -> Iterator[NoTag]:
    if not shown.stages:
        return
    derivation = derivation_of(config)
    tagged = {tag.label for tag in shown.tags}
    for guess in shown.stages[-1].best:
        if guess.label not in tagged and guess.probability >= LIKELY:
            hierarchy = derivation.hierarchy.knowing([guess.label])
            why = why_no_tag(guess.label, guess.probability, derivation.rules, hierarchy)
            yield NoTag(guess.label, guess.name, guess.probability, why)


def _outdated_sidecars(shown: Shown, config: Config) -> tuple[Path, ...]:
    if shown.photo_id is None:
        return ()
    rule = SidecarRule(folder=config.metadata.sidecar_folder)
    try:
        return tuple(outdated(shown.path, rule, shown.photo_id))
    except OSError:
        return ()
