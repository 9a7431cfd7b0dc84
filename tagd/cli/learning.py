"""`tagd learn`: personal tags, learnt from the photos that you gave them."""

from __future__ import annotations

import gc
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tagd.app.learning_schemas import forgotten_fields, learned_fields, listed_tag_fields
from tagd.cli import output
from tagd.cli.fitting import short
from tagd.cli.options import AsJson, ConfigFile, absolute, configuration, named, reading, utf_8
from tagd.fs import display
from tagd.installation import as_word

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tagd.app.learning import LearnedTag, ShownTag
    from tagd.catalogue.tagging.personal import KeptHead

SHOWN = 10  # photos


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command()(learn)


def learn(
    tag: Annotated[
        str | None,
        typer.Argument(metavar="TAG", parser=utf_8, help="A tag of yours.", show_default=False),
    ] = None,
    give: Annotated[
        bool | None,
        typer.Option(
            "--give/--suggest",
            help="Give photos the tag where that is right 9 times in 10, or only suggest it.",
            show_default=False,
        ),
    ] = None,
    *,
    show: Annotated[bool, typer.Option("--list", help="List the tags that are learnt.")] = False,
    forget: Annotated[
        bool, typer.Option("--forget", help="Learn TAG no longer; photos keep what you said.")
    ] = False,
    export: Annotated[
        Path | None,
        typer.Option(
            "--export",
            metavar="FILE",
            parser=named,
            help="Write TAG, or all that is learnt, for another machine; - for the screen.",
        ),
    ] = None,
    take: Annotated[
        Path | None,
        typer.Option("--import", metavar="FILE", parser=named, help="Take such a file in."),
    ] = None,
    config: ConfigFile = None,
    json: AsJson = False,
) -> None:
    """Learn a tag of your own from the photos that have it.

    Give at least 3 photos a tag (`tagd add`), better 10; then tagd finds others that show the same.
    It suggests them, and `tagd confirm` and `tagd reject` teach it. From then on it learns again by
    itself. Photos get the tag only where you say --give, and only while that is right 9 times in
    10, as measured on your own photos; `tagd undo` takes it back.
    """
    asked = [show, forget, export is not None, take is not None]
    if sum(asked) > 1 or (give is not None and any(asked)):
        raise typer.BadParameter("these options do not go together")
    if (show or take) and tag is not None:
        raise typer.BadParameter("no TAG goes with this option")
    if tag is None and not (show or take or export):
        raise typer.BadParameter("name a tag, or see --list")
    gc.enable()  # `main` turned it off
    if show:
        _list(config, json=json)
    elif export is not None:
        _export(config, tag, export)
    elif take is not None:
        _import(config, take, json=json)
    elif forget:
        _forget(config, str(tag), json=json)
    else:
        _learn(config, str(tag), give, json=json)


def _learn(config: Path | None, tag: str, give: bool | None, *, json: bool) -> None:
    settings = configuration(config)
    from tagd.app import catalogues, learning

    with catalogues.writer(settings) as catalogue:
        learned = learning.learn(catalogue, settings, learning.LearnRequest(tag, give))
    _tell([learned], json=json)


def _import(config: Path | None, file: Path, *, json: bool) -> None:
    settings = configuration(config)
    from tagd.app import catalogues, learning

    with catalogues.writer(settings) as catalogue:
        _tell(learning.imported(catalogue, settings, absolute(file)), json=json)


def _export(config: Path | None, tag: str | None, file: Path) -> None:
    settings = configuration(config)
    from tagd.app import learning

    with reading(settings) as catalogue:
        text = learning.exported(catalogue, settings, [tag] if tag else [])
    if str(file) == "-":
        output.line(text)
    else:
        absolute(file).write_text(text + "\n", encoding="utf-8")


def _forget(config: Path | None, tag: str, *, json: bool) -> None:
    settings = configuration(config)
    from tagd.app import catalogues, learning

    with catalogues.writer(settings) as catalogue:
        gone = learning.forget(catalogue, settings, tag)
    if json:
        output.as_json(forgotten_fields(gone))
        return
    undo = "" if gone.run is None else f" (`tagd undo --run {gone.run}` brings it back to them)"
    output.line(
        f"{short(gone.name)} is learnt no longer;"
        f" {output.count(gone.photos, 'photo')} lost it{undo}"
    )


