"""The commands that keep the catalogue safe: `backup`, `restore`, `db check`, `db vacuum`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tagd.app.schemas import backup_fields
from tagd.cli import output
from tagd.cli.options import AsJson, ConfigFile, absolute, configuration, named
from tagd.fs import display

if TYPE_CHECKING:
    from tagd.config import Config

db_commands = typer.Typer(name="db", help="Look after the catalogue.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command()(backup)
    app.command()(restore)
    app.add_typer(db_commands)


def backup(config: ConfigFile = None) -> None:
    """Back the catalogue up now, also while the daemon works.

    The oldest backups beyond [backup] keep go.
    """
    from tagd.app.upkeep import back_up  # lazy: the read path imports this module too

    made = back_up(configuration(config)).path
    output.line(f"{display(made)}: {made.stat().st_size / 1e6:,.1f} MB, and sound")


def restore(
    file: Annotated[
        Path | None,
        typer.Argument(metavar="FILE", parser=named, help="A backup. Without: list them."),
    ] = None,
    config: ConfigFile = None,
    json: AsJson = False,
) -> None:
    """Put a backup in the catalogue's place, or list backups.

    It is examined first, and what it replaces is kept beside it. Without FILE, list the backups.
    """
    settings = configuration(config)
    if file is None:
        _list(settings, json=json)
        return
    from tagd.app.upkeep import restore as put_back

    done, path = put_back(settings, absolute(file)), settings.catalogue.path
    output.line(f"restored {display(path)} from {display(file)}")
    if done.replaced is not None:
        output.line(f"the catalogue that was there is kept as {display(done.replaced)}")
    if left_out := [each for each in done.strange if each.kind != "table"]:
        output.note(f"left out, as it is not tagd's: {', '.join(map(str, left_out))}")


def _list(settings: Config, *, json: bool) -> None:
    from tagd.app.upkeep import backups

    found = backups(settings)
    if json:
        output.as_json([backup_fields(backup) for backup in found])
    elif found:
        for backup in found:  # the path last: however long, it can be copied
            output.line(f"{output.local(backup.made_at)}  {display(backup.path)}")
    else:
        output.note(f"there are no backups in {display(settings.backup.folder)}")


@db_commands.command()
def check(config: ConfigFile = None) -> None:
    """Have SQLite look through the whole catalogue.

    The exit status is 1 where it is damaged, or where another program's triggers change what tagd
    writes.
    """
    from tagd.app import upkeep

    settings = configuration(config)
    strange = upkeep.check(settings)
    output.line(f"{display(settings.catalogue.path)} is sound")
    if strange:
        output.note(f"it also holds what is not tagd's: {', '.join(map(str, strange))}")


@db_commands.command()
def vacuum(config: ConfigFile = None) -> None:
    """Write the catalogue anew without gaps, while no daemon runs."""
    from tagd.app.upkeep import compact

    settings = configuration(config)
    done = compact(settings)
    before, after = (f"{size / 1e6:,.1f} MB" for size in (done.before, done.after))
    output.line(f"{display(settings.catalogue.path)}: {before} before, {after} now")
