"""Fit one linear head for many words: features in, a logit for each word out. Pure NumPy."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tagd.lab.heads.examples import Examples

_ADAM: Final = (0.9, 0.999)  # decay of the mean and of the square of the gradients
_TINY: Final = 1e-8
_LEAST_STEPS: Final = 400


@dataclass(frozen=True, slots=True)
class Fitting:
    """How to fit. `l2` pulls on the weights for standardised features; `rate` is the highest
    learning rate, at a third of the way; `seed` decides in which order examples come."""

    epochs: int = 8
    rate: float = 2e-3
    batch: int = 256
    l2: float = 0.04
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Linear:
    """Weights of shape (words, features) and a bias a word, for L2-normalised features."""

    weights: NDArray[np.float32]
    bias: NDArray[np.float32]

    def logits(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the logits of shape (examples, words)."""
        return np.asarray(features @ self.weights.T + self.bias, dtype=np.float32)

    def rounded(self) -> Linear:
        """Return it with weights as a file keeps them, in fp16."""
        return replace(self, weights=self.weights.astype(np.float16).astype(np.float32))


def fit(examples: Examples, fitting: Fitting) -> Linear:
    """Return the head that minimises the binary cross-entropy of each word over the examples whose
    truth is known for it, each by its weight."""
    mean, spread = examples.features.mean(axis=0), examples.features.std(axis=0) + 1e-6
    inputs = _with_one((examples.features - mean) / spread)
    found = np.zeros((len(examples.words), inputs.shape[1]), np.float32)
    found[:, -1] = _prior_logits(examples)
    pull = np.full(inputs.shape[1], fitting.l2, np.float32)
    pull[-1] = 0
    adam = _Adam(found.shape)
    batches = _batches(len(examples), fitting)
    for step, rows in enumerate(batches):
        said = _sigmoid(inputs[rows] @ found.T)
        error = examples.known[rows] * (said - examples.truths[rows]) / len(rows)
        gradient = error.T @ inputs[rows] + pull * found
        found -= fitting.rate * _one_cycle(step / len(batches)) * adam.direction(gradient)
    weights = found[:, :-1] / spread
    return Linear(weights, found[:, -1] - weights @ mean)


def _with_one(features: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the features and a column of ones, whose weights are the bias."""
    return np.concatenate([features, np.ones((len(features), 1), np.float32)], axis=1)


def _prior_logits(examples: Examples) -> NDArray[np.float32]:
    """Return the logit of each word's share, where a fit begins: most words are rare."""
    positives = (examples.known * examples.truths).sum(axis=0)
    share = (positives + 1) / (examples.known.sum(axis=0) + 2)
    logits: NDArray[np.float32] = np.log(share / (1 - share)).astype(np.float32)
    return logits


def _batches(count: int, fitting: Fitting) -> list[NDArray[np.int64]]:
    """Return the places of the examples of each step: all of them once an epoch, shuffled; of few
    examples so often that they can be learnt."""
    random = np.random.default_rng(fitting.seed)
    steps = max(1, round(count / fitting.batch))
    return [
        rows
        for _ in range(max(fitting.epochs, _LEAST_STEPS // steps))
        for rows in np.array_split(random.permutation(count), steps)
    ]


def _one_cycle(progress: float) -> float:
    """Return the part of the highest rate at this progress, 0 to 1: up for a third, then down."""
    if progress < 1 / 3:
        return 0.1 + 0.9 * 3 * progress
    return float(0.5 + 0.5 * np.cos(np.pi * (progress - 1 / 3) * 1.5))


def _sigmoid(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(0.5 + 0.5 * np.tanh(0.5 * logits), dtype=np.float32)


class _Adam:
    """Where to go from a row of gradients (Kingma and Ba, 2015)."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        self._mean, self._square = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
        self._steps = 0

    def direction(self, gradient: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return what to subtract at a rate of 1: about 1 for each parameter."""
        self._steps += 1
        first, second = _ADAM
        self._mean += (1 - first) * (gradient - self._mean)
        self._square += (1 - second) * (gradient**2 - self._square)
        mean = self._mean / (1 - first**self._steps)
        square = self._square / (1 - second**self._steps)
        return np.asarray(mean / (np.sqrt(square) + _TINY), dtype=np.float32)
