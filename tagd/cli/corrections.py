"""Corrections of tags: `tagd confirm`, `reject`, `add` and `remove`."""

from __future__ import annotations

import shlex
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tagd.cli import output
from tagd.cli.options import (
    AsJson,
    ConfigFile,
    absolute,
    as_word,
    configuration,
    followed,
    named,
    unknown,
    utf_8,
)
from tagd.cli.queries import found_by
from tagd.errors import TagdError, TagUnknown
from tagd.fs import display

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy import Connection

    from tagd.catalogue.overview import ShownFile
    from tagd.config import Config
    from tagd.labels.rules import TagRules
    from tagd.labels.wording import NoSuchTag

Files = Annotated[
    list[Path] | None,
    typer.Argument(
        metavar="FILE", parser=named, help="Photos, or folders of them.", show_default=False
    ),
]
TagName = Annotated[
    str,
    typer.Argument(
        metavar="TAG", parser=utf_8, help="A name in any language, or a label as n02012849."
    ),
]
OfQuery = Annotated[
    str | None,
    typer.Option("--query", metavar="QUERY", help="Photos that a search finds, instead of FILE."),
]


@dataclass(frozen=True, slots=True)
class Corrected:
    """What a correction changed: `changed` of `photos` have other tags now; `below`: tags that were
    rejected with it, being kinds of it. No run where none changed. `outdated`: the photos, and the
    place in each, in which tags were written on request that are not these any more."""

    command: str
    tag: str
    label: str
    photos: int
    changed: int
    below: tuple[str, ...]
    run: int | None
    outdated: tuple[tuple[Path, str], ...] = ()


HELP = {
    "confirm": "Say that a tag is right: no model takes it away any more.",
    "reject": "Say that a tag is wrong: no model gives it again.\n\n"
    "Everything narrower goes with it: what is not a dog is not a Chihuahua. A photo that has no "
    "such tag is marked in advance.",
    "add": "Give photos a tag that no model takes away.\n\n"
    "It may be one that was rejected before. A word that tagd does not know becomes a tag of your "
    "own.",
    "remove": "Take a tag off photos. One that a model gave is rejected, so that it stays away.",
}


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    for command, meaning in HELP.items():
        app.command(command, help=meaning)(_command(command))


def _command(command: str) -> Callable[..., None]:
    """The command of this name: they differ in the action alone."""

    def correct(
        files: Files = None,
        *,
        tag: TagName,
        query: OfQuery = None,
        config: ConfigFile = None,
        json: AsJson = False,
    ) -> None:
        _tell(_say(command, files, tag, query, config), json=json)

    return correct


def _say(
    command: str, files: Sequence[Path] | None, tag: str, query: str | None, config: Path | None
) -> Corrected:
    if bool(files) == bool(query):
        raise typer.BadParameter("name photos, or find them with --query QUERY, and then the tag")
    settings = configuration(config)
    # Lazy: these bring in SQLAlchemy.
    from tagd.catalogue.engine import open_writer  # noqa: PLC0415
    from tagd.config import tag_rules  # noqa: PLC0415

    rules = tag_rules(settings)
    with open_writer(settings.catalogue.path) as catalogue:
        # Asking a person which crane is meant must keep no other writer waiting.
        with catalogue.read() as tx:
            photos = _photos(tx, files, query, rules, tag)
            label = _label(tx, tag, photos, command, rules)
        with catalogue.write() as tx:
            return _write(tx, command, label, _photos(tx, files, query, rules, tag), settings)


def _write(
    tx: Connection, command: str, label: str, photos: Sequence[int], settings: Config
) -> Corrected:
    """Correct all photos, or none."""
    from tagd.catalogue import corrections, inscriptions, tags  # noqa: PLC0415  lazy, as above
    from tagd.catalogue.runs import Run, run_id  # noqa: PLC0415
    from tagd.config.derivation import derivation_of  # noqa: PLC0415
    from tagd.config.writing import metadata_settings, writes_of  # noqa: PLC0415
    from tagd.domain import Priority  # noqa: PLC0415

    derivation, action = derivation_of(settings), corrections.Action(command)
    label_id = tags.label_ids(tx, {label: derivation.name_of(label)})[label]
    names = tags.label_names(tx)
    if action in {corrections.Action.CONFIRM, corrections.Action.REMOVE}:
        _require(corrections.having(tx, [label_id], photos), names[label], photos)
    kinds = derivation.kinds_of(label, names)
    below = {each: key for key, each in tags.labels_present(tx, kinds).items()}
    correction = corrections.Correction(action, label_id, frozenset(below))
    run = Run.of(f"tagd {command} {names[label]}")
    changes = corrections.correct(tx, correction, photos, run, time.time())
    changed = {each.photo_id for each in changes}
    if (writes := writes_of(settings)) is not None:
        writes.queue_rows(tx, changed, Priority.ASKED)
    outdated = inscriptions.outdated(tx, changed, metadata_settings(settings).wants)
    with_it = {names[below[each.label_id]] for each in changes if each.label_id in below}
    return Corrected(
        command=command,
        tag=names[label],
        label=label,
        photos=len(photos),
        changed=len(changed),
        below=tuple(sorted(with_it)),
        run=run_id(tx, run) if changes else None,
        outdated=tuple((path, str(place)) for path, place in outdated),
    )


def _require(having: set[int], tag: str, photos: Sequence[int]) -> None:
    if not having:
        which = "the photo has" if len(photos) == 1 else "none of these photos has"
        raise TagdError(f"{which} no tag {tag!r}", hint="`tagd show FILE` lists what it has.")


