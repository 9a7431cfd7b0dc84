"""What a word means to a search: the labels called so, and all that is below them. Pure.

Unlike in rules, where a name must mean one label (`wording.py`), a search takes all it may mean.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tagd.labels import own, tables
from tagd.labels.hierarchy import Hierarchy
from tagd.labels.likeness import nearest
from tagd.labels.plurals import singulars
from tagd.labels.vocabulary import OWN, Vocabulary, fold
from tagd.text import tag_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from tagd.labels.rules import TagRules


@dataclass(frozen=True, slots=True)
class Meaning:
    """Words of a search under a person's own rules. Made by `by`."""

    rules: TagRules
    hierarchy: Hierarchy  # with what the rules put into it
    vocabulary: Vocabulary
    called: Mapping[str, frozenset[str]]  # folded names that the vocabulary lacks → labels
    seen: Mapping[str, frozenset[str]]  # those of them that people see, each between spaces
    written: frozenset[str]  # the names of tags in the catalogue, case aside

    @classmethod
    def by(cls, rules: TagRules, given: Mapping[str, str]) -> Meaning:
        """Return what words mean where these labels are `given`, each under its name in the
        catalogue."""
        vocabulary = Vocabulary.load()
        shown = list(_names(rules, given, vocabulary))
        others = ((label, word) for label in given for word in vocabulary.further_words(label))
        called = [*shown, *others, *((label, label) for label, _ in shown)]
        hierarchy = own.under(rules, Hierarchy.load()).knowing(given)
        spelled = {*given.values(), *(_bare(rules, name) for name in given.values())}
        return cls(
            rules,
            hierarchy,
            vocabulary,
            _by_name((label, fold(name)) for label, name in called),
            _by_name((label, f" {fold(name)} ") for label, name in shown),
            frozenset(map(str.casefold, spelled)),
        )

    def labels(self, text: str, *, beginning: bool = False) -> frozenset[str]:
        """Return the labels that a word or phrase in any language means, with all below them; none
        where nothing is called so.

        What is called exactly so, or is one of what is called so, comes first; else every name in
        which it is a word; else what it is in Japanese, written in Latin letters. `beginning` asks
        for every name with a word that begins so. Parts of synonyms, which nobody sees, count for
        nothing.
        """
        text = self._bare(text)
        if not fold(text):
            return frozenset()  # signs alone begin no name
        if beginning:
            found = self._in_a_name(f" {fold(text)}") | self.vocabulary.starting_with(text)
        else:
            found = self._exactly(text) or self._with_word(text) or self.vocabulary.sounding(text)
        found |= {self.rules.alias.get(label, label) for label in found}
        return found.union(*map(self.hierarchy.descendants, found))

    def is_name(self, text: str) -> bool:
        """Return whether a label is called exactly so, or one of several that are."""
        return bool(self._exactly(self._bare(text)))

    def is_tag(self, text: str, *, exactly: bool = False) -> bool:
        """Return whether a tag is called so, and not by a synonym. `exactly`: one in the catalogue,
        with each of its signs."""
        if exactly:
            return tag_name(text).casefold() in self.written
        names = (fold(text), *singulars(fold(text)))
        return any(self.called.get(name) or self.vocabulary.named(name) for name in names)

    def suggest(self, text: str, most: int = 3) -> list[str]:
        """Return the names nearest to one that means nothing, the nearest first. What looks like a
        typing error may be a word that is no tag: then what it is a kind of comes first."""
        found = self.vocabulary.instead_of(text, self.rules.language) or [
            *nearest(fold(text), self.called, most),
            *self._kinds_of(text),
            *self.vocabulary.suggest(text, most),
        ]
        return list(dict.fromkeys(found))[:most]

    def _kinds_of(self, text: str) -> Iterator[str]:
        """Yield the names of the tags right above a word of WordNet's: tree for an oak."""
        words = {text.casefold(), *singulars(fold(text))}
        for label, synset in tables.synsets().items():
            if not words.isdisjoint(map(str.casefold, synset.words)):
                above = self.hierarchy.knowing([label]).shown_above(label)
                yield from (self.vocabulary.name(kind, self.rules.language) for kind in above[:1])

    def _bare(self, text: str) -> str:
        return _bare(self.rules, text)

    def _exactly(self, text: str) -> frozenset[str]:
        """Return what is called so; in the plural, what one of them is, unless the plural is a name
        that tagd knows, as glasses. A person's own tag, as Birds, is found beside the birds."""
        found = self._called(text)
        if self.vocabulary.resolve(text):
            return found
        return found.union(*map(self._called, singulars(fold(text))))

    def _called(self, text: str) -> frozenset[str]:
        """Return what is called so. Beside a tag of a person's own, as Mike, no synonym counts."""
        called = self.called.get(fold(text), frozenset())
        has_own = any(label.startswith(OWN) for label in called)
        known = self.vocabulary.named(text) if has_own else self.vocabulary.resolve(text)
        return called | known

    def _with_word(self, text: str) -> frozenset[str]:
        """Return those with this word in their name, or with one of it where it is a plural."""
        words = (text, *singulars(fold(text)))
        found = (self._in_a_name(f" {fold(word)} ") for word in words)
        return frozenset().union(*found, *map(self.vocabulary.with_word, words))

    def _in_a_name(self, part: str) -> frozenset[str]:
        return frozenset().union(*(labels for name, labels in self.seen.items() if part in name))


def _by_name(pairs: Iterable[tuple[str, str]]) -> Mapping[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for label, name in pairs:
        found.setdefault(name, set()).add(label)
    return {name: frozenset(labels) for name, labels in found.items()}


def _bare(rules: TagRules, name: str) -> str:
    """Return a name without the prefix that tags have in the catalogue."""
    return name.removeprefix(rules.prefix) or name


def _names(
    rules: TagRules, given: Mapping[str, str], vocabulary: Vocabulary
) -> Iterator[tuple[str, str]]:
    """Labels under names that a person, a model or a later release of the tables gave them."""
    yield from ((label, label.removeprefix(OWN)) for label in rules.mentioned if OWN in label)
    yield from rules.names.items()
    for label, name in given.items():
        plain = name.removeprefix(rules.prefix)
        is_shipped = vocabulary.named(plain) and plain == vocabulary.name(label, rules.language)
        if not is_shipped or label.startswith(OWN):
            yield label, plain
