"""How sure a stage must be for its answer to stand; else the next model decides. Pure.

Confidence is the softmax probability of the best label at the stage's temperature. A temperature
under 1 would fit photos of the thousand classes better (0.7 for Lite0, 0.5 for Lite2), and make the
models sure of what they do not know: at 0.7 Lite0 calls a blurred clock, a star field, a logo and
a page of text something with 0.73 to 0.84. So no temperature is under 1, and a threshold stands
above whatever a picture of none of the classes reaches.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tagd.domain import Stage

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tagd.policy.context import Machine, ModelOption
    from tagd.policy.preferences import Cascade

UNCALIBRATED = 0.6  # what a stage must reach where nobody measured


@dataclass(frozen=True, slots=True)
class Settling:
    """From which probability on a stage's answer stands, at which temperature."""

    settles_at: float
    temperature: float = 1.0


@dataclass(frozen=True, slots=True)
class Calibration:
    """What was fitted for models in this order, each known by its fingerprint: a settling for each
    but the last. `origin` says from what, for people."""

    models: tuple[str, ...]
    fingerprints: tuple[str, ...]
    settlings: tuple[Settling, ...]
    origin: str


QUICK = "efficientnet-lite0"
ACCURATE = "efficientnet-lite2"
EMBEDDED = Calibration(
    models=(QUICK, ACCURATE),
    fingerprints=(),  # whatever has these names is pinned by its own facts
    # Measured on 2026-11-21 on all of 320 public ImageNet samples, one a class: 91.6% right (Lite2
    # alone 90.9%) with 30.6% sent on; on 1,000 such photos, measured elsewhere, 90.9% (90.8%) with
    # 27.7%. Of nine pictures of none of the classes Lite0 settles none (a blurred clock comes
    # nearest, with 0.57). `tagd policy calibrate`, which fits on one half, finds 0.58 there: the
    # difference is one photo, less than such a sample can tell.
    settlings=(Settling(settles_at=0.6),),
    origin="shipped with tagd: measured on 320 labelled photos and 9 pictures of no class",
)


def settled(stage: Stage, certainty: float) -> bool:
    """Return whether a stage's answer is accepted: the last one's always, another's if it is sure
    enough.

    A probability that is no number is never enough.
    """
    return stage.settles_at is None or certainty >= stage.settles_at


def stages_of(cascade: Cascade, machine: Machine) -> tuple[tuple[Stage, ...], str]:
    """Return the cascade's stages, and where their thresholds come from."""
    *early, last = cascade.models
    settlings, origin = _settlings(cascade, machine)
    stages = [
        Stage(model, settles_at=settling.settles_at, temperature=settling.temperature)
        for model, settling in zip(early, settlings, strict=True)
    ]
    return (*stages, Stage(last)), origin


def _settlings(cascade: Cascade, machine: Machine) -> tuple[Sequence[Settling], str]:
    if cascade.settles_at:
        return [Settling(threshold) for threshold in cascade.settles_at], "as configured"
    found = [machine.find(model) for model in cascade.models]
    for calibration in machine.calibrations:
        is_of_these = calibration.models == cascade.models
        if is_of_these and calibration.fingerprints == _fingerprints(found):
            return calibration.settlings, calibration.origin
    if cascade.models == EMBEDDED.models:
        return EMBEDDED.settlings, EMBEDDED.origin
    return [Settling(UNCALIBRATED)] * (len(cascade.models) - 1), "not calibrated"


def _fingerprints(options: Sequence[ModelOption | None]) -> tuple[str | None, ...]:
    return tuple(option.fingerprint if option else None for option in options)


def described(stages: Sequence[Stage]) -> str:
    """Describe stages: `A, and B where it is less than 58% sure`."""
    words = stages[0].model
    for before, stage in itertools.pairwise(stages):
        words += f", and {stage.model} where it is less than {before.settles_at:.1%} sure"
        if before.temperature != 1:
            words += f" at a temperature of {before.temperature:.2f}"
    return words.replace(".0%", "%")
