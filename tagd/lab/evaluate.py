"""How often a model is right, how well it knows that, and how quick it is, on known photos."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tagd.errors import ModelError
from tagd.lab import metrics, photos
from tagd.models.predictions import predictions_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from tagd.decoding.decode import DecodeLimits
    from tagd.domain import Predictions, Tags
    from tagd.lab.examples import Example
    from tagd.lab.metrics import TagQuality
    from tagd.models.pool import ModelPool


class NoneKnown(ModelError):
    """A model has none of the classes that the photos are of; another one may."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What came of one model. Shares are from 0 to 1; `images_per_second` is of forward passes
    alone. `skipped`: photos whose class the model does not know."""

    model: str
    device: str
    photos: int
    skipped: int
    failed: int
    top1: float
    top5: float
    calibration_error: float
    images_per_second: float
    tags: TagQuality | None


@dataclass(frozen=True, slots=True)
class Task:
    """What all models are asked about. `truths(labels)` gives each example's label among a model's
    labels; `derive` makes tags of predictions, and `ancestors` says what a label is a kind of. So
    many photos as `batch_size` go into one pass, or with 0 what suits the device."""

    examples: Sequence[Example]
    truths: Callable[[Sequence[str]], Sequence[str | None]]
    derive: Callable[[Predictions], Tags]
    ancestors: Callable[[str], Collection[str]]
    batch_size: int
    decoders: int
    limits: DecodeLimits


@dataclass(frozen=True, slots=True)
class _Answers:
    said: list[Predictions]
    truths: list[str]
    failed: int
    seconds: float


def evaluate(
    pool: ModelPool,
    model: str,
    task: Task,
    *,
    clock: Callable[[], float],
    progress: Callable[[int, int], None] = lambda _done, _all: None,
) -> Evaluation:
    """Ask one model about all examples. Raises `NoneKnown` when it knows none of the classes, and
    `ModelError` and `DecoderUnavailable`."""
    truths = list(task.truths(pool.labels_of(model)))
    if not any(truths):
        kinds = sorted({example.kind for example in task.examples})
        raise NoneKnown(
            f"{model} knows none of the classes {', '.join(kinds[:3])}…",
            hint="The folders' names must be labels of the model, such as n02123045, or names.",
        )
    answers = _ask(pool, model, task, truths=truths, clock=clock, progress=progress)
    best = [said.labels for said in answers.said]
    right = [labels[0] == truth for labels, truth in zip(best, answers.truths, strict=True)]
    tags = [{tag.label for tag in task.derive(said).tags} for said in answers.said]
    return Evaluation(
        model=model,
        device=pool.get(model).session.device,
        photos=len(answers.said),
        skipped=truths.count(None),
        failed=answers.failed,
        top1=metrics.top_k(best, answers.truths, 1),
        top5=metrics.top_k(best, answers.truths, 5),
        calibration_error=metrics.calibration_error(
            [said.best_probability for said in answers.said], right
        ),
        images_per_second=len(answers.said) / answers.seconds if answers.seconds else 0.0,
        tags=metrics.tag_quality(tags, answers.truths, task.ancestors) if tags else None,
    )


def _ask(
    pool: ModelPool,
    model: str,
    task: Task,
    *,
    truths: Sequence[str | None],
    clock: Callable[[], float],
    progress: Callable[[int, int], None],
) -> _Answers:
    known = [place for place, truth in enumerate(truths) if truth is not None]
    loaded = pool.get(model)
    height, width = loaded.geometry.crop
    loaded.session.run(np.zeros((1, height, width, 3), np.uint8))  # the first pass is slow
    said: list[Predictions] = []
    true: list[str] = []
    failed, seconds = 0, 0.0
    for outcomes in photos.batches(
        [task.examples[place].path for place in known],
        [loaded.geometry],
        size=pool.device().batch(task.batch_size),
        decoders=task.decoders,
        limits=task.limits,
    ):
        read = [(each.ticket, each.photo) for each in outcomes if each.photo is not None]
        failed += len(outcomes) - len(read)
        if read:
            images = np.stack([photo.inputs[loaded.geometry] for _, photo in read])
            began = clock()
            rows = loaded.session.run(images).logits
            seconds += clock() - began
            for (ticket, photo), row in zip(read, rows, strict=True):
                said.append(predictions_of(photo.photo_id, loaded, row))
                true.append(truths[known[ticket]] or "")
        progress(len(said) + failed, len(known))
    return _Answers(said, true, failed, seconds)
