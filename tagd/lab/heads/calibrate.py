"""Turn the logits of a head into probabilities, as they hold for everyday photos. Pure.

First each word by itself, on the many pictures that the head was trained on, at the word's share
among everyday photos. Then all words together, on the few everyday photos whose words are known:
they move what is common to all (training pictures are easier, captions leave out what everybody
sees), and each word a little, the more the more photos speak for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tagd.lab.heads.examples import Examples
    from tagd.lab.heads.judge import Scored

    Floats = NDArray[np.float64]

_ROUNDS: Final = 60
_ENOUGH: Final = 1e-6  # a step that changes nothing any more
_PULL: Final = 1e-4  # towards the logit itself, where pictures are too few to say
_SPREAD_OF_WORDS: Final = 0.8  # how far the words lie apart, as a standard deviation of logits
_SPREAD_OF_SHIFT: Final = 1.0
_SPREAD_OF_SLOPE: Final = 0.5


def sigmoid(logits: Floats) -> Floats:
    """Return the probabilities."""
    return np.asarray(1 / (1 + np.exp(-np.clip(logits, -40, 40))), dtype=np.float64)


def calibration(scored: Scored) -> tuple[float, float]:
    """Return a and b, with which sigmoid(a·logit + b) is a probability at the word's share (Platt,
    1999; `a` never below a tenth)."""
    truth = (scored.right > 0).astype(np.float64)
    weight = np.where(truth > 0, scored.share * scored.right, (1 - scored.share) * scored.wrong)
    columns = np.stack([scored.logits, np.ones_like(scored.logits)], axis=1)
    prior = np.array([1.0, 0.0])

    def loss(found: Floats) -> float:
        likelihood = np.logaddexp(0, np.where(truth > 0, -1, 1) * (columns @ found))
        return float(weight @ likelihood + _PULL / 2 * ((found - prior) ** 2).sum())

    found = prior
    for _ in range(_ROUNDS):
        said = sigmoid(columns @ found)
        gradient = columns.T @ (weight * (said - truth)) + _PULL * (found - prior)
        curvature = (columns * (weight * said * (1 - said))[:, None]).T @ columns
        step = np.linalg.solve(curvature + _PULL * np.eye(2), gradient)
        while np.abs(step).max() > _ENOUGH and loss(found - step) > loss(found):
            step /= 2  # Newton's step may lead too far
        if np.abs(step).max() <= _ENOUGH:
            break
        found = found - step
    return max(0.1, float(found[0])), float(found[1])


@dataclass(frozen=True, slots=True)
class Adjustment:
    """What everyday photos say beside: logit → slope · logit + shift + its word's own."""

    slope: float
    shift: float
    words: Floats

    def of(self, logits: Floats) -> Floats:
        """Return the adjusted logits, of shape (photos, words)."""
        return self.slope * logits + self.shift + self.words

    def calibration(self, calibration: Floats) -> Floats:
        """Return calibrations, of shape (words, 2), with this in them."""
        slopes = self.slope * calibration[:, 0]
        shifts = self.slope * calibration[:, 1] + self.shift + self.words
        return np.stack([slopes, shifts], axis=1)


def adjustment(logits: Floats, everyday: Examples) -> Adjustment:
    """Return the adjustment that makes calibrated logits, of shape (photos, words), most likely
    on everyday photos, with normal priors (slope 1, all else 0)."""
    truths, known = everyday.truths.astype(np.float64), everyday.known.astype(np.float64)
    slope, shift, words = 1.0, 0.0, np.zeros(logits.shape[1])
    slope_pull, shift_pull = _SPREAD_OF_SLOPE**-2, _SPREAD_OF_SHIFT**-2
    for _ in range(_ROUNDS):
        said = sigmoid(slope * logits + shift + words)
        error, curve = known * (said - truths), known * said * (1 - said)
        gradient = (
            (error * logits).sum() + slope_pull * (slope - 1),
            error.sum() + shift_pull * shift,
        )
        mixed = (curve * logits).sum()
        curvature = (
            ((curve * logits**2).sum() + slope_pull, mixed),
            (mixed, curve.sum() + shift_pull),
        )
        step = np.clip(np.linalg.solve(np.array(curvature), np.array(gradient)), -0.5, 0.5)
        slope, shift = slope - step[0], shift - step[1]
        said = sigmoid(slope * logits + shift + words)
        pull = _SPREAD_OF_WORDS**-2
        error, curve = known * (said - truths), known * said * (1 - said)
        step = (error.sum(axis=0) + pull * words) / (curve.sum(axis=0) + pull)
        words = words - np.clip(step, -1, 1)
    return Adjustment(float(slope), float(shift), words)


def cross_adjusted(logits: Floats, everyday: Examples) -> Floats:
    """Return probabilities on everyday photos, each by an adjustment that did not see the photo."""
    said = np.zeros_like(logits)
    for fold in np.unique(everyday.folds):
        here = everyday.folds == fold
        said[here] = sigmoid(adjustment(logits[~here], everyday.rows(~here)).of(logits[here]))
    return said
