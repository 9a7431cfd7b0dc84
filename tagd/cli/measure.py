"""The commands of `tagd models` that run models: `bench`, `compare`, `evaluate`."""

from __future__ import annotations

import gc
import time
from contextlib import closing
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tagd.cli import output
from tagd.cli.options import AsJson, ConfigFile, absolute, configuration
from tagd.errors import CatalogueHeld, ConfigError, TagdError
from tagd.fs import display

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tagd.catalogue.db.engine import Catalogue
    from tagd.config import Config
    from tagd.decoding.decode import DecodeLimits
    from tagd.lab.bench import Measured
    from tagd.lab.compare import Compared
    from tagd.lab.evaluate import Evaluation, NoneKnown, Task
    from tagd.lab.examples import Example
    from tagd.models.pool import ModelPool

ModelList = Annotated[
    str | None,
    typer.Option(
        "--models", metavar="A,B,C", help="Only these models; by default all on this disk."
    ),
]


def register(models: typer.Typer) -> None:
    """Add the commands of this file to `tagd models`."""
    models.command()(bench)
    models.command()(compare)
    models.command()(evaluate)


def bench(
    chosen: Annotated[
        list[str] | None,
        typer.Argument(metavar="ID", help="Only these; by default all on this disk."),
    ] = None,
    batch: Annotated[
        list[int] | None, typer.Option("--batch", min=1, help="Only these batch sizes.")
    ] = None,
    seconds: Annotated[
        float, typer.Option("--seconds", min=0.01, help="How long to measure each batch size.")
    ] = 2.0,
    config: ConfigFile = None,
    json: AsJson = False,
) -> None:
    """Measure how quick models are on this machine.

    In every session that it can open; it is kept for choosing among models, and the quickest
    session is used from then on.
    """
    settings = configuration(config)
    gc.enable()  # `main` turned it off
    # Lazy: these bring in the models, which other commands do without.
    from tagd.catalogue.plans import speeds
    from tagd.lab import bench as lab

    measured: list[Measured] = []
    with closing(_pool(settings)) as pool, closing(_writable(settings)) as catalogue:
        for model in _models(pool, chosen or ()):
            measuring = partial(
                lab.bench,
                clock=time.perf_counter,
                now=time.time,
                batches=batch or (),
                seconds=seconds,
            )
            found = lab.contest(pool, model, measuring)
            measured += found
            with catalogue.write() as tx:
                speeds.put(tx, [each.speed for each in found if each.is_used])
            pool.unload(model)
    if json:
        output.as_json([measured_fields(each) for each in measured])
    else:
        _speeds_table(measured)


def measured_fields(each: Measured) -> dict[str, Any]:
    """A measurement as JSON has it."""
    return {**asdict(each.speed), "session": each.session, "used": each.is_used}


def _speeds_table(measured: Sequence[Measured]) -> None:
    headers = ["model", "session", "device", "batch", "images/s", "ms", "ms (95%)", ""]
    rows = [
        (
            each.speed.model,
            each.session,
            f"{each.speed.device} {each.speed.precision}",
            each.speed.batch_size,
            f"{each.speed.images_per_second:.1f}",
            f"{each.speed.latency_ms:.1f}",
            f"{each.speed.latency_p95_ms:.1f}",
            "used" if each.is_used else "",
        )
        for each in measured
    ]
    output.table(headers, rows, "batch images/s ms ms (95%)")


