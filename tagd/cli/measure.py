"""The commands of `tagd models` that run models: `bench`, `compare`, `evaluate`."""

from __future__ import annotations

import gc
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tagd.app.model_schemas import compared_fields, evaluated_fields, measured_fields
from tagd.cli import output
from tagd.cli.options import AsJson, ConfigFile, absolute, configuration
from tagd.errors import ConfigError
from tagd.fs import display

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tagd.app.measure import Comparison
    from tagd.errors import CatalogueHeld
    from tagd.lab.bench import MeasuredSpeed
    from tagd.lab.evaluate import Evaluation

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
    from tagd.app import catalogues, measure

    request = measure.BenchRequest(tuple(chosen or ()), tuple(batch or ()), seconds)
    with catalogues.made(settings, "tagd models bench", _tell_of_another) as catalogue:
        measured = measure.bench(catalogue, settings, request, output.note)
    if json:
        output.as_json([measured_fields(each) for each in measured])
    else:
        _speeds_table(measured)


def _tell_of_another(held: CatalogueHeld) -> None:
    output.note(f"tagd: {held.message}; the figures are lower while it works")


def _speeds_table(measured: Sequence[MeasuredSpeed]) -> None:
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
    from tagd.app import measure

    compared = measure.compare(settings, list(map(absolute, photos)), _listed(models), output.note)
    if html is not None:
        _write_page(html, compared.page(settings.tags.language))
    if json:
        output.as_json([compared_fields(each, compared.names) for each in compared.photos])
    elif html is None:
        _print_compared(compared)
    unread = [each for each in compared.photos if each.error]
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
    from tagd.app import measure
    from tagd.cli.progress import counting

    bar = partial(counting, output.console(stderr=True))
    done = measure.evaluate(settings, absolute(folder), _listed(models), bar, output.note)
    if json:
        output.as_json(evaluated_fields(done))
    else:
        _print_evaluations(done.models, list(done.strange))


def _listed(models: str | None) -> list[str]:
    """Return the models of `A,B,C`."""
    return models.split(",") if models else []


def _write_page(file: Path, page: str) -> None:
    try:
        file.write_text(page, encoding="utf-8", errors="replace")
    except OSError as error:
        raise ConfigError(f"cannot write {display(file)}: {error.strerror}") from error
    output.note(f"wrote {display(file)}")


def _print_compared(compared: Comparison) -> None:
    headers = ["photo", "model", "class", "confidence", "parameters", "ms"]
    rows = []
    for one in compared.photos:
        name = display(Path(one.path.name))
        if one.error:
            rows.append((name, "", one.error, "", "", ""))
        for each in one.opinions:
            label, best = each.guesses[0]
            size, took = f"{each.parameters_m:.1f} M", f"{each.milliseconds:.1f}"
            rows.append((name, each.model, compared.names[label], f"{best:.1%}", size, took))
            name = ""
    output.table(headers, rows, "confidence parameters ms")


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
