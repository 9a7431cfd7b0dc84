"""Is the answer to a known picture the known one, and how long does it take."""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tagd.models.predictions import predictions_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tagd.domain import Predictions
    from tagd.models.pool import ModelPool
    from tagd.models.zoo.registry import GoldenAnswer

PASSES = 5  # timed, after one that is not


@dataclass(frozen=True, slots=True)
class SelfTest:
    """What came of it. `deviation` is the largest difference of a logit, or of the log-sum-exp,
    from the golden answer; `tolerance` is what the session's arithmetic explains of it. Where no
    answer is known, as of an imported model, any that is a number will do."""

    model: str
    device: str
    description: str  # device, precision and why there
    milliseconds: float  # one picture's forward pass, the median of a few
    top_label: str
    deviation: float
    tolerance: float

    @property
    def ok(self) -> bool:
        """Whether the answer is the known one."""
        return self.deviation <= self.tolerance


def self_test(pool: ModelPool, model: str) -> SelfTest:
    """Load the model if need be, ask it about the picture, compare and time it.

    Raises what `ModelPool.get` raises, and `ModelError` when the device fails.
    """
    loaded = pool.get(model)
    picture = rings(loaded.geometry.crop)[np.newaxis]
    answer = predictions_of("", loaded, loaded.session.run(picture).logits[0])
    golden = loaded.facts.self_test
    took: list[float] = []
    for _ in range(PASSES):
        began = time.perf_counter()
        loaded.session.run(picture)
        took.append(1000 * (time.perf_counter() - began))
    return SelfTest(
        model=model,
        device=loaded.session.device,
        description=loaded.session.describe(),
        milliseconds=statistics.median(took),
        top_label=answer.labels[0],
        deviation=deviation(answer, golden) if golden else 0.0,
        tolerance=loaded.session.tolerance,
    )


def deviation(answer: Predictions, golden: GoldenAnswer) -> float:
    """Return the largest difference from the golden answer; infinite where one of its labels is not
    among the best any more."""
    said = dict(zip(answer.labels, map(float, answer.logits), strict=True))
    differences = [
        abs(said.get(label, float("inf")) - logit)
        for label, logit in zip(golden.labels, golden.logits, strict=True)
    ]
    return max(*differences, abs(answer.log_sum_exp - golden.log_sum_exp))


def rings(size: tuple[int, int]) -> NDArray[np.uint8]:
    """Light and dark rings around the middle, equal to the bit on every machine: uint8 of
    (height, width, 3). The embedded models take them for a maze."""
    height, width = size
    y, x = np.mgrid[0:height, 0:width]
    radius = np.sqrt((2 * y - height) ** 2 + (2 * x - width) ** 2).astype(np.int64)
    light = radius // (height // 8) % 2 == 1
    grey = np.where(light, 220, 30).astype(np.uint8)
    return np.repeat(grey[:, :, np.newaxis], 3, axis=2)
