"""What people did to keywords in photos and sidecars becomes tags.

What they added is a tag that was found there; what tagd wrote and they took away is rejected, and
never comes back; what they added and took away again goes. What they left standing is a statement
too: a bird that stands there stays one, with all that is narrower, where *animal* alone was taken
away. A file that is as tagd left it says nothing new.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING, Final

from tagd.catalogue.tagging import corrections, tags
from tagd.catalogue.tagging.corrections import Action, Correction
from tagd.catalogue.tagging.runs import Run
from tagd.catalogue.written import inscriptions
from tagd.catalogue.written import readings as earlier
from tagd.domain import Readings, TagSource
from tagd.labels.naming import given_by, may_mean, own_word
from tagd.labels.vocabulary import OWN
from tagd.labels.wording import NoSuchTag
from tagd.metadata.keywords import folded
from tagd.tagging.keyword_words import Word, left_out, taken_away, together, words_in
from tagd.text import LONGEST_NAME

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from sqlalchemy import Connection

    from tagd.catalogue.tagging.corrections import Change
    from tagd.catalogue.tagging.record import TaggedFile
    from tagd.catalogue.written.inscriptions import Inscription
    from tagd.catalogue.written.readings import FoundBefore
    from tagd.labels.derivation import Derivation
    from tagd.tagging.batch import Turn

SILENT: Final = Readings()
BY: Final = TagSource.METADATA


@dataclass(slots=True)
class TakenIn:
    """What came of readings: the photos whose tags have changed, by row id, and what a person may
    want to know of a file, by its."""

    photos: set[int] = field(default_factory=set)
    notes: dict[int, tuple[str, ...]] = field(default_factory=dict)


class FoundTags:
    """What keywords say during a run of a command. That is no part of the run itself, so that it
    can be taken back, and what models gave stays; and each time that photos which are known were
    edited is a run of its own."""

    def __init__(self, derivation: Derivation, command: str, *, keywords: bool) -> None:
        self._derivation = derivation
        self._command = f"{command}: keywords read"
        self._keywords = keywords
        self._run = Run.of(self._command)

    def take_in(
        self, tx: Connection, turn: Turn, recorded: Sequence[TaggedFile], now: float
    ) -> TakenIn:
        """Take in what was read of the files of a turn that were recorded."""
        known = {each.job for each in recorded if each.tagging is None}
        fresh = {each.job for each in recorded} - known
        taken = TakenIn()
        for jobs, run in ((fresh, self._run), (known, Run.of(self._command))):
            said = turn.readings(jobs)
            its = take_in(tx, said, self._derivation, run, now, keywords=self._keywords)
            taken.photos |= its.photos
            taken.notes |= its.notes
        return taken


def take_in(
    tx: Connection,
    readings: Mapping[int, Readings],
    derivation: Derivation,
    run: Run,
    now: float,
    *,
    keywords: bool = True,
) -> TakenIn:
    """Take in what was read of these files, by their row ids, as part of this run. Without
    `keywords` only stars and places are."""
    # Most photos say nothing, and of them nothing more is asked.
    speak = {file_id for file_id, each in readings.items() if each != SILENT}
    known = earlier.before(tx, speak | earlier.with_tags(tx, readings.keys() - speak))
    earlier.put_said(tx, readings)
    earlier.fill_gaps(tx, {each.photo_id: readings[file_id] for file_id, each in known.items()})
    taken = TakenIn()
    for file_id, before in known.items():
        said = readings[file_id]
        if keywords and (said.keywords or before.labels):
            written = inscriptions.written(tx, file_id)
            notes = list(_omissions(said))
            for correction in _corrections(tx, said, before, written, derivation):
                changes = corrections.correct(tx, correction, [before.photo_id], run, now)
                taken.photos.update(change.photo_id for change in changes)
                notes += _rejection(tx, correction, changes)
            if notes:
                taken.notes[file_id] = tuple(notes)
    return taken


def _rejection(tx: Connection, correction: Correction, changes: Sequence[Change]) -> Iterator[str]:
    if changes and correction.action is Action.REJECT:
        names = tags.names_of(tx, {correction.label_id, *(each.label_id for each in changes)})
        name = names.pop(correction.label_id)
        below = f" with {', '.join(sorted(names.values()))}" if names else ""
        yield f"rejected {name}{below} (removed in another program)"


def _omissions(said: Readings) -> Iterator[str]:
    for name in left_out(together(said.keywords.values())):
        yield f"left out a keyword of more than {LONGEST_NAME} characters: {name[:20]}…"


@dataclass(frozen=True, slots=True)
class _Said:
    """What one file says. `named`: all that it names; `gone`: what tagd wrote there and somebody
    took away; `new`: what tagd has not written there."""

    named: frozenset[Word]
    gone: frozenset[str]
    new: frozenset[Word]

    @classmethod
    def of(cls, said: Readings, written: Sequence[Inscription]) -> _Said:
        """What it says beside what tagd has `written` into it."""
        named = words_in(together(said.keywords.values()))
        ours = {word.key for word in words_in(together(each.ours for each in written))}
        by_tagd = set(map(folded, said.by_tagd))
        not_theirs = by_tagd - set(map(folded, said.by_person))
        # Who edits keywords leaves it standing which are tagd's, or strips off all of that. Another
        # tagd, which takes away what it does not want, says which are its own.
        gone = {
            name
            for each in written
            if each.place not in said.damaged
            if (there := said.keywords.get(each.place)) is not None
            for name in taken_away(each.ours, there)
            if not by_tagd or folded(name) in by_tagd
        }
        # A robin that tagd has written into this file tells nothing of a friend of that name.
        new = {
            word
            for word in named
            if word.key not in ours
            and ((word.somebody and written) or folded(word.name) not in not_theirs)
        }
        return cls(frozenset(named), frozenset(gone), frozenset(new))

    @property
    def standing(self) -> set[str]:
        """The names that are left."""
        gone = set(map(folded, self.gone))
        return {word.name for word in self.named if folded(word.name) not in gone}


def _corrections(
    tx: Connection,
    readings: Readings,
    before: FoundBefore,
    written: Sequence[Inscription],
    derivation: Derivation,
) -> list[Correction]:
    said = _Said.of(readings, written)
    # What all of WordNet is called, in any language, is known without a look through the catalogue.
    known = derivation.hierarchy.parents
    called = {label: name for label, name in tags.label_names(tx).items() if label not in known}
    present = tags.labels_on(tx, [before.photo_id])
    by_person = set(map(folded, readings.by_person))
    labels = {
        word: _label(word, derivation, called, present, exactly=word.name in readings.by_person)
        for word in sorted(said.named, key=lambda word: (word.name, word.somebody))
    }
    # What a person gave by tagd is told by copies too, and news only to a new catalogue.
    known_by = tags.said_by_person(tx, before.photo_id) if by_person else set[str]()
    theirs = {labels[word] for word in said.new}
    told = {labels[word] for word in said.new if folded(word.name) in by_person} & known_by
    given = theirs - told - before.labels.keys()
    is_all_told = before.files == 1 and not readings.damaged
    withdrawn = before.labels.keys() - set(labels.values()) if is_all_told else set[str]()
    ids = tags.label_ids(tx, {each: derivation.name_of(each) for each in sorted(given)})

    def meant(names: Iterable[str]) -> set[str]:
        every = (may_mean(name, derivation.rules, called) for name in names)
        return present.intersection(chain.from_iterable(every))

    return [
        *(Correction(Action.ADD, ids[each], by=BY) for each in sorted(given)),
        *(Correction(Action.REMOVE, before.labels[each], by=BY) for each in sorted(withdrawn)),
        *_of_rejected(tx, meant(said.gone) - theirs, meant(said.standing), derivation),
    ]


def _of_rejected(
    tx: Connection, rejected: Collection[str], standing: Collection[str], derivation: Derivation
) -> Iterator[Correction]:
    """Reject labels with what is narrower, but for what stands there and what is narrower still. Of
    what stands the broadest is confirmed: what is rejected is then no more than a word."""
    if not rejected:
        return
    names = tags.label_names(tx)
    for label in sorted(rejected):
        kinds = derivation.kinds_of(label, names)
        stand = kinds.intersection(standing).difference(rejected)
        kept = stand.union(*(derivation.kinds_of(each, names) for each in stand))
        ids = tags.labels_present(tx, {label, *kinds})
        below = frozenset(ids[each] for each in kinds - kept)
        yield Correction(Action.REJECT, ids[label], below, BY)
        for each in sorted(stand):
            if stand.isdisjoint(derivation.above(each)):
                yield Correction(Action.CONFIRM, ids[each], by=BY)


def _label(
    word: Word,
    derivation: Derivation,
    called: Mapping[str, str],
    present: Collection[str],
    *,
    exactly: bool,
) -> str:
    """The label that a keyword means; where there is none, or one of several, one of its own.
    `exactly`: tagd wrote it, with the name as it is spelled."""
    rules = derivation.rules
    # At once where there is none: what may have been meant is looked for at length.
    if word.somebody or not may_mean(word.name, rules, called):
        return own_word(word.name, rules, called)
    try:
        label = given_by(word.name, rules, called, present)
    except NoSuchTag:
        return own_word(word.name, rules, called)
    is_other = exactly and not label.startswith(OWN) and not derivation.spells(label, word.name)
    return own_word(word.name, rules, called) if is_other else label
