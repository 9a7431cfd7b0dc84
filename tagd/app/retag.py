"""Tags that catch up with other models: seen beforehand, hastened, kept as they are, taken back."""

from __future__ import annotations

from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tagd.app.selection import files_found, photo_ids
from tagd.assembly.build import limits_of, models_of, standard_of, unchecked
from tagd.assembly.derivation import derivation_of
from tagd.assembly.taggers import taggers_of
from tagd.assembly.writing import writes_of
from tagd.catalogue.plans import stale
from tagd.catalogue.reports.overview import known_files
from tagd.catalogue.tagging import earlier
from tagd.config import tag_rules
from tagd.daemon import once
from tagd.errors import TagdError
from tagd.fs import display
from tagd.hours import hours_of, next_opening
from tagd.lab import shadow as lab
from tagd.lab.shadow_page import page
from tagd.revise import plan as planning
from tagd.revise.restore import go_back
from tagd.revise.staleness import refresh, refresh_further

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sqlalchemy import Connection

    from tagd.app.selection import Selection
    from tagd.catalogue.db.engine import Catalogue
    from tagd.config import Config
    from tagd.daemon.once import Summary
    from tagd.lab.shadow import Shadowed, TagChange
    from tagd.models.pool import ModelPool
    from tagd.revise.plan import Step
    from tagd.revise.rederive import Outcome
    from tagd.tagging.taggers import Taggers
    from tagd.work.progress import Progress

    OnProgress = Callable[[Progress], None]
    Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Window:
    """When the next window for tagging again opens, seen from `now`, or now where one is open; None
    for never."""

    opens_at: datetime | None
    now: datetime


@dataclass(frozen=True, slots=True)
class Plan:
    """How many photos go from which models to which, the largest step first, and when. `unmet`: why
    some photos keep their tags, and how many."""

    steps: tuple[Step, ...]
    unmet: Mapping[str, int]
    window: Window

    @property
    def photos(self) -> int:
        """Count the photos that is together."""
        return planning.photos_in(self.steps)


@dataclass(frozen=True, slots=True)
class Marked:
    """So many photos will be tagged again, in the hours of the window."""

    photos: int
    window: Window


@dataclass(frozen=True, slots=True)
class WentBack:
    """What a model said of photos before counts again: what that changed, and how many photos of
    the catalogue are still to be tagged again."""

    outcome: Outcome
    behind: int


@dataclass(frozen=True, slots=True)
class ShadowRequest:
    """The old model and the new one, which are to be asked about so many photos of the catalogue;
    with small `pictures` for a page."""

    models: tuple[str, str]
    photos: int
    pictures: bool = False


@dataclass(frozen=True, slots=True)
class Shadow:
    """What the new model would change, by photo and by tag."""

    models: tuple[str, str]
    photos: tuple[Shadowed, ...]
    tags: tuple[TagChange, ...]

    def page(self, language: str) -> str:
        """Return it as HTML, of tags that are named in a language."""
        return page(self.models, self.photos, self.tags, language)


def plan(
    catalogue: Catalogue,
    config: Config,
    on_progress: OnProgress = lambda _: None,
    say: Say = lambda _: None,
) -> Plan:
    """Return what is to catch up. Nothing is written. `say` is told of a GPU that goes. Raises
    `ModelError` where the models of all cannot be had."""
    unmet = Counter[str]()
    with closing(models_of(config, say=say)) as pool:
        standard = standard_of(config, catalogue, pool)
        steps = planning.plan(
            catalogue,
            standard,
            on_progress,
            lambda error: unmet.update([error.message]),
            _taggers(config, catalogue, pool),
        )
    return Plan(tuple(steps), unmet, _window(config))


def mark(catalogue: Catalogue, config: Config, selection: Selection) -> Marked:
    """Have a daemon tag these photos again. Raises `QueryError`, and `TagdError` where
    there are none."""
    with catalogue.write() as tx:
        number = stale.mark(tx, _photos(tx, config, selection))
    return Marked(number, _window(config))


def now(config: Config, selection: Selection, on_progress: OnProgress = lambda _: None) -> Summary:
    """Tag these photos again before all others, and return when that is done. Raises as `mark`
    does."""
    return once.retag_once(config, lambda tx: _photos(tx, config, selection), on_progress)


def cancel(catalogue: Catalogue, config: Config, say: Say = lambda _: None) -> int:
    """Keep all tags as they are, until models change again; returns of how many photos. `say` is
    told of a GPU that goes."""
    with closing(models_of(config, say=say)) as pool:
        # What nobody looked for yet counts too: the rest would be stale at the next look.
        refresh(catalogue, standard_of(config, catalogue, pool))
        refresh_further(catalogue, _taggers(config, catalogue, pool).plans())
    with catalogue.write() as tx:
        return stale.cancel(tx)


def back(
    catalogue: Catalogue,
    config: Config,
    model: str,
    selection: Selection | None = None,
    on_progress: OnProgress = lambda _: None,
) -> WentBack:
    """Bring back what a model said of these photos, or of all. Raises `TagdError` where nothing is
    kept of it."""
    with catalogue.read() as tx:
        known = earlier.models_heard(tx)
        photos = None if selection is None else _photos(tx, config, selection)
    outcome = go_back(
        catalogue,
        derivation_of(config),
        model,
        photos=photos,
        writes=writes_of(config),
        on_progress=on_progress,
    )
    if not outcome.photos and model not in known:
        raise TagdError(
            f"nothing is kept of a model {model!r}", hint=f"There are those of {', '.join(known)}."
        )
    with catalogue.read() as tx:
        return WentBack(outcome, sum(gap.photos for gap in stale.gaps(tx)))


def shadow(
    catalogue: Catalogue,
    config: Config,
    request: ShadowRequest,
    on_progress: Callable[[int, int], None] = lambda _done, _total: None,
    say: Say = lambda _: None,
) -> Shadow:
    """Ask both models about some photos, and change nothing. Raises `ModelError`, and `TagdError`
    where no photo has tags."""
    with catalogue.read() as tx:
        paths = stale.sample(tx, request.photos)
    if not paths:
        raise TagdError("no photo has tags yet", hint="`tagd tag PATH`")
    with closing(models_of(config, say=say)) as pool:
        found = lab.shadow(
            pool,
            request.models,
            paths,
            derivation_of(config),
            batch_size=pool.device().batch(config.worker.batch_size),
            decoders=config.worker.decoders,
            limits=limits_of(config),
            pictures=request.pictures,
            progress=on_progress,
        )
    return Shadow(request.models, tuple(found), tuple(lab.changes(found)))


def _taggers(config: Config, catalogue: Catalogue, pool: ModelPool) -> Taggers:
    return taggers_of(config, unchecked(config, pool, catalogue))


def _window(config: Config) -> Window:
    now = datetime.now(UTC)
    return Window(next_opening(map(hours_of, config.retag.windows), now), now)


def _photos(tx: Connection, config: Config, selection: Selection) -> set[int]:
    """Return the photos, by row id, of files that are there: at the paths, and of the query."""
    if selection.photos:
        return set(photo_ids(tx, selection, tag_rules(config)))
    photos = stale.photos_at(tx, selection.paths)
    if selection.query:
        found = files_found(tx, selection.query, tag_rules(config))
        photos |= set(known_files(tx, found).values())
    if photos:
        return photos
    if selection.query:
        raise TagdError("the query finds no photo", hint="`tagd search` shows what there is")
    raise TagdError(f"the catalogue knows no photo at {display(selection.paths[0])}")
