"""The commands that make tagd a service: `service install`, `uninstall`, `status`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tagd.cli import output
from tagd.errors import ServiceError
from tagd.fs import display
from tagd.installation import script

service_commands = typer.Typer(
    name="service", help="Run tagd as a service of systemd's.", no_args_is_help=True
)

ForUser = Annotated[
    bool, typer.Option("--user", help="For this user only, not for the whole machine.")
]


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.add_typer(service_commands)


@service_commands.command()
def install(
    user: ForUser = False,
    gpu: Annotated[bool, typer.Option("--gpu", help="Let it use an NVIDIA GPU.")] = False,
    metrics: Annotated[bool, typer.Option("--metrics", help="Let it serve metrics.")] = False,
    web: Annotated[bool, typer.Option("--web", help="Let it serve pages to browsers.")] = False,
) -> None:
    """Write the service's files, enable it, and start it. Drop-ins that are there stay."""
    from tagd.ops import systemd  # lazy: the read path imports this module too

    # A person's own service has the devices and the network anyway.
    asked = {"gpu": gpu and not user, "metrics": metrics and not user, "web": web and not user}
    place = systemd.UnitPlace.of(user=user)
    for file in systemd.install(
        place, _command(), [name for name, wanted in asked.items() if wanted]
    ):
        output.line(f"wrote {display(file)}")
    output.line("tagd is running, and starts with the machine" if not user else "tagd runs")
    if user:
        output.note("loginctl enable-linger has it run while you are not logged in")


@service_commands.command()
def uninstall(user: ForUser = False) -> None:
    """Stop it and take its unit away. Configuration and catalogue stay."""
    from tagd.ops import systemd

    output.line(f"removed {display(systemd.uninstall(systemd.UnitPlace.of(user=user)))}")


@service_commands.command()
def status(user: ForUser = False) -> None:
    """Show what systemd says of it."""
    from tagd.ops import systemd

    for text in systemd.status(systemd.UnitPlace.of(user=user)).splitlines():
        output.line(text)


def _command() -> Path:
    """Find this very tagd. Raises `ServiceError` where it was started as a module."""
    command = script()
    if command is None:
        raise ServiceError(
            "the command tagd is not installed", hint="pipx install FOLDER, that of tagd's source"
        )
    return command
