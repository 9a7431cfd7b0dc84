"""The commands to the running daemon: `pause`, `resume`, `drain`, `stop`, `reload`."""

from __future__ import annotations

import time
from pathlib import Path

import typer

from tagd.cli import output
from tagd.cli.options import ConfigFile, configuration
from tagd.errors import CatalogueMissing, ControlError
from tagd.fs import display

END_SECONDS = 15.0  # a daemon stops within 5
_LOOK_SECONDS = 0.1


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    for command in (pause, resume, drain, stop, reload):
        app.command()(command)


def pause(config: ConfigFile = None) -> None:
    """Have the daemon tag nothing until `tagd resume`.

    It goes on watching, and stays paused even after a restart.
    """
    _tell(config, "pause")


def resume(config: ConfigFile = None) -> None:
    """Have the daemon tag again.

    After `tagd pause`, or in the midst of `tagd drain`.
    """
    _tell(config, "resume")


def drain(config: ConfigFile = None) -> None:
    """Have the daemon take nothing new, tag what waits, and end."""
    _tell(config, "drain")


def stop(config: ConfigFile = None) -> None:
    """End the daemon, and return when it has ended. What waits is kept."""
    _tell(config, "stop")
    from tagd.catalogue.db.engine import owner_of

    path = configuration(config).catalogue.path
    deadline = time.monotonic() + END_SECONDS
    while (holder := owner_of(path)) is not None and holder.what == "tagd run":
        if time.monotonic() > deadline:
            raise ControlError(f"{holder} has not ended yet", hint="see its log")
        time.sleep(_LOOK_SECONDS)


def reload(config: ConfigFile = None) -> None:
    """Have the daemon read its configuration again.

    As SIGHUP does; this says what changed.
    """
    _tell(config, "reload")


def _tell(config: Path | None, command: str) -> None:
    """Have it done, and print what came of it. Raises `ControlError`."""
    # Lazy: the read path imports this module too, and needs none of it.
    from tagd.ops.control import Command, tell

    reply = tell(_listener(configuration(config).catalogue.path), Command(command))
    if not reply.ok:
        raise ControlError(reply.message, hint=reply.hint)
    output.line(reply.message)


def _listener(catalogue: Path) -> Path:
    """Where the daemon of this catalogue listens. Raises `ControlError` where none does."""
    from tagd.catalogue.db import settings
    from tagd.catalogue.db.engine import open_reader, owner_of

    holder = owner_of(catalogue)
    if holder is None:
        raise ControlError(
            f"no tagd is running on {display(catalogue)}", hint="`tagd run` starts one"
        )
    if holder.what != "tagd run":
        raise ControlError(f"{holder} is using the catalogue, and takes no commands")
    try:
        with open_reader(catalogue) as opened, opened.read() as tx:
            place = settings.get(tx, settings.CONTROL)
    except CatalogueMissing:
        place = None
    if place is None:
        raise ControlError(f"{holder} does not listen yet", hint="try again in a moment")
    return Path(place)
