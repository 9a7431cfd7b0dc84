"""What the keywords in a file name, and which of tagd's are missing there. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tagd.labels.namesakes import names_somebody
from tagd.metadata.keywords import Field, cut_to_iptc, folded, levels, said_by_person, unique
from tagd.text import LONGEST_NAME

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

ByField = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Word:
    """A tag that a file names. `somebody`: below a branch for people, places or events, so that it
    is a name, whatever else is called so."""

    name: str
    somebody: bool = False

    @property
    def key(self) -> tuple[str, bool]:
        """What two spellings of the word have in common."""
        return folded(self.name), self.somebody


def together(places: Iterable[ByField]) -> ByField:
    """What several places that belong to one photo hold."""
    found: dict[str, tuple[str, ...]] = {}
    for fields in places:
        for which, values in fields.items():
            found[which] = (*found.get(which, ()), *values)
    return found


def words_in(keywords: ByField) -> tuple[Word, ...]:
    """The tags that fields name: of `A|B|C` the last, which is what was meant."""
    ways = [levels(Field(which), value) for which, its in keywords.items() for value in its]
    # The plain word beside `People|Robin` is the same Robin, and not a bird too.
    somebody = {folded(way[-1]) for way in ways if names_somebody(way)}
    words = [
        Word(way[-1], names_somebody(way))
        for way in ways
        if len(way) > 1 or folded(way[-1]) not in somebody
    ]
    # IPTC has room for 64 bytes only: what it holds of a longer keyword is none of its own.
    cut = {cut_to_iptc(each.name) for each in words if cut_to_iptc(each.name) != each.name}
    fit = (each for each in words if 0 < len(each.name) <= LONGEST_NAME and each.name not in cut)
    first: dict[tuple[str, bool], Word] = {}
    for each in fit:
        first.setdefault(each.key, each)
    return tuple(first.values())


def left_out(keywords: ByField) -> tuple[str, ...]:
    """The names in these fields that are too long to be tags."""
    every = (levels(Field(which), each)[-1] for which, its in keywords.items() for each in its)
    return unique(name for name in every if len(name) > LONGEST_NAME)


def taken_away(written: ByField, there: ByField) -> tuple[str, ...]:
    """The tags that tagd wrote and that are not there any more, by the first field, in the order in
    which programs go by them, that is still there; where none is all were taken."""
    fields = [name for name in Field if written.get(name)]
    judged = next((name for name in fields if name in there), next(iter(fields), None))
    if judged is None:
        return ()
    gone = said_by_person(written[judged], there.get(judged, ())).removed
    return unique(_fit(levels(judged, value)[-1] for value in gone))


def _fit(names: Iterable[str]) -> Iterator[str]:
    return (name for name in names if len(name) <= LONGEST_NAME)
