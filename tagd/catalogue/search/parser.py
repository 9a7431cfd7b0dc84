"""Text becomes a query. Pure; every mistake is a `QueryError` that points at its place.

query  = all {"OR" all}
all    = {["-"] ("(" query ")" | field ":" value | word | "quoted phrase")}
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, TypeVar

from tagd.catalogue.search.dates import NoSuchDate, bounds
from tagd.catalogue.search.query import (
    And,
    CameraTerm,
    ConfidenceTerm,
    ModelTerm,
    Not,
    Or,
    PathTerm,
    Query,
    SourceTerm,
    StateTerm,
    TagTerm,
    TakenTerm,
)
from tagd.domain import FileState, TagSource
from tagd.errors import QueryError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from enum import StrEnum

LABELS = ("own", "custom")  # what labels begin with that are no synset; never the name of a field
MOST_PARENTHESES = 50
MOST_TERMS = 300  # SQLite nests them, and takes no more than a thousand
LONGEST_WORD, LONGEST_PATH = 200, 4096  # letters

_TOKEN = re.compile(
    r"""\s*(?:
        (?P<open>\() | (?P<close>\)) | (?P<no>-)(?=\S)
      | (?:(?P<field>[^\W\d_]+):(?!\s|$))?
        (?:"(?P<quoted>[^"]*)(?P<closed>"?) | (?P<bare>(?:[^\s"()]|\([^\s"()]*\))+))
        (?P<star>(?<=")\*)?
    )""",
    re.VERBOSE,
)
_NUMBER = r"\d*\.?\d+(?:e-?\d+)?"
_CONFIDENCE = re.compile(rf"(?P<sign>[<>]=?)?(?P<low>{_NUMBER})(?:\.\.(?P<high>{_NUMBER}))?")

S = TypeVar("S", bound="StrEnum")


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str  # open, close, no, or, and, not, or term
    at: int
    field: str = ""
    text: str = ""
    beginning: bool = False  # ends in a star


def parse(text: str) -> Query:
    """The query that a text means; an empty one asks for everything. Raises `QueryError`."""
    return _Parser(text).whole()


class _Parser:
    """One reading of one text, from its first token to its last."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = self._tokenised()
        self._next = 0
        self._depth = 0

    def whole(self) -> Query:
        query = self._any()
        if self._next < len(self._tokens):
            raise self._error("nothing is open that this could close", self._tokens[self._next].at)
        return query

    def _any(self) -> Query:
        """Alternatives with OR between them."""
        found = [self._all()]
        while self._take("or"):
            before = self._tokens[self._next - 1].at
            found.append(self._all())
            if And() in found:
                raise self._error("OR stands between two things to look for", before)
        return found[0] if len(found) == 1 else Or(tuple(found))

    def _all(self) -> Query:
        """Terms side by side."""
        found = []
        while self._next < len(self._tokens) and self._peek() not in {"or", "close"}:
            if not self._take("and"):
                found.append(self._one())
        return found[0] if len(found) == 1 else And(tuple(found))

    def _one(self) -> Query:
        token = self._tokens[self._next]
        self._next += 1
        match token.kind:
            case "no" | "not":
                if self._next == len(self._tokens) or self._peek() in {"or", "and", "close"}:
                    raise self._error("what is to be excluded is missing", token.at)
                return Not(self._nested(token.at, self._one))
            case "open":
                query = self._nested(token.at, self._any)
                if not self._take("close"):
                    raise self._error("this parenthesis is never closed", token.at)
                return query
            case _:
                longest = LONGEST_PATH if token.field == "path" else LONGEST_WORD
                if len(token.text) > longest:
                    raise self._error(f"this is longer than {longest} letters", token.at)
                return self._term(token)

    def _nested(self, at: int, parse: Callable[[], Query]) -> Query:
        self._depth += 1
        if self._depth > MOST_PARENTHESES:
            raise self._error("this is nested too deeply", at)
        query = parse()
        self._depth -= 1
        return query

    def _term(self, token: _Token) -> Query:
        text, at = token.text, token.at
        if not text.strip():
            raise self._error("there is nothing between these quotes", at)
        match token.field:
            case "" | "tag":
                return TagTerm(" ".join(text.split()), token.beginning, at)
            case "path":
                return PathTerm(text)
            case "camera":
                return CameraTerm(" ".join(text.split()), at)
            case "model":
                return ModelTerm(" ".join(text.split()), at)
            case "conf":
                return self._confidence(text, at)
            case "taken":
                return self._taken(text, at)
            case "state":
                return StateTerm(self._member(FileState, text, "state", at))
            case "source":
                return SourceTerm(self._member(TagSource, text, "source", at))
        raise self._unknown_field(token)

    def _confidence(self, text: str, at: int) -> ConfidenceTerm:
        found = _CONFIDENCE.fullmatch(text)
        if found is None or (found["sign"] and found["high"]):
            hint = "Write conf:>0.8, conf:<=0.5 or conf:0.5..0.8."
            raise self._error(f"{text!r} is not a confidence", at, hint)
        low, high = float(found["low"]), float(found["high"] or 1)
        if not 0 <= low <= high <= 1:
            raise self._error("a confidence is from 0 to 1, the lower one first", at)
        match found["sign"]:
            case "<" | "<=" as sign:
                return ConfidenceTerm(high=low, without_high=sign == "<")
            case sign:
                return ConfidenceTerm(low, high, without_low=sign == ">")

    def _taken(self, text: str, at: int) -> TakenTerm:
        first, dots, last = text.partition("..")
        term = TakenTerm(first or None, (last or None) if dots else first)
        try:
            bounds(term)
        except NoSuchDate as mistake:
            hint = "Write taken:2024, taken:2024-06, taken:2024-06-01 or taken:2024-06..2024-08."
            raise self._error(str(mistake), at, hint) from None
        return term

    def _member(self, members: type[S], text: str, field: str, at: int) -> S:
        try:
            return members(text.casefold())
        except ValueError:
            near = get_close_matches(text.casefold(), [each.value for each in members], n=1)
            hint = f"It is one of {', '.join(members)}."
            raise self._error(f"there is no {field} {text!r}", at, hint, near) from None

    def _unknown_field(self, token: _Token) -> QueryError:
        near = get_close_matches(token.field[:LONGEST_WORD], FIELDS, n=1)
        hint = f"The fields are {', '.join(FIELDS)}; put a tag with a colon in quotes."
        return self._error(f"there is no field {token.field!r}", token.at, hint, near)

    def _take(self, kind: str) -> bool:
        if self._next < len(self._tokens) and self._peek() == kind:
            self._next += 1
            return True
        return False

    def _peek(self) -> str:
        return self._tokens[self._next].kind

    def _tokenised(self) -> list[_Token]:
        tokens, at, end = [], 0, len(self._text.rstrip())
        while at < end:
            found = _TOKEN.match(self._text, at)
            if found is None:
                raise self._error("this says nothing", at)
            tokens.append(self._token(found))
            at = found.end()
        terms = [token for token in tokens if token.kind == "term"]
        if len(terms) > MOST_TERMS:
            raise self._error(f"more than {MOST_TERMS} things to look for", terms[MOST_TERMS].at)
        return tokens

    def _token(self, found: re.Match[str]) -> _Token:
        whole = found[0]
        at = found.start() + len(whole) - len(whole.lstrip())
        for kind in ("open", "close", "no"):
            if found[kind]:
                return _Token(kind, at)
        if found["bare"] in {"OR", "AND", "NOT"} and not found["field"]:
            return _Token(found["bare"].lower(), at)
        if found["quoted"] is not None:
            if not found["closed"]:
                raise self._error("this quote is never closed", found.start("quoted") - 1)
            beginning = bool(found["star"])
            return _Token("term", at, _field(found), found["quoted"], beginning)
        return self._word(found, at)

    def _word(self, found: re.Match[str], at: int) -> _Token:
        field, text = _field(found), found["bare"]
        if not field and (text == "-" or text.casefold() in {f"{each}:" for each in FIELDS}):
            raise self._error(f"{text} needs something after it", at)
        if field in LABELS:
            return _Token("term", at, "", f"{found['field']}:{text}")
        if field in {"", "tag"} and text.endswith("*") and text.rstrip("*"):
            return _Token("term", at, field, text.rstrip("*"), beginning=True)
        return _Token("term", at, field, text)

    def _error(self, reason: str, at: int, hint: str = "", near: Sequence[str] = ()) -> QueryError:
        return QueryError(reason, text=self._text, at=at, hint=hint, suggestions=near)


FIELDS = ("tag", "conf", "path", "camera", "taken", "model", "state", "source")


def _field(found: re.Match[str]) -> str:
    return (found["field"] or "").casefold()
