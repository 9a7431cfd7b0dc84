"""What a person asks for, as a tree of frozen terms. Pure.

`parser.parse` makes one out of text, and `str` makes such a text out of one. What tags,
models and cameras there are is not known here: `algebra.py` finds out what the words mean.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tagd.catalogue.search.typed import plain

if TYPE_CHECKING:
    from tagd.domain import FileState, TagSource

_BARE = re.compile(r'[^\s"()\-*:][^\s"()*:]*')
_WORDS = frozenset({"OR", "AND", "NOT"})


@dataclass(frozen=True, slots=True)
class TagTerm:
    """A tag, by a name in any language or by its label; `beginning`: any tag that begins so."""

    text: str
    beginning: bool = False
    at: int = field(default=0, compare=False)  # where it stands in the text

    def __str__(self) -> str:
        return _quoted(self.text) + "*" * self.beginning


@dataclass(frozen=True, slots=True)
class SuggestedTerm:
    """A tag that was learnt, and is suggested for the photo: see `v_suggested_tags`."""

    text: str
    beginning: bool = False
    at: int = field(default=0, compare=False)

    def __str__(self) -> str:
        return f"suggested:{_quoted(self.text)}" + "*" * self.beginning


@dataclass(frozen=True, slots=True)
class ConfidenceTerm:
    """How sure the tags beside it are; alone, any tag. The bounds count, but for those excluded."""

    low: float = 0.0
    high: float = 1.0
    without_low: bool = False
    without_high: bool = False

    def __str__(self) -> str:
        if self.low and self.high < 1:
            return f"conf:{self.low!r}..{self.high!r}"
        if self.high < 1 or self.without_high:
            return f"conf:<{'=' * (not self.without_high)}{self.high!r}"
        return f"conf:>{'=' * (not self.without_low)}{self.low!r}"


@dataclass(frozen=True, slots=True)
class SourceTerm:
    """Who gave the tags beside it; alone, any tag."""

    source: TagSource

    def __str__(self) -> str:
        return f"source:{self.source.value}"


@dataclass(frozen=True, slots=True)
class TaggerTerm:
    """Which tagger gave the tags beside it; alone, any tag."""

    text: str
    at: int = field(default=0, compare=False)

    def __str__(self) -> str:
        return f"tagger:{_quoted(self.text)}"


@dataclass(frozen=True, slots=True)
class TagCountTerm:
    """How many tags the photo has, from `low` to `high`; one that nobody looked at has no number.
    `high` is None for an open end."""

    low: int
    high: int | None = None

    def __str__(self) -> str:
        return f"tags:{_span(self.low, self.high)}"


@dataclass(frozen=True, slots=True)
class RatingTerm:
    """How many stars the file has, from `low` to `high`: from -1 (rejected) to 5; None for both: it
    has none."""

    low: int | None = None
    high: int | None = None

    def __str__(self) -> str:
        return "rating:none" if self.low is None else f"rating:{_span(self.low, self.high)}"


@dataclass(frozen=True, slots=True)
class PlacedTerm:
    """Whether the file says where it was taken."""

    is_placed: bool

    def __str__(self) -> str:
        return f"gps:{'yes' if self.is_placed else 'no'}"


@dataclass(frozen=True, slots=True)
class NearTerm:
    """Taken within so many kilometres of a place, in degrees."""

    latitude: float
    longitude: float
    km: float

    def __str__(self) -> str:
        return f"near:{self.latitude:.9f},{self.longitude:.9f},{self.km:.9f}"


@dataclass(frozen=True, slots=True)
class PathTerm:
    """A part of the path; an absolute one is that file, or all below that folder."""

    text: str

    def __str__(self) -> str:
        return f"path:{_quoted(self.text)}"


@dataclass(frozen=True, slots=True)
class CameraTerm:
    """A part of the camera's maker and model."""

    text: str
    at: int = field(default=0, compare=False)

    def __str__(self) -> str:
        return f"camera:{_quoted(self.text)}"


@dataclass(frozen=True, slots=True)
class ModelTerm:
    """The model whose word counts for the photo, or how its name begins."""

    text: str
    at: int = field(default=0, compare=False)

    def __str__(self) -> str:
        return f"model:{_quoted(self.text)}"


@dataclass(frozen=True, slots=True)
class TakenTerm:
    """When the photo was taken, on the camera's clock: from `first` to `last`, each a year, a month
    or a day (2024, 2024-06, 2024-06-01) that counts whole; None for an open end."""

    first: str | None
    last: str | None

    def __str__(self) -> str:
        if self.first == self.last:
            return f"taken:{self.first}"
        return f"taken:{self.first or ''}..{self.last or ''}"


@dataclass(frozen=True, slots=True)
class StateTerm:
    """Where the file stands. Missing files are found by asking for them alone."""

    state: FileState

    def __str__(self) -> str:
        return f"state:{self.state.value}"


@dataclass(frozen=True, slots=True)
class Not:
    """What must not hold."""

    term: Query

    def __str__(self) -> str:
        return f"-{_grouped(self.term)}"


@dataclass(frozen=True, slots=True)
class And:
    """All hold; with no terms, for every file that is there."""

    terms: tuple[Query, ...] = ()

    def __str__(self) -> str:
        return " ".join(map(_grouped, self.terms))


@dataclass(frozen=True, slots=True)
class Or:
    """At least one holds."""

    terms: tuple[Query, ...]

    def __str__(self) -> str:
        return " OR ".join(map(_grouped, self.terms))


Term = (
    TagTerm
    | SuggestedTerm
    | ConfidenceTerm
    | SourceTerm
    | TaggerTerm
    | TagCountTerm
    | RatingTerm
    | PlacedTerm
    | NearTerm
    | PathTerm
    | CameraTerm
    | ModelTerm
    | TakenTerm
    | StateTerm
)
Query = Term | Not | And | Or


def _grouped(query: Query) -> str:
    return f"({query})" if isinstance(query, And | Or) else str(query)


def _span(low: int, high: int | None) -> str:
    if low == high:
        return str(low)
    return f">={low}" if high is None else f"{low}..{high}"


def _quoted(text: str) -> str:
    signs = plain(text)
    is_bare = _BARE.fullmatch(signs) and signs not in _WORDS and not signs.endswith(",")
    return text if is_bare else f'"{text}"'
