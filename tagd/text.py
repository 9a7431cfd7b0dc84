"""Texts that others wrote: what of them names a tag, and what of them may reach a screen. Pure.

What is seen, or shapes what is seen, stays: joiners (Persian words, families of emoji), variation
selectors, and the tags that make flags. What has no look of its own, or turns text about it around,
goes.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final
from unicodedata import category, normalize

LONGEST_NAME: Final = 255  # characters of a tag's name
# Putting accents in order takes the square of their number; no keyword is longer.
LONGEST_COMPOSED: Final = 1000

_JOINERS: Final = frozenset({0x200C, 0x200D})  # zero-width, non-joiner and joiner
# Unicode's Bidi_Control: marks, embeddings, overrides and isolates.
_BIDI: Final = frozenset({0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)})
# Soft hyphen, zero-width space, word joiner and its like, byte-order mark, annotations, language.
_UNSEEN: Final = frozenset({0xAD, 0x180E, 0x200B, 0xFEFF, 0xE0001})
_UNSEEN_RANGES: Final = (range(0x2060, 0x2066), range(0x206A, 0x2070), range(0xFFF9, 0xFFFC))
_GONE: Final = _BIDI | _UNSEEN | {code for each in _UNSEEN_RANGES for code in each}
_LINE_ENDS: Final = (0x2028, 0x2029)

_CONTROLS: Final = {code: f"\\x{code:02x}" for code in (*range(32), 127, *range(128, 160))} | {
    ord("\n"): "\\n",
    ord("\t"): "\\t",
    ord("\r"): "\\r",
}
_TURNING: Final = {code: f"\\u{code:04x}" for code in (*sorted(_BIDI), *_LINE_ENDS)}
_VISIBLE: Final = _CONTROLS | _TURNING
_IN_JSON: Final = _TURNING | {code: f"\\u{code:04x}" for code in range(127, 160)}


def tag_name(text: str) -> str:
    """Return the name of a tag as it was typed, or stands in a photo: composed (NFC), one space
    between words, and nothing that is never seen. Empty where nothing is left that is."""
    if text.isascii() and text.isprintable():  # most are, and a sidecar may hold a million
        return " ".join(text.split())
    text = _composed(text)
    if not text.isprintable():
        text = _composed("".join(map(_kept, text)))
    words = " ".join(text.split())
    return "" if all(map(only_shapes, words)) else words


def only_shapes(sign: str) -> bool:
    """Return whether a sign has no look of its own: a joiner, a selector, or what no name keeps."""
    code = ord(sign)
    is_selector = 0xFE00 <= code < 0xFE10 or 0xE0100 <= code < 0xE01F0
    return code in _JOINERS or code in _GONE or is_selector


def visible(text: str) -> str:
    """Return the text as a screen or a log may show it: controls and what turns text around
    escaped."""
    return text.translate(_VISIBLE)


def escaped_json(text: str) -> str:
    """JSON, which means the same, with such signs escaped as JSON has it."""
    return text.translate(_IN_JSON)


def _composed(text: str) -> str:
    return text if len(text) > LONGEST_COMPOSED else normalize("NFC", text)


@lru_cache(maxsize=4096)
def _kept(sign: str) -> str:
    code = ord(sign)
    if code in _GONE:
        return ""
    # Controls, surrogates, separators; and what is no character (U+FFFE and its like).
    is_blank = category(sign) in {"Cc", "Cs", "Zl", "Zp", "Zs"}
    return " " if is_blank or code & 0xFFFE == 0xFFFE or 0xFDD0 <= code < 0xFDF0 else sign
