"""Corrections of tags: `tagd confirm`, `reject`, `add` and `remove`."""

from __future__ import annotations

import shlex
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tagd.cli import output
from tagd.cli.fitting import short
from tagd.cli.options import AsJson, ConfigFile, configuration, named, utf_8
from tagd.cli.queries import found_by, photos_below
from tagd.errors import TagdError, TagUnknown
from tagd.fs import display
from tagd.installation import as_word
from tagd.text import LONGEST_NAME, tag_name

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy import Connection

    from tagd.catalogue.tagging.corrections import Action
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
class Said:
    """What a person typed: a command, the word for a tag, and which photos are meant."""

    command: str
    word: str
    files: tuple[Path, ...] = ()
    query: str | None = None
    own: bool = False

    def again(self) -> str:
        """The command that has the word for a tag of one's own, as it can be typed."""
        few = [as_word(str(each)) for each in self.files[:3]]
        files = ["FILE"] if len(self.files) > len(few) else few
        which = files if self.query is None else ["--query", as_word(self.query)]
        return " ".join(["tagd add --own", *which, as_word(self.word)])


@dataclass(frozen=True, slots=True)
class Corrected:
    """What a correction changed: `changed` of `photos` have other tags now; in `lifted` of them the
    tag was rejected. `below`: tags that were rejected with it, being kinds of it. `is_name`: the
    word that was typed is the tag's name, and no synonym. No run where none changed. `outdated`:
    the photos, and the place in each, in which tags were written on request that are not these any
    more."""

    command: str
    tag: str
    label: str
    word: str
    is_name: bool
    photos: int
    changed: int
    lifted: int
    below: tuple[str, ...]
    run: int | None
    outdated: tuple[tuple[Path, str], ...] = ()


HELP = {
    "confirm": "Say that a tag is right: no model takes it away any more.\n\n"
    "One that was rejected is there again.",
    "reject": "Say that a tag is wrong: no model gives it again.\n\n"
    "Everything narrower goes with it: what is not a dog is not a Chihuahua. A photo that has no "
    "such tag is marked in advance.",
    "remove": "Take a tag off photos. One that a model gave is rejected, so that it stays away.",
}


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    for command, meaning in HELP.items():
        app.command(command, help=meaning)(_command(command))
    app.command()(add)


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
        _tell(_say(Said(command, tag, tuple(files or ()), query), config), json=json)

    return correct


def add(
    files: Files = None,
    *,
    tag: TagName,
    query: OfQuery = None,
    own: Annotated[
        bool, typer.Option("--own", help="A tag of your own, whatever else is called so.")
    ] = False,
    config: ConfigFile = None,
    json: AsJson = False,
) -> None:
    """Give photos a tag that no model takes away.

    It may be one that was rejected before. A word that tagd does not know becomes a tag of your
    own, and so does a name of people and places that is a thing by the way: Mike is no microphone.
    """
    said = Said("add", tag, tuple(files or ()), query, own)
    done = _say(said, config)
    _tell(done, json=json)
    if not done.label.startswith("own:") and not json:
        _tell_of_own(said, done)


def _say(said: Said, config: Path | None) -> Corrected:
    if bool(said.files) == bool(said.query):
        raise typer.BadParameter("name photos, or find them with --query QUERY, and then the tag")
    said = replace(said, word=_fit(said))
    settings = configuration(config)
    # Lazy: these bring in SQLAlchemy.
    from tagd.catalogue.db.engine import open_writer  # noqa: PLC0415
    from tagd.config import tag_rules  # noqa: PLC0415

    rules = tag_rules(settings)
    with open_writer(settings.catalogue.path) as catalogue:
        # Asking a person which crane is meant must keep no other writer waiting.
        with catalogue.read() as tx:
            label = _label(tx, said, _photos(tx, said, rules), rules)
        with catalogue.write() as tx:
            return _write(tx, said, label, _photos(tx, said, rules), settings)


