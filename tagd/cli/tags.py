"""`tagd tags`: the tags that there are; `tagd tags rederive`: the rules applied to all photos."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING, Annotated

import typer

from tagd.app.schemas import count_fields, outcome_fields
from tagd.cli import output
from tagd.cli.fitting import short
from tagd.cli.options import AsJson, ConfigFile, configuration, reading

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tagd.app.rederive import Outcome

tags_commands = typer.Typer(name="tags", invoke_without_command=True)


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.add_typer(tags_commands)


@tags_commands.callback()
def tags(ctx: typer.Context, config: ConfigFile = None, json: AsJson = False) -> None:
    """List all tags, and how many files have each."""
    if ctx.invoked_subcommand is not None:
        return
    from tagd.app.tags import tags as look_up

    with reading(configuration(config)) as catalogue:
        counts = look_up(catalogue)
    if json:
        output.as_json([count_fields(count) for count in counts])
    elif counts:
        rows = [(short(count.name), count.files) for count in counts]
        output.table(["tag", "files"], rows, "files")
    else:
        output.note("there are no tags yet")


@tags_commands.command()
def rederive(
    config: ConfigFile = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show the difference, and change nothing.")
    ] = False,
    json: AsJson = False,
) -> None:
    """Apply changed rules to all photos, with no second look.

    All tags are derived anew from what the models said. `tagd run` and `tagd tag` do so by
    themselves when they start. Prints which tags come and go, each with the number of photos.
    """
    settings = configuration(config)
    gc.enable()  # `main` turned it off
    from tagd.app import rederive as use_case  # lazy: it brings SQLAlchemy and numpy
    from tagd.cli.progress import bar

    change = use_case.preview if dry_run else use_case.rederive
    with bar(output.console(stderr=True)) as show:
        outcome = change(settings, show)
    if json:
        output.as_json(outcome_fields(outcome))
        return
    if outcome.gained or outcome.lost:
        output.table(["tag", "gained", "lost"], differences(outcome), "gained lost")
    for text in outcome_lines(outcome, dry_run=dry_run):
        output.line(text)


def differences(outcome: Outcome) -> list[tuple[str, str, str]]:
    """Rows of tag, photos that gain it, photos that lose it; what changes most is first."""
    gained, lost = outcome.gained, outcome.lost
    most_first = sorted((gained + lost).items(), key=lambda item: (-item[1], item[0]))
    plus = {name: f"+{number:,}" for name, number in gained.items()}
    minus = {name: f"-{number:,}" for name, number in lost.items()}
    names = (name for name, _ in most_first)
    return [(short(name), plus.get(name, ""), minus.get(name, "")) for name in names]


def outcome_lines(outcome: Outcome, *, dry_run: bool) -> Iterator[str]:
    """Yield the difference in a line or two."""
    would = "would gain or lose" if dry_run else "gained or lost"
    yield f"{outcome.changed:,} of {output.count(outcome.photos, 'photo')} {would} tags"
    if outcome.renamed:
        get = "would get" if dry_run else "got"
        yield f"{output.count(outcome.renamed, 'tag')} {get} another name"
