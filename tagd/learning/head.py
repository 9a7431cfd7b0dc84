"""A head: weights on a model's embeddings that tell how much a photo looks like examples. Pure.

    examples → fitted → scores, and those that leave-one-out gives of the examples themselves

Regularised least squares, of which leave-one-out is exact and costs nothing (Rifkin and Lippert,
"Notes on Regularized Least Squares", 2007). Photos of the library that nobody has judged serve as
weak negatives. Those among them that look like the examples are probably more of the same, and are
left out in a second fit (reliable negatives: Liu et al., 2002). The result does not depend on the
order of the rows, as it is computed in the order of the photos' row ids.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Vector = NDArray[np.float64]

RIDGE: Final = 0.1  # measured on ten kinds of photos, as the shares are: see docs/learning.md
SHARES: Final = (1.0, 0.3, 1.0)  # of all examples, rejected and background photos in the fit
BACKGROUND: Final = 1000  # photos that a fit looks at; more change nothing but the time
LIKE: Final = 1.0  # standard deviations below the examples' mean from where a photo is like them


@dataclass(frozen=True, slots=True)
class Head:
    """Scores are `embedding / |embedding| · weights + bias`, about 1 for what is meant and -1 for
    the rest."""

    weights: NDArray[np.float32]
    bias: float


@dataclass(frozen=True, slots=True)
class Examples:
    """Embeddings by photos' row ids: of photos with the tag, of those where it was rejected, and of
    others that nobody has judged."""

    given: Sequence[tuple[int, NDArray[np.float32]]]
    rejected: Sequence[tuple[int, NDArray[np.float32]]]
    background: Sequence[tuple[int, NDArray[np.float32]]]


@dataclass(frozen=True, slots=True)
class Fitted:
    """A head, with what leave-one-out scores its examples; `background` holds the scores of the
    photos that it was fitted on as of none of the kind, by row id."""

    head: Head
    given: Vector
    rejected: Vector
    background: dict[int, float]


class Linear(Protocol):
    """What scores embeddings: a head that was just fitted, or one that is kept."""

    @property
    def weights(self) -> NDArray[np.float32]: ...
    @property
    def bias(self) -> float: ...


def scores(rows: NDArray[np.float32], heads: Sequence[Linear]) -> Vector:
    """Return what each head scores each embedding, (rows, heads)."""
    weights = np.stack([head.weights for head in heads], axis=1)
    lengths = np.sqrt(np.einsum("ij,ij->i", rows, rows))
    raw = (rows @ weights) / np.maximum(lengths, np.float32(1e-12))[:, None]
    found: Vector = raw.astype(np.float64) + np.array([head.bias for head in heads])
    return found


def fit(examples: Examples) -> Fitted:
    """Return the head of these examples. Raises `ValueError` with fewer than two photos that have
    the tag, or none that is to be told from them."""
    if len(examples.given) < 2 or not (examples.rejected or examples.background):
        raise ValueError("nothing to tell apart")
    first = _solved(examples)
    low = first.given.mean() - LIKE * first.given.std()
    others = [each for each in examples.background if first.background[each[0]] < low]
    if not others and not examples.rejected:
        return first
    return _solved(Examples(examples.given, examples.rejected, others))


def _solved(examples: Examples) -> Fitted:
    parts = [sorted(part, key=lambda each: each[0]) for part in _parts(examples)]
    rows = np.stack([row for part in parts for _, row in part]).astype(np.float64)
    rows /= np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
    centre = rows[len(parts[0]) :].mean(axis=0)
    rows -= centre
    sizes = [len(part) for part in parts]
    wanted = np.repeat([1.0, -1.0, -1.0], sizes)
    roots = np.sqrt(np.repeat(np.array(SHARES) / np.maximum(sizes, 1), sizes))
    # A column of ones is the bias.
    columns = np.hstack([rows, np.ones((len(rows), 1))])
    weighted = columns * roots[:, None]
    inverse = np.linalg.inv(weighted @ weighted.T + RIDGE * np.eye(len(rows)))
    solved = weighted.T @ (inverse @ (roots * wanted))
    left_out = wanted - (wanted - columns @ solved) / (RIDGE * np.diag(inverse))
    given, rejected, background = np.split(left_out, np.cumsum(sizes)[:-1])
    weights, bias = solved[:-1], solved[-1]
    return Fitted(
        Head(weights.astype(np.float32), float(bias - centre @ weights)),
        given,
        rejected,
        dict(zip((key for key, _ in parts[2]), background.tolist(), strict=True)),
    )


def _parts(examples: Examples) -> tuple[Sequence[tuple[int, NDArray[np.float32]]], ...]:
    return examples.given, examples.rejected, examples.background
