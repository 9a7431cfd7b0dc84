"""What was changed, and taking it back: `tagd history` and `tagd undo`."""

from __future__ import annotations

import gc
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tagd.app.paths import followed, unknown
from tagd.app.schemas import iso, undone_fields
from tagd.cli import output
from tagd.cli.fitting import short
from tagd.cli.options import AsJson, ConfigFile, absolute, configuration, named, reading, utf_8
from tagd.cli.tags import differences
from tagd.installation import as_word

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tagd.app.undo import Undone
    from tagd.catalogue.tagging.history import Event
    from tagd.catalogue.tagging.runs import ShownRun

RUNS_SHOWN = 20


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
    path = absolute(file)
    with reading(configuration(config)) as catalogue, catalogue.read() as tx:
        from tagd.catalogue.reports.overview import photos_at  # noqa: PLC0415  lazy: see search.py
        from tagd.catalogue.tagging.history import of_photo  # noqa: PLC0415

        places = [each for at in (path, followed(path)) for each in photos_at(tx, at)]
        photo = next((each for each in places if each.path in {path, followed(path)}), None)
        if photo is None:
            raise unknown(path, is_photo=True)
        events = [] if photo.photo_id is None else of_photo(tx, photo.photo_id)
    if json:
        output.as_json([event_fields(each) for each in events])
    elif events:
        output.table(["when", "who", "what", "run"], [event_cells(each) for each in events], "run")
        if runs := [each.run for each in events if each.run is not None]:
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
    from tagd.app import catalogues  # noqa: PLC0415
    from tagd.app.undo import UndoRequest, UndoScope  # noqa: PLC0415
    from tagd.app.undo import undo as take_back  # noqa: PLC0415
    from tagd.cli.progress import bar  # noqa: PLC0415

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
    with reading(configuration(config)) as catalogue, catalogue.read() as tx:
        from tagd.catalogue.tagging.runs import last  # noqa: PLC0415  lazy: see search.py

        runs = last(tx, RUNS_SHOWN)
    if json:
        output.as_json([run_fields(each) for each in runs])
    elif runs:
        rows = [
            (each.run, output.local(each.started_at), short(each.command), did(each))
            for each in runs
        ]
        output.table(["run", "since", "command", "did"], rows, "run")
    else:
        output.note("no run has changed any tags yet")


def moment(text: str) -> float:
    """A date, or a date and time, on the wall clock, in seconds since 1970."""
    try:
        return datetime.fromisoformat(text).astimezone().timestamp()
    except ValueError:
        raise typer.BadParameter(
            f"{text!r} is not a date such as 2026-11-21 or 2026-11-21T18:30"
        ) from None


def event_fields(event: Event) -> dict[str, Any]:
    """A change under the names that `v_history` has."""
    return {
        "at": iso(event.at),
        "who": event.who,
        "change": event.change,
        "tag": event.tag,
        "label": event.label,
        "model": event.model,
        "run": event.run,
        "command": event.command,
    }


def event_cells(event: Event) -> tuple[str, str, str, str]:
    """A change for a person: when, who, what, run."""
    what = f"{event.change} {short(event.tag)}" if event.tag else event.change
    if event.model:
        what += f" {'what it gave' if event.change == 'undone' else 'by'} {event.model}"
    return output.local(event.at), event.who, what, "" if event.run is None else str(event.run)


def run_fields(run: ShownRun) -> dict[str, Any]:
    """A run as `tagd history --json` prints it."""
    return {
        "run": run.run,
        "command": run.command,
        "started_at": iso(run.started_at),
        "tagged": run.tagged,
        "changed": run.changed,
        "took_back": run.took_back,
        "undone": run.undone,
        "written": run.written,
    }


def did(run: ShownRun) -> str:
    """What a run did, in words."""
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
    """What was taken back, in a line or two."""
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
