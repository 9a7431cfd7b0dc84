"""Which model follows from a use and targets: the guide's decision tree. Pure.

    accuracy above 85% wanted?   resources plentiful? EVA-02 Large : ViT-Base
    real-time?                   ResNet-101, -50 or -18, as the speed allows
    edge?                        EfficientNet or MobileNet
    otherwise                    ConvNeXt

Models are ranked first, by what is wanted and never by what is free, and then the first that fits
is taken. So a smaller budget or a shorter time only ever passes over models: it cannot bring in one
that is slower.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tagd.policy.context import COMMON_LABELS, fits
from tagd.policy.preferences import Targets, Use

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tagd.policy.context import Machine, ModelOption

HIGH_ACCURACY = 85.0  # %, the tree's first question
REALTIME_MS = 100.0  # what `realtime` means where no latency is given
PLENTIFUL_MS = 1000.0  # EVA-02 Large may take this long; on two cores it takes four times that

EVA02_LARGE = "eva02-large"
VIT_BASE = ("vit-base-augreg2", "vit-base")
RESNET = ("resnet-101", "resnet-50", "resnet-18")
CONVNEXT = ("convnext-tiny", "convnext-small", "convnext-base", "convnext-large")
# The most accurate first, of those with at most one thousand million multiply-adds.
EDGE = (
    *("efficientnet-b1", "efficientnet-lite2", "efficientnet-b0", "efficientnet-lite1"),
    *("mobilenet-v3-large", "efficientnet-lite0", "mobilenet-v4-conv-small", "mobilenet-v2"),
)


@dataclass(frozen=True, slots=True)
class PassedOver:
    """A model that would have come first, and why it did not."""

    model: str
    why: str


@dataclass(frozen=True, slots=True)
class Pick:
    """A model, why it is this one, and what was better placed."""

    option: ModelOption
    reason: str
    passed_over: tuple[PassedOver, ...]


def pick(targets: Targets, budget_mb: float | None, machine: Machine) -> Pick | None:
    """Return the model that the tree leads to; None where not one fits."""
    use, asked = _use_of(targets)
    leaf = leaf_of(use, budget_mb, machine)
    latency = targets.latency_ms
    if latency is None and use is Use.REALTIME:
        latency = REALTIME_MS
    passed: list[PassedOver] = []
    late: list[ModelOption] = []
    for option in ranked(leaf, targets.accuracy, machine.options):
        why = _unfit(option, budget_mb, machine)
        if why is None and (latency is None or _takes(option) <= latency):
            return Pick(option, _reason(option, asked, leaf, targets), tuple(passed))
        if why is None:
            late.append(option)
            why = f"takes {_time_of(option)}, more than {latency:g} ms"
        passed.append(PassedOver(option.model, why))
    if not late:
        return None
    quickest = min(late, key=_quickness)
    reason = f"{_reason(quickest, asked, leaf, targets)}; the quickest that fits"
    over = _takes(quickest) - (latency or 0)
    missed = f", {over:.1f} ms over" if math.isfinite(over) else ", of unknown speed, for"
    kept = tuple(option for option in passed if option.model != quickest.model)
    return Pick(quickest, f"{reason}{missed} the {latency:g} ms wanted", kept)


def leaf_of(use: Use, budget_mb: float | None, machine: Machine) -> tuple[str, ...]:
    """Return the models that the tree names for a use, in the order of preference."""
    match use:
        case Use.HIGH_ACCURACY:
            return (EVA02_LARGE, *VIT_BASE) if plentiful(budget_mb, machine) else VIT_BASE
        case Use.REALTIME:
            return RESNET
        case Use.EDGE:
            return EDGE
        case Use.GENERAL:
            return CONVNEXT


def plentiful(budget_mb: float | None, machine: Machine) -> bool:
    """Return whether EVA-02 Large fits, and takes no longer than PLENTIFUL_MS for a photo."""
    largest = machine.find(EVA02_LARGE)
    if largest is None or not fits([largest], budget_mb, machine):
        return False
    return _takes(largest) <= PLENTIFUL_MS


def ranked(
    leaf: Sequence[str], accuracy: float | None, options: Sequence[ModelOption]
) -> list[ModelOption]:
    """Rank the leaf's models that reach the accuracy, in its order; then all by their accuracy."""
    places = {model: place for place, model in enumerate(leaf)}

    def rank(option: ModelOption) -> tuple[float, ...]:
        place = places.get(option.model)
        if place is not None and (accuracy is None or (option.top1 or 0) >= accuracy):
            return (0, place)
        return (1, -(option.top1 or 0), *_quickness(option)[:1])

    common = [option for option in options if option.label_set == COMMON_LABELS]
    return sorted(common, key=lambda option: (rank(option), option.model))


def quickest(at_least: float, budget_mb: float | None, machine: Machine) -> ModelOption | None:
    """Return the quickest model that fits and has at least this top-1."""
    able = [
        option
        for option in machine.options
        if option.label_set == COMMON_LABELS
        and (option.top1 or 0) >= at_least
        and _unfit(option, budget_mb, machine) is None
    ]
    return min(able, key=_quickness, default=None)


def quicker(one: ModelOption, other: ModelOption) -> bool:
    """Return whether the first takes less time for a photo than the second."""
    return _takes(one) < _takes(other)


def _use_of(targets: Targets) -> tuple[Use, str]:
    """Return the tree's branch, and what led there."""
    if targets.use is not None:
        return targets.use, f'use = "{targets.use}"'
    if targets.accuracy is not None and targets.accuracy > HIGH_ACCURACY:
        return Use.HIGH_ACCURACY, f"accuracy_target {targets.accuracy:g} is above 85"
    if targets.latency_ms is not None:
        return Use.REALTIME, f"latency_target_ms {targets.latency_ms:g}"
    if targets.accuracy is not None:
        return Use.GENERAL, f"accuracy_target {targets.accuracy:g}"
    return Use.GENERAL, "the embedded cascade cannot be had"


def _unfit(option: ModelOption, budget_mb: float | None, machine: Machine) -> str | None:
    if option.fingerprint is None:
        return "not on this disk"
    if not fits([option], budget_mb, machine):
        return lacks_room(option.memory_mb, budget_mb, machine)
    return None


def lacks_room(needed: int, budget_mb: float | None, machine: Machine) -> str:
    """Describe models that do not fit."""
    if budget_mb is not None and needed > budget_mb:
        return f"needs about {needed:,} MB, the budget is {budget_mb:,.0f}"
    return f"needs about {needed:,} MB, {machine.free_mb or 0:,} are free"


def _reason(option: ModelOption, asked: str, leaf: Sequence[str], targets: Targets) -> str:
    words = f"{asked}: {option.model}"
    if option.model not in leaf:
        words += f", the most accurate that fits, in the place of {leaf[0]}"
    if targets.accuracy is not None and option.top1 is None:
        words += "; its accuracy is not known"
    elif targets.accuracy is not None and (option.top1 or 0) < targets.accuracy:
        missed = targets.accuracy - (option.top1 or 0)
        words += f"; it misses {targets.accuracy:g}% by {missed:.1f} points"
    return words


def _takes(option: ModelOption) -> float:
    return math.inf if option.milliseconds is None else option.milliseconds


def _time_of(option: ModelOption) -> str:
    if option.milliseconds is None:
        return "nobody knows how long"
    about = "" if option.measured else "about "
    return f"{about}{option.milliseconds:.1f} ms"


def _quickness(option: ModelOption) -> tuple[float, float, str]:
    return _takes(option), -(option.top1 or 0), option.model
