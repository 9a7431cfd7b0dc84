"""How good a head is, by leave-one-out, and from which score on it may give a tag. Pure.

Nobody says of the photos of a library which of them show what is meant: that is what the head is to
find out. So precision is not counted there, it is estimated. The scores of most photos, which show
something else, fall off towards those of the examples; their tail is drawn on (exponentially, from
the highest fifth) to where the examples' scores lie. So many photos score so high by mistake; what
scores so high beyond that is what was meant. Photos that a person rejected bound it from above. The
other estimate is how sure a sigmoid is of these photos that is fitted to the scores of examples and
of the rest.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from statistics import NormalDist
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from tagd.learning.head import Vector

GIVES_AT: Final = 0.9  # the precision from which on a head may give a tag
FEWEST: Final = 30  # photos without the tag, of which a tail can be drawn
_TAIL: Final = 0.8  # the quantile from where on scores are taken for the tail
_CAUTION: Final = 3.0  # times as many mistakes as the tail foretells: real tails are heavier
_FARTHEST: Final = 500.0  # scales, beyond which nothing is left of a tail
_PRIOR: Final = 3.0  # as many examples as the spread of all photos counts for in theirs
_TRIES: Final = 8  # thresholds that are looked at closely
_DEEPEST: Final = 2.0  # standard deviations below the mean of the examples


@dataclass(frozen=True, slots=True)
class Measured:
    """From a score of `threshold` on, `precision` is the share of photos that show what is meant,
    and `recall` the share of these that score so high; by leave-one-out. `slope` and `middle` make
    a probability of a score."""

    threshold: float
    precision: float
    recall: float
    slope: float
    middle: float

    @property
    def may_give(self) -> bool:
        """Whether it is right often enough to give the tag without being asked."""
        return self.precision >= GIVES_AT

    def sure(self, scores: Vector) -> Vector:
        """Return how probable it is that photos with these scores show what is meant."""
        found: Vector = 1 / (1 + np.exp(np.clip(-self.slope * (scores - self.middle), -50, 50)))
        return found


@dataclass(frozen=True, slots=True)
class _Library:
    given: Vector
    rejected: Vector
    others: Vector
    mean: float
    spread: float
    begin: float  # of the tail
    rate: float  # at which the tail falls off
    amount: float  # of photos in it

    def precision(self, score: float) -> float:
        """Of those that score so high or higher."""
        found, right = int((self.others >= score).sum()), int((self.given >= score).sum())
        falls = min((score - self.begin) * self.rate, _FARTHEST)
        # Before the tail begins there are as many as there are.
        mistaken = min(_CAUTION * self.amount * math.exp(-max(falls, 0.0)), found)
        estimated = 1 - (mistaken + 0.5) / (found + right + 1)
        wrong = int((self.rejected >= score).sum())
        return min(estimated, right / (right + wrong)) if right else 0.0

    def recall(self, score: float) -> float:
        return 1 - NormalDist(self.mean, self.spread).cdf(score)


def measured(given: Vector, rejected: Vector, others: Vector, most: int) -> Measured:
    """Return how good a head is whose examples score so by leave-one-out, with all photos that
    nobody has judged. The threshold is the lowest from which it is right often enough; else that of
    about `most` photos to ask a person about."""
    library = _library(given, rejected, others)
    lowest = library.mean - _DEEPEST * library.spread
    highest = np.sort(others)[::-1]
    ranks = np.unique(np.geomspace(1, max(len(others), 1), 120).astype(int)) - 1
    tried = np.unique(np.concatenate([given, highest[ranks] if len(others) else highest]))
    tried = tried[tried > lowest]
    right = [float(score) for score in tried if library.precision(score) >= GIVES_AT]
    if len(others) >= FEWEST:
        for threshold in right[:: max(1, len(right) // _TRIES)]:
            found = _at(library, threshold)
            if found.may_give:
                return found
    asked = highest[:most]
    found = _at(library, float(max([library.mean - library.spread, *asked[-1:]])))
    return found if len(others) >= FEWEST else replace(found, precision=0.0)


def _at(library: _Library, threshold: float) -> Measured:
    """Return the figures from this score on. Precision is a mean of two estimates: one errs where
    kinds lie close together, the other, which counts half, where examples are few."""
    slope, middle = _sigmoid(library.given, library.others[library.others < threshold])
    found = Measured(threshold, 0.0, library.recall(threshold), slope, middle)
    likely = library.others[library.others >= threshold]
    sure = float(found.sure(likely).mean()) if len(likely) else 0.0
    extrapolated = library.precision(threshold)
    both = (sure + 2 * extrapolated) / 3 if len(likely) else extrapolated
    return replace(found, precision=both if both >= GIVES_AT else min(sure, GIVES_AT - 0.01))


def _library(given: Vector, rejected: Vector, others: Vector) -> _Library:
    """Return the distributions of the scores of what is meant and of what is not."""
    without = np.concatenate([rejected, others])
    variance = ((given - given.mean()) ** 2).sum() + _PRIOR * without.var()
    spread = max(math.sqrt(variance / (len(given) - 1 + _PRIOR)), 1e-6)
    begin = float(np.quantile(without, _TAIL))
    end = max(float(given.mean()) - spread, float(np.quantile(without, (1 + _TAIL) / 2)))
    beyond = without[(without > begin) & (without < end)] - begin
    length = end - begin
    scale = _scale_of_cut(float(beyond.mean()), length) if len(beyond) and length > 0 else 1.0
    share = -math.expm1(-length / scale) or 1.0
    return _Library(
        given, rejected, others, float(given.mean()), spread, begin, 1 / scale, len(beyond) / share
    )


def _scale_of_cut(mean: float, length: float) -> float:
    """Return the scale of an exponential of which, cut off at `length`, the mean is this; at most
    twice that length, as more than half of it cannot be told from it."""
    low, high = length / _FARTHEST, length * 2
    for _ in range(50):
        scale = (low + high) / 2
        if scale - length / math.expm1(length / scale) < mean:
            low = scale
        else:
            high = scale
    return high


def _sigmoid(right: Vector, wrong: Vector) -> tuple[float, float]:
    """Return slope and middle of the sigmoid that makes a probability of a score, fitted to scores
    of both kinds with targets short of certainty (Platt, "Probabilistic outputs for support vector
    machines", 1999)."""
    scores = np.concatenate([right, wrong])
    targets = np.concatenate(
        [
            np.full(len(right), (len(right) + 1) / (len(right) + 2)),
            np.full(len(wrong), 1 / (len(wrong) + 2)),
        ]
    )
    columns = np.stack([scores, np.ones_like(scores)], axis=1)
    solved = np.zeros(2)
    for _ in range(50):
        found = 1 / (1 + np.exp(-np.clip(columns @ solved, -50, 50)))
        curvature = (columns * (found * (1 - found) + 1e-9)[:, None]).T @ columns
        step = np.linalg.solve(curvature + 1e-6 * np.eye(2), columns.T @ (targets - found))
        solved = solved + step * min(1.0, 5 / max(float(np.abs(step).max()), 1e-9))
        if np.abs(step).max() < 1e-9:
            break
    slope = max(float(solved[0]), 1e-3)
    return slope, -float(solved[1]) / slope
