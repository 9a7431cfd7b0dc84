"""What was changed, and taking it back: `tagd history` and `tagd undo`."""

from __future__ import annotations

import gc
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tagd.app.schemas import event_fields, run_fields, undone_fields
from tagd.cli import output
from tagd.cli.fitting import short
from tagd.cli.options import AsJson, ConfigFile, absolute, configuration, named, reading, utf_8
from tagd.cli.tags import differences
from tagd.installation import as_word

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tagd.app.history import Event, ShownRun
    from tagd.app.undo import Undone


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command()(history)
    app.command()(undo)


def history(
    file: Annotated[
        Path | None,
        typer.Argument(metavar="FILE", parser=named, help="A photo.", show_default=False),
    ] = None,
    config: ConfigFile = None,
    json: AsJson = False,
) -> None:
    """Show who changed a photo's tags, what and when.

    Without FILE, show the last runs that changed any. `tagd undo --run` takes the number of a run.
    """
    if file is None:
        _runs(config, json=json)
        return
    from tagd.app.history import events

    with reading(configuration(config)) as catalogue:
        changes = events(catalogue, absolute(file))
    if json:
        output.as_json([event_fields(change) for change in changes])
    elif changes:
        rows = [event_cells(change) for change in changes]
        output.table(["when", "who", "what", "run"], rows, "run")
        if runs := [change.run for change in changes if change.run is not None]:
            output.note(f"`tagd undo --run {runs[-1]} {as_word(str(file))}` takes the last back")
    else:
        output.note("its tags have not changed yet")


def undo(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="PATH",
            parser=named,
            help="Of these photos alone, and of those in these folders.",
            show_default=False,
        ),
    ] = None,
    run: Annotated[
        int | None, typer.Option("--run", metavar="ID", help="What this run changed.")
    ] = None,
    model: Annotated[
        str | None,
        typer.Option("--model", metavar="NAME", parser=utf_8, help="What this model gave."),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(
            "--since", metavar="DATE", help="What models gave since then, such as 2026-11-21."
        ),
    ] = None,
    *,
    config: ConfigFile = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would come and go; change nothing.")
    ] = False,
    json: AsJson = False,
) -> None:
    """Take back what tagd added: by a run, by a model, or since a date.

    PATH limits it to some photos. A photo then has the tags that it had before. What a person said
    stays, unless it is the run of your own that is taken back. Unchanged photos are not asked about
    again; `tagd undo --run` with the number that this prints brings everything back. The exit
    status is 1 when there is nothing to take back.
    """
    if sum(each is not None for each in (run, model, since)) != 1:
        raise typer.BadParameter("give one of --run, --model and --since")
    settings = configuration(config)
    gc.enable()  # `main` turned it off
    # Lazy: these bring in SQLAlchemy, numpy and rich's bars.
    from tagd.app import catalogues
    from tagd.app.undo import UndoRequest, UndoScope
    from tagd.app.undo import undo as take_back
    from tagd.cli.progress import bar

    scope = UndoScope(run, model, None if since is None else moment(since))
    request = UndoRequest(scope, tuple(map(absolute, paths or ())), dry_run)
    with (
        catalogues.opened(settings, dry_run=dry_run) as catalogue,
        bar(output.console(stderr=True)) as show,
    ):
        done = take_back(catalogue, settings, request, show)
    if json:
        output.as_json(undone_fields(done))
    else:
        if rows := differences(done.together):
            output.table(["tag", "gained", "lost"], rows, "gained lost")
        for text in undone_lines(done, dry_run=dry_run):
            output.line(text)
    raise typer.Exit(0 if done else 1)


def _runs(config: Path | None, *, json: bool) -> None:
    from tagd.app.history import runs

    with reading(configuration(config)) as catalogue:
        last = runs(catalogue)
    if json:
        output.as_json([run_fields(run) for run in last])
    elif last:
        rows = [
            (run.run, output.local(run.started_at), short(run.command), did(run)) for run in last
        ]
        output.table(["run", "since", "command", "did"], rows, "run")
    else:
        output.note("no run has changed any tags yet")


def moment(text: str) -> float:
    """Read a date, or a date and time, on the wall clock, in seconds since 1970."""
    try:
        return datetime.fromisoformat(text).astimezone().timestamp()
    except ValueError:
        raise typer.BadParameter(
            f"{text!r} is not a date such as 2026-11-21 or 2026-11-21T18:30"
        ) from None


def event_cells(event: Event) -> tuple[str, str, str, str]:
    """Write a change for a person: when, who, what, run."""
    what = f"{event.change} {short(event.tag)}" if event.tag else event.change
    if event.model:
        what += f" {'what it gave' if event.change == 'undone' else 'by'} {event.model}"
    return output.local(event.at), event.who, what, "" if event.run is None else str(event.run)


def did(run: ShownRun) -> str:
    """Say what a run did."""
    parts = []
    if run.tagged:
        undone = f", {run.undone:,} taken back since" if run.undone else ""
        parts.append(f"tagged {output.count(run.tagged, 'photo')}{undone}")
    if run.changed:
        parts.append(f"changed {output.count(run.changed, 'tag')}")
    if run.took_back:
        parts.append(f"took back the tags of {output.count(run.took_back, 'photo')}")
    if run.written:
        parts.append(f"wrote into {output.count(run.written, 'file')}")
    return "; ".join(parts) or "taken back since"


def undone_lines(done: Undone, *, dry_run: bool) -> Iterator[str]:
    """Say what was taken back, in a line or two."""
    if not done:
        yield "there is nothing to take back"
        return
    would = "would be " if dry_run else ""
    if done.looks:
        yield f"{would}taken back: what models gave {output.count(done.looks, 'photo')}"
    if done.said:
        yield f"{would}taken back: {output.count(done.said, 'change')} of single tags"
    if done.run is not None:
        yield f"`tagd undo --run {done.run}` brings it back"
