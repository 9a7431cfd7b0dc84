"""The commands to the running daemon: `pause`, `resume`, `drain`, `stop`, `reload`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from tagd.cli import output
from tagd.cli.options import ConfigFile, configuration

if TYPE_CHECKING:
    from pathlib import Path

    from tagd.config import Config


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    for command in (pause, resume, drain, stop, reload):
        app.command()(command)


def pause(config: ConfigFile = None) -> None:
    """Have the daemon tag nothing until `tagd resume`.

    It goes on watching, and stays paused even after a restart.
    """
    _order(config, "pause")


def resume(config: ConfigFile = None) -> None:
    """Have the daemon tag again.

    After `tagd pause`, or in the midst of `tagd drain`.
    """
    _order(config, "resume")


def drain(config: ConfigFile = None) -> None:
    """Have the daemon take nothing new, tag what waits, and end."""
    _order(config, "drain")


def stop(config: ConfigFile = None) -> None:
    """End the daemon, and return when it has ended. What waits is kept."""
    from tagd.app.control import wait_for_end

    wait_for_end(_order(config, "stop"))


def reload(config: ConfigFile = None) -> None:
    """Have the daemon read its configuration again.

    As SIGHUP does; this says what changed.
    """
    _order(config, "reload")


def _order(config: Path | None, command: str) -> Config:
    """Have it done, print what came of it, and return the configuration."""
    # Lazy: the read path imports this module too, and needs none of it.
    from tagd.app.control import Command, order

    settings = configuration(config)
    output.line(order(settings, Command(command)))
    return settings