def compare(
    photos: Annotated[
        list[Path], typer.Argument(metavar="PATH", exists=True, help="Photos, and folders of them.")
    ],
    models: ModelList = None,
    html: Annotated[
        Path | None,
        typer.Option("--html", metavar="FILE", help="Write a page with the photos in it."),
    ] = None,
    config: ConfigFile = None,
    json: AsJson = False,
) -> None:
    """Show what several models say of the same photos, side by side. The exit status is 1 where a
    photo cannot be read."""
    settings = configuration(config)
    gc.enable()
    from tagd.intake.exclude import Excludes
    from tagd.intake.listing import photos_at
    from tagd.lab import compare as lab

    name_of = _names(settings)
    found = photos_at([absolute(each) for each in photos], Excludes(settings.watch.exclude))
    if not found:
        raise TagdError(f"no photos below {', '.join(map(display, photos))}")
    with closing(_pool(settings)) as pool:
        compared = lab.compare(
            pool,
            _models(pool, models.split(",") if models else ()),
            found,
            decoders=settings.worker.decoders,
            limits=_limits(settings),
            clock=time.perf_counter,
        )
    if html is not None:
        _write_page(html, compared, name_of, settings.tags.language)
    if json:
        output.as_json([_compared_fields(each, name_of) for each in compared])
    elif html is None:
        _print_compared(compared, name_of)
    unread = [each for each in compared if each.error]
    for each in unread:
        output.note(f"{display(each.path)}: {each.error}")
    raise typer.Exit(1 if unread else 0)


def evaluate(
    folder: Annotated[
        Path,
        typer.Argument(
            metavar="DIR",
            exists=True,
            file_okay=False,
            help="A folder that holds a folder of photos for each class.",
        ),
    ],
    models: ModelList = None,
    config: ConfigFile = None,
    json: AsJson = False,
) -> None:
    """Tell how often models, and their tags, are right.

    On photos whose class is known.
    """
    settings = configuration(config)
    gc.enable()
    from tagd.cli.progress import counting
    from tagd.lab import evaluate as lab

    task = _task(settings, absolute(folder))
    results: list[Evaluation] = []
    strange: dict[str, NoneKnown] = {}
    with closing(_pool(settings)) as pool:
        for model in _models(pool, models.split(",") if models else ()):
            with counting(output.console(stderr=True), model) as show:
                try:
                    results.append(
                        lab.evaluate(pool, model, task, clock=time.perf_counter, progress=show)
                    )
                except lab.NoneKnown as error:
                    strange[model] = error
            pool.unload(model)
    if not results and strange:
        raise next(iter(strange.values()))
    if json:
        others = [{"model": model, "error": error.message} for model, error in strange.items()]
        output.as_json([*map(asdict, results), *others])
    else:
        _print_evaluations(results, list(strange))


def truths_in(
    settings: Config, folder: Path
) -> tuple[list[Example], Callable[[Sequence[str]], list[str | None]]]:
    """The photos below a folder, and what each shows among a model's labels."""
    from tagd.intake.exclude import Excludes
    from tagd.lab import examples
    from tagd.labels.vocabulary import Vocabulary

    admits = Excludes(()).admits_entry
    found = examples.examples_in(folder, lambda path: admits(str(path), False))
    names, resolve = _names(settings), Vocabulary.load().resolve
    return found, lambda labels: examples.truths(found, labels, names, resolve)


def _task(settings: Config, folder: Path) -> Task:
    """What the models are asked about, out of the configuration."""
    from tagd.assembly.derivation import derivation_of
    from tagd.lab.evaluate import Task
    from tagd.labels.hierarchy import Hierarchy

    found, truths = truths_in(settings, folder)
    return Task(
        examples=found,
        truths=truths,
        derive=derivation_of(settings).tags_of,
        ancestors=Hierarchy.load().ancestors,
        batch_size=settings.worker.batch_size,
        decoders=settings.worker.decoders,
        limits=_limits(settings),
    )


def _pool(settings: Config) -> ModelPool:
    from tagd.assembly.build import models_of

    return models_of(settings, say=output.note)


def _models(pool: ModelPool, chosen: Sequence[str]) -> list[str]:
    """The models that a person named, each known; else those on this disk."""
    from tagd.models.zoo.shelf import on_disk

    if not chosen:
        return [name for name, facts in pool.shelf.all().items() if on_disk(facts)]
    wanted = [name.strip() for name in chosen if name.strip()]
    for name in wanted:
        pool.fingerprint_of(name)  # what is missing is said before anything is measured
    return wanted


