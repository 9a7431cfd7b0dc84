"""`tagd policy`: which model looks at a photo and why, and how sure a cascade must be."""

from __future__ import annotations

import gc
from contextlib import ExitStack, closing
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tagd.cli import output
from tagd.cli.options import AsJson, ConfigFile, absolute, configuration, named
from tagd.errors import CatalogueHeld, CatalogueMissing, ConfigError
from tagd.fs import display

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tagd.catalogue.db.engine import Catalogue
    from tagd.config import Config
    from tagd.lab.answers import Picture
    from tagd.lab.calibrate import Measured, Report
    from tagd.policy.cascade import Calibration
    from tagd.policy.facts import Facts
    from tagd.policy.selection import Decision
    from tagd.policy.wants import Wants

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
    from tagd.assembly.policy import wants_of
    from tagd.policy.selection import decide

    wants = wants_of(settings)
    facts, device = _facts(settings, absolute(file))
    decision = decide(wants, facts)
    if json:
        output.as_json(_fields(wants, facts, decision, device))
    else:
        output.facts(list(_lines(wants, facts, decision, device)))


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
    chosen = _cascade(settings, models)
    if folder is None:
        _forget(settings, chosen)
        return
    report, fitted = _calibrated(settings, chosen, folder, none)
    if plot is not None:
        _draw(report, plot)
    if json:
        output.as_json(asdict(report))
    else:
        _print(report)
    photos = report.parts[-1].photos
    if photos < FEWEST and not (force or dry_run):
        raise ConfigError(
            f"nothing was stored: {output.count(photos, 'photo')} to fit by,"
            f" and fewer than {FEWEST} say little",
            hint="--force stores it all the same",
        )
    if not dry_run:
        _keep(settings, fitted)
        output.note(
            f"stored for {' then '.join(chosen)}; `tagd policy calibrate --forget` undoes it"
        )
    if none is None:
        output.note("not tried on pictures of none of the classes; --none DIR does that")


def _facts(settings: Config, path: Path) -> tuple[Facts, str]:
    """What there is to go by for the photo, and the device in words."""
    from tagd.assembly.build import limits_of, models_of
    from tagd.assembly.survey import Survey
    from tagd.decoding.decode import decode
    from tagd.policy.facts import Facts

    photo = decode(path, (), limits_of(settings)).facts
    with closing(models_of(settings)) as pool, ExitStack() as stack:
        catalogue = _readable(settings)
        if catalogue is not None:
            stack.enter_context(catalogue)
        survey = Survey(pool, catalogue, batch=settings.worker.batch_size)
        return Facts(path, photo, survey(_waiting(catalogue))), pool.device().name


def _readable(settings: Config) -> Catalogue | None:
    from tagd.catalogue.db.engine import open_reader

    try:
        return open_reader(settings.catalogue.path)
    except CatalogueMissing:
        return None  # nothing waits, and nothing was measured yet


def _waiting(catalogue: Catalogue | None) -> int:
    from tagd.catalogue.queue import jobs
    from tagd.domain import JobState

    if catalogue is None:
        return 0
    with catalogue.read() as tx:
        return jobs.counts(tx)[JobState.WAITING]


def _lines(
    wants: Wants, facts: Facts, decision: Decision, device: str
) -> Iterator[tuple[str, str]]:
    from tagd.policy.rules import megapixels, why_not

    photo, machine = facts.photo, facts.machine
    camera = " ".join(filter(None, (photo.camera_make, photo.camera_model)))
    yield "photo", display(facts.path)
    size = f"{photo.width} x {photo.height} ({megapixels(photo):.1f} megapixels)"
    yield "facts", f"{photo.format}, {size}, {camera or 'camera unknown'}"
    free = "" if machine.free_mb is None else f"{machine.free_mb:,} MB for models, "
    waits = output.count(machine.waiting, "photo")
    yield "machine", f"{device}, {free}{waits} waiting, {machine.at:%H:%M}"
    for rule in wants.rules if wants.model is None else ():
        why = why_not(rule, facts)
        yield "rule", f"{rule.name}: {why or 'matches'}"
        if why is None:
            break
    for stage in decision.choice.stages:
        until = "" if stage.settles_at is None else f", where it is {stage.settles_at:.1%} sure"
        yield "model", f"{stage.model}{until}"
    yield "reason", decision.choice.reason
    if decision.origin:
        yield "thresholds", decision.origin
    for each in decision.passed_over:
        yield "passed over", f"{each.model}: {each.why}"