def _photos(
    tx: Connection, files: Sequence[Path] | None, query: str | None, rules: TagRules, tag: str
) -> list[int]:
    """The photos that are meant, by row id. Raises TagdError where there are none."""
    if query is None:
        found: set[int] = set()
        for number, each in enumerate(files or ()):
            try:
                found.update(_at(tx, absolute(each)))
            except TagdError as error:
                after = [*map(str, (files or ())[number:]), tag]
                raise _in_quotes(error, after) if number and not each.exists() else error from None
        return sorted(found)
    from tagd.catalogue.overview import photos_of  # noqa: PLC0415  lazy, as above

    photos = photos_of(tx, [each.path for each in found_by(tx, query, rules)])
    if not photos:
        raise TagdError(f"nothing found for {query!r}")
    return photos


def _at(tx: Connection, place: Path) -> list[int]:
    """The photos of a file, or of all files below a folder, by row id."""
    from tagd.catalogue.overview import photos_at  # noqa: PLC0415  lazy, as above

    # A name that leads there through symbolic links is the second guess, as `tagd show` has it.
    found = photos_at(tx, place) or photos_at(tx, followed(place))
    if not found:
        raise unknown(place)
    photos = [each.photo_id for each in found if each.photo_id is not None]
    if not photos:
        raise TagdError(f"{display(place)} has not been tagged yet: {_why(found)}")
    return photos


def _in_quotes(error: TagdError, words: Sequence[str]) -> TagdError:
    """The same of a word that may be the first of a tag's, and no file at all."""
    name = as_word(" ".join(words))
    return TagdError(
        error.message, hint=f"{error.hint}; a tag of several words takes quotes: {name}"
    )


def _why(found: Sequence[ShownFile]) -> str:
    first = found[0]
    return f"{first.state}, {first.reason}" if first.reason else str(first.state)


def _label(tx: Connection, tag: str, photos: Sequence[int], command: str, rules: TagRules) -> str:
    """The label that is meant; on a terminal one of several is asked for."""
    from tagd.catalogue.tags import label_names, labels_on  # noqa: PLC0415  lazy, as above
    from tagd.labels.naming import meant_of  # noqa: PLC0415
    from tagd.labels.vocabulary import own_label  # noqa: PLC0415
    from tagd.labels.wording import NoSuchTag  # noqa: PLC0415

    text = " ".join(tag.split())
    if not text:
        raise typer.BadParameter("the tag needs a name")
    try:
        return meant_of(text, rules, label_names(tx), labels_on(tx, photos))
    except NoSuchTag as unclear:
        if not unclear.candidates and command == "add":
            hint = f"; {unclear.hint}" if unclear.hint else ""
            output.note(f"{text!r} is a tag of your own now{hint}")
            return own_label(text)
        if unclear.candidates and sys.stdin.isatty() and sys.stderr.isatty():
            return _ask(text, unclear, rules.language)
        raise TagUnknown(str(unclear), hint=unclear.hint) from unclear


def _ask(text: str, unclear: NoSuchTag, language: str) -> str:
    """Which of the candidates it is."""
    from tagd.labels.hierarchy import Hierarchy  # noqa: PLC0415  lazy, as above
    from tagd.labels.vocabulary import Vocabulary  # noqa: PLC0415

    vocabulary, hierarchy = Vocabulary.load(), Hierarchy.load().knowing(unclear.candidates)
    output.note(f"{text!r} may mean")
    for number, label in enumerate(unclear.candidates, 1):
        kinds = ", ".join(vocabulary.name(each, language) for each in hierarchy.shown_above(label))
        name = vocabulary.name(label, language)
        output.note(f"  {number}  {name} ({label}){kinds and ': ' + kinds}")
    numbers = [str(number) for number in range(1, len(unclear.candidates) + 1)]
    while (answer := typer.prompt("which one", err=True).strip()) not in numbers:
        output.note(f"a number from 1 to {len(numbers)}")
    return unclear.candidates[int(answer) - 1]


def _tell(done: Corrected, *, json: bool) -> None:
    if json:
        output.as_json(corrected_fields(done))
    else:
        output.line(corrected_line(done))
        if done.outdated:
            output.note(outdated_line(done.outdated))


def outdated_line(where: Sequence[tuple[Path, str]]) -> str:
    """That photos were written on request, and how to do so again."""
    (path, place), count = where[0], len({path for path, _ in where})
    again = f"`tagd write {shlex.quote(display(path))} --to {place}`"
    if count == 1:
        return f"the photo's metadata say what they did; to write them again: {again}"
    return (
        f"the metadata of {count:,} photos say what they did; to write them again, such as {again}"
    )


def corrected_fields(done: Corrected) -> dict[str, Any]:
    """What was corrected, as `--json` prints it."""
    return {
        "tag": done.tag,
        "label": done.label,
        "photos": done.photos,
        "changed": done.changed,
        "below": list(done.below),
        "run": done.run,
    }


def corrected_line(done: Corrected) -> str:
    """What was corrected, in a line."""
    past = {"confirm": "confirmed", "reject": "rejected", "add": "added", "remove": "removed"}
    if done.run is None:
        return f"nothing to change: {done.tag}, {output.count(done.photos, 'photo')}"
    below = f" with {', '.join(done.below)}" if done.below else ""
    of = output.count(done.changed, "photo")
    rest = done.photos - done.changed
    unchanged = f", {rest:,} unchanged" if rest else ""
    told = f"{past[done.command]} {done.tag}{below}: {of}{unchanged}"
    return f"{told} (`tagd undo --run {done.run}` takes it back)"
