"""How sure a cascade's stages must be, fitted on photos whose class is known. Pure.

A temperature for each model (Guo et al. 2017, "On Calibration of Modern Neural Networks"), and for
each stage the lowest threshold at which the whole is as accurate as its last model, within
TOLERANCE. What is fitted on one half of the photos is measured on the other.

Two bounds keep a model from being sure of what it does not know. No temperature under 1 is used: it
would raise every confidence, that in pictures of none of the classes too. And a threshold stands
above whatever such pictures reach; without any, at UNTRIED at least. These pictures are a bound and
not fitted to: all of them count in both halves.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from tagd.lab.metrics import calibration_error
from tagd.policy.cascade import Settling

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

TOLERANCE = 0.002  # accuracy that the cascade may lose, as a share
UNTRIED = 0.6  # the lowest threshold where no picture of none of the classes was tried
GRID = tuple(place / 100 for place in range(20, 101))
CURVE = (0.2, 0.3, 0.4, 0.5, 0.55, 0.6, 0.65, 0.7, 0.8, 0.9, 1.0)
TEMPERATURES = (0.25, 4.0)


@dataclass(frozen=True, slots=True)
class Answers:
    """What the models of a cascade said of the same photos: logits of shape (photos, classes) each.

    `truths` are the places of the true labels, -1 for a picture of none of them. `milliseconds` is
    what a photo takes in each model.
    """

    models: tuple[str, ...]
    logits: tuple[NDArray[np.float32], ...]
    truths: NDArray[np.int64]
    milliseconds: tuple[float, ...]

    def take(self, which: NDArray[np.bool_]) -> Answers:
        """Return those of some photos."""
        return replace(
            self, logits=tuple(each[which] for each in self.logits), truths=self.truths[which]
        )


@dataclass(frozen=True, slots=True)
class CascadeResult:
    """What a cascade does to photos. Shares are from 0 to 1: right answers, and photos that each
    stage but the first was asked about. Milliseconds are of a photo on average."""

    accuracy: float
    sent_on: tuple[float, ...]
    milliseconds: float


@dataclass(frozen=True, slots=True)
class SampleResult:
    """A part of the photos: each model alone, and the cascade."""

    name: str
    photos: int
    alone: tuple[float, ...]
    errors: tuple[float, ...]  # expected calibration error at the temperature used, by model
    cascade: CascadeResult


@dataclass(frozen=True, slots=True)
class Point:
    """The cascade with another threshold for its first stage."""

    settles_at: float
    measured: CascadeResult


@dataclass(frozen=True, slots=True)
class CalibrationReport:
    """What was fitted, and what it is worth. `none_settled` of `none` pictures of none of the
    classes would be settled by a stage before the last."""

    models: tuple[str, ...]
    fitted_temperatures: tuple[float, ...]
    temperatures: tuple[float, ...]
    settlings: tuple[Settling, ...]
    milliseconds: tuple[float, ...]
    parts: tuple[SampleResult, ...]
    none: int
    none_settled: int
    curve: tuple[Point, ...]


def calibrate(answers: Answers) -> CalibrationReport:
    """Fit on every other photo, and measure on the rest and on all. Raises ValueError for fewer
    than two photos of a known class, or fewer than two models."""
    known = answers.truths >= 0
    if known.sum() < 2 or len(answers.models) < 2:
        raise ValueError("two photos and two models at least")
    photos, none = answers.take(known), answers.take(~known)
    places = np.arange(len(photos.truths))
    one, other = photos.take(places % 2 == 0), photos.take(places % 2 == 1)
    fitted = tuple(fit_temperature(each, one.truths) for each in one.logits)
    temperatures = tuple(max(1.0, each) for each in fitted)
    settlings = fit_settlings(one, none, temperatures)
    named = (("fitted on", one), ("the other half", other), ("all", photos))
    return CalibrationReport(
        models=answers.models,
        fitted_temperatures=fitted,
        temperatures=temperatures,
        settlings=settlings,
        milliseconds=answers.milliseconds,
        parts=tuple(_part(name, part, temperatures, settlings) for name, part in named),
        none=len(none.truths),
        none_settled=int((stopped(none, settlings) < len(settlings)).sum()),
        curve=tuple(
            Point(at, measure(photos, (replace(settlings[0], settles_at=at), *settlings[1:])))
            for at in sorted({*CURVE, settlings[0].settles_at})
        ),
    )


def fit_temperature(logits: NDArray[np.float32], truths: NDArray[np.int64]) -> float:
    """Fit the temperature at which the true labels are most probable: by golden section over its
    logarithm, in which the likelihood has one maximum."""
    low, high = (math.log(end) for end in TEMPERATURES)
    ratio = (math.sqrt(5) - 1) / 2
    while high - low > 1e-3:
        left, right = high - ratio * (high - low), low + ratio * (high - low)
        if _surprise(logits, truths, math.exp(left)) < _surprise(logits, truths, math.exp(right)):
            high = right
        else:
            low = left
    return math.exp((low + high) / 2)


def fit_settlings(
    photos: Answers, none: Answers, temperatures: Sequence[float]
) -> tuple[Settling, ...]:
    """Fit the threshold of each stage but the last, the first one first: it spares the most."""
    # A threshold that nothing reaches: until its turn comes, a stage sends everything on.
    settlings = [Settling(math.inf, each) for each in temperatures[:-1]]
    needed = float(_right(photos, -1).mean()) - TOLERANCE
    for stage, temperature in enumerate(temperatures[:-1]):
        floor = lowest_safe(certainties(none.logits[stage], temperature))
        chosen = GRID[-1]
        for at in reversed(GRID):
            tried = [*settlings]
            tried[stage] = Settling(at, temperature)
            # Down to the first failure: a lower one that does well again does so by chance.
            if at < floor or measure(photos, tried).accuracy < needed:
                break
            chosen = at
        settlings[stage] = Settling(chosen, temperature)
    return tuple(settlings)


def lowest_safe(none: NDArray[np.float64]) -> float:
    """Return the lowest threshold that none of these certainties reaches; the highest where all
    do."""
    if not len(none):
        return UNTRIED
    return next((at for at in GRID if at > none.max()), GRID[-1])


def measure(answers: Answers, settlings: Sequence[Settling]) -> CascadeResult:
    """Measure what the cascade does to these photos."""
    last = stopped(answers, settlings)
    right = np.stack([_right(answers, stage) for stage in range(len(answers.models))])
    reached = [float((last >= stage).mean()) for stage in range(len(answers.models))]
    return CascadeResult(
        accuracy=float(right[last, np.arange(len(last))].mean()),
        sent_on=tuple(reached[1:]),
        milliseconds=sum(
            share * takes for share, takes in zip(reached, answers.milliseconds, strict=True)
        ),
    )


def stopped(answers: Answers, settlings: Sequence[Settling]) -> NDArray[np.int64]:
    """Return which stage has the last word on each photo, from 0."""
    last = np.full(len(answers.truths), len(settlings))
    for stage in reversed(range(len(settlings))):
        sure = certainties(answers.logits[stage], settlings[stage].temperature)
        last[sure >= settlings[stage].settles_at] = stage
    return last


def certainties(logits: NDArray[np.float32], temperature: float) -> NDArray[np.float64]:
    """Return the softmax probability of each photo's best label, as `predictions.certainty` has
    it."""
    scaled = logits.astype(np.float64) / temperature
    if not len(scaled):
        return np.empty(0)
    best: NDArray[np.float64] = 1 / np.exp(scaled - scaled.max(1, keepdims=True)).sum(1)
    return best


def _part(
    name: str, answers: Answers, temperatures: Sequence[float], settlings: Sequence[Settling]
) -> SampleResult:
    rights = [_right(answers, stage) for stage in range(len(answers.models))]
    sure = [certainties(*each) for each in zip(answers.logits, temperatures, strict=True)]
    return SampleResult(
        name=name,
        photos=len(answers.truths),
        alone=tuple(float(right.mean()) for right in rights),
        errors=tuple(
            calibration_error(certain.tolist(), right.tolist())
            for certain, right in zip(sure, rights, strict=True)
        ),
        cascade=measure(answers, settlings),
    )


def _right(answers: Answers, stage: int) -> NDArray[np.bool_]:
    found: NDArray[np.bool_] = answers.logits[stage].argmax(1) == answers.truths
    return found


def _surprise(logits: NDArray[np.float32], truths: NDArray[np.int64], temperature: float) -> float:
    """Return the mean negative log-likelihood of the true labels."""
    scaled = logits.astype(np.float64) / temperature
    scaled -= scaled.max(1, keepdims=True)
    true = scaled[np.arange(len(truths)), truths]
    return float((np.log(np.exp(scaled).sum(1)) - true).mean())
