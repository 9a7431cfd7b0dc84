"""Tags inside the photos, on request: `tagd write` and `tagd read`."""

from __future__ import annotations

import gc
from dataclasses import replace
from pathlib import Path
from traceback import format_exception
from typing import TYPE_CHECKING, Annotated

import typer

from tagd.app.work_schemas import read_fields, written_fields
from tagd.cli import output
from tagd.cli.options import AsJson, ConfigFile, absolute, configuration
from tagd.cli.tagging import progress
from tagd.cli.written import written_lines
from tagd.errors import ConfigError, InternalFault, in_a_line
from tagd.fs import display
from tagd.installation import as_word

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tagd.app.writeback import WriteMode, WriteRequest
    from tagd.config import Config
    from tagd.errors import PhotoError


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command()(write)
    app.command()(read)


def write(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(metavar="PATH", help="Photos, or folders of them.", show_default=False),
    ] = None,
    *,
    query: Annotated[
        str | None,
        typer.Option(
            "--query", metavar="QUERY", help="Photos that a search finds, instead of PATH."
        ),
    ] = None,
    to: Annotated[
        str | None,
        typer.Option(
            "--to",
            metavar="WHERE",
            help="sidecar, embedded or both, whatever the configuration says.",
        ),
    ] = None,
    undo: Annotated[
        int | None,
        typer.Option("--undo", metavar="RUN", help="Take back what this run wrote."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would change; change nothing.")
    ] = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Have --dry-run list every file.")
    ] = False,
    config: ConfigFile = None,
    json: AsJson = False,
) -> None:
    """Write tags into photos, for other programs to read.

    Or into sidecars beside them. Where is said by [metadata] in the configuration, or by --to.
    Keywords that others wrote stay as they are, and so does every pixel; files whose keywords are
    right already are left alone. `tagd history` lists the runs that --undo takes. The exit status
    is 1 when any file failed. Ctrl-C ends it when the files in hand are done, and says how many are
    left.
    """
    if sum((bool(paths), query is not None, undo is not None)) != 1:
        raise typer.BadParameter("name photos, find them with --query QUERY, or --undo RUN")
    settings = configuration(config)
    gc.enable()  # `main` turned it off
    # Lazy: these bring in SQLAlchemy and lxml.
    from tagd.app import catalogues, writeback
    from tagd.app.selection import Selection

    request = writeback.WriteRequest(
        Selection(tuple(map(absolute, paths or ())), query), _mode(to), dry_run
    )
    if undo is None:
        request = _somewhere(settings, request, paths or ())
    with catalogues.opened(settings, dry_run=dry_run) as catalogue, progress() as show:
        if undo is None:
            result = writeback.write(catalogue, settings, request, show, _tell_of_fault)
        else:
            result = writeback.take_back(
                catalogue,
                settings,
                undo,
                to=request.to,
                dry_run=dry_run,
                on_progress=show,
                on_failed=_tell_of_fault,
            )
    if json:
        output.as_json(written_fields(result))
    else:
        for text in written_lines(result, dry_run=dry_run, verbose=verbose):
            output.line(text)
    if result.done.left:
        raise KeyboardInterrupt  # which it was
    raise typer.Exit(1 if result.done.failed else 0)


def read(
    paths: Annotated[
        list[Path], typer.Argument(metavar="PATH", help="Photos, or folders of them.")
    ],
    *,
    config: ConfigFile = None,
    json: AsJson = False,
) -> None:
    """Read what other programs wrote into photos and sidecars.

    Keywords become tags; what tagd wrote and somebody took away is rejected; stars and places are
    kept. `tagd run` does so by itself whenever a photo is new or has changed.
    """
    settings = configuration(config)
    gc.enable()
    from tagd.app import catalogues, writeback

    with catalogues.writer(settings) as catalogue:
        places = [absolute(path) for path in paths]
        done = writeback.read(catalogue, settings, places, _tell_of_fault)
    if json:
        output.as_json(read_fields(done))
    else:
        undo = "" if done.run is None else f" (`tagd undo --run {done.run}` takes it back)"
        of = output.count(done.files, "file")
        output.line(f"{of} read, the tags of {output.count(done.changed, 'photo')} changed{undo}")
    for path, text in (*done.notes, *done.failed):
        output.note(f"  {display(path)}: {text}")
    raise typer.Exit(1 if done.failed else 0)


def _mode(to: str | None) -> WriteMode | None:
    """Return what --to says."""
    from tagd.app.writeback import WriteMode

    if to is None:
        return None
    if to not in set(WriteMode) - {WriteMode.OFF}:
        raise typer.BadParameter("--to takes sidecar, embedded or both")
    return WriteMode(to)


def _somewhere(settings: Config, request: WriteRequest, paths: Sequence[Path]) -> WriteRequest:
    """Return the request where anything is written at all. A dry run shows else what could be;
    raises ConfigError where it is none."""
    from tagd.app.writeback import WriteMode, require_on

    try:
        require_on(settings, request.to)
    except ConfigError as off:
        query = request.photos.query
        which = f"--query {as_word(query)}" if query else " ".join(as_word(str(p)) for p in paths)
        off.hint = f"`tagd write {which} --to embedded` writes into them, --to sidecar beside them."
        if not request.dry_run:
            raise
        output.note(f"tagd: {in_a_line(off)} What that would do:")
        return replace(request, to=WriteMode.EMBEDDED)
    return request


def _tell_of_fault(error: PhotoError) -> None:
    """Print on stderr the traceback of a fault of ours: what failed is told at the end."""
    if isinstance(error, InternalFault):
        output.note("".join(format_exception(error)))
