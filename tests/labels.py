"""What the tests of labels share."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from tagd.domain import Predictions


def predicted(of: Mapping[str, float], photo_id: str = "0" * 32) -> Predictions:
    """What a model says that gives these labels these probabilities, and the rest to others."""
    best = sorted(of.items(), key=lambda item: -item[1])
    logits = np.array([math.log(max(p, 1e-30)) for _, p in best], dtype=np.float32)
    labels = tuple(label for label, _ in best)
    return Predictions(photo_id, "made", "f" * 64, labels, logits, 0.0)
