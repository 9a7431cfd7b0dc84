"""Train a head: fit, cross-validate, calibrate, choose thresholds, and count what came of it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import compress
from typing import TYPE_CHECKING

import numpy as np

from tagd.lab.heads.calibrate import adjustment, calibration, cross_adjusted, sigmoid
from tagd.lab.heads.fit import Fitting, Linear, fit
from tagd.lab.heads.judge import Scored
from tagd.models.runtime.heads import PRECISIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from tagd.lab.heads.calibrate import Floats
    from tagd.lab.heads.examples import Examples

DEFAULT = PRECISIONS.index(0.9)
# Of a word at its threshold, by cross-validation: what is told less often where it is, or is wrong
# more often than right, is not worth its place.
LEAST_RECALL, LEAST_PRECISION = 0.05, 0.5
_CUTS = np.arange(0.3, 0.99, 0.01)  # among these the thresholds are chosen


@dataclass(frozen=True, slots=True)
class WordFigures:
    """One word at precision 0.9: how many training pictures show it, its share among everyday
    photos, what cross-validation gave at that share, and how often it was `right` and `wrong` on
    the everyday photos, by an adjustment that did not see them."""

    word: str
    positives: int
    share: float
    threshold: float
    recall: float
    precision: float
    right: int
    wrong: int


@dataclass(frozen=True, slots=True)
class Bin:
    """The words that were this probable on everyday photos: how probable, and how often right."""

    from_: float
    count: int
    said: float
    right: float


@dataclass(frozen=True, slots=True)
class Trained:
    """A head and its figures. `calibration`: (words, 2); `thresholds`: (words, `PRECISIONS`).
    `seen` counts what it tells of the everyday photos, `unseen` the same by adjustments each of
    which had not seen the photo."""

    words: tuple[str, ...]
    linear: Linear = field(repr=False)
    calibration: Floats = field(repr=False)
    thresholds: Floats = field(repr=False)
    figures: tuple[WordFigures, ...] = ()
    reliability: tuple[Bin, ...] = ()
    seen: Mapping[str, int] = field(default_factory=dict)
    unseen: Mapping[str, int] = field(default_factory=dict)

    def told(self, features: NDArray[np.float32]) -> NDArray[np.bool_]:
        """Return which words are told of pictures at precision 0.9, (pictures, words)."""
        logits = self.calibration[:, 0] * self.linear.logits(features) + self.calibration[:, 1]
        return np.asarray(sigmoid(logits) >= self.thresholds[:, DEFAULT])


def train(
    examples: Examples,
    everyday: Examples | None = None,
    shares: Mapping[str, float] | None = None,
    fitting: Fitting | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> Trained:
    """Return the head for the examples' words, less those that are not learnt. `everyday`
    are photos as people take them, with truths by eye; without them each word's threshold is that
    of cross-validation alone. `shares`: how frequent words are in life; as in the examples, where
    nobody says."""
    fitting = fitting or Fitting()
    if shares is None:
        shares = dict(zip(examples.words, examples.shares().tolist(), strict=True))
    progress(f"fitting {len(examples.words)} words to {len(examples):,} pictures")
    linear = fit(examples, fitting).rounded()
    logits = cross_validated(examples, fitting, progress)
    scored = [Scored.of(examples, logits, word, shares.get(word, 0.0)) for word in examples.words]
    calibrated = np.array([calibration(one) for one in scored])
    if everyday is None:
        thresholds = _own_thresholds(scored, calibrated)
        return _kept(Trained(examples.words, linear, calibrated, thresholds), scored, examples)
    everyday = everyday.aligned(examples.words)
    seen = calibrated[:, 0] * linear.logits(everyday.features) + calibrated[:, 1]
    said = cross_adjusted(seen, everyday)
    thresholds = np.tile(_common_thresholds(said, everyday), (len(scored), 1))
    calibrated = adjustment(seen, everyday).calibration(calibrated)
    trained = Trained(examples.words, linear, calibrated, thresholds)
    trained = replace(trained, reliability=reliability(said, everyday))
    trained = _kept(trained, scored, examples, said, everyday)
    places = [examples.words.index(word) for word in trained.words]
    everyday, unseen = everyday.of_words(trained.words), said[:, places] >= thresholds[0, DEFAULT]
    return replace(
        trained,
        seen=counted(trained.told(everyday.features), everyday),
        unseen=counted(unseen, everyday),
    )


def cross_validated(
    examples: Examples, fitting: Fitting, progress: Callable[[str], None] = lambda _: None
) -> NDArray[np.float32]:
    """Return the logits of each example by a fit that has not seen its fold."""
    logits = np.zeros(examples.truths.shape, np.float32)
    for fold in np.unique(examples.folds):
        progress(f"cross-validating fold {fold + 1} of {examples.folds.max() + 1}")
        here = examples.folds == fold
        logits[here] = fit(examples.rows(~here), fitting).logits(examples.features[here])
    return logits


def reliability(said: Floats, everyday: Examples, bins: int = 10) -> tuple[Bin, ...]:
    """Return how often words were right, by how probable they were, of `bins` equal widths."""
    known = everyday.known > 0
    said, truths = said[known], everyday.truths[known]
    places = np.minimum((said * bins).astype(int), bins - 1)
    return tuple(
        Bin(
            from_=place / bins,
            count=int((places == place).sum()),
            said=float(said[places == place].mean()),
            right=float(truths[places == place].mean()),
        )
        for place in range(bins)
        if (places == place).any()
    )


def counted(told: NDArray[np.bool_], everyday: Examples) -> dict[str, int]:
    """Return how many of the told words, of shape (photos, words), are right, arguable (nobody
    knows) and wrong on everyday photos."""
    known = everyday.known > 0
    return {
        "photos": len(everyday),
        "right": int((told & known & (everyday.truths > 0)).sum()),
        "arguable": int((told & ~known).sum()),
        "wrong": int((told & known & (everyday.truths == 0)).sum()),
    }


def _own_thresholds(scored: list[Scored], calibrated: Floats) -> Floats:
    """Return, for each word, the probabilities at which it reaches each of `PRECISIONS`."""
    logits = np.array([[one.threshold(precision) for precision in PRECISIONS] for one in scored])
    return sigmoid(calibrated[:, :1] * logits + calibrated[:, 1:])


def _common_thresholds(said: Floats, everyday: Examples) -> list[float]:
    """Return the lowest probabilities from which on all words together keep each of `PRECISIONS`;
    the highest of `_CUTS` where they never do."""
    right = np.array([(everyday.known * everyday.truths)[said >= cut].sum() for cut in _CUTS])
    given = np.array([everyday.known[said >= cut].sum() for cut in _CUTS])
    kept = np.minimum.accumulate((right / np.maximum(given, 1))[::-1])[::-1]
    places = np.minimum(np.searchsorted(kept, PRECISIONS), len(_CUTS) - 1)
    return [float(cut) for cut in _CUTS[places]]


def _kept(
    trained: Trained,
    scored: list[Scored],
    examples: Examples,
    said: Floats | None = None,
    everyday: Examples | None = None,
) -> Trained:
    """Return it with figures, and without the words that are not learnt."""
    figures = []
    for place, word in enumerate(trained.words):
        cut = trained.thresholds[place, DEFAULT]
        slope, shift = trained.calibration[place]
        logit = (np.log(cut / (1 - cut)) - shift) / slope
        right = wrong = 0
        if said is not None and everyday is not None:
            told = (said[:, place] >= cut) & (everyday.known[:, place] > 0)
            right = int((told & (everyday.truths[:, place] > 0)).sum())
            wrong = int(told.sum()) - right
        one = scored[place]
        positives = int((examples.known[:, place] * examples.truths[:, place] > 0).sum())
        recall, precision = one.recall_at(logit), one.precision_at(logit)
        figures.append(
            WordFigures(word, positives, one.share, cut, recall, precision, right, wrong)
        )
    kept = np.array(
        [one.recall >= LEAST_RECALL and one.precision >= LEAST_PRECISION for one in figures]
    )
    figures = list(compress(figures, kept))
    return replace(
        trained,
        words=tuple(one.word for one in figures),
        linear=Linear(trained.linear.weights[kept], trained.linear.bias[kept]),
        calibration=trained.calibration[kept],
        thresholds=trained.thresholds[kept],
        figures=tuple(figures),
    )