def _fit(said: Said) -> str:
    """The word as a tag is named. Raises typer.BadParameter where no tag can be called so."""
    word = tag_name(said.word)
    if not word.removeprefix("own:"):
        raise typer.BadParameter("the tag needs a name")
    if said.command == "add" and len(word) > LONGEST_NAME:
        raise typer.BadParameter(
            f"this name has {len(word):,} characters, and a tag's at most {LONGEST_NAME}"
        )
    return word


def _write(
    tx: Connection, said: Said, label: str, photos: Sequence[int], settings: Config
) -> Corrected:
    """Correct all photos, or none."""
    from tagd.assembly.derivation import derivation_of  # noqa: PLC0415
    from tagd.assembly.writing import metadata_settings, writes_of  # noqa: PLC0415
    from tagd.catalogue.tagging import corrections, tags  # noqa: PLC0415  lazy, as above
    from tagd.catalogue.tagging.runs import Run, run_id  # noqa: PLC0415
    from tagd.catalogue.written import inscriptions  # noqa: PLC0415  lazy, as above
    from tagd.domain import Priority, TagState  # noqa: PLC0415
    from tagd.labels.naming import is_name_of  # noqa: PLC0415

    derivation, action = derivation_of(settings), corrections.Action(said.command)
    label_id = tags.label_ids(tx, {label: derivation.name_of(label)})[label]
    names = tags.label_names(tx)
    _require(action, names[label], photos, *corrections.having(tx, [label_id], photos))
    kinds = derivation.kinds_of(label, names)
    below = {each: key for key, each in tags.labels_present(tx, kinds).items()}
    correction = corrections.Correction(action, label_id, frozenset(below))
    run = Run.of(f"tagd {said.command} {names[label]}")
    changes = corrections.correct(tx, correction, photos, run, time.time())
    changed = {each.photo_id for each in changes}
    if (writes := writes_of(settings)) is not None:
        writes.queue_rows(tx, changed, Priority.ASKED)
    outdated = inscriptions.outdated(tx, changed, metadata_settings(settings).wants)
    with_it = {names[below[each.label_id]] for each in changes if each.label_id in below}
    return Corrected(
        command=said.command,
        tag=names[label],
        label=label,
        word=said.word,
        is_name=is_name_of(label, said.word, derivation.rules, names),
        photos=len(photos),
        changed=len(changed),
        lifted=len({each.photo_id for each in changes if each.before == TagState.REJECTED}),
        below=tuple(sorted(with_it)),
        run=run_id(tx, run) if changes else None,
        outdated=tuple((path, str(place)) for path, place in outdated),
    )


def _require(
    action: Action, tag: str, photos: Sequence[int], having: set[int], rejected: set[int]
) -> None:
    """Raise TagdError where there is nothing to confirm, or to take off."""
    if having or action in {"add", "reject"} or (rejected and action == "confirm"):
        return
    which = "the photo has" if len(photos) == 1 else "none of these photos has"
    if rejected:
        raise TagdError(f"{tag!r} is rejected already", hint="`tagd confirm` brings it back.")
    raise TagdError(f"{which} no tag {tag!r}", hint="`tagd show FILE` lists what it has.")


def _photos(tx: Connection, said: Said, rules: TagRules) -> list[int]:
    """The photos that are meant, by row id. Raises TagdError where there are none."""
    if said.query is None:
        found: set[int] = set()
        for number, each in enumerate(said.files):
            try:
                found.update(photos_below(tx, each))
            except TagdError as error:
                after = [*map(str, said.files[number:]), said.word]
                raise _in_quotes(error, after) if number and not each.exists() else error from None
        return sorted(found)
    from tagd.catalogue.reports.overview import photos_of  # noqa: PLC0415  lazy, as above

    photos = photos_of(tx, [each.path for each in found_by(tx, said.query, rules)])
    if not photos:
        raise TagdError(f"nothing found for {said.query!r}")
    return photos


