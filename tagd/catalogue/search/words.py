"""What the words of a query stand for in this catalogue: labels, cameras and models, as rows."""

from __future__ import annotations

from difflib import get_close_matches
from functools import cached_property
from typing import TYPE_CHECKING, Protocol
from unicodedata import combining, normalize

from tagd.catalogue.db.statements import chunks, marks
from tagd.catalogue.search.elsewhere import elsewhere
from tagd.domain import CLASSIFIER, EVERYDAY, LEARNED
from tagd.errors import QueryError

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Iterable, Sequence

    from tagd.catalogue.search.algebra import Camera
    from tagd.catalogue.search.query import (
        CameraTerm,
        ModelTerm,
        SuggestedTerm,
        TaggerTerm,
        TagTerm,
    )

# Each maker, then each model of each, by a step in the index from one to the next.
_CAMERAS = """
    WITH RECURSIVE
    makes (make) AS (
        SELECT min(camera_make) FROM photo
        UNION ALL
        SELECT (SELECT min(camera_make) FROM photo WHERE camera_make > make)
        FROM makes WHERE make IS NOT NULL
    ),
    cameras (make, model) AS (
        SELECT make, (SELECT min(camera_model) FROM photo WHERE camera_make IS make) FROM makes
        UNION ALL
        SELECT make, (SELECT min(camera_model) FROM photo
                      WHERE camera_make IS make AND camera_model > model)
        FROM cameras WHERE model IS NOT NULL
    )
    SELECT make, model FROM cameras"""

_TAGGERS = "SELECT id, key FROM tagger"
TAGGERS = (CLASSIFIER, EVERYDAY, LEARNED)  # known before they looked at anything


class Names(Protocol):
    """What names of tags mean, which the catalogue does not know."""

    def labels(self, text: str, *, beginning: bool = False) -> Collection[str]:
        """The labels that a name stands for, with all below them; none for one that is unknown."""
        ...

    def is_name(self, text: str) -> bool:
        """Whether a label is called exactly so."""
        ...

    def is_tag(self, text: str, *, exactly: bool = False) -> bool:
        """Whether a tag is called so, and not by a synonym; `exactly`, with each of its signs."""
        ...

    def suggest(self, text: str) -> Sequence[str]:
        """The names nearest to an unknown one."""
        ...


class CatalogueWords:
    """The words of one query, `text`. Each lookup raises `QueryError` at the word's place where
    it is unknown: a tag that there is none of, a camera or a model that looks like a mistake."""

    def __init__(self, tx: sqlite3.Connection, text: str, names: Names) -> None:
        self._tx = tx
        self._text = text
        self._names = names

    @cached_property
    def files(self) -> int:
        """About how many files there are: none is ever fewer than its row's number."""
        (last,) = self._tx.execute("SELECT max(id) FROM file").fetchone()
        return last or 0

    def tags(self, term: TagTerm | SuggestedTerm) -> frozenset[int]:
        """The rows of the labels that are meant."""
        labels = self._names.labels(term.text, beginning=term.beginning)
        present = _rows_of(self._tx, labels)
        # What is no name, and only begins names that no photo has, is rather a typing error.
        meant = present or term.beginning or self._names.is_name(term.text)
        if not labels or not meant:
            near = self._names.suggest(term.text)
            found = elsewhere(self._tx, term.text, self)
            raise self._unknown(f"there is no tag {term.text!r}", term.at, near, found)
        return present

    def cameras(self, term: CameraTerm) -> frozenset[Camera]:
        """The cameras in whose maker and model the text is found."""
        known = {camera: _folded(" ".join(filter(None, camera))) for camera in self._cameras}
        found = frozenset(each for each, name in known.items() if _folded(term.text) in name)
        if not found:
            words = {word for name in known.values() for word in (name, *name.split())}
            self._refuse_mistake(f"no camera is called {term.text!r}", term.text, term.at, words)
        return found

    def models(self, term: ModelTerm) -> frozenset[int]:
        """The models whose name begins so."""
        known: dict[int, str] = dict(self._tx.execute("SELECT id, name FROM model"))
        found = frozenset(
            each for each, name in known.items() if _folded(name).startswith(_folded(term.text))
        )
        if not found:
            reason = f"no model is called {term.text!r}"
            self._refuse_mistake(reason, term.text, term.at, known.values())
        return found

    def taggers(self, term: TaggerTerm) -> frozenset[int]:
        """The tagger that is called so; none where it has looked at nothing yet."""
        known: dict[str, int] = {name: row for row, name in self._tx.execute(_TAGGERS)}
        name = _folded(term.text)
        if name not in known and name not in TAGGERS:
            raise self._unknown(f"there is no tagger {term.text!r}", term.at, [*TAGGERS])
        return frozenset({known[name]} if name in known else ())

    @cached_property
    def _cameras(self) -> list[Camera]:
        return [(make, model) for make, model in self._tx.execute(_CAMERAS)]

    def _refuse_mistake(self, reason: str, text: str, at: int, known: Iterable[str]) -> None:
        if near := get_close_matches(_folded(text), map(_folded, known), n=3):
            raise self._unknown(reason, at, near)

    def _unknown(self, reason: str, at: int, near: Sequence[str], found: str = "") -> QueryError:
        return QueryError(reason, text=self._text, at=at, suggestions=near, elsewhere=found)


def label_names(tx: sqlite3.Connection) -> dict[str, str]:
    """What every label in the catalogue is called."""
    return dict(tx.execute("SELECT key, name FROM label"))


def _rows_of(tx: sqlite3.Connection, keys: Collection[str]) -> frozenset[int]:
    """The rows of those of these labels that are in the catalogue."""
    return frozenset(
        row
        for some in chunks(keys)
        for (row,) in tx.execute(f"SELECT id FROM label WHERE key IN {marks(some)}", some)
    )


def _folded(text: str) -> str:
    """Text as cameras and models are compared: without case, accents and width."""
    plain = normalize("NFKD", text.casefold())
    return "".join(sign for sign in plain if not combining(sign))
