"""`tagd retag`: tags that catch up with other models, seen beforehand, hastened, and taken back."""

from __future__ import annotations

import gc
from collections import Counter
from contextlib import closing
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tagd.app.schemas import window_fields
from tagd.cli import output
from tagd.cli.options import AsJson, ConfigFile, absolute, configuration
from tagd.cli.queries import found_by
from tagd.errors import TagdError
from tagd.fs import display

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from sqlalchemy import Connection

    from tagd.config import Config
    from tagd.revise.plan import Step
    from tagd.revise.rederive import Outcome


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
        from tagd.cli.shadow import show  # noqa: PLC0415  lazy: only here

        show(settings, shadow, models, html, json=json)
    elif cancel:
        _cancel(settings, json=json)
    elif back_to:
        _go_back(settings, back_to, [absolute(each) for each in paths or ()], query, json=json)
    elif now:
        _retag_now(settings, [absolute(path) for path in paths or ()], query, json=json)
    else:
        _mark(settings, [absolute(path) for path in paths or ()], query, json=json)


def _plan(settings: Config, *, json: bool) -> None:
    # Lazy: `tagd --help` needs neither catalogue nor models.
    from tagd.assembly.build import models_of, standard_of  # noqa: PLC0415
    from tagd.catalogue.db.engine import open_reader  # noqa: PLC0415
    from tagd.cli import tagging  # noqa: PLC0415
    from tagd.revise.plan import plan  # noqa: PLC0415

    with (
        closing(models_of(settings, say=output.note)) as pool,
        open_reader(settings.catalogue.path) as catalogue,
        tagging.progress() as show,
    ):
        unmet = Counter[str]()
        steps = plan(
            catalogue,
            standard_of(settings, catalogue, pool),
            show,
            lambda error: unmet.update([error.message]),
        )
    opens_at = opening(settings)
    if json:
        fields = {
            "steps": [step_fields(step) for step in steps],
            "photos": sum(step.photos for step in steps),
            "unmet": dict(unmet),
            "window": window_fields(opening(settings), datetime.now(UTC)),
        }
        output.as_json(fields)
        return
    for reason, number in unmet.items():
        output.note(
            f"{output.count(number, 'photo keeps its', 'photos keep their')} tags: {reason}"
        )
    if not steps:
        output.line("the other tags are up to date" if unmet else "all tags are up to date")
        return
    headers = ["photos", "tagged by", "to be tagged by", "time"]
    rows = [(f"{each.photos:,}", asked_of(each), each.wanted, time_of(each)) for each in steps]
    output.table(headers, rows, "photos")
    output.line(total_of(steps, settings.retag.per_hour, opens_at))


def _mark(settings: Config, paths: Sequence[Path], query: str, *, json: bool) -> None:
    from tagd.catalogue.db.engine import open_writer  # noqa: PLC0415
    from tagd.catalogue.plans import stale as catalogue_retag  # noqa: PLC0415  lazy, as above

    with closing(open_writer(settings.catalogue.path)) as catalogue, catalogue.write() as tx:
        number = catalogue_retag.mark(tx, _found(tx, settings, paths, query))
    if json:
        output.as_json(
            {"marked": number, "window": window_fields(opening(settings), datetime.now(UTC))}
        )
        return
    when = when_open(opening(settings)) if number else ""
    output.line(f"{output.count(number, 'photo')} will be tagged again{when}")


def _retag_now(settings: Config, paths: Sequence[Path], query: str, *, json: bool) -> None:
    from tagd.cli import tagging  # noqa: PLC0415  lazy, as above
    from tagd.daemon import once  # noqa: PLC0415

    tagging.quiet_logs(settings)
    with tagging.saying_what_waits(settings), tagging.progress() as show:
        summary = once.retag_once(settings, lambda tx: _found(tx, settings, paths, query), show)
    tagging.print_summary(summary, json=json)


def _found(tx: Connection, settings: Config, paths: Sequence[Path], query: str) -> Collection[int]:
    """The photos, by row id, at these paths and that the query finds."""
    from tagd.catalogue.plans.stale import photos_at  # noqa: PLC0415  lazy, as above
    from tagd.config import tag_rules  # noqa: PLC0415

    found = found_by(tx, query, tag_rules(settings)) if query else ()
    photos = photos_at(tx, [*paths, *(each.path for each in found)])
    if not photos:
        what = (
            "the query finds no photo"
            if query
            else f"the catalogue knows no photo at {display(paths[0])}"
        )
        raise TagdError(what, hint="`tagd search` shows what there is" if query else "")
    return photos


