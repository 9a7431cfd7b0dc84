"""The commands that look at photos: `tagd run` and `tagd tag`."""

from __future__ import annotations

import gc
import sys
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from tagd.app.work_schemas import summary_fields
from tagd.cli import output
from tagd.cli.options import AsJson, ConfigFile, absolute, configuration, existing, existing_folder
from tagd.fs import display

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from tagd.app.tagging import Left, Summary
    from tagd.config import Config
    from tagd.work.progress import Progress

FAILURES_SHOWN = 10


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command()(run)
    app.command()(tag)


def run(
    folders: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="FOLDER",
            parser=existing_folder,
            help="Watch these instead of the configured folders.",
        ),
    ] = None,
    config: ConfigFile = None,
) -> None:
    """Watch folders and tag what lands there, until Ctrl-C."""
    named = [absolute(folder) for folder in folders or ()]

    def read() -> Config:
        settings = configuration(config)
        return settings.watching(named) if named else settings

    settings = read()
    offer_language(settings, config)
    # Lazy: these bring in the model, which other commands do without.
    from tagd.cli import logs
    from tagd.cli.web import serving
    from tagd.daemon import run as daemon

    _collect_garbage()

    def follow(settings: Config) -> None:
        logs.configure(settings.log.level, settings.log.format)

    follow(settings)
    web = serving(config)
    raise typer.Exit(daemon.run(settings, reread=read, relog=follow, web=web))


def tag(
    paths: Annotated[
        list[Path],
        typer.Argument(metavar="PATH", parser=existing, help="Photos, or folders of them."),
    ],
    config: ConfigFile = None,
    json: AsJson = False,
) -> None:
    """Tag photos now, and return when that is done.

    The exit status is 0 when all are tagged or were so already, and 1 when any failed.
    """
    settings = configuration(config)
    offer_language(settings, config)
    from tagd.app import tagging

    _collect_garbage()
    quiet_logs(settings)
    with saying_what_waits(settings), progress() as show:
        summary = tagging.tag(settings, [absolute(path) for path in paths], show)
    print_summary(summary, json=json)


def offer_language(settings: Config, config: Path | None) -> None:
    """Offer tag names in the language of the locale, before there is a catalogue."""
    from tagd.cli.language import offer
    from tagd.config import find

    if settings.log.format != "json":
        offer(settings, find(config))


@contextmanager
def saying_what_waits(settings: Config) -> Iterator[None]:
    """On Ctrl-C say what is left in the queue, and who goes on with it."""
    try:
        yield
    except KeyboardInterrupt:
        from tagd.app.tagging import left

        output.note(waiting_line(left(settings)))
        raise


def waiting_line(left: Left) -> str:
    """What is left after Ctrl-C, in a line."""
    if not left.photos:
        return "interrupted; no photo waits in the queue"
    wait = output.count(left.photos, "photo waits", "photos wait")
    if left.holder is not None:
        return f"interrupted; {wait}, and {left.holder} goes on with them"
    return f"interrupted; {wait}: the same command again goes on with them, or `tagd run`"


def _collect_garbage() -> None:
    """From now on (`main` turned it off), and not among what importing has made, which stays."""
    gc.freeze()
    gc.enable()


def quiet_logs(settings: Config) -> None:
    """Have the log say on stderr what goes wrong, and no more."""
    from tagd.cli import logs

    logs.configure("warning", settings.log.format, sys.stderr)


def print_summary(summary: Summary, *, json: bool) -> NoReturn:
    """What came of it; then leave, with 1 where any failed."""
    if json:
        output.as_json(summary_fields(summary))
    else:
        for text in summary_lines(summary):
            output.line(text)
    if summary.left:
        raise KeyboardInterrupt  # which it was
    _wait_for_exports(summary)
    raise typer.Exit(1 if summary.failed else 0)


def _wait_for_exports(summary: Summary) -> None:
    from tagd.app.tagging import is_exporting, wait_for_exports

    if not is_exporting(summary):
        return
    sys.stdout.flush()
    output.note("waiting for the models' export to ONNX Runtime, once on this machine")
    with suppress(KeyboardInterrupt):  # it goes on by itself
        wait_for_exports(summary)


def summary_lines(summary: Summary) -> Iterator[str]:
    """The summary in a line, then the first failures with their reasons."""
    parts = [f"{output.count(summary.tagged, 'photo')} tagged"]
    if summary.duplicates:
        parts.append(f"{output.count(summary.duplicates, 'copy', 'copies')} known already")
    parts.append(f"{summary.unchanged:,} unchanged")
    if summary.written:
        parts.append(f"{output.count(summary.written, 'file')} written")
    if summary.left:
        parts.append(f"{summary.left:,} left to be written")
    if summary.failed:
        parts.append(f"{len(summary.failed):,} failed")
    text = ", ".join(parts)
    if summary.tagged:
        rate = summary.tagged / max(summary.seconds, 0.001)
        text += f" in {output.duration(summary.seconds)} ({rate:.1f} photos/s)"
        # Why it computes there is told by `tagd status` and `tagd doctor`.
        text += f" with {summary.model} on {summary.device.partition(': ')[0]}"
    yield text
    for path, reason in summary.failed[:FAILURES_SHOWN]:
        yield f"  {display(path)}: {reason}"
    if len(summary.failed) > FAILURES_SHOWN:
        yield f"  … and {len(summary.failed) - FAILURES_SHOWN:,} more: `tagd failed`"


def progress() -> AbstractContextManager[Callable[[Progress], None]]:
    """A bar with the time left on a terminal; nothing where nobody watches."""
    if not sys.stderr.isatty():
        return nullcontext(lambda _: None)
    from tagd.cli.progress import bar  # lazy: rich's bars cost 0.1 s

    return bar(output.console(stderr=True))
