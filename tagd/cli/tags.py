"""`tagd tags`: the tags that there are; `tagd tags rederive`: the rules applied to all photos."""

from __future__ import annotations

import gc
from contextlib import closing
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tagd.cli import output
from tagd.cli.fitting import short
from tagd.cli.options import AsJson, ConfigFile, configuration, reading

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tagd.config import Config
    from tagd.revise.rederive import Outcome
    from tagd.work.progress import Progress

tags_commands = typer.Typer(name="tags", invoke_without_command=True)


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.add_typer(tags_commands)


@tags_commands.callback()
def tags(ctx: typer.Context, config: ConfigFile = None, json: AsJson = False) -> None:
    """List all tags, and how many files have each."""
    if ctx.invoked_subcommand is not None:
        return
    with reading(configuration(config)) as catalogue, catalogue.read() as tx:
        from tagd.catalogue.reports.overview import tag_counts  # noqa: PLC0415  lazy: see search.py

        counts = tag_counts(tx)
    if json:
        output.as_json([{"tag": each.name, "files": each.files} for each in counts])
    elif counts:
        rows = [(short(each.name), each.files) for each in counts]
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
    from tagd.cli.progress import bar  # noqa: PLC0415  lazy: see tagging.py

    with bar(output.console(stderr=True)) as show:
        outcome = _preview(settings, show) if dry_run else _rederive(settings, show)
    if json:
        output.as_json(outcome_fields(outcome))
        return
    if outcome.gained or outcome.lost:
        output.table(["tag", "gained", "lost"], differences(outcome), "gained lost")
    for text in outcome_lines(outcome, dry_run=dry_run):
        output.line(text)


def _preview(settings: Config, show: Callable[[Progress], None]) -> Outcome:
    """What deriving anew would change. Works beside a daemon as well."""
    # Lazy: these bring in SQLAlchemy and numpy, as in `_rederive`.
    from tagd.assembly.derivation import derivation_of  # noqa: PLC0415
    from tagd.catalogue.db.engine import open_reader  # noqa: PLC0415
    from tagd.revise.rederive import preview  # noqa: PLC0415

    with closing(open_reader(settings.catalogue.path)) as catalogue:
        return preview(catalogue, derivation_of(settings), on_progress=show)


def _rederive(settings: Config, show: Callable[[Progress], None]) -> Outcome:
    """Derive anew. Whoever works on the catalogue has read other rules perhaps, and would go on
    with them: that one has to be started again, and then does this by itself."""
    from tagd.assembly.derivation import derivation_of  # noqa: PLC0415
    from tagd.assembly.writing import writes_of  # noqa: PLC0415
    from tagd.catalogue.db.engine import open_owner, open_reader  # noqa: PLC0415  lazy, as above
    from tagd.catalogue.tagging.runs import Run  # noqa: PLC0415
    from tagd.errors import CatalogueHeld  # noqa: PLC0415
    from tagd.revise.rederive import rederive as derive_anew  # noqa: PLC0415

    path = settings.catalogue.path
    if not path.exists():
        open_reader(path)  # which says that there is none
    try:
        with closing(open_owner(path, "tagd tags rederive")) as catalogue:
            run = Run.of("tagd tags rederive")
            derivation = derivation_of(settings)
            return derive_anew(
                catalogue, derivation, run=run, writes=writes_of(settings), on_progress=show
            )
    except CatalogueHeld as held:
        raise CatalogueHeld(
            held.message,
            pid=held.pid,
            hint="Start it again: it then notices changed rules and does this by itself.",
        ) from held


def differences(outcome: Outcome) -> list[tuple[str, str, str]]:
    """Rows of tag, photos that gain it, photos that lose it; what changes most is first."""
    gained, lost = outcome.gained, outcome.lost
    most_first = sorted((gained + lost).items(), key=lambda item: (-item[1], item[0]))
    plus = {name: f"+{number:,}" for name, number in gained.items()}
    minus = {name: f"-{number:,}" for name, number in lost.items()}
    names = (name for name, _ in most_first)
    return [(short(name), plus.get(name, ""), minus.get(name, "")) for name in names]


def outcome_fields(outcome: Outcome) -> dict[str, Any]:
    """The difference as `tagd tags rederive --json` prints it."""
    return {
        "photos": outcome.photos,
        "changed": outcome.changed,
        "renamed": outcome.renamed,
        "gained": dict(sorted(outcome.gained.items())),
        "lost": dict(sorted(outcome.lost.items())),
    }


def outcome_lines(outcome: Outcome, *, dry_run: bool) -> Iterator[str]:
    """The difference in a line or two."""
    would = "would gain or lose" if dry_run else "gained or lost"
    yield f"{outcome.changed:,} of {output.count(outcome.photos, 'photo')} {would} tags"
    if outcome.renamed:
        get = "would get" if dry_run else "got"
        yield f"{output.count(outcome.renamed, 'tag')} {get} another name"
