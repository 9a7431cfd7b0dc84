"""Corrections of tags: a person confirms, rejects, adds or removes one by its name.

word → label → that label and what is below it → changes of tags → writes that are queued
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tagd.app.selection import photo_ids
from tagd.assembly.derivation import derivation_of
from tagd.assembly.writing import metadata_settings, writes_of
from tagd.catalogue.tagging import corrections, personal
from tagd.catalogue.tagging.corrections import Action
from tagd.catalogue.tagging.runs import Run, run_id
from tagd.catalogue.tagging.tags import label_ids, label_names, labels_on, labels_present
from tagd.catalogue.written import inscriptions
from tagd.domain import Priority, TagState
from tagd.errors import TagdError, TagUnknown
from tagd.labels.hierarchy import Hierarchy
from tagd.labels.namesakes import is_namesake
from tagd.labels.naming import given_by, is_name_of, may_mean, meant_of, own_of, own_word
from tagd.labels.vocabulary import OWN, Vocabulary
from tagd.labels.wording import NoSuchTag
from tagd.text import LONGEST_NAME, tag_name

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from sqlalchemy import Connection

    from tagd.app.selection import Selection
    from tagd.catalogue.db.engine import Catalogue
    from tagd.catalogue.tagging.corrections import Change
    from tagd.config import Config
    from tagd.labels.derivation import Derivation
    from tagd.labels.rules import TagRules


__all__ = [
    "Action",
    "Ambiguous",
    "Candidate",
    "Corrected",
    "CorrectionRequest",
    "NewOwn",
    "correct",
    "tag_word",
]


@dataclass(frozen=True, slots=True)
class CorrectionRequest:
    """What a person says of photos. `own`: a tag of that person's own, whatever else is called so.
    `label`: which is meant of several that the word may mean, where that was asked."""

    action: Action
    word: str
    photos: Selection
    own: bool = False
    label: str | None = None


@dataclass(frozen=True, slots=True)
class Candidate:
    """One of the labels that a word may mean, with the names of what it is a kind of."""

    label: str
    name: str
    kinds: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Ambiguous:
    """Nothing was done: the word may mean any of the candidates, and a person is to say which.
    `reason` and `hint` say so to one who cannot be asked."""

    word: str
    candidates: tuple[Candidate, ...]
    reason: str
    hint: str


@dataclass(frozen=True, slots=True)
class NewOwn:
    """A word that becomes a tag of a person's own. `things`: what else is called so. `hint`: what
    may have been meant, where nothing is."""

    things: tuple[str, ...] = ()
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Corrected:
    """What a correction changed: `changed` of `photos` have other tags now; in `lifted` of them the
    tag was rejected. `below`: tags that were rejected with it, being kinds of it. `is_name`: the
    word that was typed is the tag's name, and no synonym. `may_be_own`: it was taken for a thing,
    and may well name something of that person's own. No run where none changed. `outdated`: the
    photos, and the place in each, in which tags were written on request that are not these any
    more."""

    action: Action
    tag: str
    label: str
    word: str
    is_name: bool
    may_be_own: bool
    photos: int
    changed: int
    lifted: int
    below: tuple[str, ...]
    run: int | None
    outdated: tuple[tuple[Path, str], ...]
    new_own: NewOwn | None


@dataclass(frozen=True, slots=True)
class _Meant:
    """The label that a word means, and whether it is a new tag of a person's own."""

    label: str
    new_own: NewOwn | None = None


def tag_word(text: str, action: Action) -> str:
    """Return a word as a tag is named. Raises ValueError where no tag can be called so."""
    word = tag_name(text)
    if not word.removeprefix(OWN):
        raise ValueError("the tag needs a name")
    if action == Action.ADD and len(word) > LONGEST_NAME:
        raise ValueError(
            f"this name has {len(word):,} characters, and a tag's at most {LONGEST_NAME}"
        )
    return word


def correct(
    catalogue: Catalogue, config: Config, request: CorrectionRequest
) -> Corrected | Ambiguous:
    """Correct the tags of all photos, or of none.

    Raises `TagUnknown` where the word means no tag, `QueryError`, and `TagdError` where there are
    no such photos, or nothing to confirm or to take off.
    """
    derivation = derivation_of(config)
    rules = derivation.rules
    # What a word means takes a while to find, which must keep no other writer waiting.
    with catalogue.read() as tx:
        meant = _meant(tx, request, photo_ids(tx, request.photos, rules), rules)
    if isinstance(meant, Ambiguous):
        return meant
    with catalogue.write() as tx:
        return _apply(tx, config, derivation, request, meant)


