"""`tagd search` and `tagd show`.

They load no model and answer at once, so what they need is imported when they run.
"""

from __future__ import annotations

from enum import StrEnum
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tagd.app.schemas import found_fields, mistake_fields, shown_fields
from tagd.cli import output
from tagd.cli.fitting import short
from tagd.cli.grammar import QueryCommand
from tagd.cli.options import (
    AsJson,
    ConfigFile,
    NullPaths,
    absolute,
    configuration,
    named,
    reading,
)
from tagd.domain import CLASSIFIER
from tagd.errors import QueryError
from tagd.fs import display, key_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tagd.app.photo import NoTag
    from tagd.app.search import Found
    from tagd.catalogue.reports.overview import Shown


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command(cls=QueryCommand)(search)
    app.command()(show)


class SortBy(StrEnum):
    """The orders of `tagd.catalogue.search.sql.Sort`, which is not imported for `--help`."""

    PATH = "path"
    NEWEST = "newest"
    ADDED = "added"
    CONFIDENCE = "confidence"


def search(
    query: Annotated[
        list[str], typer.Argument(metavar="QUERY", help="Such as: 'cat -dog taken:2024'")
    ],
    *,
    config: ConfigFile = None,
    json: AsJson = False,
    null: NullPaths = False,
    sort: Annotated[
        SortBy,
        typer.Option("--sort", help="newest: the last taken first; added: the last added first."),
    ] = SortBy.PATH,
    limit: Annotated[
        int | None, typer.Option("--limit", metavar="N", min=0, help="Print at most N.")
    ] = None,
    offset: Annotated[
        int, typer.Option("--offset", metavar="N", min=0, help="Skip the first N.")
    ] = 0,
) -> None:
    """Find photos by their tags, in any language.

    Words mean tags and what is below them; all must hold. OR and parentheses join, - excludes,
    "fire truck" in quotes is one tag, and so is a query that is a tag's name; sia* is how names
    begin. Fields: tag: conf:>0.8 source:person tagger:everyday tags:0 path:2024/ camera:nikon
    taken:2024-06..2024-08 rating:>=4 gps:yes near:35.01,135.77,5 model: state:failed. Each line has
    a path, a tab, and the photo's tags. The exit status is 1 when nothing is found, as grep has it,
    and for a word that is no tag; --json prints an empty list, and exits with 0, where nothing is
    found.
    """
    from tagd.app.search import SearchRequest, Sort, moment

    request = SearchRequest(" ".join(query), Sort(sort.value), limit, offset)
    found_any = False
    try:
        with moment(configuration(config)) as catalogue:
            found = catalogue.found(request)
            if json:
                output.as_json([found_fields(each) for each in found])
                return
            for each in found:
                found_any = True
                _print(each, null=null)
    except QueryError as mistake:
        if not json:
            raise
        output.as_json(mistake_fields(mistake))
        raise typer.Exit(1) from None
    if not found_any:
        output.note("nothing found")
        raise typer.Exit(1)


def _print(found: Found, *, null: bool) -> None:
    if null:
        output.null_paths([key_of(found.path)])
    else:
        output.row(display(found.path), ", ".join(short(tag.name) for tag in found.tags))


def show(
    file: Annotated[Path, typer.Argument(metavar="FILE", parser=named, help="A photo.")],
    config: ConfigFile = None,
    json: AsJson = False,
) -> None:
    """Show everything that is known about a photo."""
    from tagd.app.photo import photo

    settings = configuration(config)
    with reading(settings) as catalogue:
        told = photo(catalogue, settings, absolute(file))
    if json:
        output.as_json(shown_fields(told))
    else:
        lines = (
            shown_lines(told.shown),
            no_tag_lines(told.no_tags),
            sidecar_lines(told.outdated_sidecars),
        )
        output.facts(list(chain.from_iterable(lines)))


def no_tag_lines(no_tags: Sequence[NoTag]) -> Iterator[tuple[str, str]]:
    """Yield what nearly was a tag, and why it is none."""
    for number, each in enumerate(no_tags):
        yield "" if number else "no tag", f"{each.name} {each.probability:.2f}: {each.reason}"


def shown_lines(shown: Shown) -> Iterator[tuple[str, str]]:
    """Yield a file for a person: (name, value)."""
    yield "path", display(shown.path)
    yield "state", f"{shown.state}: {shown.reason}" if shown.reason else str(shown.state)
    yield "size", f"{output.count(shown.size, 'byte')}, modified {output.local(shown.modified_at)}"
    if shown.facts:
        facts = shown.facts
        yield "picture", f"{facts.format}, {facts.width} × {facts.height} pixels"
        camera = " ".join(filter(None, (facts.camera_make, facts.camera_model)))
        taken = facts.taken_at or ""
        if camera or taken:
            yield "taken", " with ".join(filter(None, (taken, camera)))
    if shown.photo_id:
        yield "photo", shown.photo_id
    for number, tag in enumerate(shown.tags):
        said = tag.model or str(tag.source)
        state = "" if tag.state == "active" else f", {tag.state}"
        also = "".join(
            f"; {voice.model} {voice.confidence:.2f}" for voice in shown.also.get(tag.label, ())
        )
        yield (
            "" if number else "tags",
            f"{short(tag.name)}  {tag.confidence:.2f}  ({said}{state}{also})",
        )
    if shown.facts and not shown.tags:
        yield "tags", "none"
    for stage in shown.stages:
        best = ", ".join(f"{guess.name} {guess.probability:.2f}" for guess in stage.best)
        name = "model" if stage.tagger == CLASSIFIER else stage.tagger
        yield name, f"{stage.model}, {output.local(stage.predicted_at)}: {best}"
    if chosen := [stage.reason for stage in shown.stages if stage.tagger == CLASSIFIER]:
        yield "chosen", chosen[-1]
    for job in shown.jobs:
        error = f": {job.error}" if job.error else ""
        yield "queue", f"{job.state}, {output.count(job.attempts, 'attempt')}{error}"


def sidecar_lines(outdated: Sequence[Path]) -> Iterator[tuple[str, str]]:
    """Yield what is not read as the photo's, and why."""
    for path in outdated:
        why = "of a photo that had this name before, so that nothing is read from it"
        yield "sidecar", f"{display(path)}: {why}"
