"""What a word means to a search: the labels called so, and all that is below them. Pure.

Unlike in rules, where a name must mean one label (`wording.py`), a search takes all it may mean.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tagd.labels import own
from tagd.labels.hierarchy import Hierarchy
from tagd.labels.plurals import singulars
from tagd.labels.vocabulary import OWN, Vocabulary, fold, nearest
from tagd.text import tag_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tagd.labels.rules import TagRules


@dataclass(frozen=True, slots=True)
class Meaning:
    """Words of a search under a person's own rules. Made by `by`."""

    rules: TagRules
    hierarchy: Hierarchy  # with what the rules put into it
    vocabulary: Vocabulary
    called: Mapping[str, frozenset[str]]  # folded names that the vocabulary lacks → labels
    written: frozenset[str]  # the names of tags in the catalogue, case aside

    @classmethod
    def by(cls, rules: TagRules, given: Mapping[str, str]) -> Meaning:
        """What words mean where these labels are `given`, each under its name in the catalogue."""
        vocabulary = Vocabulary.load()
        called: dict[str, set[str]] = {}
        for label, name in _names(rules, given, vocabulary):
            called.setdefault(fold(name), set()).add(label)
            called.setdefault(fold(label), set()).add(label)
        names = {name: frozenset(labels) for name, labels in called.items()}
        hierarchy = own.under(rules, Hierarchy.load()).knowing(given)
        spelled = {*given.values(), *(_bare(rules, name) for name in given.values())}
        written = frozenset(map(str.casefold, spelled))
        return cls(rules, hierarchy, vocabulary, names, written)

    def labels(self, text: str, *, beginning: bool = False) -> frozenset[str]:
        """The labels that a word or phrase in any language means, with all below them; none where
        nothing is called so.

        What is called exactly so, or is one of what is called so, comes first; else every name in
        which it is a word; else every name with a word that begins so, which is what `beginning`
        asks for at once.
        """
        text = self._bare(text)
        if not fold(text):
            return frozenset()  # signs alone begin no name
        found = frozenset() if beginning else self._exactly(text) or self._with_word(text)
        found = found or self._beginning(text)
        found |= {self.rules.alias.get(label, label) for label in found}
        return found.union(*map(self.hierarchy.descendants, found))

    def is_name(self, text: str) -> bool:
        """Whether a label is called exactly so, or one of several that are."""
        return bool(self._exactly(self._bare(text)))

    def is_tag(self, text: str, *, exactly: bool = False) -> bool:
        """Whether a tag is called so, and not by a synonym. `exactly`: one in the catalogue, with
        each of its signs."""
        if exactly:
            return tag_name(text).casefold() in self.written
        return bool(self.called.get(fold(text)) or self.vocabulary.named(text))

    def suggest(self, text: str, most: int = 3) -> list[str]:
        """The names nearest to one that means nothing, the nearest first."""
        near = nearest(fold(text), self.called, most)
        return list(dict.fromkeys((*near, *self.vocabulary.suggest(text, most))))[:most]

    def _bare(self, text: str) -> str:
        return _bare(self.rules, text)

    def _exactly(self, text: str) -> frozenset[str]:
        """What is called so; in the plural, what one of them is, unless the plural is a name that
        tagd knows, as glasses. A person's own tag, as Birds, is found beside the birds."""
        found = self._called(text)
        if self.vocabulary.resolve(text):
            return found
        return found.union(*map(self._called, singulars(fold(text))))

    def _called(self, text: str) -> frozenset[str]:
        """What is called so. Beside a tag of a person's own, as Mike, no synonym counts."""
        called = self.called.get(fold(text), frozenset())
        has_own = any(label.startswith(OWN) for label in called)
        known = self.vocabulary.named(text) if has_own else self.vocabulary.resolve(text)
        return called | known

    def _with_word(self, text: str) -> frozenset[str]:
        words = f" {fold(text)} "
        here = (labels for name, labels in self.called.items() if words in f" {name} ")
        return self.vocabulary.with_word(text).union(*here)

    def _beginning(self, text: str) -> frozenset[str]:
        start = f" {fold(text)}"
        here = (labels for name, labels in self.called.items() if start in f" {name}")
        return self.vocabulary.starting_with(text).union(*here)


def _bare(rules: TagRules, name: str) -> str:
    """Without the prefix that tags have in the catalogue."""
    return name.removeprefix(rules.prefix) or name


def _names(
    rules: TagRules, given: Mapping[str, str], vocabulary: Vocabulary
) -> Iterator[tuple[str, str]]:
    """Labels under names that a person, a model or a later release of the tables gave them."""
    yield from ((label, label.removeprefix(OWN)) for label in rules.mentioned if OWN in label)
    yield from rules.names.items()
    for label, name in given.items():
        plain = name.removeprefix(rules.prefix)
        if plain != vocabulary.name(label, rules.language) or label.startswith(OWN):
            yield label, plain
        yield from ((label, word) for word in vocabulary.further_words(label))
