"""What the pages say, in English and Japanese. English is the key; a test holds the two equal."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    Say = Callable[..., str]

ENGLISH, JAPANESE = "en", "ja"
LANGUAGES: Final = (ENGLISH, JAPANESE)
_FILE: Final = Path(__file__).parent / "words.ja.json"


def language_of(accepted: str) -> str:
    """Return the language that a browser likes best of those that we speak. Source: RFC 9110,
    12.5.4."""
    liked: list[tuple[float, int, str]] = []
    for place, each in enumerate(accepted.split(",")[:20]):
        name, _, quality = each.partition(";q=")
        language = name.strip().lower().partition("-")[0]
        if language in LANGUAGES and (weight := _weight(quality)) > 0:
            liked.append((-weight, place, language))
    return min(liked)[2] if liked else ENGLISH


def words_in(language: str) -> Say:
    """Return what says an English phrase in a language, with values in it: {count} photos."""
    known = _japanese() if language == JAPANESE else {}

    def say(phrase: str, **values: Any) -> str:
        text = known.get(phrase, phrase)
        return text.format(**values) if values else text

    return say


@cache
def _japanese() -> dict[str, str]:
    read: dict[str, str] = json.loads(_FILE.read_text(encoding="utf-8"))
    return read


def _weight(quality: str) -> float:
    try:
        return min(float(quality or 1), 1.0)
    except ValueError:
        return 0.0
