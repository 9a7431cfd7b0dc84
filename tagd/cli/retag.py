"""`tagd retag`: tags that catch up with other models, seen beforehand, hastened, and taken back."""

from __future__ import annotations

import gc
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tagd.app.schemas import marked_fields, plan_fields, went_back_fields
from tagd.cli import output
from tagd.cli.options import AsJson, ConfigFile, absolute, configuration
from tagd.cli.tagging import print_summary, progress, quiet_logs, saying_what_waits
from tagd.domain import CLASSIFIER

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tagd.app.selection import Selection
    from tagd.config import Config
    from tagd.revise.plan import Step


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command()(retag)


def retag(  # noqa: PLR0917  typer names what is positional here
    paths: Annotated[
        list[Path] | None,
        typer.Argument(metavar="PATH", help="Tag these photos again, and those in these folders."),
    ] = None,
    query: Annotated[
        str, typer.Option("--query", metavar="QUERY", help="Tag again what this search finds.")
    ] = "",
    now: Annotated[
        bool, typer.Option("--now", help="At once, before all others, and wait for it.")
    ] = False,
    plan: Annotated[
        bool, typer.Option("--plan", help="Show how many photos go from which models to which.")
    ] = False,
    shadow: Annotated[
        int | None,
        typer.Option(
            "--shadow", metavar="N", min=1, help="Show what changes in N photos; change nothing."
        ),
    ] = None,
    models: Annotated[
        str, typer.Option("--models", metavar="OLD,NEW", help="The two models, for --shadow.")
    ] = "",
    html: Annotated[
        Path | None,
        typer.Option("--html", metavar="FILE", help="Write a page too, for --shadow."),
    ] = None,
    cancel: Annotated[
        bool, typer.Option("--cancel", help="Keep all tags as they are, until models change again.")
    ] = False,
    back_to: Annotated[
        str,
        typer.Option(
            "--back-to",
            metavar="MODEL",
            help="Bring back what this model said of PATH, or of all photos.",
        ),
    ] = "",
    config: ConfigFile = None,
    json: AsJson = False,
) -> None:
    """Have tags catch up with other models, thresholds or rules.

    `tagd run` does so by itself, in the hours that [retag] windows names; old tags count until
    then, and what you decided yourself stays.
    """
    which = paths or query
    asked = (which and not back_to, plan, shadow, cancel, back_to)
    if sum(map(bool, asked)) != 1 or (now and (back_to or not which)):
        raise typer.BadParameter(
            "give PATH or --query (with --now, with --back-to or without), or one of --plan,"
            " --shadow, --cancel and --back-to"
        )
    settings = configuration(config)
    gc.enable()  # `main` turned it off
    if plan:
        _plan(settings, json=json)
    elif shadow:
        from tagd.cli.shadow import show

        show(settings, shadow, models, html, json=json)
    elif cancel:
        _cancel(settings, json=json)
    elif back_to:
        _go_back(settings, back_to, paths or (), query, json=json)
    elif now:
        _retag_now(settings, paths or (), query, json=json)
    else:
        _mark(settings, paths or (), query, json=json)


def _selection(paths: Sequence[Path], query: str) -> Selection:
    from tagd.app.selection import Selection  # lazy: SQLAlchemy

    return Selection(tuple(map(absolute, paths)), query or None)


def _plan(settings: Config, *, json: bool) -> None:
    # Lazy: `tagd --help` needs neither catalogue nor models.
    from tagd.app import catalogues, retag

    with catalogues.reader(settings) as catalogue, progress() as show:
        found = retag.plan(catalogue, settings, show, output.note)
    if json:
        output.as_json(plan_fields(found))
        return
    for reason, number in found.unmet.items():
        output.note(
            f"{output.count(number, 'photo keeps its', 'photos keep their')} tags: {reason}"
        )
    if not found.steps:
        output.line("the other tags are up to date" if found.unmet else "all tags are up to date")
        return
    headers = ["photos", "tagged by", "to be tagged by", "time"]
    rows = [
        (f"{step.photos:,}", asked_of(step), wanted_of(step), time_of(step)) for step in found.steps
    ]
    output.table(headers, rows, "photos")
    output.line(total_of(found.steps, settings.retag.per_hour, found.window.opens_at))


