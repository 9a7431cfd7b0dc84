"""What a person types: parse → call → print. One file a group of commands; this one joins them."""

from __future__ import annotations

import gc
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from tagd import __version__
from tagd.cli import (
    control,
    export,
    inscribe,
    look,
    models,
    past,
    policy,
    retag,
    say,
    service,
    setup,
    state,
    tags,
    upkeep,
    work,
)
from tagd.cli.output import note
from tagd.errors import ConfigError, TagdError, TagUnknown

# Exit statuses, beside 0.
FAILED = 1  # something could not be done: photos failed, doctor found a problem, nothing found
MISUSED = 2  # the command line or the configuration is wrong, as typer has it too
INTERRUPTED = 130

app = typer.Typer(
    name="tagd",
    help="Watches photo folders and tags what lands there.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # plain help and errors, at once and the same in a pipe
    context_settings={"help_option_names": ["-h", "--help"]},
)
work.register(app)
look.register(app)
export.register(app)
tags.register(app)
say.register(app)
past.register(app)
inscribe.register(app)
state.register(app)
control.register(app)
upkeep.register(app)
setup.register(app)
service.register(app)
models.register(app)
policy.register(app)
retag.register(app)


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(f"tagd {__version__}")
        raise typer.Exit


@app.callback()
def options(
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
    """The command `tagd`. Leaves with an exit status; only a fault of its own shows a traceback."""
    # Importing makes many objects and no garbage; looking for it nevertheless takes a tenth of what
    # a search takes. Commands that work for long turn it on again.
    gc.disable()
    for stream in (sys.stdout, sys.stderr):
        # A tag or a path that the terminal's encoding lacks is shown escaped, not a crash.
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    try:
        try:
            app(prog_name="tagd")
        finally:
            sys.stdout.flush()
    except TagdError as error:
        if os.environ.get("TAGD_DEBUG"):
            raise
        note(f"tagd: {error}")
        sys.exit(MISUSED if isinstance(error, (ConfigError, TagUnknown)) else FAILED)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        # Whoever read our output has left. What is still buffered goes nowhere, without a word.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(FAILED)
