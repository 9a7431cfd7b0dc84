"""`tagd policy`: which model looks at a photo and why, and how sure a cascade must be."""

from __future__ import annotations

import gc
from contextlib import nullcontext
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tagd.app.model_schemas import explanation_fields
from tagd.cli import output
from tagd.cli.options import AsJson, ConfigFile, absolute, configuration, named
from tagd.errors import ConfigError
from tagd.fs import display

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tagd.app.policy import Asked, Explanation
    from tagd.lab.calibrate import CalibrationReport, CascadeResult

FEWEST = 200  # photos that a cascade is fitted by and tried on

policy = typer.Typer(
    name="policy", help="Which model looks at which photo, and why.", no_args_is_help=True
)


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.add_typer(policy)


@policy.command()
def explain(
    file: Annotated[Path, typer.Argument(metavar="FILE", parser=named, help="A photo.")],
    config: ConfigFile = None,
    json: AsJson = False,
) -> None:
    """Say which models would look at a photo now, and why.

    By which rule and facts, and in whose place.
    """
    settings = configuration(config)
    gc.enable()  # `main` turned it off
    # Lazy: the models' device is asked of torch.
    from tagd.app import catalogues, policy

    with catalogues.reader_if_any(settings) or nullcontext() as catalogue:
        explained = policy.explain(catalogue, settings, absolute(file))
    if json:
        output.as_json(explanation_fields(explained))
    else:
        output.facts(list(_lines(explained)))


@policy.command()
def calibrate(
    folder: Annotated[
        Path | None,
        typer.Argument(
            metavar="DIR",
            exists=True,
            file_okay=False,
            help="A folder that holds a folder of photos for each class.",
            show_default=False,
        ),
    ] = None,
    none: Annotated[
        Path | None,
        typer.Option(
            "--none",
            metavar="DIR",
            exists=True,
            file_okay=False,
            help="A folder of pictures of none of the classes.",
        ),
    ] = None,
    models: Annotated[
        str,
        typer.Option("--models", metavar="A,B", help="This cascade, not the configured one."),
    ] = "",
    plot: Annotated[
        Path | None, typer.Option("--plot", metavar="FILE.png", help="Draw accuracy over cost.")
    ] = None,
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what comes out, and keep nothing.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help=f"Keep it, though of fewer than {FEWEST} photos.")
    ] = False,
    forget: Annotated[
        bool, typer.Option("--forget", help="Go back to the thresholds that tagd has itself.")
    ] = False,
    config: ConfigFile = None,
    json: AsJson = False,
) -> None:
    """Fit how sure the stages of a cascade must be.

    They are fitted on one half of the photos and tried on the other. What comes out is used from
    now on for a cascade of these models, by a running daemon too, until --forget. Photos that were
    tagged by other thresholds are tagged again: `tagd retag --plan` tells how many.
    """
    if forget is (folder is not None):
        raise typer.BadParameter("name a folder of labelled photos, or --forget")
    settings = configuration(config)
    gc.enable()
    from tagd.app import catalogues, policy
    from tagd.cli.progress import counting

    chosen_names = [name.strip() for name in models.split(",") if name.strip()]
    chosen = policy.cascade_of(settings, chosen_names)
    cascade = " then ".join(chosen)
    if folder is None:
        with catalogues.writer(settings) as catalogue:
            known = policy.forget(catalogue, chosen)
        output.line(_forgotten_line(cascade, known=known))
        return
    request = policy.CalibrationRequest(chosen, absolute(folder), none)
    bar = partial(counting, output.console(stderr=True))
    asked = policy.ask(settings, request, bar, output.note)
    _tell_of_left_out(asked)
    fitted = policy.fit(asked)
    if plot is not None:
        _draw(fitted.report, plot)
    if json:
        output.as_json(asdict(fitted.report))
    else:
        _print(fitted.report)
    if fitted.photos < FEWEST and not (force or dry_run):
        raise ConfigError(
            f"nothing was stored: {output.count(fitted.photos, 'photo')} to fit by,"
            f" and fewer than {FEWEST} say little",
            hint="--force stores it all the same",
        )
    if not dry_run:
        with catalogues.made(settings, "tagd policy calibrate") as catalogue:
            policy.keep(catalogue, fitted.calibration)
        output.note(f"stored for {cascade}; `tagd policy calibrate --forget` undoes it")
    if none is None:
        output.note("not tried on pictures of none of the classes; --none DIR does that")


