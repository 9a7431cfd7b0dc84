"""What one of several is called in English: dogs → dog, birds of prey → bird of prey. Pure.

Source: the endings are WordNet's own (morphy(7WN)), with those in -ves and -oes.
"""

from __future__ import annotations

from typing import Final

_ENDINGS: Final = (
    ("ies", "y"),
    ("ves", "f"),
    ("ves", "fe"),
    ("men", "man"),
    ("es", ""),
    ("s", ""),
)
_IRREGULAR: Final = {
    "cacti": "cactus",
    "children": "child",
    "fungi": "fungus",
    "geese": "goose",
    "mice": "mouse",
    "oxen": "ox",
}


def singulars(text: str) -> frozenset[str]:
    """Return what a folded text may be the plural of, words or not; none where it is no plural."""
    head, of, rest = text.partition(" of ")
    before, space, word = head.rpartition(" ")
    ends = {word.removesuffix(end) + one for end, one in _ENDINGS if word.endswith(end)}
    ends |= {_IRREGULAR[word]} if word in _IRREGULAR else set()
    return frozenset(before + space + each + of + rest for each in ends - {""})
