"""Tags inside the photos, on request: `tagd write` and `tagd read`."""

from __future__ import annotations

import gc
import time
from collections import defaultdict
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from traceback import format_exception
from typing import TYPE_CHECKING, Annotated

import typer

from tagd.app.paths import followed, unknown
from tagd.cli import output
from tagd.cli.options import AsJson, ConfigFile, absolute, configuration
from tagd.cli.queries import found_by
from tagd.cli.tagging import progress
from tagd.cli.written import written_fields, written_lines
from tagd.errors import CatalogueError, ConfigError, InternalFault, TagdError, in_a_line
from tagd.fs import display
from tagd.installation import as_word

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy import Connection

    from tagd.catalogue.db.engine import Catalogue
    from tagd.catalogue.written.inscriptions import Target
    from tagd.config import Config
    from tagd.errors import PhotoError
    from tagd.labels.rules import TagRules
    from tagd.metadata.writer import Report
    from tagd.writeback.bulk import Work, Written
    from tagd.writeback.tag_writer import MetadataSettings, TagWriter


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
    done, run = _write(settings, paths, query, to, undo, dry_run=dry_run)
    if json:
        output.as_json(written_fields(done, run))
    else:
        for text in written_lines(done, run, dry_run=dry_run, verbose=verbose):
            output.line(text)
    if done.left:
        raise KeyboardInterrupt  # which it was
    raise typer.Exit(1 if done.failed else 0)


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
    done = _read(settings, paths)
    if json:
        output.as_json({"files": done.files, "changed": done.changed, "run": done.run})
    else:
        undo = "" if done.run is None else f" (`tagd undo --run {done.run}` takes it back)"
        of = output.count(done.files, "file")
        output.line(f"{of} read, the tags of {output.count(done.changed, 'photo')} changed{undo}")
    for path, text in (*done.notes, *done.failed):
        output.note(f"  {display(path)}: {text}")
    raise typer.Exit(1 if done.failed else 0)


@dataclass(frozen=True, slots=True)
class Read:
    """What was read: how many files, of how many photos the tags changed, what is to be told of
    single files, and what failed."""

    files: int
    changed: int
    notes: tuple[tuple[Path, str], ...]
    failed: tuple[tuple[Path, str], ...]
    run: int | None


def _read(config: Config, paths: Sequence[Path]) -> Read:
    # Lazy: these bring in SQLAlchemy and lxml.
    from tagd.assembly.derivation import derivation_of  # noqa: PLC0415
    from tagd.assembly.writing import metadata_settings, writes_of  # noqa: PLC0415
    from tagd.catalogue.db.engine import open_writer  # noqa: PLC0415
    from tagd.catalogue.tagging.runs import Run, noted  # noqa: PLC0415
    from tagd.catalogue.written import inscriptions  # noqa: PLC0415
    from tagd.metadata.read_back import readings_at  # noqa: PLC0415
    from tagd.tagging.keyword_sync import take_in  # noqa: PLC0415

    derivation, run = derivation_of(config), Run.of("tagd read")
    writes, sidecars = writes_of(config), metadata_settings(config).sidecars
    changed: set[int] = set()
    notes: list[tuple[Path, str]] = []
    failed: list[tuple[Path, str]] = []
    with open_writer(config.catalogue.path) as catalogue:
        with catalogue.read() as tx:
            files = _files(tx, paths, None, derivation.rules)
            targets = [inscriptions.target(tx, file_id) for file_id in files]
        for target in filter(None, targets):
            try:
                readings = readings_at(target.path, sidecars, target.content)
                with catalogue.write() as tx:
                    its = take_in(tx, {target.file_id: readings}, derivation, run, time.time())
                    if writes is not None:
                        writes.queue_rows(tx, its.photos)
            except CatalogueError:
                raise
            except Exception as raised:  # noqa: BLE001 - whatever it is, it costs this photo alone
                failed.append(_told(InternalFault.translated(target.path, raised)))
            else:
                changed |= its.photos
                notes += [(target.path, note) for each in its.notes.values() for note in each]
        with catalogue.read() as tx:
            return Read(len(files), len(changed), tuple(notes), tuple(failed), noted(tx, run))


def _write(
    config: Config,
    paths: Sequence[Path] | None,
    query: str | None,
    to: str | None,
    undo: int | None,
    *,
    dry_run: bool,
) -> tuple[Written, int | None]:
    """What was written, and the number of the run that `--undo` takes, where there is one."""
    # Lazy: these bring in SQLAlchemy and lxml.
    from tagd.assembly.derivation import derivation_of  # noqa: PLC0415
    from tagd.assembly.writing import metadata_settings  # noqa: PLC0415
    from tagd.catalogue.db.engine import open_reader, open_writer  # noqa: PLC0415
    from tagd.catalogue.tagging.runs import Run, noted  # noqa: PLC0415
    from tagd.writeback.tag_writer import TagWriter  # noqa: PLC0415

    settings = metadata_settings(config)
    wanted = _directed(settings, to)
    run = Run.of("tagd write" if undo is None else f"tagd write --undo {undo}")
    path = config.catalogue.path
    if undo is None and wanted.is_off:
        named = [as_word(str(path)) for path in paths or ()]
        what = f"--query {as_word(query)}" if query else " ".join(named)
        off = ConfigError(
            "nothing is written into photos: [metadata] write is off",
            key="metadata.write",
            hint=f"`tagd write {what} --to embedded` writes into them, --to sidecar beside them.",
        )
        if not dry_run:
            raise off
        output.note(f"tagd: {in_a_line(off)} What that would do:")
        wanted = _directed(settings, "embedded")
    with closing(open_reader(path) if dry_run else open_writer(path)) as catalogue:
        derivation = derivation_of(config)
        tag_writer = TagWriter(catalogue, wanted, derivation, run)
        if undo is None:
            with catalogue.read() as tx:
                files = _files(tx, paths, query, derivation.rules)
            done = _write_all(catalogue, tag_writer, settings, files, dry_run=dry_run)
        else:
            done = _take_back(catalogue, tag_writer, undo, dry_run=dry_run)
        with catalogue.read() as tx:
            return done, None if undo is not None else noted(tx, run)


