"""`tagd search` and `tagd show`.

They load no model and answer at once, so what they need is imported when they run.
"""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tagd.app.paths import followed, unknown
from tagd.cli import output
from tagd.cli.fitting import short
from tagd.cli.grammar import QueryCommand
from tagd.cli.options import AsJson, ConfigFile, NullPaths, absolute, configuration, named, reading
from tagd.cli.queries import searching
from tagd.errors import QueryError
from tagd.fs import display, key_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tagd.catalogue.reports.overview import Shown, ShownGuess, ShownStage
    from tagd.catalogue.reports.shown_tags import ShownTag
    from tagd.catalogue.search.search import Found
    from tagd.config import Config


LIKELY = 0.05  # from which probability on it is worth saying why something is no tag


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
    begin. Fields: tag: conf:>0.8 source:person path:2024/ camera:nikon taken:2024-06..2024-08
    model: state:failed. Each line has a path, a tab, and the photo's tags. The exit status is 1
    when nothing is found, as grep has it, and for a word that is no tag; --json prints an empty
    list, and exits with 0, where nothing is found.
    """
    from tagd.catalogue.search.search import Sort, stream  # noqa: PLC0415  lazy, see above

    found_any = False
    try:
        with searching(config) as (tx, meaning):
            order = Sort(sort.value)
            found = stream(tx, " ".join(query), meaning, sort=order, limit=limit, offset=offset)
            if json:
                output.as_json([found_fields(each) for each in found])
                return
            for each in found:
                found_any = True
                if null:
                    output.null_paths([key_of(each.path)])
                else:
                    names = ", ".join(short(tag.name) for tag in each.tags)
                    output.row(display(each.path), names)
    except QueryError as mistake:
        if not json:
            raise
        output.as_json(mistake_fields(mistake))
        raise typer.Exit(1) from None
    if not found_any:
        output.note("nothing found")
        raise typer.Exit(1)


def mistake_fields(mistake: QueryError) -> dict[str, Any]:
    """What is wrong with a query, as `tagd search --json` prints it."""
    return {
        "error": mistake.reason,
        "at": mistake.at,
        "suggestions": list(mistake.suggestions),
    }


def show(
    file: Annotated[Path, typer.Argument(metavar="FILE", parser=named, help="A photo.")],
    config: ConfigFile = None,
    json: AsJson = False,
) -> None:
    """Show everything that is known about a photo."""
    path = absolute(file)
    with reading(config) as tx:
        from tagd.catalogue.reports.overview import show as look_up  # noqa: PLC0415  lazy, see above

        # A name that leads there through symbolic links is the second guess.
        shown = look_up(tx, path) or look_up(tx, followed(path))
    if shown is None:
        raise unknown(path, is_photo=True)
    settings = configuration(config)
    outdated = _outdated_sidecars(shown, settings)
    without = list(_no_tags(shown, settings))
    if json:
        no_tags = [
            {"label": guess.label, "name": guess.name, "reason": why} for guess, why in without
        ]
        more = {"no_tags": no_tags, "outdated_sidecars": list(map(display, outdated))}
        output.as_json(shown_fields(shown) | more)
    else:
        output.facts([*shown_lines(shown), *_no_tag_lines(without), *sidecar_lines(outdated)])


def _outdated_sidecars(shown: Shown, config: Config) -> list[Path]:
    """The sidecars under the photo's name that are of a photo which had that name before."""
    from tagd.metadata.sidecar import SidecarRule, outdated  # noqa: PLC0415  lazy, as above

    if shown.photo_id is None:
        return []
    rule = SidecarRule(folder=config.metadata.sidecar_folder)
    try:
        return outdated(shown.path, rule, shown.photo_id)
    except OSError:
        return []


def _no_tags(shown: Shown, config: Config) -> Iterator[tuple[ShownGuess, str]]:
    """What the model that decided found likely, and what kept it from being a tag."""
    if not shown.stages:
        return
    from tagd.assembly.derivation import derivation_of  # noqa: PLC0415  lazy, see above
    from tagd.labels.reasons import why_no_tag  # noqa: PLC0415

    derivation = derivation_of(config)
    tagged = {tag.label for tag in shown.tags}
    for guess in shown.stages[-1].best:
        if guess.label not in tagged and guess.probability >= LIKELY:
            hierarchy = derivation.hierarchy.knowing([guess.label])
            yield guess, why_no_tag(guess.label, guess.probability, derivation.rules, hierarchy)


