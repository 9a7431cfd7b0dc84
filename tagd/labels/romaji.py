"""What kana are in Latin letters: ねこ → neko, りょうり → ryori. Pure.

Hepburn romanisation, of which long vowels, doubled letters before ch, and n or m before b, m and p
are forgiven; so are other ways of writing, as si for shi and tu for tsu: `folded` makes all of them
one spelling, by which names and what a person types are compared.
Source: ISO 3602 and the modified Hepburn romanisation.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

_ROWS: Final = {
    "": "あいうえお",
    "k": "かきくけこ",
    "g": "がぎぐげご",
    "s": "さしすせそ",
    "z": "ざじずぜぞ",
    "t": "たちつてと",
    "d": "だぢづでど",
    "n": "なにぬねの",
    "h": "はひふへほ",
    "b": "ばびぶべぼ",
    "p": "ぱぴぷぺぽ",
    "m": "まみむめも",
    "r": "らりるれろ",
}
_HEPBURN: Final = {
    "si": "shi",
    "zi": "ji",
    "ti": "chi",
    "tu": "tsu",
    "di": "ji",
    "du": "zu",
    "hu": "fu",
}
_SMALL: Final = {"ゃ": "a", "ゅ": "u", "ょ": "o", "ぇ": "e"}
_VOWELS: Final = {"ぁ": "a", "ぃ": "i", "ぅ": "u", "ぇ": "e", "ぉ": "o"}
_OTHERS: Final = {"や": "ya", "ゆ": "yu", "よ": "yo", "わ": "wa", "を": "o", "ん": "n", "ゔ": "vu"}
_SYLLABLES: Final = _OTHERS | {
    kana: _HEPBURN.get(row + vowel, row + vowel)
    for row, kanas in _ROWS.items()
    for kana, vowel in zip(kanas, "aiueo", strict=True)
}
_LONG, _DOUBLED = "ー", "っ"
# What is written in several ways, each as the one that is compared.
_SPELLINGS: Final = (
    (re.compile("sh(?=[aueo])"), "sy"),
    (re.compile("[ct](?=ch)"), "t"),
    (re.compile("ch(?=[aueo])"), "ty"),
    (re.compile("j(?=[aueo])"), "zy"),
    (re.compile("shi"), "si"),
    (re.compile("chi"), "ti"),
    (re.compile("tsu"), "tu"),
    (re.compile("fu"), "hu"),
    (re.compile("ji"), "zi"),
    (re.compile("m(?=[bmp])"), "n"),
    (re.compile("o(?:[ou]|h(?![aiueoy]))+"), "o"),
    (re.compile("([aiue])\\1+"), "\\1"),
)


def of_kana(text: str) -> str | None:
    """Return a folded text in Hepburn romanisation, long vowels short; None where it is not written
    in kana alone."""
    latin, doubled = "", False
    for sign in text:
        if sign == _DOUBLED:
            doubled = True
        elif sign in _SMALL and latin.endswith("i") and len(latin) > 1:
            latin = _contracted(latin, _SMALL[sign])
        elif sign in _VOWELS and latin:
            latin = latin[:-1] + _VOWELS[sign]
        elif sign in _SYLLABLES:
            syllable = _SYLLABLES[sign]
            latin += ("t" if syllable.startswith("ch") else syllable[0]) * doubled + syllable
            doubled = False
        elif sign not in {_LONG, " "}:
            return None
    return latin or None


def _contracted(latin: str, vowel: str) -> str:
    """Return what a small kana makes of the syllable before: ki + ゃ is kya, shi + ゃ is sha."""
    head = latin[:-1]
    return head + vowel if head.endswith(("sh", "ch", "j")) else f"{head}y{vowel}"


@lru_cache(maxsize=1 << 13)
def folded(latin: str) -> str:
    """Return Latin letters as they are compared, whichever way of writing Japanese they follow."""
    plain = latin.replace(" ", "").replace("'", "")
    for spelled, compared in _SPELLINGS:
        plain = spelled.sub(compared, plain)
    return plain
