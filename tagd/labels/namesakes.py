"""Words that name people and places, as `data/namesakes.tsv` has them. Pure."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from tagd.labels.tables import rows
from tagd.labels.vocabulary import fold

if TYPE_CHECKING:
    from collections.abc import Sequence

BRANCH, PERSON, PLACE = "branch", "person", "place"


def is_namesake(word: str) -> bool:
    """Return whether a word that calls a thing is a given name or a place too, as mike is."""
    return fold(word) in _words(PERSON) | _words(PLACE)


def names_somebody(path: Sequence[str]) -> bool:
    """Return whether the last word of a way through a person's hierarchy, such as ("People",
    "Mike"), stands below a branch for people, places or events."""
    return any(fold(level) in _words(BRANCH) for level in path[:-1])


@cache
def _words(kind: str) -> frozenset[str]:
    return frozenset(fold(word) for its, word in rows("namesakes.tsv") if its == kind)
