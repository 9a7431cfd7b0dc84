"""What several models say of the same photos, side by side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tagd.lab import photos
from tagd.models.predictions import predictions_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from tagd.decoding.decode import DecodeLimits
    from tagd.domain import Geometry
    from tagd.models.pool import ModelPool

GUESSES = 5


@dataclass(frozen=True, slots=True)
class Opinion:
    """What one model says of one photo: labels with their probability, best first; how long its
    forward pass took."""

    model: str
    parameters_m: float
    guesses: tuple[tuple[str, float], ...]
    milliseconds: float


@dataclass(frozen=True, slots=True)
class Compared:
    """One photo. `thumbnail` is RGB of (height, width, 3); None where it could not be read, and
    `error` says why."""

    path: Path
    opinions: tuple[Opinion, ...]
    thumbnail: NDArray[np.uint8] | None
    error: str = ""


def compare(
    pool: ModelPool,
    models: Sequence[str],
    paths: Sequence[Path],
    *,
    decoders: int,
    limits: DecodeLimits,
    clock: Callable[[], float],
) -> list[Compared]:
    """Ask each model about each photo, in the order of `paths`. Raises `ModelError`."""
    geometries = [pool.geometry_of(model) for model in models]
    pictures: dict[int, Compared] = {}
    inputs: dict[int, dict[Geometry, NDArray[np.uint8]]] = {}
    for outcomes in photos.batches(
        paths, [*geometries, photos.SQUARE], size=1, decoders=decoders, limits=limits
    ):
        for each in outcomes:
            if each.photo is None:
                reason = each.error.reason if each.error else ""
                pictures[each.ticket] = Compared(paths[each.ticket], (), None, reason)
                continue
            shown = photos.thumbnail(each.photo)
            pictures[each.ticket] = Compared(paths[each.ticket], (), shown)
            inputs[each.ticket] = dict(each.photo.inputs)
    said: dict[int, list[Opinion]] = {place: [] for place in range(len(paths))}
    # One model after the other, so that those that do not fit the memory together take turns.
    for model in models:
        for place, decoded in sorted(inputs.items()):
            said[place].append(_opinion(pool, model, decoded, clock))
    return [
        Compared(one.path, tuple(said[place]), one.thumbnail, one.error)
        for place, one in sorted(pictures.items())
    ]


def _opinion(
    pool: ModelPool,
    model: str,
    inputs: dict[Geometry, NDArray[np.uint8]],
    clock: Callable[[], float],
) -> Opinion:
    loaded = pool.get(model)
    image = inputs[loaded.geometry][np.newaxis]
    loaded.session.run(image)  # the first pass is slow, and says nothing of the later ones
    began = clock()
    row = loaded.session.run(image).logits[0]
    took = clock() - began
    said = predictions_of("", loaded, row)
    best = zip(said.labels[:GUESSES], said.probabilities()[:GUESSES], strict=True)
    return Opinion(model, loaded.facts.parameters_m, tuple(best), 1000 * took)
