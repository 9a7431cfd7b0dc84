"""Text becomes a query. Pure; every mistake is a `QueryError` that points at its place.

query  = all {"OR" all}
all    = {["-"] ("(" query ")" | field ":" value | word | "quoted phrase")}
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING

from tagd.catalogue.search.query import And, Not, Or, Query
from tagd.catalogue.search.spans import NoSuchValue
from tagd.catalogue.search.terms import FIELDS, term
from tagd.catalogue.search.typed import plain
from tagd.errors import QueryError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

LABELS = ("own", "custom", "everyday")  # what labels begin with; never the name of a field
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
_STARS, _COMMAS = "*＊", ",，"
_AS_TYPED = frozenset({"", "tag", "path", "camera", "model", "tagger", "suggested", *LABELS})
_TAGS = frozenset({"", "tag", "suggested"})  # whose values are names of tags


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
        self._plain = plain(text)
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
        if not token.text.strip():
            raise self._error("there is nothing between these quotes", token.at)
        if token.field not in {"", *FIELDS}:
            raise self._unknown_field(token)
        try:
            return term(token.field, token.text, token.at, beginning=token.beginning)
        except NoSuchValue as mistake:
            raise self._error(str(mistake), token.at, mistake.hint, mistake.near) from None

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
        tokens, at, end = [], 0, len(self._plain.rstrip())
        while at < end:
            found = _TOKEN.match(self._plain, at)
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
            return _Token("term", at, _field(found), self._value(found, "quoted"), beginning)
        return self._word(found, at)

    def _word(self, found: re.Match[str], at: int) -> _Token:
        field, text = _field(found), self._value(found, "bare")
        if not field and (
            found["bare"] == "-" or found["bare"].casefold() in {f"{each}:" for each in FIELDS}
        ):
            raise self._error(f"{text} needs something after it", at)
        if field in LABELS:
            return _Token("term", at, "", f"{found['field']}:{text}")
        if field in _TAGS and (beginning := text.rstrip(_STARS)) and beginning != text:
            return _Token("term", at, field, beginning, beginning=True)
        if not field:
            text = text.rstrip(_COMMAS) or text  # dog, cat
        return _Token("term", at, field, text)

    def _value(self, found: re.Match[str], group: str) -> str:
        """What was typed: as it stands where it is searched for, else in ASCII."""
        if _field(found) in _AS_TYPED:
            return self._text[slice(*found.span(group))].replace('"', "")
        return found[group]

    def _error(self, reason: str, at: int, hint: str = "", near: Sequence[str] = ()) -> QueryError:
        return QueryError(reason, text=self._text, at=at, hint=hint, suggestions=near)


def _field(found: re.Match[str]) -> str:
    return (found["field"] or "").casefold()
