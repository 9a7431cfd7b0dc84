"""Models measured: how quick they are here, what they say of photos, how often they are right."""

from __future__ import annotations

import time
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from tagd.assembly.build import limits_of, models_of
from tagd.assembly.derivation import derivation_of
from tagd.catalogue.plans import speeds
from tagd.errors import TagdError
from tagd.fs import display
from tagd.intake.exclude import Excludes
from tagd.intake.listing import photos_at
from tagd.lab import bench as benching
from tagd.lab import compare as comparing
from tagd.lab import evaluate as evaluating
from tagd.lab import examples
from tagd.lab.compare_page import page
from tagd.lab.evaluate import NoneKnown, Task
from tagd.labels.hierarchy import Hierarchy
from tagd.labels.vocabulary import Vocabulary
from tagd.models.zoo.shelf import on_disk

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from tagd.catalogue.db.engine import Catalogue
    from tagd.config import Config
    from tagd.lab.bench import MeasuredSpeed
    from tagd.lab.compare import Compared
    from tagd.lab.evaluate import Evaluation
    from tagd.lab.examples import Example
    from tagd.models.pool import ModelPool

    Say = Callable[[str], None]
    Counting = Callable[[str], AbstractContextManager[Callable[[int, int], None]]]
    Truths = Callable[[Sequence[str]], list[str | None]]


@dataclass(frozen=True, slots=True)
class BenchRequest:
    """Which models are to be measured (all on this disk where none is named), at which batch sizes
    (the usual ones), and for how many seconds each."""

    models: tuple[str, ...] = ()
    batches: tuple[int, ...] = ()
    seconds: float = benching.SECONDS


@dataclass(frozen=True, slots=True)
class Comparison:
    """What models say of photos; `names`: what the labels are called."""

    photos: tuple[Compared, ...]
    names: Mapping[str, str]

    def page(self, language: str) -> str:
        """Return it as HTML, of tags that are named in a language."""
        return page(self.photos, self.names.__getitem__, language)


@dataclass(frozen=True, slots=True)
class Evaluated:
    """How often models are right. `strange`: those that know none of the classes, and the error
    that says so."""

    models: tuple[Evaluation, ...]
    strange: Mapping[str, NoneKnown]


def bench(
    catalogue: Catalogue, config: Config, request: BenchRequest, say: Say = lambda _: None
) -> list[MeasuredSpeed]:
    """Measure how quick models are in every session that they can have here, and keep it for the
    choice among them. `say` is told of a GPU that goes. Raises `ModelError`."""
    measuring = partial(
        benching.bench,
        clock=time.perf_counter,
        now=time.time,
        batches=request.batches,
        seconds=request.seconds,
    )
    measured: list[MeasuredSpeed] = []
    with closing(models_of(config, say=say)) as pool:
        for model in _models(pool, request.models):
            found = benching.contest(pool, model, measuring)
            measured += found
            with catalogue.write() as tx:
                speeds.put(tx, [one.speed for one in found if one.is_used])
            pool.unload(model)
    return measured


def compare(
    config: Config, paths: Sequence[Path], models: Sequence[str] = (), say: Say = lambda _: None
) -> Comparison:
    """Ask several models about the photos at these absolute paths. A photo that cannot be read is
    told with its error. `say` is told of a GPU that goes. Raises `ModelError`, and `TagdError`
    where there are no photos."""
    found = photos_at(paths, Excludes(config.watch.exclude))
    if not found:
        raise TagdError(f"no photos below {', '.join(map(display, paths))}")
    with closing(models_of(config, say=say)) as pool:
        compared = comparing.compare(
            pool,
            _models(pool, models),
            found,
            decoders=config.worker.decoders,
            limits=limits_of(config),
            clock=time.perf_counter,
        )
    opinions = (opinion for photo in compared for opinion in photo.opinions)
    labels = {label for opinion in opinions for label, _ in opinion.guesses}
    name_of = derivation_of(config).name_of
    return Comparison(tuple(compared), {label: name_of(label) for label in labels})


def evaluate(
    config: Config,
    folder: Path,
    models: Sequence[str] = (),
    counting: Counting = lambda _model: nullcontext(lambda _done, _total: None),
    say: Say = lambda _: None,
) -> Evaluated:
    """Tell how often models, and their tags, are right on the photos below a folder that holds a
    folder for each class. `counting` makes what is told how far a model is. Raises `ModelError`,
    also where no model knows any of the classes."""
    task = _task(config, folder)
    results: list[Evaluation] = []
    strange: dict[str, NoneKnown] = {}
    with closing(models_of(config, say=say)) as pool:
        for model in _models(pool, models):
            with counting(model) as progress:
                try:
                    results.append(
                        evaluating.evaluate(
                            pool, model, task, clock=time.perf_counter, progress=progress
                        )
                    )
                except NoneKnown as error:
                    strange[model] = error
            pool.unload(model)
    if not results and strange:
        raise next(iter(strange.values()))
    return Evaluated(tuple(results), strange)


def truths_in(config: Config, folder: Path) -> tuple[list[Example], Truths]:
    """Return the photos below a folder, and what tells what each shows among a model's labels."""
    admits = Excludes(()).admits_entry
    found = examples.examples_in(folder, lambda path: admits(str(path), False))
    name_of, resolve = derivation_of(config).name_of, Vocabulary.load().resolve
    return found, lambda labels: examples.truths(found, labels, name_of, resolve)


def _task(config: Config, folder: Path) -> Task:
    """Return what the models are asked about."""
    found, truths = truths_in(config, folder)
    return Task(
        examples=found,
        truths=truths,
        derive=derivation_of(config).tags_of,
        ancestors=Hierarchy.load().ancestors,
        batch_size=config.worker.batch_size,
        decoders=config.worker.decoders,
        limits=limits_of(config),
    )


def _models(pool: ModelPool, chosen: Sequence[str]) -> list[str]:
    """Return the models that a person named, each known; else those on this disk."""
    if not chosen:
        return [name for name, facts in pool.shelf.all().items() if on_disk(facts)]
    wanted = [name.strip() for name in chosen if name.strip()]
    for name in wanted:
        pool.fingerprint_of(name)  # what is missing is said before anything is measured
    return wanted
