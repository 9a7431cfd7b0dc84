"""What labels are called, in every language that there is a table for, and which labels a word
means."""

from __future__ import annotations

import unicodedata
from functools import cache, cached_property, lru_cache
from itertools import chain
from typing import TYPE_CHECKING

from tagd.labels import romaji, tables
from tagd.labels.likeness import nearest, related
from tagd.labels.tables import DATA, is_synset, many, rows
from tagd.text import only_shapes, tag_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

ENGLISH, JAPANESE = "en", "ja"
OWN = "own:"  # what the labels of a person's own tags begin with; their name follows
_LATIN_MARKS = range(0x0300, 0x0370)  # accents; Japanese voicing marks are letters, and stay
_KANJI, _KANJI_MARKS = range(0x4E00, 0xA000), "々〆"
_HIRAGANA_FROM = {code: code - 0x60 for code in range(ord("ァ"), ord("ヶ") + 1)}
_FORGIVEN = dict.fromkeys(map(ord, "・'’")) | dict.fromkeys(map(ord, "-_"), " ")


@lru_cache(maxsize=1 << 14)
def fold(text: str) -> str:
    """Return the text as search compares it: case, accents, width, hyphens, middle dots, joiners
    and the difference between hiragana and katakana are forgiven."""
    plain = unicodedata.normalize("NFKC", text).casefold().translate(_HIRAGANA_FROM)
    if not plain.isascii():
        apart = unicodedata.normalize("NFD", plain)
        bare = "".join(
            sign for sign in apart if ord(sign) not in _LATIN_MARKS and not only_shapes(sign)
        )
        plain = unicodedata.normalize("NFC", bare)
    return " ".join(plain.translate(_FORGIVEN).split())


def has_kanji(text: str) -> bool:
    """Return whether a text has signs that do not say what they sound like."""
    return any(sign in _KANJI_MARKS or ord(sign) in _KANJI for sign in text)


def own_label(name: str) -> str:
    """Return the label of a tag of a person's own that is called so."""
    return OWN + tag_name(name)


class Vocabulary:
    """The names in `names.XX.tsv`, read language by language when they are first asked for."""

    def __init__(self, folder: Path = DATA) -> None:
        self._folder = folder
        self._names: dict[str, Mapping[str, str]] = {}

    @staticmethod
    def load() -> Vocabulary:
        """Return the one that ships with tagd."""
        return _shipped()

    @cached_property
    def languages(self) -> tuple[str, ...]:
        """Return the languages that there are names in, English first."""
        return tables.languages(self._folder)

    def name(self, label: str, language: str = ENGLISH) -> str:
        """Return the display name of a label; in English where this language has none. A person's
        own is called as it was written, and a label that nobody knows is its own name."""
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
        """Return the labels that are called so, or have it for a synonym, in any language; a label
        id means itself. Several where a word has several meanings, as crane has."""
        if text in self._of(ENGLISH) or self.further_words(text):
            return frozenset({text})
        return self._meanings.get(fold(text), frozenset())

    def named(self, text: str) -> frozenset[str]:
        """Return the labels whose display name it is, in any language; a label id means itself."""
        if text in self._of(ENGLISH) or self.further_words(text):
            return frozenset({text})
        return self._display.get(fold(text), frozenset())

    def labels_named(self, text: str) -> list[str]:
        """Return what `resolve` finds, sorted."""
        return sorted(self.resolve(text))

    def starting_with(self, text: str) -> frozenset[str]:
        """Return the labels with a word that begins so in their name, in any language: in what is
        seen, and not in a synonym."""
        start = fold(text)
        return self._in_a_name(f" {start}") if start else frozenset()

    def with_word(self, text: str) -> frozenset[str]:
        """Return the labels in whose name these words stand, in any language."""
        return self._in_a_name(f" {fold(text)} ")

    def sounding(self, text: str) -> frozenset[str]:
        """Return the labels with a name, a synonym or a reading in kana that is so in Latin
        letters."""
        plain = fold(text)
        return (
            self._romaji.get(romaji.folded(plain), frozenset()) if plain.isascii() else frozenset()
        )

    def _in_a_name(self, part: str) -> frozenset[str]:
        found = (labels for name, labels in self._seen.items() if part in name)
        return frozenset().union(*found)

    def suggest(self, text: str, most: int = 3) -> list[str]:
        """Return the names nearest to a text that means nothing, as they are written, the nearest
        first.

        Names alone, without synonyms: what is suggested is what the tags are called.
        """
        plain, names = fold(text), self._spellings
        near = (*nearest(plain, names, most), *related(plain, names, most))
        return [names[name] for name in dict.fromkeys(near)][:most]

    def instead_of(self, text: str, language: str = ENGLISH) -> list[str]:
        """Return the names of the tags that are nearest to a word that `near.tsv` knows: in
        Japanese for a Japanese word, else in this language."""
        plain = fold(text)
        told = language if plain.isascii() else JAPANESE
        table = rows("near.tsv", self._folder)
        found = (many(labels) for word, labels in table if fold(word) == plain)
        return [self.name(label, told) for label in chain.from_iterable(found)]

    def _of(self, language: str) -> Mapping[str, str]:
        names = self._names.get(language)
        if names is None:
            names = self._names[language] = {row[0]: row[1] for row in self._rows(language)}
        return names

    def _rows(self, language: str) -> Iterator[list[str]]:
        """Yield the rows of a language's table, with empty cells in the place of those that are
        left out; none of a language that there is no table for."""
        if language in self.languages:
            for row in rows(f"names.{language}.tsv", self._folder):
                yield [*row, "", ""]

    @cached_property
    def _display(self) -> Mapping[str, frozenset[str]]:
        """Folded display names of all languages."""
        found: dict[str, set[str]] = {}
        for language in self.languages:
            for label, name in self._of(language).items():
                found.setdefault(fold(name), set()).add(label)
        return {name: frozenset(labels) for name, labels in found.items()}

    @cached_property
    def _seen(self) -> Mapping[str, frozenset[str]]:
        """Folded names of all languages between spaces, each word apart; beside names in kanji what
        they sound like."""
        found: dict[str, set[str]] = {}
        for language in self.languages:
            for label, name, _, readings, *_ in self._rows(language):
                heard = many(readings)[:1] if has_kanji(name) else ()
                for each in (name, name.replace("・", " "), *heard):
                    found.setdefault(f" {fold(each)} ", set()).add(label)
        return {name: frozenset(labels) for name, labels in found.items()}

    @cached_property
    def _meanings(self) -> Mapping[str, frozenset[str]]:
        """Folded names, synonyms and readings of all languages."""
        found: dict[str, set[str]] = {}
        for language in self.languages:
            for label, name, synonyms, readings, *_ in self._rows(language):
                for word in (name, *many(synonyms), *many(readings)):
                    found.setdefault(fold(word), set()).add(label)
        return {word: frozenset(labels) for word, labels in found.items()}

    @cached_property
    def _romaji(self) -> Mapping[str, frozenset[str]]:
        """Words in kana, as romaji are compared."""
        found: dict[str, frozenset[str]] = {}
        for word, labels in self._meanings.items():
            if latin := romaji.of_kana(word):
                key = romaji.folded(latin)
                found[key] = found.get(key, frozenset()) | labels
        return found

    @cached_property
    def _spellings(self) -> Mapping[str, str]:
        """Folded names of all languages, and how they are written."""
        every = (name for each in self.languages for name in self._of(each).values())
        return {fold(name): name for name in every}


@cache
def _shipped() -> Vocabulary:
    return Vocabulary()
