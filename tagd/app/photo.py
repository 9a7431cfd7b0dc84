"""Everything that is known about one photo."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tagd.app.paths import followed, unknown
from tagd.assembly.derivation import derivation_of
from tagd.catalogue.reports.overview import Shown, show
from tagd.domain import CLASSIFIER, EVERYDAY
from tagd.labels.reasons import why_no_tag
from tagd.metadata.sidecar import SidecarRule, outdated

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tagd.catalogue.db.engine import Catalogue
    from tagd.catalogue.reports.overview import ShownGuess, ShownStage
    from tagd.config import Config
    from tagd.labels.derivation import Derivation

LIKELY = 0.05  # from which probability on it is worth saying why something is no tag


@dataclass(frozen=True, slots=True)
class NoTag:
    """What the model that decided for a tagger found likely, and what kept it from being a tag."""

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
    told = {tag.label for tag in shown.tags}
    for stage in {stage.tagger: stage for stage in shown.stages}.values():  # the last of each
        for guess in stage.best:
            if guess.label not in told and guess.probability >= LIKELY:
                told.add(guess.label)
                yield NoTag(
                    guess.label, guess.name, guess.probability, _why(guess, stage, derivation)
                )


def _why(guess: ShownGuess, stage: ShownStage, derivation: Derivation) -> str:
    if stage.tagger == CLASSIFIER:
        hierarchy = derivation.hierarchy.knowing([guess.label])
        is_beside = EVERYDAY in derivation.further
        return why_no_tag(guess.label, guess.probability, derivation.rules, hierarchy, is_beside)
    telling = derivation.further.get(stage.tagger)
    if telling is None:
        return f"the tagger {stage.tagger} is switched off"
    return telling.why_not(guess.label, guess.probability, stage.model)


def _outdated_sidecars(shown: Shown, config: Config) -> tuple[Path, ...]:
    if shown.photo_id is None:
        return ()
    rule = SidecarRule(folder=config.metadata.sidecar_folder)
    try:
        return tuple(outdated(shown.path, rule, shown.photo_id))
    except OSError:
        return ()
