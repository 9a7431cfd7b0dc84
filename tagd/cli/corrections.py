"""Corrections of tags: `tagd confirm`, `reject`, `add` and `remove`."""

from __future__ import annotations

import shlex
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tagd.app.paths import PathUnknown
from tagd.app.schemas import corrected_fields
from tagd.cli import output
from tagd.cli.fitting import short
from tagd.cli.options import AsJson, ConfigFile, absolute, configuration, named, utf_8
from tagd.errors import TagdError, TagUnknown
from tagd.fs import display
from tagd.installation import as_word

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tagd.app.corrections import Ambiguous, Corrected, CorrectionRequest, NewOwn

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

    def request(self) -> CorrectionRequest:
        """Return it as a use case takes it. Raises typer.BadParameter where no tag is called so."""
        from tagd.app.corrections import Action, CorrectionRequest, tag_word
        from tagd.app.selection import Selection

        action = Action(self.command)
        try:
            word = tag_word(self.word, action)
        except ValueError as mistake:
            raise typer.BadParameter(str(mistake)) from None
        photos = Selection(tuple(map(absolute, self.files)), self.query)
        return CorrectionRequest(action, word, photos, self.own)

    def again(self) -> str:
        """Return the command that has the word for a tag of one's own, as it can be typed."""
        few = [as_word(str(each)) for each in self.files[:3]]
        files = ["FILE"] if len(self.files) > len(few) else few
        which = files if self.query is None else ["--query", as_word(self.query)]
        return " ".join(["tagd add --own", *which, as_word(self.word)])


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
    """Make the command of this name: they differ in the action alone."""

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
    if done.may_be_own and not json:
        _tell_of_own(said, done)


def _say(said: Said, config: Path | None) -> Corrected:
    if bool(said.files) == bool(said.query):
        raise typer.BadParameter("name photos, or find them with --query QUERY, and then the tag")
    # Lazy: these bring in SQLAlchemy.
    from tagd.app import catalogues, corrections

    request = said.request()
    settings = configuration(config)
    with catalogues.writer(settings) as catalogue:
        try:
            done = corrections.correct(catalogue, settings, request)
            if isinstance(done, corrections.Ambiguous):
                chosen = replace(request, label=_chosen(done))
                done = corrections.correct(catalogue, settings, chosen)
        except PathUnknown as error:
            raise _in_quotes(error, said) from None
    assert not isinstance(done, corrections.Ambiguous)
    if done.new_own is not None:
        output.note(f"{done.word!r} is a tag of your own now{_instead(done.new_own)}")
    return done


def _in_quotes(error: PathUnknown, said: Said) -> TagdError:
    """Return the same error, with what to do where a word is the first of a tag's, and no file at
    all."""
    number = [absolute(file) for file in said.files].index(error.path)
    if not number or error.path.exists():
        return error
    name = as_word(" ".join([*map(str, said.files[number:]), said.word]))
    return TagdError(
        error.message, hint=f"{error.hint}; a tag of several words takes quotes: {name}"
    )


def _instead(new: NewOwn) -> str:
    """Return what else may have been meant by a word that became a tag of one's own."""
    if new.things:
        return f"; the thing is called {' or '.join(new.things)}"
    return f"; {new.hint}" if new.hint else ""


def _chosen(unclear: Ambiguous) -> str:
    """Ask a person at a terminal which of the candidates it is. Raises `TagUnknown` elsewhere."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise TagUnknown(unclear.reason, hint=unclear.hint)
    output.note(f"{unclear.word!r} may mean")
    for number, candidate in enumerate(unclear.candidates, 1):
        kinds = ", ".join(candidate.kinds)
        output.note(f"  {number}  {candidate.name} ({candidate.label}){kinds and ': ' + kinds}")
    numbers = [str(number) for number in range(1, len(unclear.candidates) + 1)]
    while (answer := typer.prompt("which one", err=True).strip()) not in numbers:
        output.note(f"a number from 1 to {len(numbers)}")
    return unclear.candidates[int(answer) - 1].label


def _tell(done: Corrected, *, json: bool) -> None:
    if json:
        output.as_json(corrected_fields(done))
    else:
        output.line(corrected_line(done))
        if done.outdated:
            output.note(outdated_line(done.outdated))


def outdated_line(where: Sequence[tuple[Path, str]]) -> str:
    """Say that photos were written on request, and how to do so again."""
    (path, place), count = where[0], len({path for path, _ in where})
    again = f"`tagd write {shlex.quote(display(path))} --to {place}`"
    if count == 1:
        return f"the photo's metadata say what they did; to write them again: {again}"
    return (
        f"the metadata of {count:,} photos say what they did; to write them again, such as {again}"
    )


def _tell_of_own(said: Said, done: Corrected) -> None:
    """Say how to have the word for a tag of one's own, where it may well have been meant so."""
    undo = "" if done.run is None else f"`tagd undo --run {done.run}` and "
    word = replace(said, word=done.word)
    output.note(f"for {done.word!r} as a tag of your own: {undo}`{word.again()}`")


def corrected_line(done: Corrected) -> str:
    """Say what was corrected, in a line."""
    past = {"confirm": "confirmed", "reject": "rejected", "add": "added", "remove": "removed"}
    tag, of = short(done.tag), output.count(done.changed, "photo")
    if done.run is None:
        return f"nothing to change: {tag}, {output.count(done.photos, 'photo')}"
    what = f"{past[done.action]} {tag}"
    if not done.is_name:
        what += f' (for "{short(done.word)}")'
    if done.action == "confirm" and done.lifted:
        some = "" if done.lifted == done.changed else f" in {done.lifted:,}"
        what += f" again; it was rejected{some}"
    if done.below:
        what += f" with {', '.join(map(short, done.below))}"
    rest = done.photos - done.changed
    unchanged = f", {rest:,} unchanged" if rest else ""
    return f"{what}: {of}{unchanged} (`tagd undo --run {done.run}` takes it back)"