def _forgotten_line(cascade: str, *, known: bool) -> str:
    if known:
        return f"forgotten: {cascade} has tagd's own thresholds again"
    return f"nothing is stored for {cascade}"


def _tell_of_left_out(asked: Asked) -> None:
    if asked.unknown:
        of = output.count(asked.unknown, "photo")
        output.note(f"{of} of a class that the models do not know")
    if asked.unread:
        output.note(f"{output.count(asked.unread, 'photo')} could not be read")


def _lines(explained: Explanation) -> Iterator[tuple[str, str]]:
    from tagd.policy.matching import megapixels

    context, decision = explained.context, explained.decision
    photo, machine = context.photo, context.machine
    camera = " ".join(filter(None, (photo.camera_make, photo.camera_model)))
    yield "photo", display(context.path)
    size = f"{photo.width} x {photo.height} ({megapixels(photo):.1f} megapixels)"
    yield "facts", f"{photo.format}, {size}, {camera or 'camera unknown'}"
    free = "" if machine.free_mb is None else f"{machine.free_mb:,} MB for models, "
    waits = output.count(machine.waiting, "photo")
    yield "machine", f"{explained.device}, {free}{waits} waiting, {machine.at:%H:%M}"
    for name, why in explained.rules if explained.preferences.model is None else ():
        yield "rule", f"{name}: {why or 'matches'}"
        if why is None:
            break
    for stage in decision.choice.stages:
        until = "" if stage.settles_at is None else f", where it is {stage.settles_at:.1%} sure"
        yield "model", f"{stage.model}{until}"
    yield "reason", decision.choice.reason
    if decision.origin:
        yield "thresholds", decision.origin
    yield from explained.further
    for each in decision.passed_over:
        yield "passed over", f"{each.model}: {each.why}"


def _draw(report: CalibrationReport, file: Path) -> None:
    from tagd.lab import curve

    try:
        curve.draw(report, file)
    except OSError as error:
        raise ConfigError(f"cannot write {display(file)}: {error.strerror}") from error
    output.note(f"wrote {display(file)}")


def _print(report: CalibrationReport) -> None:
    headers = ["model", "fitted", "used", "settles at", "ms"]
    thresholds = [f"{each.settles_at:.2f}" for each in report.settlings]
    output.table(
        headers,
        [
            (model, f"{fitted:.2f}", f"{used:.2f}", at, f"{takes:.1f}")
            for model, fitted, used, at, takes in zip(
                report.models,
                report.fitted_temperatures,
                report.temperatures,
                [*thresholds, ""],
                report.milliseconds,
                strict=True,
            )
        ],
        "fitted used settles ms",
    )
    output.note("fitted, used: temperature; none under 1 is used, see docs/policy.md")
    output.line()
    headers = ["photos", "", *report.models, "cascade", "sent-on", "ms", "error"]
    rows = [
        (
            part.name,
            part.photos,
            *(f"{share:.1%}" for share in part.alone),
            *_cells(part.cascade),
            " ".join(f"{each:.3f}" for each in part.errors),
        )
        for part in report.parts
    ]
    output.table(headers, rows, " ".join(headers[1:]))
    output.line()
    headers = ["threshold", "accuracy", "sent-on", "ms"]
    output.table(
        headers,
        [(f"{each.settles_at:.2f}", *_cells(each.measured)) for each in report.curve],
        " ".join(headers),
    )
    if report.none:
        output.line()
        output.line(
            f"of {output.count(report.none, 'picture')} of none of the classes, "
            f"{report.none_settled} would be settled before the last model"
        )


def _cells(measured: CascadeResult) -> tuple[str, str, str]:
    sent = " ".join(f"{share:.1%}" for share in measured.sent_on)
    return f"{measured.accuracy:.1%}", sent, f"{measured.milliseconds:.1f}"
