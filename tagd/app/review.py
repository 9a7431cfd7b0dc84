"""Looking through what a tag was given to, and the tags with how they were judged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tagd.catalogue.search import review
from tagd.catalogue.search.review import Doubt, Standing
from tagd.labels.vocabulary import Vocabulary, fold

if TYPE_CHECKING:
    from tagd.app.search import Moment

__all__ = [
    "Doubt",
    "JudgedTag",
    "Standing",
    "completions",
    "doubtful",
    "judged",
    "months",
    "name_in",
]

MOST_COMPLETIONS = 12


@dataclass(frozen=True, slots=True)
class JudgedTag:
    """A tag, with what it is called in a person's language, how many files have it, and how it was
    judged."""

    label: str
    name: str
    shown: str
    files: int
    standing: Standing


def name_in(language: str, label: str, name: str) -> str:
    """Return what a label is called in a language: `name` where that has no word for it."""
    found = Vocabulary.load().name(label, language)
    return name if found == label else found


def judged(moment: Moment, language: str) -> list[JudgedTag]:
    """Return every tag, the most frequent first."""
    standings = review.standings(moment.tx)
    return [
        JudgedTag(
            count.label,
            count.name,
            name_in(language, count.label, count.name),
            count.files,
            standings.get(count.label, Standing(waiting=count.files)),
        )
        for count in review.label_counts(moment.tx)
    ]


def doubtful(moment: Moment, label: str, limit: int) -> list[Doubt]:
    """Return photos that models alone gave this label, the least sure first."""
    return review.doubtful(moment.tx, label, limit)


def months(moment: Moment) -> list[int]:
    """Return the months that photos were taken in, as 202406, the latest first; 0: unknown."""
    return review.months(moment.tx)


def completions(
    moment: Moment, text: str, language: str, most: int = MOST_COMPLETIONS
) -> list[JudgedTag]:
    """Return the tags of the catalogue that begin so in any language, or have a word that does, the
    most frequent first: those whose own name begins so before all others."""
    wanted = fold(text)
    if not wanted:
        return []
    vocabulary = Vocabulary.load()
    meant = vocabulary.starting_with(text)
    found = []
    for each in review.label_counts(moment.tx):
        shown = name_in(language, each.label, each.name)
        names = (fold(each.name), fold(shown))
        begins = any(name.startswith(wanted) for name in names)
        if begins or each.label in meant or any(f" {wanted}" in f" {name}" for name in names):
            tag = JudgedTag(each.label, each.name, shown, each.files, Standing())
            found.append((not begins, -each.files, each.name, tag))
    return [tag for *_, tag in sorted(found, key=lambda item: item[:3])[:most]]
