"""A field and its value become a term. Pure."""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import TYPE_CHECKING, Final, TypeVar

from tagd.catalogue.search.dates import NoSuchDate, bounds, iso
from tagd.catalogue.search.query import (
    CameraTerm,
    ConfidenceTerm,
    ModelTerm,
    NearTerm,
    PathTerm,
    PlacedTerm,
    RatingTerm,
    SourceTerm,
    StateTerm,
    SuggestedTerm,
    TagCountTerm,
    TaggerTerm,
    TagTerm,
    TakenTerm,
)
from tagd.catalogue.search.spans import RATINGS, NoSuchValue, place, span
from tagd.domain import FileState, TagSource

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from enum import StrEnum

    from tagd.catalogue.search.query import Term

_NUMBER = r"\d*\.?\d+(?:e-?\d+)?"
_CONFIDENCE = re.compile(rf"(?P<sign>[<>]=?)?(?P<low>{_NUMBER})(?:(?:\.\.|~)(?P<high>{_NUMBER}))?")

S = TypeVar("S", bound="StrEnum")


def term(field: str, text: str, at: int = 0, *, beginning: bool = False) -> Term:
    """Return what a field and its value ask for; a tag where the field is empty. `at`: where it
    stands in the query. Raises `NoSuchValue`."""
    if field == "path":
        return PathTerm(text)
    words = " ".join(text.split())
    match field:
        case "" | "tag":
            return TagTerm(words, beginning, at)
        case "suggested":
            return SuggestedTerm(words, beginning, at)
        case "camera":
            return CameraTerm(words, at)
        case "model":
            return ModelTerm(words, at)
        case "tagger":
            return TaggerTerm(words, at)
    return _VALUES[field](text.casefold())


def _confidence(text: str) -> ConfidenceTerm:
    found = _CONFIDENCE.fullmatch(text)
    if found is None or (found["sign"] and found["high"]):
        hint = "Write conf:>0.8, conf:<=0.5 or conf:0.5..0.8."
        raise NoSuchValue(f"{text!r} is not a confidence", hint)
    low, high = float(found["low"]), float(found["high"] or 1)
    if not 0 <= low <= high <= 1:
        raise NoSuchValue("a confidence is from 0 to 1, the lower one first")
    match found["sign"]:
        case "<" | "<=" as sign:
            return ConfidenceTerm(high=low, without_high=sign == "<")
        case sign:
            return ConfidenceTerm(low, high, without_low=sign == ">")


def _taken(text: str) -> TakenTerm:
    first, dots, last = text.replace("~", "..").partition("..")
    found = TakenTerm(iso(first) or None, (iso(last) or None) if dots else iso(first))
    try:
        bounds(found)
    except NoSuchDate as mistake:
        hint = "Write taken:2024, taken:2024-06, taken:2024-06-01 or taken:2024-06..2024-08."
        raise NoSuchValue(str(mistake), hint) from None
    return found


def _tag_count(text: str) -> TagCountTerm:
    return TagCountTerm(*span("tags", text, 0, None))


def _rating(text: str) -> RatingTerm:
    return RatingTerm() if text == "none" else RatingTerm(*span("rating", text, *RATINGS))


def _placed(text: str) -> PlacedTerm:
    if text not in {"yes", "no"}:
        raise NoSuchValue(f"gps is yes or no, not {text!r}")
    return PlacedTerm(text == "yes")


def _member(members: type[S], text: str, field: str) -> S:
    try:
        return members(text)
    except ValueError:
        near = get_close_matches(text, [member.value for member in members], n=1)
        hint = f"It is one of {', '.join(members)}."
        raise NoSuchValue(f"there is no {field} {text!r}", hint, near) from None


_VALUES: Final[Mapping[str, Callable[[str], Term]]] = {
    "conf": _confidence,
    "taken": _taken,
    "rating": _rating,
    "gps": _placed,
    "near": lambda text: NearTerm(*place(text)),
    "tags": _tag_count,
    "state": lambda text: StateTerm(_member(FileState, text, "state")),
    "source": lambda text: SourceTerm(_member(TagSource, text, "source")),
}
FIELDS: Final = ("tag", "path", "camera", "model", "tagger", "suggested", *_VALUES)
