"""A row of logits becomes `Predictions`: the best, and the log-sum-exp of all; and what was seen an
`Embedding`. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tagd.domain import Embedding, Predictions
from tagd.errors import ModelError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tagd.models.pool import LoadedModel

KEPT = 64  # the rest of a thousand holds under 1% of the probability where anything is recognised


def predictions_of(photo_id: str, model: LoadedModel, row: NDArray[np.float32]) -> Predictions:
    """Return what `model` said of one photo, out of its row of logits, shape (classes,).

    Equal logits stand in the order of the labels. Raises `ModelError` on a logit that is no number,
    and `ValueError` on a row of another length than the label set.
    """
    if row.shape != (len(model.labels),):
        raise ValueError(f"{len(model.labels)} logits expected, got an array of {row.shape}")
    if not np.isfinite(row).all():
        raise ModelError(f"{model.facts.id} answered with something that is no number")
    best = np.argsort(-row, kind="stable")[:KEPT]
    return Predictions(
        photo_id=photo_id,
        model=model.facts.id,
        fingerprint=model.fingerprint,
        labels=tuple(model.labels[place] for place in best),
        logits=row[best].astype(np.float32),
        log_sum_exp=log_sum_exp(row),
    )


def embedding_of(photo_id: str, model: LoadedModel, row: NDArray[np.float32] | None) -> Embedding:
    """Return what `model` saw in one photo, out of its row of the embeddings; None where it has
    none. Raises `ModelError` on what is no number."""
    if row is not None and not np.isfinite(row).all():
        raise ModelError(f"{model.facts.id} saw something that is no number")
    return Embedding(photo_id, model.facts.id, model.fingerprint, row)


def certainty(row: NDArray[np.float32], temperature: float = 1.0) -> float:
    """Return the softmax probability of the best label, of all logits divided by the
    temperature."""
    scaled = row.astype(np.float64) / temperature
    return float(1 / np.exp(scaled - scaled.max()).sum())


def log_sum_exp(row: NDArray[np.float32]) -> float:
    """Return the logarithm of the sum of the exponentials, in double precision and without
    overflow."""
    wide = row.astype(np.float64)
    top = wide.max()
    return float(top + np.log(np.exp(wide - top).sum()))
