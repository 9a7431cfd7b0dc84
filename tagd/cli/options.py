"""The options that many commands share, and how what a person typed becomes a value."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from tagd.cli.output import note
from tagd.fs import display
from tagd.text import visible

if TYPE_CHECKING:
    from tagd.catalogue.db.engine import Catalogue
    from tagd.config import Config


def _or_the_one_before_the_command(ctx: typer.Context, value: Path | None) -> Path | None:
    """Let `tagd --config F tags` mean the same as `tagd tags --config F`; the nearer one counts."""
    while value is None and ctx.parent is not None:
        ctx = cast("typer.Context", ctx.parent)
        value = ctx.params.get("config")
    return value


ConfigFile = Annotated[
    Path | None,
    typer.Option(
        "--config",
        metavar="FILE",
        help="The configuration to use.",
        callback=_or_the_one_before_the_command,
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
NullPaths = Annotated[
    bool, typer.Option("--null", "-0", help="Print paths alone, each ended by NUL, for xargs -0.")
]


def configuration(file: Path | None) -> Config:
    """Load the current configuration. Raises `ConfigError`."""
    # Lazy: pydantic models are built on import, which `tagd --help` need not wait for.
    from tagd.config import load, unread

    for line in unread():
        note(f"tagd: {line}")
    return load(file)


def reading(settings: Config) -> Catalogue:
    """Open the catalogue, to be read and closed. Raises `CatalogueError`."""
    from tagd.app import catalogues  # lazy: SQLAlchemy takes 0.15 s

    return catalogues.reader(settings)


def named(text: str) -> Path:
    """Return a path as it was typed, for typer to call: an empty one, as a shell makes it of a
    variable that is not set, would else mean the whole folder that one is in."""
    if not text:
        raise typer.BadParameter("this path is empty")
    return Path(text)


def utf_8(text: str) -> str:
    """Return a name as it was typed, for typer to call: the catalogue, unlike a disk, has UTF-8
    alone."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise typer.BadParameter(f"{visible(display(Path(text)))} is not UTF-8") from None
    return text


def existing(text: str) -> Path:
    """Return the same of what is there and can be read."""
    path = named(text)
    if not os.path.exists(path):  # noqa: PTH110  Path.exists raises where a folder forbids a look
        raise typer.BadParameter(f"{visible(display(path))} does not exist")
    if not os.access(path, os.R_OK):
        raise typer.BadParameter(f"{visible(display(path))} may not be read")
    return path


def existing_folder(text: str) -> Path:
    """Return the same of a folder, or of one that does not answer: whoever watches it waits for
    it."""
    # Lazy: few commands have a folder for argument.
    from tagd.intake.patience import answers

    path = named(text)
    if not answers(path):
        return path
    path = existing(text)
    if not path.is_dir():
        raise typer.BadParameter(f"{visible(display(path))} is no folder")
    return path


def absolute(path: Path) -> Path:
    """Return the path as the catalogue knows it: from the root, without `..`, symbolic links
    kept."""
    return Path(os.path.abspath(path))  # noqa: PTH100  Path.absolute keeps `..`
