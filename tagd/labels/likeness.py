"""Which names a text may have been meant for that is none. Pure; texts and names are folded."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

SAME_WORD: Final = 0.75  # likeness from which on a name is worth a "did you mean"
LONGEST_NAME: Final = 200  # letters
SHORTEST_BEGINNING: Final = 3  # letters of a Latin word; a sign of Japanese says more


def nearest(text: str, names: Collection[str], most: int) -> list[str]:
    """Those of the names that may have become this text by a typing error: by two letters in the
    wrong order, then those that it begins, then by other errors, the most alike first. None for a
    text longer than any name, which takes ages to compare."""
    if len(text) > LONGEST_NAME:
        return []
    pairs = range(len(text) - 1)
    swapped = (f"{text[:at]}{text[at + 1]}{text[at]}{text[at + 2 :]}" for at in pairs)
    meant = [name for name in swapped if name in names]
    alike = difflib.get_close_matches(text, names, n=most, cutoff=SAME_WORD)
    return list(dict.fromkeys((*meant, *_begun(text, names), *alike)))[:most]


def _begun(text: str, names: Collection[str]) -> list[str]:
    """Return the names with a word that begins so, the shortest first."""
    if len(text) < SHORTEST_BEGINNING and text.isascii():
        return []
    return sorted((name for name in names if f" {text}" in f" {name}"), key=len)


def related(text: str, names: Collection[str], most: int) -> list[str]:
    """Return names that are part of a Japanese word, or have it for a part: what a word ends in
    says what it is, as 三毛猫 is a 猫."""
    if text.isascii() or len(text) > LONGEST_NAME:
        return []
    return list(dict.fromkeys(_related(text, names)))[:most]


def _related(text: str, names: Collection[str]) -> Iterator[str]:
    yield from sorted(filter(text.endswith, names), key=len, reverse=True)
    parts = (name for name in names if len(name) > 1 and name in text)
    yield from sorted(parts, key=len, reverse=True)
    yield from sorted((name for name in names if text in name), key=len)
