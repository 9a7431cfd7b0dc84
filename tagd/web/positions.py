"""Where a page of photos goes on, as text that means nothing to others."""

from __future__ import annotations

import base64
import json
from typing import Final

from tagd.app.search import Position
from tagd.errors import TagdError

_LONGEST: Final = 12_000  # characters: a path has 4,096 bytes at most
_MOST: Final = 1 << 63


class PositionUnknown(TagdError):
    """What is no position that we gave out."""


def packed(position: Position) -> str:
    """Return it as text for a URL."""
    text = json.dumps(position.key, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(text).decode().rstrip("=")


def unpacked(text: str) -> Position:
    """Return what `packed` made into text. Raises `PositionUnknown`."""
    padded = text[:_LONGEST] + "=" * (-len(text) % 4)
    try:
        key = json.loads(base64.b64decode(padded, b"-_", validate=True))
    except (ValueError, RecursionError):
        key = None
    if not (isinstance(key, list) and key and all(map(_is_part, key)) and _is_row(key[-1])):
        raise PositionUnknown("`after` is no position that was given out")
    return Position(tuple(key))


def _is_part(value: object) -> bool:
    if isinstance(value, str):
        return True
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < _MOST


def _is_row(value: object) -> bool:
    return isinstance(value, int)
