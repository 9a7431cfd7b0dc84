"""What a person types: parse → call → print. One file a group of commands; this one joins them.

Beside the files in `COMMANDS`:

    options             what many commands share, and how what was typed becomes a value
    grammar             how a command line is read, beyond what typer does
    output, progress    printing, and the bar of long work; fitting: into a terminal's columns
    streams             standard output that may be closed, or full
    live                the screen of `tagd status --watch`
    written             what `tagd write` did, or would do
    language            that of tag names which a locale asks for
    measure, shadow     the commands of `models` and `retag` that ask models
    logs, journal       the log of `tagd run`, and systemd's journal
"""

from __future__ import annotations

import gc
import os
import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tagd import __version__
from tagd.cli import streams
from tagd.cli.grammar import Group, as_options
from tagd.cli.output import note
from tagd.errors import ConfigError, TagdError, TagUnknown
from tagd.installation import command

if TYPE_CHECKING:
    from collections.abc import Collection

# Exit statuses, beside 0.
FAILED = 1  # something could not be done: photos failed, doctor found a problem, nothing found
MISUSED = 2  # the command line or the configuration is wrong, as typer has it too
INTERRUPTED = 130

# The files of this package, and the commands that each adds.
COMMANDS = {
    "tagging": ("run", "tag"),
    "search": ("search", "show"),
    "export": ("export",),
    "tags": ("tags",),
    "corrections": ("confirm", "reject", "add", "remove"),
    "learning": ("learn",),
    "history": ("history", "undo"),
    "metadata": ("write", "read"),
    "status": ("status", "failed"),
    "control": ("pause", "resume", "drain", "stop", "reload"),
    "upkeep": ("backup", "restore", "db"),
    "setup": ("init", "doctor", "config"),
    "service": ("service",),
    "web": ("web",),
    "models": ("models",),
    "policy": ("policy",),
    "retag": ("retag",),
}


def app_for(words: Collection[str] = ()) -> typer.Typer:
    """Make the command `tagd`. Where words of the command line are names of commands, it has no
    others than the files of these add: importing all takes as long as a search."""
    app = typer.Typer(
        name="tagd",
        cls=Group,
        help="Watches photo folders and tags what lands there.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,  # plain help and errors, at once and the same in a pipe
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_common_options)
    asked = [file for file, commands in COMMANDS.items() if set(commands) & set(words)]
    for file in asked or COMMANDS:
        import_module(f"tagd.cli.{file}").register(app)
    return app


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(f"tagd {__version__}")
        raise typer.Exit


def _common_options(
    config: Annotated[
        Path | None,
        typer.Option("--config", metavar="FILE", help="The configuration to use."),
    ] = None,
    debug: Annotated[
        bool, typer.Option("--debug", help="Show where an error came from (TAGD_DEBUG=1).")
    ] = False,
    version: Annotated[
        bool,
        typer.Option(
            "--version", help="Print the version.", callback=_print_version, is_eager=True
        ),
    ] = False,
) -> None:
    """Options that may stand before the command."""
    del config, version  # read from the context by the commands; handled by its callback
    if debug:
        os.environ["TAGD_DEBUG"] = "1"


def main() -> None:
    """Run the command `tagd`. Leaves with an exit status; only a fault of its own shows a
    traceback."""
    # Importing makes many objects and no garbage; looking for it nevertheless takes a tenth of what
    # a search takes. Commands that work for long turn it on again.
    gc.disable()
    # Imported, NumPy starts a thread a core for products of matrices, which spin for a while. There
    # are no such products here, and the decoders are starting meanwhile.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    streams.prepare()
    try:
        try:
            arguments = as_options(sys.argv[1:])
            app_for(arguments)(arguments, prog_name=command())
        finally:
            sys.stdout.flush()
    except TagdError as error:
        if os.environ.get("TAGD_DEBUG"):
            raise
        if isinstance(error, streams.OutputLost):
            streams.silence_output()
        note(f"tagd: {error}")
        sys.exit(MISUSED if isinstance(error, (ConfigError, TagUnknown)) else FAILED)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        streams.silence_output()  # whoever read it has left
        sys.exit(FAILED)