def _in_quotes(error: TagdError, words: Sequence[str]) -> TagdError:
    """The same of a word that may be the first of a tag's, and no file at all."""
    name = as_word(" ".join(words))
    return TagdError(
        error.message, hint=f"{error.hint}; a tag of several words takes quotes: {name}"
    )


def _label(tx: Connection, said: Said, photos: Sequence[int], rules: TagRules) -> str:
    """The label that is meant; on a terminal one of several is asked for."""
    from tagd.catalogue.tagging.tags import label_names, labels_on  # noqa: PLC0415  lazy, as above
    from tagd.labels.naming import given_by, may_mean, meant_of, own_of, own_word  # noqa: PLC0415
    from tagd.labels.wording import NoSuchTag  # noqa: PLC0415

    text, called, present = said.word, label_names(tx), labels_on(tx, photos)
    if said.own:
        if not own_of(text, rules, called):
            output.note(f"{text!r} is a tag of your own now")
        return own_word(text, rules, called)
    if said.command == "confirm" and not present & may_mean(text, rules, called):
        present = labels_on(tx, photos, rejected=True)
    resolve = given_by if said.command == "add" else meant_of
    try:
        return resolve(text, rules, called, present)
    except NoSuchTag as unclear:
        if not unclear.candidates and said.command == "add":
            things = sorted(may_mean(text, rules, called))
            output.note(f"{text!r} is a tag of your own now{_instead(things, unclear, rules)}")
            return own_word(text, rules, called)
        if unclear.candidates and sys.stdin.isatty() and sys.stderr.isatty():
            return _ask(text, unclear, rules.language)
        raise TagUnknown(str(unclear), hint=unclear.hint) from unclear


def _instead(things: Sequence[str], unclear: NoSuchTag, rules: TagRules) -> str:
    """What else may have been meant by a word that became a tag of one's own."""
    from tagd.labels.vocabulary import Vocabulary  # noqa: PLC0415  lazy, as above

    names = [Vocabulary.load().name(each, rules.language) for each in things]
    if names:
        return f"; the thing is called {' or '.join(names)}"
    return f"; {unclear.hint}" if unclear.hint else ""


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


def _tell_of_own(said: Said, done: Corrected) -> None:
    """How to have the word for a tag of one's own, where it may well have been meant so."""
    from tagd.labels.namesakes import is_namesake  # noqa: PLC0415  lazy, as above

    if done.is_name and not is_namesake(done.word):
        return
    undo = "" if done.run is None else f"`tagd undo --run {done.run}` and "
    word = replace(said, word=done.word)
    output.note(f"for {done.word!r} as a tag of your own: {undo}`{word.again()}`")


def corrected_fields(done: Corrected) -> dict[str, Any]:
    """What was corrected, as `--json` prints it."""
    return {
        "tag": done.tag,
        "label": done.label,
        "word": done.word,
        "photos": done.photos,
        "changed": done.changed,
        "lifted": done.lifted,
        "below": list(done.below),
        "run": done.run,
    }


def corrected_line(done: Corrected) -> str:
    """What was corrected, in a line."""
    past = {"confirm": "confirmed", "reject": "rejected", "add": "added", "remove": "removed"}
    tag, of = short(done.tag), output.count(done.changed, "photo")
    if done.run is None:
        return f"nothing to change: {tag}, {output.count(done.photos, 'photo')}"
    what = f"{past[done.command]} {tag}"
    if not done.is_name:
        what += f' (for "{short(done.word)}")'
    if done.command == "confirm" and done.lifted:
        some = "" if done.lifted == done.changed else f" in {done.lifted:,}"
        what += f" again; it was rejected{some}"
    if done.below:
        what += f" with {', '.join(map(short, done.below))}"
    rest = done.photos - done.changed
    unchanged = f", {rest:,} unchanged" if rest else ""
    return f"{what}: {of}{unchanged} (`tagd undo --run {done.run}` takes it back)"
