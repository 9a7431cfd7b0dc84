"""The commands that keep the catalogue safe: `backup`, `restore`, `db check`, `db vacuum`."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from tagd.app.schemas import iso
from tagd.cli import output
from tagd.cli.options import AsJson, ConfigFile, absolute, configuration, named
from tagd.fs import display

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
    settings = configuration(config)
    # Lazy: the read path imports this module too, and needs none of it.
    from tagd.catalogue.db.engine import open_reader
    from tagd.ops import backup

    path, wanted = settings.catalogue.path, settings.backup
    open_reader(path).close()  # says what is wrong where it is no catalogue
    made = backup.back_up(path, wanted.folder, wanted.keep, time.time())
    size = made.path.stat().st_size / 1e6
    output.line(f"{display(made.path)}: {size:,.1f} MB, and sound")


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
    from tagd.ops import backup

    path = settings.catalogue.path
    if file is None:
        found = backup.backups(path, settings.backup.folder)
        if json:
            output.as_json(
                [{"path": display(each.path), "made_at": iso(each.made_at)} for each in found]
            )
        elif found:
            for each in found:  # the path last: however long, it can be copied
                output.line(f"{output.local(each.made_at)}  {display(each.path)}")
        else:
            output.note(f"there are no backups in {display(settings.backup.folder)}")
        return
    done = backup.restore(path, absolute(file), time.time())
    output.line(f"restored {display(path)} from {display(file)}")
    if done.replaced is not None:
        output.line(f"the catalogue that was there is kept as {display(done.replaced)}")
    if left_out := [each for each in done.strange if each.kind != "table"]:
        output.note(f"left out, as it is not tagd's: {', '.join(map(str, left_out))}")


@db_commands.command()
def check(config: ConfigFile = None) -> None:
    """Have SQLite look through the whole catalogue.

    The exit status is 1 where it is damaged, or where another program's triggers change what tagd
    writes.
    """
    path = configuration(config).catalogue.path
    from tagd.catalogue.db import copies, strangers
    from tagd.catalogue.db.engine import open_reader

    open_reader(path).close()
    copies.examine(path)
    found = strangers.strangers(path)
    strangers.refuse_triggers(path, found)
    output.line(f"{display(path)} is sound")
    if found:
        output.note(f"it also holds what is not tagd's: {', '.join(map(str, found))}")


@db_commands.command()
def vacuum(config: ConfigFile = None) -> None:
    """Write the catalogue anew without gaps, while no daemon runs."""
    path = configuration(config).catalogue.path
    from tagd.catalogue.db.engine import compact, open_reader

    open_reader(path).close()
    before, after = compact(path)
    output.line(f"{display(path)}: {before / 1e6:,.1f} MB before, {after / 1e6:,.1f} MB now")
