"""How right answers are. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

BINS = 15  # as the literature has it (Guo et al. 2017, "On Calibration of Modern Neural Networks")


def top_k(ranked: Sequence[Sequence[str]], truths: Sequence[str], k: int) -> float:
    """Return the share of photos whose true label is among the first `k` of their ranked ones, 0 to
    1."""
    if not truths:
        return 0.0
    right = sum(truth in said[:k] for said, truth in zip(ranked, truths, strict=True))
    return right / len(truths)


def calibration_error(
    confidences: Sequence[float], right: Sequence[bool], bins: int = BINS
) -> float:
    """Return the expected calibration error, 0 to 1: over bins of equal width, the difference
    between how sure the answers are and how often they are right, weighted by how many there
    are."""
    gaps = [0.0] * bins  # the sum of confidence less correctness, which is the gap times the count
    for confidence, is_right in zip(confidences, right, strict=True):
        gaps[min(int(confidence * bins), bins - 1)] += confidence - is_right
    return sum(map(abs, gaps)) / len(confidences) if confidences else 0.0


@dataclass(frozen=True, slots=True)
class TagQuality:
    """Of photos: those with any tag, and those with their exact class among the tags. Of tags:
    those that are right, and of each photo's most specific ones those that are. All from 0 to 1.

    A tag is right when it is the true class or something that the class is a kind of.
    """

    tagged: float
    tags_right: float
    specific_right: float
    exact: float


def tag_quality(
    tags: Iterable[Collection[str]],
    truths: Sequence[str],
    ancestors: Callable[[str], Collection[str]],
) -> TagQuality:
    """Measure what the tags of photos are worth. `ancestors` gives all that a label is a kind
    of."""
    photos = tagged = exact = 0
    every: list[bool] = []
    specific: list[bool] = []
    for given, truth in zip(tags, truths, strict=True):
        right = {truth, *ancestors(truth)}
        above = {each for label in given for each in ancestors(label)}
        photos += 1
        tagged += bool(given)
        exact += truth in given
        every += [label in right for label in given]
        specific += [label in right for label in given if label not in above]
    return TagQuality(
        tagged=_share(tagged, photos),
        tags_right=_share(sum(every), len(every)),
        specific_right=_share(sum(specific), len(specific)),
        exact=_share(exact, photos),
    )


def _share(some: int, of: int) -> float:
    return some / of if of else 0.0