def _meant(
    tx: Connection, request: CorrectionRequest, photos: Sequence[int], rules: TagRules
) -> _Meant | Ambiguous:
    """Return what the word means, of what these photos have before what they have not."""
    if request.label is not None:
        return _Meant(request.label)
    text, called = request.word, label_names(tx)
    if request.own:
        is_new = not own_of(text, rules, called)
        return _Meant(own_word(text, rules, called), NewOwn() if is_new else None)
    present = labels_on(tx, photos)
    if request.action == Action.CONFIRM and not present & may_mean(text, rules, called):
        present = labels_on(tx, photos, rejected=True)
    resolve = given_by if request.action == Action.ADD else meant_of
    try:
        return _Meant(resolve(text, rules, called, present))
    except NoSuchTag as unclear:
        if unclear.candidates:
            return _ambiguous(text, unclear, rules.language)
        if request.action == Action.ADD:
            return _Meant(own_word(text, rules, called), _new_own(text, unclear, rules, called))
        raise TagUnknown(str(unclear), hint=unclear.hint) from unclear


def _ambiguous(text: str, unclear: NoSuchTag, language: str) -> Ambiguous:
    vocabulary, hierarchy = Vocabulary.load(), Hierarchy.load().knowing(unclear.candidates)

    def candidate(label: str) -> Candidate:
        kinds = [vocabulary.name(kind, language) for kind in hierarchy.shown_above(label)]
        return Candidate(label, vocabulary.name(label, language), tuple(kinds))

    candidates = tuple(map(candidate, unclear.candidates))
    return Ambiguous(text, candidates, str(unclear), unclear.hint)


def _new_own(text: str, unclear: NoSuchTag, rules: TagRules, called: Mapping[str, str]) -> NewOwn:
    """Return what else may have been meant by a word that becomes a tag of a person's own."""
    things = sorted(may_mean(text, rules, called))
    names = [Vocabulary.load().name(label, rules.language) for label in things]
    return NewOwn(tuple(names), unclear.hint)


def _apply(
    tx: Connection,
    config: Config,
    derivation: Derivation,
    request: CorrectionRequest,
    meant: _Meant,
) -> Corrected:
    """Correct the photos, and have what changed written where it is to be."""
    action, label = request.action, meant.label
    photos = photo_ids(tx, request.photos, derivation.rules)
    label_id = label_ids(tx, {label: derivation.name_of(label)})[label]
    names = label_names(tx)
    suggested = personal.suggested_in(tx, label_id, photos) if action == Action.CONFIRM else set()
    having, rejected = corrections.having(tx, [label_id], photos)
    _require(action, names[label], photos, having | suggested, rejected)
    kinds = labels_present(tx, derivation.kinds_of(label, names))
    below = {row: key for key, row in kinds.items()}
    correction = corrections.Correction(
        action, label_id, frozenset(below), suggested=frozenset(suggested)
    )
    run = Run.of(f"tagd {action} {names[label]}")
    changes = corrections.correct(tx, correction, photos, run, time.time())
    changed = {change.photo_id for change in changes}
    if (writes := writes_of(config)) is not None:
        writes.queue_rows(tx, changed, Priority.ASKED)
    outdated = inscriptions.outdated(tx, changed, metadata_settings(config).wants)
    with_it = {names[below[change.label_id]] for change in changes if change.label_id in below}
    is_name = is_name_of(label, request.word, derivation.rules, names)
    return Corrected(
        action=action,
        tag=names[label],
        label=label,
        word=request.word,
        is_name=is_name,
        may_be_own=not label.startswith(OWN) and (not is_name or is_namesake(request.word)),
        photos=len(photos),
        changed=len(changed),
        lifted=_lifted(changes),
        below=tuple(sorted(with_it)),
        run=run_id(tx, run) if changes else None,
        outdated=tuple((path, str(place)) for path, place in outdated),
        new_own=meant.new_own,
    )


def _lifted(changes: Sequence[Change]) -> int:
    """Return in how many photos the tag was rejected before."""
    return len({change.photo_id for change in changes if change.before == TagState.REJECTED})


def _require(
    action: Action, tag: str, photos: Sequence[int], having: set[int], rejected: set[int]
) -> None:
    """Raise TagdError where there is nothing to confirm, or to take off."""
    may_be_new = action in {Action.ADD, Action.REJECT}
    if having or may_be_new or (rejected and action == Action.CONFIRM):
        return
    which = "the photo has" if len(photos) == 1 else "none of these photos has"
    if rejected:
        raise TagdError(f"{tag!r} is rejected already", hint="`tagd confirm` brings it back.")
    raise TagdError(f"{which} no tag {tag!r}", hint="`tagd show FILE` lists what it has.")
