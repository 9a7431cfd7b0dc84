"""How good a head is where words are as rare as in everyday photos. Pure.

Training sets hold far more of a word than life does: what counts is its share among the photos of
real people. All figures here are taken at that share, from logits that cross-validation gave.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tagd.lab.heads.examples import Examples

LEAST_SHARE = 0.015  # a rarer word is judged as if it were as frequent as this
LEAST_FOUND = 5  # a threshold that fewer pictures pass says nothing


@dataclass(frozen=True, slots=True)
class Scored:
    """The logits of one word over the pictures whose truth is known, highest first. `right` and
    `wrong` are the weights of those that show it and don't, each summing to 1."""

    logits: NDArray[np.float64]
    right: NDArray[np.float64]
    wrong: NDArray[np.float64]
    share: float

    @classmethod
    def of(cls, examples: Examples, logits: NDArray[np.float32], word: str, share: float) -> Scored:
        """Return the word's column of logits, of shape (examples, words)."""
        place = examples.words.index(word)
        known = examples.known[:, place] > 0
        order = np.argsort(-logits[known, place], kind="stable")
        weight = examples.known[known, place][order].astype(np.float64)
        shows = examples.truths[known, place][order].astype(np.float64)
        right, wrong = weight * shows, weight * (1 - shows)
        return cls(
            logits[known, place][order].astype(np.float64),
            right / max(right.sum(), 1e-9),
            wrong / max(wrong.sum(), 1e-9),
            max(share, LEAST_SHARE),
        )

    def recall(self) -> NDArray[np.float64]:
        """Return, for each place in the order, how much of the word is found down to there."""
        return np.cumsum(self.right)

    def precision(self) -> NDArray[np.float64]:
        """Return, for each place in the order, how much of what is given down to there is right.
        Half a picture more than was seen is counted as wrong, so that none is never certain."""
        unseen = 0.5 * self.wrong.max(initial=0.0)
        hits = self.share * np.cumsum(self.right)
        misses = (1 - self.share) * (np.cumsum(self.wrong) + unseen)
        return np.asarray(hits / np.maximum(hits + misses, 1e-12))

    def threshold(self, precision: float) -> float:
        """Return the lowest logit down to which this precision holds; NaN where it never does."""
        holds = self.precision() >= precision
        holds[: LEAST_FOUND - 1] = False
        places = np.flatnonzero(holds)
        return float(self.logits[places[-1]]) if len(places) else float("nan")

    def recall_at(self, threshold: float) -> float:
        """Return how much of the word has at least this logit."""
        return float(self.right[self.logits >= threshold].sum())

    def precision_at(self, threshold: float) -> float:
        """Return how much of what has at least this logit is right."""
        given = int((self.logits >= threshold).sum())
        return float(self.precision()[given - 1]) if given else float("nan")