def _names(settings: Config) -> Callable[[str], str]:
    from tagd.assembly.derivation import derivation_of

    return derivation_of(settings).name_of


def _limits(settings: Config) -> DecodeLimits:
    from tagd.decoding.decode import DecodeLimits

    return DecodeLimits(
        max_megapixels=settings.worker.max_megapixels,
        timeout_seconds=settings.worker.decode_timeout_seconds,
    )


def _writable(settings: Config) -> Catalogue:
    """The catalogue, made where there is none; beside a running daemon for a short write."""
    from tagd.catalogue.db.engine import open_owner, open_writer

    try:
        return open_owner(settings.catalogue.path, "tagd models bench")
    except CatalogueHeld as error:
        output.note(f"tagd: {error.message}; the figures are lower while it works")
        return open_writer(settings.catalogue.path)


def _write_page(
    file: Path, compared: Sequence[Compared], name_of: Callable[[str], str], language: str
) -> None:
    from tagd.lab.compare_page import page

    try:
        file.write_text(page(compared, name_of, language), encoding="utf-8", errors="replace")
    except OSError as error:
        raise ConfigError(f"cannot write {display(file)}: {error.strerror}") from error
    output.note(f"wrote {display(file)}")


def _print_compared(compared: Sequence[Compared], name_of: Callable[[str], str]) -> None:
    headers = ["photo", "model", "class", "confidence", "parameters", "ms"]
    rows = []
    for one in compared:
        name = display(Path(one.path.name))
        if one.error:
            rows.append((name, "", one.error, "", "", ""))
        for each in one.opinions:
            label, best = each.guesses[0]
            size, took = f"{each.parameters_m:.1f} M", f"{each.milliseconds:.1f}"
            rows.append((name, each.model, name_of(label), f"{best:.1%}", size, took))
            name = ""
    output.table(headers, rows, "confidence parameters ms")


def _compared_fields(one: Compared, name_of: Callable[[str], str]) -> dict[str, Any]:
    return {
        "path": display(one.path),
        "error": one.error or None,
        "models": [
            {
                "model": each.model,
                "class": name_of(each.guesses[0][0]),
                "label": each.guesses[0][0],
                "confidence": each.guesses[0][1],
                "parameters_m": each.parameters_m,
                "milliseconds": each.milliseconds,
                "guesses": [
                    {"label": label, "name": name_of(label), "probability": probability}
                    for label, probability in each.guesses
                ],
            }
            for each in one.opinions
        ],
    }


def _print_evaluations(results: Sequence[Evaluation], strange: Sequence[str]) -> None:
    headers = ["model", "photos", "top-1", "top-5", "error", "images/s"]
    headers += ["tagged", "tags", "specific", "exact", ""]
    rows = []
    for each in results:
        tags = each.tags
        quality = (tags.tagged, tags.tags_right, tags.specific_right, tags.exact) if tags else ()
        shares = [f"{share:.1%}" for share in quality]
        rows.append(
            (
                each.model,
                each.photos,
                f"{each.top1:.1%}",
                f"{each.top5:.1%}",
                f"{each.calibration_error:.3f}",
                f"{each.images_per_second:.1f}",
                *(shares or [""] * 4),
            )
        )
    rows += [(model, "0", *[""] * 8, "knows none of these classes") for model in strange]
    output.table(headers, rows, " ".join(headers[1:]))
    output.note(
        "error: expected calibration error. tagged: photos with a tag; tags, specific: those tags "
        "that are right; exact: photos with their class among the tags"
    )
    for each in results:
        if each.failed or each.skipped:
            output.note(
                f"{each.model}: {output.count(each.failed, 'photo')} could not be read, "
                f"{each.skipped:,} of a class it does not know"
            )
