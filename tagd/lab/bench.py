"""How quick a model is on this machine, by batch size: forward passes with decoded pictures."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from tagd.catalogue.plans.speeds import Speed
from tagd.models.contest import contestants, prefer
from tagd.models.runtime.buckets import BUCKETS
from tagd.models.selftest import rings

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tagd.models.pool import LoadedModel, ModelPool

Measuring = Callable[["LoadedModel"], Iterable[Speed]]

CPU_BATCHES = (1, 2, 4, 8)
GPU_BATCHES = BUCKETS  # what is padded says nothing of its own
SECONDS = 2.0  # for each batch size
MOST_PASSES = 200
WARM_UP_PASSES = 2  # the first ones allocate, and choose kernels


@dataclass(frozen=True, slots=True)
class MeasuredSpeed:
    """A speed, the name of the session that reached it, and whether that is the one in use."""

    speed: Speed
    session: str
    is_used: bool


def contest(pool: ModelPool, model: str, measure: Measuring) -> list[MeasuredSpeed]:
    """Measure every session that can be opened for the model, and have the quickest used."""
    found: dict[str, list[Speed]] = {}
    for session, loaded in contestants(pool, model):
        found[session] = list(measure(loaded))
    rates = {
        session: max(each.images_per_second for each in speeds)
        for session, speeds in found.items()
        if speeds
    }
    best = prefer(pool, pool.fingerprint_of(model), rates) if rates else ""
    return [
        MeasuredSpeed(each, session, session == best)
        for session, speeds in found.items()
        for each in speeds
    ]


def bench(
    model: LoadedModel,
    *,
    clock: Callable[[], float],
    now: Callable[[], float],
    batches: Sequence[int] = (),
    seconds: float = SECONDS,
) -> Iterator[Speed]:
    """Measure the model at each batch size, and say so as it is done. `clock` counts seconds.

    Stops before a batch that did not fit the memory. Raises `ModelError` as the session does.
    """
    session = model.session
    usual = CPU_BATCHES if session.device == "cpu" else GPU_BATCHES
    for size in batches or usual:
        images = np.repeat(rings(model.geometry.crop)[np.newaxis], size, axis=0)
        for _ in range(WARM_UP_PASSES):
            session.run(images)
        if session.batch_limit is not None and session.batch_limit < size:
            return
        took = _passes(partial(session.run, images), clock, seconds)
        yield Speed(
            fingerprint=model.fingerprint,
            device=session.device,
            batch_size=size,
            model=model.facts.id,
            hardware=session.hardware,
            precision=session.precision,
            images_per_second=size * len(took) / sum(took),
            latency_ms=1000 * statistics.median(took),
            latency_p95_ms=1000 * sorted(took)[int(0.95 * (len(took) - 1))],
            measured_at=now(),
        )


def _passes(
    forward: Callable[[], object], clock: Callable[[], float], seconds: float
) -> list[float]:
    """Time passes, each in seconds; three at least."""
    took: list[float] = []
    while len(took) < MOST_PASSES and (len(took) < 3 or sum(took) < seconds):
        began = clock()
        forward()
        took.append(clock() - began)
    return took