def _no_tag_lines(without: Sequence[tuple[ShownGuess, str]]) -> Iterator[tuple[str, str]]:
    for number, (guess, why) in enumerate(without):
        yield "" if number else "no tag", f"{guess.name} {guess.probability:.2f}: {why}"


def found_fields(found: Found) -> dict[str, Any]:
    """A photo that was found, as `tagd search --json` prints it."""
    return {"path": display(found.path), "tags": [tag_fields(tag) for tag in found.tags]}


def tag_fields(tag: ShownTag) -> dict[str, Any]:
    """A tag under the names that the views have."""
    return {
        "tag": tag.name,
        "label": tag.label,
        "confidence": round(tag.confidence, 6),
        "source": tag.source,
        "state": tag.state,
        "model": tag.model,
        "tagger": tag.tagger,
    }


def shown_fields(shown: Shown) -> dict[str, Any]:
    """A file under the names that the views have, as `tagd show --json` prints it."""
    facts = shown.facts
    return {
        "path": display(shown.path),
        "photo_id": shown.photo_id,
        "state": shown.state,
        "reason": shown.reason,
        "size": shown.size,
        "modified_at": iso(shown.modified_at),
        "seen_at": iso(shown.seen_at),
        "format": facts and facts.format,
        "width": facts and facts.width,
        "height": facts and facts.height,
        "orientation": facts and facts.orientation,
        "camera_make": facts and facts.camera_make,
        "camera_model": facts and facts.camera_model,
        "taken_at": facts and facts.taken_at,
        "tags": [tag_fields(tag) for tag in shown.tags],
        "predictions": [_stage_fields(stage) for stage in shown.stages],
        "jobs": [
            {
                "kind": job.kind,
                "state": job.state,
                "attempts": job.attempts,
                "not_before": iso(job.not_before),
                "error": job.error,
            }
            for job in shown.jobs
        ],
    }


def _stage_fields(stage: ShownStage) -> dict[str, Any]:
    return {
        "stage": stage.stage,
        "model": stage.model,
        "fingerprint": stage.fingerprint,
        "reason": stage.reason,
        "predicted_at": iso(stage.predicted_at),
        "tagger": stage.tagger,
        "best": [
            {"label": guess.label, "name": guess.name, "probability": guess.probability}
            for guess in stage.best
        ],
    }


def shown_lines(shown: Shown) -> Iterator[tuple[str, str]]:
    """A file for a person: (name, value)."""
    yield "path", display(shown.path)
    yield "state", f"{shown.state}: {shown.reason}" if shown.reason else str(shown.state)
    yield "size", f"{output.count(shown.size, 'byte')}, modified {local(shown.modified_at)}"
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
        yield (
            "" if number else "tags",
            f"{short(tag.name)}  {tag.confidence:.2f}  ({said}{state})",
        )
    if shown.facts and not shown.tags:
        yield "tags", "none"
    for stage in shown.stages:
        best = ", ".join(f"{guess.name} {guess.probability:.2f}" for guess in stage.best)
        yield "model", f"{stage.model}, {local(stage.predicted_at)}: {best}"
    if shown.stages:
        yield "chosen", shown.stages[-1].reason
    for job in shown.jobs:
        error = f": {job.error}" if job.error else ""
        yield "queue", f"{job.state}, {output.count(job.attempts, 'attempt')}{error}"


def sidecar_lines(outdated: Sequence[Path]) -> Iterator[tuple[str, str]]:
    """What is not read as the photo's, and why."""
    for path in outdated:
        why = "of a photo that had this name before, so that nothing is read from it"
        yield "sidecar", f"{display(path)}: {why}"


def iso(seconds: float) -> str:
    """Seconds since 1970 as the views have times: ISO 8601 in UTC, with milliseconds."""
    moment = datetime.fromtimestamp(seconds, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def local(seconds: float) -> str:
    """Seconds since 1970 as local time."""
    return datetime.fromtimestamp(seconds).astimezone().strftime("%Y-%m-%d %H:%M:%S")
