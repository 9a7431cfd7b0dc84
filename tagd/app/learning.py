"""Personal tags: learnt from the photos that a person gave them, listed, handed on, forgotten."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from tagd.assembly.derivation import derivation_of
from tagd.assembly.learning import means_of
from tagd.catalogue.files.photos import paths_of
from tagd.catalogue.tagging import examples, personal
from tagd.catalogue.tagging.personal import KeptHead, Personal, Tally
from tagd.catalogue.tagging.runs import noted
from tagd.catalogue.tagging.tags import label_ids, label_names, labels_present
from tagd.errors import TagdError, TagUnknown
from tagd.fs import display
from tagd.installation import as_word
from tagd.labels.naming import meant_of, own_word
from tagd.labels.wording import NoSuchTag
from tagd.learning import exchange, teach
from tagd.learning.figures import may_give
from tagd.learning.measure import FEWEST as FEWEST_OTHERS
from tagd.text import tag_name

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from sqlalchemy import Connection

    from tagd.catalogue.db.engine import Catalogue
    from tagd.config import Config
    from tagd.learning.exchange import Foreign
    from tagd.learning.teach import Learned, Means

__all__ = [
    "Advice",
    "Forgotten",
    "LearnRequest",
    "LearnedTag",
    "ShownTag",
    "exported",
    "forget",
    "imported",
    "learn",
    "listed",
]

GOOD = 10  # examples, from which on more help less than photos where the tag is rejected
MANY = 16  # such photos


class Advice(StrEnum):
    """What would help a tag more."""

    LOOK = "look"  # of some examples nothing is kept that a model saw
    OTHERS = "others"  # too few photos of other things for anything to be measured
    JUDGE = "judge"  # a word on what is suggested
    EXAMPLES = "examples"  # more photos that show it
    GIVE = "give"  # nothing: it is right often enough to be given


@dataclass(frozen=True, slots=True)
class LearnRequest:
    """A tag that is to be learnt. `gives`: photos are to get it where that is right often enough,
    or not; None for as it was."""

    word: str
    gives: bool | None = None


@dataclass(frozen=True, slots=True)
class LearnedTag:
    """What was learnt: a head for each model; the photos that probably show what is meant, with how
    sure that is; how many gained and lost the tag, and are suggested; how many judged photos no
    model has seen; and the run that can be undone."""

    name: str
    label: str
    gives: bool
    heads: tuple[KeptHead, ...]
    likely: tuple[tuple[Path, float], ...]
    gained: int
    lost: int
    suggested: int
    unseen: int
    run: int | None
    advice: tuple[Advice, ...]


@dataclass(frozen=True, slots=True)
class ShownTag:
    """A tag that is learnt, as it stands. `waits`: its examples have changed since, and it is soon
    learnt again; `is_short`: too few of them are left for that."""

    of: Personal
    heads: tuple[KeptHead, ...]
    tally: Tally
    waits: bool
    is_short: bool


@dataclass(frozen=True, slots=True)
class Forgotten:
    """A tag that is learnt no longer, how many photos lost it, and the run that can be undone."""

    name: str
    photos: int
    run: int | None


def learn(catalogue: Catalogue, config: Config, request: LearnRequest) -> LearnedTag:
    """Learn a tag from the photos that a person gave it, or where it was rejected, and give it to
    photos, or suggest them. Raises `TagUnknown`, and `TooFew` where there are too few."""
    means = means_of(config, f"tagd learn {tag_name(request.word)}")
    with catalogue.read() as tx:
        label, name = _meant(tx, config, request.word)
        before = _personal(tx, label)
        row = labels_present(tx, [label]).get(label)
        count = len(examples.judged(tx, row).given) if row is not None else 0
    if count < teach.FEWEST:
        raise teach.too_few(name, count)
    gives = request.gives
    if gives is None and config.learn.give and not (before and before.gives):
        gives = True
    of = _told(catalogue, label, name, gives, means)
    return _shown(catalogue, teach.learn(catalogue, of, means), means)


def listed(catalogue: Catalogue) -> tuple[ShownTag, ...]:
    """Return every tag that is learnt, in the order of their names."""
    with catalogue.read() as tx:
        heads, tallies = personal.heads(tx), personal.tallies(tx)
        return tuple(
            ShownTag(
                each,
                tuple(heads.get(each.label_id, ())),
                tallies.get(each.label_id, Tally(0, 0)),
                waits=teach.is_due(tx, each),
                is_short=teach.is_short(tx, each),
            )
            for each in personal.every(tx)
        )


def forget(catalogue: Catalogue, config: Config, word: str) -> Forgotten:
    """Learn a tag no longer, and take it off the photos that have it by that alone. What a person
    said stays. Raises `TagUnknown`."""
    means = means_of(config, f"tagd learn --forget {tag_name(word)}")
    with catalogue.read() as tx:
        of = _known(tx, config, word)
    photos = teach.forget(catalogue, of, means)
    with catalogue.read() as tx:
        return Forgotten(of.name, photos, noted(tx, means.run))


def exported(catalogue: Catalogue, config: Config, words: Sequence[str] = ()) -> str:
    """Return these tags as JSON, or all that are learnt, for another machine. Raises
    `TagUnknown`."""
    with catalogue.read() as tx:
        chosen = [_known(tx, config, word) for word in words] or personal.every(tx)
        heads = personal.heads(tx)
    return exchange.dumped([(each, heads.get(each.label_id, [])) for each in chosen])


def imported(catalogue: Catalogue, config: Config, file: Path) -> tuple[LearnedTag, ...]:
    """Take in what was exported elsewhere, and suggest photos by it. Raises `TagdError` where the
    file holds nothing of that kind, or a tag is learnt here already."""
    try:
        found = exchange.loaded(file.read_bytes())
    except (OSError, ValueError) as error:
        raise TagdError(
            f"{display(file)} holds no learned tags: {error}",
            hint="`tagd learn --export FILE` writes them.",
        ) from error
    with catalogue.read() as tx:
        known = {each.name for each in personal.every(tx)}
    for each in found:
        if each.name in known:
            raise TagdError(
                f"{each.name!r} is learnt here already",
                hint=f"`tagd learn --forget {as_word(each.name)}` makes room for another.",
            )
    return tuple(_taken_in(catalogue, config, each) for each in found)


def _taken_in(catalogue: Catalogue, config: Config, foreign: Foreign) -> LearnedTag:
    means = means_of(config, f"tagd learn --import {foreign.name}")
    derivation = derivation_of(config)
    with catalogue.read() as tx:
        label = own_word(foreign.name, derivation.rules, label_names(tx))
    gives = True if config.learn.give else None
    of = _told(catalogue, label, derivation.name_of(label), gives, means)
    with catalogue.write() as tx:
        heads = exchange.kept(tx, foreign, means.clock())
    return _shown(catalogue, teach.take_over(catalogue, of, heads, means), means)


def _meant(tx: Connection, config: Config, word: str) -> tuple[str, str]:
    """Return the label that a word means, and what it is called."""
    derivation, text = derivation_of(config), tag_name(word)
    called = label_names(tx)
    try:
        learnt = {each.label for each in personal.every(tx)}
        label = meant_of(text, derivation.rules, called, learnt)
    except NoSuchTag as unclear:
        if unclear.candidates:
            raise TagUnknown(str(unclear), hint=unclear.hint) from unclear
        raise teach.too_few(text, 0) from unclear
    return label, called.get(label) or derivation.name_of(label)


def _known(tx: Connection, config: Config, word: str) -> Personal:
    try:
        found = _personal(tx, _meant(tx, config, word)[0])
    except teach.TooFew:
        found = None
    if found is None:
        raise TagUnknown(f"{word!r} is not learnt", hint="`tagd learn --list` shows what is.")
    return found


def _personal(tx: Connection, label: str) -> Personal | None:
    return next((each for each in personal.every(tx) if each.label == label), None)


def _told(
    catalogue: Catalogue, label: str, name: str, gives: bool | None, means: Means
) -> Personal:
    """Note that a label is learnt from now on, and whether photos are to get it."""
    with catalogue.write() as tx:
        row = label_ids(tx, {label: name})[label]
        personal.tell(tx, row, gives=gives, now=means.clock())
        of = _personal(tx, label)
    assert of is not None
    return of


def _shown(catalogue: Catalogue, learned: Learned, means: Means) -> LearnedTag:
    with catalogue.read() as tx:
        paths = paths_of(tx, [photo_id for photo_id, _ in learned.likely])
        number = noted(tx, means.run)
    return LearnedTag(
        name=learned.of.name,
        label=learned.of.label,
        gives=learned.of.gives,
        heads=learned.heads,
        likely=tuple((paths[row], sure) for row, sure in learned.likely if row in paths),
        gained=len(learned.outcome.gained),
        lost=len(learned.outcome.lost),
        suggested=len(learned.outcome.suggested),
        unseen=learned.unseen,
        run=number,
        advice=tuple(_advice(learned)),
    )


def _advice(learned: Learned) -> list[Advice]:
    """Return what would help, the most helpful first."""
    heads, found = learned.heads, []
    right = bool(heads) and all(map(may_give, heads))
    given = max((head.given for head in heads), default=0)
    rejected = max((head.rejected for head in heads), default=0)
    if learned.unseen:
        found.append(Advice.LOOK)
    if any(head.background < FEWEST_OTHERS for head in heads):
        found.append(Advice.OTHERS)
    if not right and rejected < MANY and learned.outcome.suggested:
        found.append(Advice.JUDGE)
    if given < GOOD:
        found.append(Advice.EXAMPLES)
    if right and not learned.of.gives:
        found.append(Advice.GIVE)
    return found
