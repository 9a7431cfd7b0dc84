"""What labels are called, in every language that there is a table for, and which labels a word
means."""

from __future__ import annotations

import difflib
import unicodedata
from functools import cache, cached_property, lru_cache
from itertools import chain
from typing import TYPE_CHECKING

from tagd.labels import tables
from tagd.labels.tables import DATA, is_synset, many, rows
from tagd.text import only_shapes, tag_name

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

ENGLISH = "en"
OWN = "own:"  # what the labels of a person's own tags begin with; their name follows
SAME_WORD = 0.75  # likeness from which on a name is worth a "did you mean"
_LATIN_MARKS = range(0x0300, 0x0370)  # accents; Japanese voicing marks are letters, and stay
_HIRAGANA_FROM = {code: code - 0x60 for code in range(ord("ァ"), ord("ヶ") + 1)}
_FORGIVEN = dict.fromkeys(map(ord, "・'’")) | dict.fromkeys(map(ord, "-_"), " ")

LONGEST_NAME = 200  # letters


@lru_cache(maxsize=1 << 14)
def fold(text: str) -> str:
    """The text as search compares it: case, accents, width, hyphens, middle dots, joiners and the
    difference between hiragana and katakana are forgiven."""
    plain = unicodedata.normalize("NFKC", text).casefold().translate(_HIRAGANA_FROM)
    if not plain.isascii():
        apart = unicodedata.normalize("NFD", plain)
        bare = "".join(
            sign for sign in apart if ord(sign) not in _LATIN_MARKS and not only_shapes(sign)
        )
        plain = unicodedata.normalize("NFC", bare)
    return " ".join(plain.translate(_FORGIVEN).split())


def nearest(text: str, names: Collection[str], most: int) -> list[str]:
    """Those of the names that may have become this text by a typing error: by two letters in the
    wrong order, then by others, the most alike first. None for a text longer than any name, which
    takes ages to compare."""
    if len(text) > LONGEST_NAME:
        return []
    pairs = range(len(text) - 1)
    swapped = [f"{text[:at]}{text[at + 1]}{text[at]}{text[at + 2 :]}" for at in pairs]
    meant = [each for each in swapped if each in names]
    alike = difflib.get_close_matches(text, names, n=most, cutoff=SAME_WORD)
    return list(dict.fromkeys((*meant, *alike)))[:most]


def own_label(name: str) -> str:
    """The label of a tag of a person's own that is called so."""
    return OWN + tag_name(name)


class Vocabulary:
    """The names in `names.XX.tsv`, read language by language when they are first asked for."""

    def __init__(self, folder: Path = DATA) -> None:
        self._folder = folder
        self._names: dict[str, Mapping[str, str]] = {}

    @staticmethod
    def load() -> Vocabulary:
        """The one that ships with tagd."""
        return _shipped()

    @cached_property
    def languages(self) -> tuple[str, ...]:
        """The languages that there are names in, English first."""
        return tables.languages(self._folder)

    def name(self, label: str, language: str = ENGLISH) -> str:
        """The display name of a label; in English where this language has none. A person's own is
        called as it was written, and a label that nobody knows is its own name."""
        known = self._of(language).get(label) or self._of(ENGLISH).get(label)
        return known or next(iter(self.further_words(label)), label.removeprefix(OWN))

    def further_words(self, label: str) -> tuple[str, ...]:
        """WordNet's own words, the usual one first, for a synset that has no name here, as one of
        ImageNet's larger sets. They are English, and no word of them is known to `resolve`."""
        if label in self._of(ENGLISH) or not is_synset(label):
            return ()
        found = tables.synsets().get(label)
        return found.words if found else ()

    def resolve(self, text: str) -> frozenset[str]:
        """The labels that are called so, or have it for a synonym, in any language; a label id
        means itself. Several where a word has several meanings, as crane has."""
        if text in self._of(ENGLISH) or self.further_words(text):
            return frozenset({text})
        return self._meanings.get(fold(text), frozenset())

    def named(self, text: str) -> frozenset[str]:
        """The labels whose display name it is, in any language; a label id means itself."""
        if text in self._of(ENGLISH) or self.further_words(text):
            return frozenset({text})
        return self._display.get(fold(text), frozenset())

    def labels_named(self, text: str) -> list[str]:
        """What `resolve` finds, sorted."""
        return sorted(self.resolve(text))

    def starting_with(self, text: str) -> frozenset[str]:
        """The labels with a name or a synonym in which a word begins so, in any language."""
        start = fold(text)
        if not start:
            return frozenset()
        found = [ids for name, ids in self._meanings.items() if f" {start}" in f" {name}"]
        return frozenset().union(*found)

    def with_word(self, text: str) -> frozenset[str]:
        """The labels with a name or a synonym in which these words stand, in any language."""
        words = f" {fold(text)} "
        found = [ids for name, ids in self._meanings.items() if words in f" {name} "]
        return frozenset().union(*found)

    def suggest(self, text: str, most: int = 3) -> list[str]:
        """The names nearest to a text that means nothing, as they are written, the nearest first.

        Names alone, without synonyms: what is suggested is what the tags are called.
        """
        return [self._spellings[each] for each in nearest(fold(text), self._spellings, most)]

    def _of(self, language: str) -> Mapping[str, str]:
        names = self._names.get(language)
        if names is None:
            known = language in self.languages
            table = rows(f"names.{language}.tsv", self._folder) if known else iter(())
            names = self._names[language] = {row[0]: row[1] for row in table}
        return names

    @cached_property
    def _display(self) -> Mapping[str, frozenset[str]]:
        """Folded display names of all languages."""
        found: dict[str, set[str]] = {}
        for language in self.languages:
            for label, name in self._of(language).items():
                found.setdefault(fold(name), set()).add(label)
        return {name: frozenset(labels) for name, labels in found.items()}

    @cached_property
    def _meanings(self) -> Mapping[str, frozenset[str]]:
        """Folded names, synonyms and readings of all languages."""
        found: dict[str, set[str]] = {}
        for language in self.languages:
            for label, name, *further in rows(f"names.{language}.tsv", self._folder):
                for word in (name, *chain.from_iterable(map(many, further))):
                    found.setdefault(fold(word), set()).add(label)
        return {word: frozenset(labels) for word, labels in found.items()}

    @cached_property
    def _spellings(self) -> Mapping[str, str]:
        """Folded names of all languages, and how they are written."""
        every = (name for each in self.languages for name in self._of(each).values())
        return {fold(name): name for name in every}


@cache
def _shipped() -> Vocabulary:
    return Vocabulary()