def _list(config: Path | None, *, json: bool) -> None:
    from tagd.app import learning

    with reading(configuration(config)) as catalogue:
        tags = learning.listed(catalogue)
    if json:
        output.as_json([listed_tag_fields(tag) for tag in tags])
    elif tags:
        headers = ["tag", "examples", "rejected", "precision", "recall", "given", "suggested", ""]
        numbers = ["examples", "rejected", "given", "suggested"]
        output.table(headers, [list_cells(tag) for tag in tags], " ".join(numbers))
    else:
        output.note("nothing is learnt yet: `tagd learn TAG` learns a tag that you gave to photos")


def _tell(tags: Sequence[LearnedTag], *, json: bool) -> None:
    if json:
        told = [learned_fields(tag) for tag in tags]
        output.as_json(told[0] if len(told) == 1 else told)
        return
    for tag in tags:
        for line in learned_lines(tag):
            output.line(line)
        for line in advice_lines(tag):
            output.note(line)


def list_cells(tag: ShownTag) -> tuple[str, ...]:
    """A tag that is learnt, as a row of a table. Of several models, the worst figures count."""
    heads = tag.heads
    return (
        short(tag.of.name),
        str(max((head.given for head in heads), default=0)),
        str(max((head.rejected for head in heads), default=0)),
        f"{min((head.precision for head in heads), default=0):.2f}",
        f"{min((head.recall for head in heads), default=0):.2f}",
        f"{tag.tally.learned:,}" if tag.of.gives else "-",
        f"{tag.tally.suggested:,}",
        _standing(tag),
    )


def _standing(tag: ShownTag) -> str:
    if tag.is_short:
        return "too few examples are left; it stands as it was learnt"
    return "to be learnt again" if tag.waits else ""


def learned_lines(tag: LearnedTag) -> Iterator[str]:
    """What was learnt: from what, how good it is, and what became of photos."""
    yield f"{short(tag.name)}: learned from {_examples(tag.heads)}"
    for head in tag.heads:
        by = f" ({head.model})" if len(tag.heads) > 1 else ""
        yield (
            f"  precision {head.precision:.2f}, recall {head.recall:.2f} by leave-one-out,"
            f" among {head.background:,} others{by}"
        )
    if tag.gained or tag.lost:
        undo = f" (`tagd undo --run {tag.run}` takes it back)"
        yield f"  {output.count(tag.gained, 'photo')} gained it, {tag.lost:,} lost it{undo}"
    if tag.suggested:
        query = f'suggested:"{tag.name}"'
        found = f"`tagd search {as_word(query)}`"
        yield f"  {output.count(tag.suggested, 'photo')} may show it: {found}"
    elif not tag.likely:
        yield "  no other photo is like these"
    for path, sure in tag.likely[:SHOWN]:
        yield f"  {sure:.2f}  {display(path)}"
    if len(tag.likely) > SHOWN:
        yield f"  and {len(tag.likely) - SHOWN:,} more"


def _examples(heads: Sequence[KeptHead]) -> str:
    given = max((head.given for head in heads), default=0)
    rejected = max((head.rejected for head in heads), default=0)
    but = f", and {output.count(rejected, 'photo')} where it was rejected" if rejected else ""
    return f"{output.count(given, 'photo')}{but}"


def advice_lines(tag: LearnedTag) -> Iterator[str]:
    """What would help more."""
    word = as_word(tag.name)
    texts = {
        "look": f"{output.count(tag.unseen, 'example')} could not be learnt from: no model has"
        " looked at them yet, or their files are gone",
        "others": "with so few other photos nothing can be measured: tag more of your library",
        "judge": f"what helps most: `tagd confirm FILE {word}` and `tagd reject FILE {word}` for"
        " what is suggested; 16 that are wrong are worth more than further examples",
        "examples": f"more examples help: `tagd add FILE {word}`; 10 are good",
        "give": f"it is right often enough: `tagd learn {word} --give` gives photos the tag",
    }
    yield from (texts[advice] for advice in tag.advice)
