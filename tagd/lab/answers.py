"""Asks all models of a cascade about the same photos, which are decoded once."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tagd.errors import ModelError
from tagd.fs import display
from tagd.lab.calibrate import Answers
from tagd.pipeline.decoder import DecodeRequest, DecoderPool

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from tagd.domain import DecodedPhoto, Geometry
    from tagd.models.pool import ModelPool
    from tagd.pipeline.decode import DecodeLimits

WAIT_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Example:
    """A photo and the label of what it shows; None for a picture of none of the classes."""

    path: Path
    label: str | None


def examples_in(folder: Path, labels: Sequence[str]) -> list[Example]:
    """The photos in the folders below `folder` that are named by one of the labels, in the order of
    their paths. Raises `ModelError` where there are none."""
    found = [
        Example(path, kind)
        for kind in sorted(labels)
        for path in sorted((folder / kind).glob("*"))
        if path.is_file()
    ]
    if not found:
        raise ModelError(
            f"{display(folder)}: no photos in folders named by their label",
            hint="There must be a folder for each class, such as n02123045.",
        )
    return found


def ask(
    pool: ModelPool,
    models: Sequence[str],
    examples: Sequence[Example],
    *,
    batch_size: int,
    decoders: int,
    limits: DecodeLimits,
    clock: Callable[[], float] = time.perf_counter,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> tuple[Answers, int]:
    """What the models say of the examples, and how many could not be read.

    Raises `ModelError`, also for models with different labels, and DecoderUnavailable.
    """
    labels = common_labels(pool, models)
    places = {label: place for place, label in enumerate(labels)}
    geometries = tuple(dict.fromkeys(pool.geometry_of(model) for model in models))
    for model in models:  # the first pass is slow, and no photo's fault
        height, width = pool.geometry_of(model).crop
        pool.get(model).session.logits(np.zeros((batch_size, height, width, 3), np.uint8))
    said: dict[str, list[NDArray[np.float32]]] = {model: [] for model in models}
    seconds = dict.fromkeys(models, 0.0)
    order: list[int] = []
    done = 0
    paths = [example.path for example in examples]
    for taken, photos in _decoded(paths, geometries, batch_size, decoders, limits):
        done += taken
        order += [place for place, _ in photos]
        for model in models if photos else ():
            images = np.stack([photo.inputs[pool.geometry_of(model)] for _, photo in photos])
            began = clock()
            said[model].append(pool.get(model).session.logits(images))
            seconds[model] += clock() - began
        progress(done, len(examples))
    if not order:
        raise ModelError("not one of the photos could be read")
    sorting = np.argsort(order)
    truths = [places.get(examples[place].label or "", -1) for place in sorted(order)]
    answers = Answers(
        models=tuple(models),
        logits=tuple(np.concatenate(said[model])[sorting] for model in models),
        truths=np.array(truths, dtype=np.int64),
        milliseconds=tuple(1000 * seconds[model] / len(order) for model in models),
    )
    return answers, len(examples) - len(order)


def common_labels(pool: ModelPool, models: Sequence[str]) -> tuple[str, ...]:
    """The labels of all these models. Raises `ModelError` where they differ."""
    first, *others = models
    labels = pool.labels_of(first)
    for other in others:
        if pool.labels_of(other) != labels:
            raise ModelError(f"{first} and {other} have different labels: they make no cascade")
    return labels


def _decoded(
    paths: Sequence[Path],
    geometries: tuple[Geometry, ...],
    size: int,
    decoders: int,
    limits: DecodeLimits,
) -> Iterator[tuple[int, list[tuple[int, DecodedPhoto]]]]:
    """As they are ready: how many have been tried, and those read with their place in `paths`."""
    ahead = 2 * decoders + size
    todo = iter(enumerate(paths))
    with DecoderPool(
        decoders=decoders, limits=limits, on_event=lambda _: None, most_outstanding=ahead
    ) as pool:
        while True:
            while pool.outstanding < ahead and (each := next(todo, None)) is not None:
                pool.submit(DecodeRequest(each[0], each[1], geometries))
            if not pool.outstanding:
                return
            outcomes = pool.take(size, WAIT_SECONDS)
            yield len(outcomes), [(o.ticket, o.photo) for o in outcomes if o.photo is not None]
