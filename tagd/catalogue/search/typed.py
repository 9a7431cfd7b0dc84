"""What an input method types, as the signs that queries are made of. Pure.

Japanese is typed with full-width brackets, colons, digits and quotes: （猫　ＯＲ　犬）. Each sign
becomes one other, so that a place in the one text is the same in the other.
"""

from __future__ import annotations

from typing import Final

_SIGNS: Final = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {
    ord(sign): ord(plain)
    for signs, plain in (("−‐‑–", "-"), ("〜", "~"), ("　、", " "))
    for sign in signs
}
_DASHES: Final = frozenset("ーｰ—")  # typed for a minus where a word begins, and a letter elsewhere
_CURLY: Final = frozenset('“”„＂"')
_CLOSED_BY: Final = {
    '"': frozenset('"'),
    "「": frozenset("」"),
    "『": frozenset("』"),
    **dict.fromkeys("“”„＂", _CURLY),
}


def plain(text: str) -> str:
    """Return a text of the same length, in which the signs of the language of queries are ASCII,
    and every quote is ". What stands between quotes stays as it is, but for a " in it."""
    found: list[str] = []
    closed_by: frozenset[str] = frozenset()
    for sign in text:
        if closed_by:
            is_end = sign in closed_by
            found.append('"' if is_end else "'" if sign == '"' else sign)
            closed_by = frozenset() if is_end else closed_by
        elif sign in _CLOSED_BY:
            closed_by = _CLOSED_BY[sign]
            found.append('"')
        elif sign in _DASHES and (not found or found[-1] in " \t\n(-"):
            found.append("-")
        elif sign == "、" and found and found[-1].isdecimal():
            found.append(",")  # as between degrees
        else:
            found.append(sign.translate(_SIGNS))
    return "".join(found)
