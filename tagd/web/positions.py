"""Where a page of photos goes on, as text that means nothing to others."""

from __future__ import annotations

import base64
import json
from typing import Final

from tagd.app.search import Position, Sort
from tagd.errors import TagdError

_LONGEST: Final = 12_000  # characters: a path has 4,096 bytes at most
_MOST: Final = 1 << 63
# What each order sorts by, the file's row last.
_KINDS: Final[dict[Sort, tuple[type, ...]]] = {
    Sort.PATH: (str, int),
    Sort.NEWEST: (int, str, int),
    Sort.ADDED: (int,),
    Sort.CONFIDENCE: (float, str, int),
}


class PositionUnknown(TagdError):
    """What is no position that we gave out."""


def packed(position: Position) -> str:
    """Return it as text for a URL."""
    text = json.dumps(position.key, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(text).decode().rstrip("=")


def unpacked(text: str, sort: Sort) -> Position:
    """Return what `packed` made into text, of a page in this order. Raises `PositionUnknown`."""
    padded = text[:_LONGEST] + "=" * (-len(text) % 4)
    try:
        key = json.loads(base64.b64decode(padded, b"-_", validate=True))
    except (ValueError, RecursionError):
        key = None
    if not isinstance(key, list) or not _is_key(key, _KINDS[sort]):
        raise PositionUnknown("`after` is no position that was given out")
    return Position(tuple(key))


def _is_key(key: list[object], kinds: tuple[type, ...]) -> bool:
    return len(key) == len(kinds) and all(map(_is_of, key, kinds))


def _is_of(part: object, kind: type) -> bool:
    if kind is str:
        return isinstance(part, str)
    is_number = isinstance(part, int | kind) and not isinstance(part, bool)
    return is_number and isinstance(part, int | float) and abs(part) < _MOST