def _fields(wants: Wants, facts: Facts, decision: Decision, device: str) -> dict[str, Any]:
    from tagd.policy.rules import why_not

    machine = facts.machine
    return {
        "path": display(facts.path),
        "photo": asdict(facts.photo),
        "machine": {
            "device": device,
            "free_mb": machine.free_mb,
            "waiting": machine.waiting,
            "at": f"{machine.at:%H:%M}",
        },
        "rule": decision.rule and decision.rule.name,
        "rules": [{"name": rule.name, "why_not": why_not(rule, facts)} for rule in wants.rules],
        "stages": [asdict(stage) for stage in decision.choice.stages],
        "reason": decision.choice.reason,
        "refine": decision.choice.refine,
        "thresholds": decision.origin,
        "passed_over": [asdict(each) for each in decision.passed_over],
    }


def _cascade(settings: Config, models: str) -> tuple[str, ...]:
    from tagd.policy.cascade import EMBEDDED

    named = tuple(name.strip() for name in models.split(",") if name.strip())
    chosen = named or settings.policy.cascade.models or EMBEDDED.models
    if len(set(chosen)) != len(chosen) or len(chosen) < 2:
        raise ConfigError("a cascade needs two or more different models")
    return chosen


def _calibrated(
    settings: Config, chosen: Sequence[str], folder: Path, none: Path | None
) -> tuple[Report, Calibration]:
    """Ask the models and fit; the calibration as it is to be stored."""
    from tagd.assembly.build import limits_of, models_of
    from tagd.cli.progress import counting
    from tagd.lab import answers, calibrate
    from tagd.policy.cascade import Calibration

    with closing(models_of(settings, say=output.note)) as pool:
        pictures = _pictures(settings, folder, none, answers.common_labels(pool, chosen))
        fingerprints = tuple(pool.fingerprint_of(model) for model in chosen)
        with counting(output.console(stderr=True), " then ".join(chosen)) as show:
            said, failed = answers.ask(
                pool,
                chosen,
                pictures,
                batch_size=pool.device().batch(settings.worker.batch_size),
                decoders=settings.worker.decoders,
                limits=limits_of(settings),
                progress=show,
            )
    if failed:
        output.note(f"{output.count(failed, 'photo')} could not be read")
    try:
        report = calibrate.calibrate(said)
    except ValueError as error:
        raise ConfigError(f"{display(folder)}: too little to fit: {error}") from error
    pictures_tried = f" and {output.count(report.none, 'picture')} of no class" if none else ""
    origin = f"fitted on {report.parts[0].photos} of {report.parts[-1].photos} photos"
    fitted = Calibration(
        models=tuple(chosen),
        fingerprints=fingerprints,
        settlings=report.settlings,
        origin=f"{origin}{pictures_tried} in {display(absolute(folder))}",
    )
    return report, fitted


def _pictures(
    settings: Config, folder: Path, none: Path | None, labels: Sequence[str]
) -> list[Picture]:
    """The photos of a class that the models know, and those of none."""
    from tagd.app.measure import truths_in
    from tagd.lab.answers import Picture

    found, truths = truths_in(settings, absolute(folder))
    known = zip(found, truths(labels), strict=True)
    pictures = [Picture(each.path, label) for each, label in known if label is not None]
    if passed := len(found) - len(pictures):
        output.note(f"{output.count(passed, 'photo')} of a class that the models do not know")
    if none is not None:
        pictures += [Picture(path, None) for path in sorted(none.rglob("*")) if path.is_file()]
    return pictures


def _keep(settings: Config, fitted: Calibration) -> None:
    """Store it in the catalogue, beside a running daemon too."""
    from tagd.assembly.survey import keep_calibration
    from tagd.catalogue.db.engine import open_owner, open_writer

    path = settings.catalogue.path
    try:
        catalogue = open_owner(path, "tagd policy calibrate")
    except CatalogueHeld:
        catalogue = open_writer(path)
    with catalogue, catalogue.write() as tx:
        keep_calibration(tx, fitted)


def _forget(settings: Config, chosen: Sequence[str]) -> None:
    from tagd.assembly.survey import forget_calibration
    from tagd.catalogue.db.engine import open_writer

    with open_writer(settings.catalogue.path) as catalogue, catalogue.write() as tx:
        known = forget_calibration(tx, chosen)
    cascade = " then ".join(chosen)
    output.line(
        f"forgotten: {cascade} has tagd's own thresholds again"
        if known
        else f"nothing is stored for {cascade}"
    )


def _draw(report: Report, file: Path) -> None:
    from tagd.lab import curve

    try:
        curve.draw(report, file)
    except OSError as error:
        raise ConfigError(f"cannot write {display(file)}: {error.strerror}") from error
    output.note(f"wrote {display(file)}")


def _print(report: Report) -> None:
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
    output.note("fitted, used: temperature; none under 1 is used, see README")
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


def _cells(measured: Measured) -> tuple[str, str, str]:
    sent = " ".join(f"{share:.1%}" for share in measured.sent_on)
    return f"{measured.accuracy:.1%}", sent, f"{measured.milliseconds:.1f}"
