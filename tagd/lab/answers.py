"""Asks all models of a cascade about the same photos, which are decoded once."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tagd.errors import ModelError
from tagd.lab import photos
from tagd.lab.calibrate import Answers

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from tagd.decoding.decode import DecodeLimits
    from tagd.models.pool import ModelPool


@dataclass(frozen=True, slots=True)
class LabelledPhoto:
    """A photo and the label of what it shows; None for a picture of none of the classes."""

    path: Path
    label: str | None


def ask(
    pool: ModelPool,
    models: Sequence[str],
    pictures: Sequence[LabelledPhoto],
    *,
    batch_size: int,
    decoders: int,
    limits: DecodeLimits,
    clock: Callable[[], float] = time.perf_counter,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> tuple[Answers, int]:
    """Ask what the models say of the pictures, in their order, and how many could not be read.

    Raises `ModelError`, also for models with different labels, and DecoderUnavailable.
    """
    places = {label: place for place, label in enumerate(common_labels(pool, models))}
    for model in models:  # the first pass is slow, and no photo's fault
        height, width = pool.geometry_of(model).crop
        pool.get(model).session.run(np.zeros((batch_size, height, width, 3), np.uint8))
    said: dict[str, list[NDArray[np.float32]]] = {model: [] for model in models}
    seconds = dict.fromkeys(models, 0.0)
    order: list[int] = []
    done = 0
    for outcomes in photos.batches(
        [picture.path for picture in pictures],
        [pool.geometry_of(model) for model in models],
        size=batch_size,
        decoders=decoders,
        limits=limits,
    ):
        read = [(each.ticket, each.photo) for each in outcomes if each.photo is not None]
        order += [place for place, _ in read]
        for model in models if read else ():
            images = np.stack([photo.inputs[pool.geometry_of(model)] for _, photo in read])
            began = clock()
            said[model].append(pool.get(model).session.run(images).logits)
            seconds[model] += clock() - began
        done += len(outcomes)
        progress(done, len(pictures))
    if not order:
        raise ModelError("not one of the photos could be read")
    sorting = np.argsort(order)
    truths = [places.get(pictures[place].label or "", -1) for place in sorted(order)]
    answers = Answers(
        models=tuple(models),
        logits=tuple(np.concatenate(said[model])[sorting] for model in models),
        truths=np.array(truths, dtype=np.int64),
        milliseconds=tuple(1000 * seconds[model] / len(order) for model in models),
    )
    return answers, len(pictures) - len(order)


def common_labels(pool: ModelPool, models: Sequence[str]) -> tuple[str, ...]:
    """Return the labels of all these models. Raises `ModelError` where they differ."""
    first, *others = models
    labels = pool.labels_of(first)
    for other in others:
        if pool.labels_of(other) != labels:
            raise ModelError(f"{first} and {other} have different labels: they make no cascade")
    return labels