def _directed(settings: MetadataSettings, to: str | None) -> MetadataSettings:
    """The settings, overridden by --to."""
    from tagd.writeback.tag_writer import WriteMode  # noqa: PLC0415  lazy, as above

    if to is None:
        return settings
    if to not in set(WriteMode) - {WriteMode.OFF}:
        raise typer.BadParameter("--to takes sidecar, embedded or both")
    return replace(settings, write=WriteMode(to), rules=())


def _write_all(
    catalogue: Catalogue,
    tag_writer: TagWriter,
    settings: MetadataSettings,
    files: Sequence[int],
    *,
    dry_run: bool,
) -> Written:
    """Write these files, by row id; `settings` say what the queue is for."""
    from tagd.writeback.queue import note_failure, settle  # noqa: PLC0415
    from tagd.writeback.refresh import as_it_is  # noqa: PLC0415  lazy, as above

    def work(target: Target) -> Sequence[Report]:
        now = as_it_is(catalogue, target, dry_run=dry_run)
        mode = tag_writer.settings.mode_of(target.path)
        reports = tag_writer.write(now, mode, dry_run=dry_run)
        if not dry_run and {*settings.mode_of(target.path).places} <= {*mode.places}:
            settle(catalogue, target)
        return reports

    def note(target: Target, error: PhotoError) -> None:
        if not dry_run:
            note_failure(catalogue, target, error)

    return _work_off(catalogue, files, work, note)


def _take_back(
    catalogue: Catalogue, tag_writer: TagWriter, number: int, *, dry_run: bool
) -> Written:
    from tagd.catalogue.tagging.undone import runs_there  # noqa: PLC0415
    from tagd.catalogue.written import revisions  # noqa: PLC0415  lazy, as above
    from tagd.writeback.queue import settle  # noqa: PLC0415
    from tagd.writeback.refresh import as_it_is  # noqa: PLC0415
    from tagd.writeback.taking_back import TakingBack  # noqa: PLC0415

    with catalogue.read() as tx:
        if not runs_there(tx, number):
            raise TagdError(
                f"there is no run {number}", hint="`tagd history` lists the latest runs."
            )
        places = defaultdict(list)
        for file_id, place in revisions.written_in(tx, number):
            places[file_id].append(place)

    taking_back = TakingBack(tag_writer, number)

    def work(target: Target) -> Sequence[Report]:
        now = as_it_is(catalogue, target, any_picture=True, dry_run=dry_run)
        its = places[target.file_id]
        reports = [taking_back.take_back(now, place, dry_run=dry_run) for place in its]
        if not dry_run:
            settle(catalogue, target)  # what was about to be written is not wanted there either
        return reports

    return _work_off(catalogue, list(places), work)


def _work_off(
    catalogue: Catalogue,
    files: Sequence[int],
    work: Work,
    on_failed: Callable[[Target, PhotoError], None] = lambda _target, _error: None,
) -> Written:
    """Do the work for these files, with a bar on a terminal."""
    from tagd.writeback.bulk import work_off  # noqa: PLC0415  lazy, as above

    def fail(target: Target, error: PhotoError) -> None:
        _told(error)
        on_failed(target, error)

    with progress() as show:
        return work_off(catalogue, files, work, show, fail)


def _told(error: PhotoError) -> tuple[Path, str]:
    """Which photo, and why; of a fault of ours its traceback, too, on stderr."""
    if isinstance(error, InternalFault):
        output.note("".join(format_exception(error)))
    return error.path, error.advice_at_once


def _files(
    tx: Connection, paths: Sequence[Path] | None, query: str | None, rules: TagRules
) -> list[int]:
    """The files that are meant, by row id. Raises TagdError where there are none."""
    from tagd.catalogue.reports.overview import files_at  # noqa: PLC0415  lazy, as above

    if query is not None:
        found = [each.path for each in found_by(tx, query, rules)]
        if not found:
            raise TagdError(f"nothing found for {query!r}")
        return [file_id for path in found for file_id in files_at(tx, path)]
    files: dict[int, None] = {}
    for place in map(absolute, paths or ()):
        its = files_at(tx, place) or files_at(tx, followed(place))
        if not its:
            raise unknown(place)
        files.update(dict.fromkeys(its))
    return list(files)
