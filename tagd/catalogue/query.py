"""What a person types to find photos, taken apart. Pure.

cat dog          both tags
"fire truck"     a tag of several words
-dog  -"hot dog" not this tag
path:holiday/    somewhere in the path; an absolute one: that file, or all below that folder
-path:/photos/2019
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_TERM = re.compile(r'(?P<no>-)?(?P<path>path:)?(?:"(?P<quoted>[^"]*)"?|(?P<bare>[^\s"]+))')


@dataclass(frozen=True, slots=True)
class TagTerm:
    """A tag that the photo must have, or must not."""

    text: str
    excluded: bool = False


@dataclass(frozen=True, slots=True)
class PathTerm:
    """A place where the file must lie, or must not."""

    text: str
    excluded: bool = False


Term = TagTerm | PathTerm


@dataclass(frozen=True, slots=True)
class Query:
    """All terms hold together; with none, every file that is there is found."""

    terms: tuple[Term, ...]

    @property
    def tags(self) -> tuple[TagTerm, ...]:
        """The terms about tags."""
        return tuple(term for term in self.terms if isinstance(term, TagTerm))

    @property
    def paths(self) -> tuple[PathTerm, ...]:
        """The terms about paths."""
        return tuple(term for term in self.terms if isinstance(term, PathTerm))


def parse(text: str) -> Query:
    """Every text is a query: a quote that is not closed ends with the text, and a lone minus is
    passed over."""
    terms: list[Term] = []
    for match in _TERM.finditer(text):
        kind = PathTerm if match["path"] else TagTerm
        words = match["quoted"] if match["quoted"] is not None else match["bare"]
        if match["quoted"] is not None and not match["path"]:
            words = " ".join(words.split())
        if words and not (words == "-" and not match["no"]):
            terms.append(kind(words, excluded=match["no"] is not None))
    return Query(tuple(terms))


def folded(text: str) -> str:
    """Text as it is compared: without regard to case."""
    return text.casefold()