def _mark(settings: Config, paths: Sequence[Path], query: str, *, json: bool) -> None:
    from tagd.app import catalogues, retag

    with catalogues.writer(settings) as catalogue:
        marked = retag.mark(catalogue, settings, _selection(paths, query))
    if json:
        output.as_json(marked_fields(marked))
        return
    when = when_open(marked.window.opens_at) if marked.photos else ""
    output.line(f"{output.count(marked.photos, 'photo')} will be tagged again{when}")


def _retag_now(settings: Config, paths: Sequence[Path], query: str, *, json: bool) -> None:
    from tagd.app import retag

    quiet_logs(settings)
    with saying_what_waits(settings), progress() as show:
        summary = retag.now(settings, _selection(paths, query), show)
    print_summary(summary, json=json)


def _cancel(settings: Config, *, json: bool) -> None:
    from tagd.app import catalogues, retag

    with catalogues.writer(settings) as catalogue:
        number = retag.cancel(catalogue, settings, output.note)
    if json:
        output.as_json({"kept": number})
    else:
        kept = output.count(number, "photo keeps its tags", "photos keep their tags")
        output.line(f"{kept}, until models, thresholds or rules change again")


def _go_back(
    settings: Config, model: str, paths: Sequence[Path], query: str, *, json: bool
) -> None:
    from tagd.app import catalogues, retag

    selection = _selection(paths, query) if paths or query else None
    with catalogues.writer(settings) as catalogue, progress() as show:
        done = retag.back(catalogue, settings, model, selection, show)
    if json:
        output.as_json(went_back_fields(done))
        return
    have = output.count(done.outcome.photos, "photo has", "photos have")
    changed = done.outcome.changed
    output.line(f"{have} the tags of {model} again; in {changed:,} that changed which")
    if done.behind:
        still = output.count(done.behind, "photo is", "photos are")
        output.note(f"{still} still to be tagged again; `tagd retag --cancel` keeps them")


def asked_of(step: Step) -> str:
    """Say what photos were tagged by, for people."""
    nothing = "not known" if step.tagger == CLASSIFIER else "nothing yet"
    return f"{step.asked or nothing}{', for now' if step.refine else ''}"


def wanted_of(step: Step) -> str:
    """Say what photos are to be tagged by, for people."""
    if step.opened:
        return step.wanted
    return f"{step.tagger}, from what models saw before; no photo is opened"


def time_of(step: Step) -> str:
    """Say how long a step takes, for people."""
    if step.seconds is None:
        return "not known"
    return f"{'' if step.measured else 'about '}{output.duration(step.seconds)}"


def total_of(steps: Sequence[Step], per_hour: int, opens_at: datetime | None) -> str:
    """Sum up all steps together, and what they wait for."""
    from tagd.revise.plan import photos_in  # lazy: SQLAlchemy

    photos = photos_in(steps)
    known = [step.seconds for step in steps if step.seconds is not None]
    measured = all(step.measured for step in steps)
    stale = photos_in([step for step in steps if not step.refine and step.opened])
    waits = any(not step.refine for step in steps)
    when = when_open(opens_at) if waits else ", when nothing else waits"
    text = f"{output.count(photos, 'photo')}{when}"
    if len(known) == len(steps):
        source = "as measured here" if measured else "estimated (`tagd models bench` measures it)"
        text += f": {output.duration(sum(known))} of the models at most, {source}"
    if per_hour and stale > per_hour:
        text += f"; at {per_hour:,} an hour that takes {output.duration(3600 * stale / per_hour)}"
    return text


def when_open(opens_at: datetime | None) -> str:
    """Write ` from 01:00 on (in 5 h 3 min)`, for a sentence to end with."""
    if opens_at is None:
        return "; [retag] windows names no hours, so only with --now"
    left = (opens_at - datetime.now(UTC)).total_seconds()
    if left <= 0:
        return ", when nothing else waits"
    return f", from {opens_at:%H:%M} on (in {output.duration(left)})"
