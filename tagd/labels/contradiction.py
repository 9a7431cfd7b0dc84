"""What the classifier says of a photo and the heads for everyday words contradict. Pure.

The classifier must name one of its thousand classes, whatever it sees, and can be very sure of
nonsense. Measured on 16,339 pictures of scenes, rooms and captioned photos that no class was made
for (2026-11-30; heads by cross-validation), of the classes at 0.4 or more that are a kind of a
head's word, such as dog or mountain, so many showed that word:

    the head has it at      under 0.05    0.05 to 0.15    from 0.4
    class under 0.9           2 of  41        10 of  25    1,654 of 1,708
    class from 0.9            1 of   6         4 of   5      311 of   318

Of ImageNet's own pictures nearly all were right in every cell, also of fish and sea urchins that no
head has seen: so only what a head has under 0.05 is denied, which costs 1% of them their class.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tagd.labels.hierarchy import Hierarchy

DENIED: Final = 0.05  # a head that has a word below this sees none of its kind
CONVINCING: Final = 0.9  # what the classifier must have all the same
SECONDED: Final = 0.5  # from here on a head sees the same
# Menus, websites and envelopes are what the classifier makes of any text: 72 of 150 receipts were
# menus to it, at up to 0.9. The head knows documents from all else.
DOCUMENT: Final = "n06470073"


def unbelieved(
    said: Mapping[str, float], heads: Mapping[str, float], hierarchy: Hierarchy
) -> frozenset[str]:
    """Return the classifier's labels that do not count beside what the heads say; both are the
    probabilities of labels."""
    return frozenset(
        label
        for label, probability in said.items()
        if probability < CONVINCING and _is_denied(label, heads, hierarchy)
    )


def seconded(label: str, heads: Mapping[str, float], hierarchy: Hierarchy) -> bool:
    """Tell whether a head sees what the label is, or what it is a kind of."""
    return any(heads[word] >= SECONDED for word in _words(label, heads, hierarchy))


def _is_denied(label: str, heads: Mapping[str, float], hierarchy: Hierarchy) -> bool:
    return any(word == DOCUMENT or heads[word] < DENIED for word in _words(label, heads, hierarchy))


def _words(label: str, heads: Mapping[str, float], hierarchy: Hierarchy) -> Iterator[str]:
    """Return the heads' words that a label is, or is a kind of."""
    return (kind for kind in (label, *hierarchy.shown_above(label)) if kind in heads)