def _cancel(settings: Config, *, json: bool) -> None:
    from tagd.assembly.build import models_of, standard_of  # noqa: PLC0415
    from tagd.catalogue.db.engine import open_writer  # noqa: PLC0415
    from tagd.catalogue.plans import stale as catalogue_retag  # noqa: PLC0415  lazy, as above
    from tagd.revise.staleness import refresh  # noqa: PLC0415

    with (
        closing(models_of(settings, say=output.note)) as pool,
        closing(open_writer(settings.catalogue.path)) as catalogue,
    ):
        # What nobody looked for yet counts too: the rest would be stale at the next look.
        refresh(catalogue, standard_of(settings, catalogue, pool))
        with catalogue.write() as tx:
            number = catalogue_retag.cancel(tx)
    if json:
        output.as_json({"kept": number})
    else:
        kept = output.count(number, "photo keeps its tags", "photos keep their tags")
        output.line(f"{kept}, until models, thresholds or rules change again")


def _go_back(
    settings: Config, model: str, paths: Sequence[Path], query: str, *, json: bool
) -> None:
    from tagd.assembly.derivation import derivation_of  # noqa: PLC0415
    from tagd.assembly.writing import writes_of  # noqa: PLC0415
    from tagd.catalogue.db.engine import open_writer  # noqa: PLC0415
    from tagd.catalogue.plans import stale as catalogue_retag  # noqa: PLC0415
    from tagd.catalogue.tagging import earlier  # noqa: PLC0415  lazy, as above
    from tagd.cli import tagging  # noqa: PLC0415
    from tagd.revise.restore import go_back  # noqa: PLC0415

    with closing(open_writer(settings.catalogue.path)) as catalogue:
        with catalogue.read() as tx:
            known = earlier.models_heard(tx)
            photos = _found(tx, settings, paths, query) if paths or query else None
        with tagging.progress() as show:
            outcome = go_back(
                catalogue,
                derivation_of(settings),
                model,
                photos=photos,
                writes=writes_of(settings),
                on_progress=show,
            )
        with catalogue.read() as tx:
            behind = sum(gap.photos for gap in catalogue_retag.gaps(tx))
    if not outcome.photos and model not in known:
        raise TagdError(
            f"nothing is kept of a model {model!r}", hint=f"There are those of {', '.join(known)}."
        )
    _print_back(outcome, model, behind, json=json)


def _print_back(outcome: Outcome, model: str, behind: int, *, json: bool) -> None:
    if json:
        output.as_json(
            {
                "photos": outcome.photos,
                "changed": outcome.changed,
                "gained": dict(outcome.gained.most_common()),
                "lost": dict(outcome.lost.most_common()),
                "still_to_be_tagged_again": behind,
            }
        )
        return
    have = output.count(outcome.photos, "photo has", "photos have")
    output.line(f"{have} the tags of {model} again; in {outcome.changed:,} that changed which")
    if behind:
        still = output.count(behind, "photo is", "photos are")
        output.note(f"{still} still to be tagged again; `tagd retag --cancel` keeps them")


def step_fields(step: Step) -> dict[str, Any]:
    """A step as JSON has it."""
    seconds = None if step.seconds is None else round(step.seconds, 1)
    return asdict(step) | {"seconds": seconds}


def asked_of(step: Step) -> str:
    """What photos were tagged by, for people."""
    return f"{step.asked or 'not known'}{', for now' if step.refine else ''}"


def time_of(step: Step) -> str:
    """How long a step takes, for people."""
    if step.seconds is None:
        return "not known"
    return f"{'' if step.measured else 'about '}{output.duration(step.seconds)}"


def total_of(steps: Sequence[Step], per_hour: int, opens_at: datetime | None) -> str:
    """All steps together, and what they wait for."""
    photos = sum(step.photos for step in steps)
    known = [step.seconds for step in steps if step.seconds is not None]
    measured = all(step.measured for step in steps)
    stale = sum(step.photos for step in steps if not step.refine)
    when = when_open(opens_at) if stale else ", when nothing else waits"
    text = f"{output.count(photos, 'photo')}{when}"
    if len(known) == len(steps):
        source = "as measured here" if measured else "estimated (`tagd models bench` measures it)"
        text += f": {output.duration(sum(known))} of the models at most, {source}"
    if per_hour and stale > per_hour:
        text += f"; at {per_hour:,} an hour that takes {output.duration(3600 * stale / per_hour)}"
    return text


def opening(settings: Config) -> datetime | None:
    """When the next window opens, or now where one is open; None for never."""
    from tagd.hours import hours_of, next_opening  # noqa: PLC0415  lazy, as above

    return next_opening(map(hours_of, settings.retag.windows), datetime.now(UTC))


def when_open(opens_at: datetime | None) -> str:
    """` from 01:00 on (in 5 h 3 min)`, for a sentence to end with."""
    if opens_at is None:
        return "; [retag] windows names no hours, so only with --now"
    left = (opens_at - datetime.now(UTC)).total_seconds()
    if left <= 0:
        return ", when nothing else waits"
    return f", from {opens_at:%H:%M} on (in {output.duration(left)})"
