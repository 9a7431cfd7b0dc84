"""Which model follows from a use and targets."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tagd.policy.context import ModelOption
from tagd.policy.preferences import Targets, Use
from tagd.policy.tree import PassedOver, pick
from tests.policy import (
    ALL,
    BASE,
    EVA_BASE,
    EVA_LARGE,
    LITE0,
    LITE2,
    RESNET18,
    RESNET50,
    RESNET101,
    TINY,
    VIT,
    machine,
    option,
)

SLOW_EVA = replace(EVA_LARGE, milliseconds=4000)


def without(*absent: ModelOption) -> tuple[ModelOption, ...]:
    """All models, these not on this disk."""
    return tuple(replace(each, fingerprint=None) if each in absent else each for each in ALL)


CASES = [
    # the guide's tree
    (Targets(accuracy=86), ALL, None, "eva02-large", "accuracy_target 86 is above 85: eva02-large"),
    (
        Targets(accuracy=85.05),
        (*ALL[:-1], SLOW_EVA),
        None,
        "vit-base-augreg2",
        "accuracy_target 85.05 is above 85: vit-base-augreg2",
    ),
    (Targets(latency_ms=100), ALL, None, "resnet-101", "latency_target_ms 100: resnet-101"),
    (Targets(latency_ms=60), ALL, None, "resnet-50", "latency_target_ms 60: resnet-50"),
    (Targets(latency_ms=25), ALL, None, "resnet-18", "latency_target_ms 25: resnet-18"),
    (Targets(accuracy=80), ALL, None, "convnext-tiny", "accuracy_target 80: convnext-tiny"),
    (Targets(accuracy=83), ALL, None, "convnext-base", "accuracy_target 83: convnext-base"),
    # the uses
    (Targets(Use.HIGH_ACCURACY), ALL, None, "eva02-large", 'use = "high-accuracy": eva02-large'),
    (Targets(Use.GENERAL), ALL, None, "convnext-tiny", 'use = "general": convnext-tiny'),
    (Targets(Use.REALTIME), ALL, None, "resnet-101", 'use = "realtime": resnet-101'),
    (Targets(Use.EDGE), ALL, None, "efficientnet-lite2", 'use = "edge": efficientnet-lite2'),
    (Targets(Use.EDGE, latency_ms=10), ALL, None, "efficientnet-lite0", 'use = "edge": '),
    # where there is not plenty
    (Targets(Use.HIGH_ACCURACY), ALL, 1000, "vit-base-augreg2", 'use = "high-accuracy": vit-base'),
    (
        Targets(Use.HIGH_ACCURACY),
        (*ALL[:-1], SLOW_EVA),
        None,
        "vit-base-augreg2",
        'use = "high-accuracy": vit-base-augreg2',
    ),
    # a leaf that misses the target, or is not there
    (
        Targets(accuracy=87),
        (*ALL[:-1], SLOW_EVA),
        None,
        "eva02-large",
        "eva02-large, the most accurate that fits, in the place of vit-base-augreg2",
    ),
    (
        Targets(accuracy=89),
        ALL,
        1000,
        "eva02-base",
        "the most accurate that fits, in the place of vit-base-augreg2; "
        "it misses 89% by 0.8 points",
    ),
    (
        Targets(Use.GENERAL),
        without(TINY, BASE),
        None,
        "eva02-large",
        "eva02-large, the most accurate that fits, in the place of convnext-tiny",
    ),
    (
        Targets(accuracy=84, latency_ms=70),
        ALL,
        None,
        "convnext-tiny",
        "in the place of resnet-101; it misses 84% by 1.9 points",
    ),
    # a time that nothing keeps
    (
        Targets(latency_ms=2),
        ALL,
        None,
        "efficientnet-lite0",
        "; the quickest that fits, 4.0 ms over the 2 ms wanted",
    ),
    # an accuracy that nobody knows
    (
        Targets(Use.REALTIME, accuracy=75),
        (replace(RESNET50, top1=None),),
        None,
        "resnet-50",
        "; its accuracy is not known",
    ),
    # labels of its own
    (
        Targets(Use.GENERAL),
        (option("pets", 99, 1, label_set="own"), LITE0),
        None,
        "efficientnet-lite0",
        "in the place of convnext-tiny",
    ),
]


@pytest.mark.parametrize(("targets", "options", "budget", "model", "reason"), CASES)
def test_the_tree(
    targets: Targets,
    options: tuple[ModelOption, ...],
    budget: float | None,
    model: str,
    reason: str,
) -> None:
    picked = pick(targets, budget, machine(*options))
    assert picked is not None
    assert picked.option.model == model
    assert reason in picked.reason


def test_what_was_better_placed_is_told_with_its_reason() -> None:
    there = machine(
        replace(RESNET101, fingerprint=None), RESNET50, replace(RESNET18, measured=False), LITE2
    )
    targets = Targets(Use.REALTIME, latency_ms=15)
    picked = pick(targets, 200, there)
    assert picked is not None
    assert picked.option == LITE2
    assert picked.passed_over == (
        PassedOver("resnet-101", "not on this disk"),
        PassedOver("resnet-50", "needs about 250 MB, the budget is 200"),
        PassedOver("resnet-18", "takes about 20.0 ms, more than 15 ms"),
    )


def test_free_memory_counts_as_a_budget_does() -> None:
    picked = pick(Targets(Use.GENERAL), None, machine(TINY, LITE0, free_mb=200))
    assert picked is not None
    assert picked.option == LITE0
    assert picked.passed_over == (PassedOver("convnext-tiny", "needs about 300 MB, 200 are free"),)


def test_nothing_is_picked_where_nothing_fits() -> None:
    assert pick(Targets(Use.EDGE), 99, machine()) is None
    assert pick(Targets(Use.EDGE), None, machine(replace(VIT, fingerprint=None))) is None


def test_a_model_of_unknown_speed_keeps_no_time() -> None:
    unknown = replace(RESNET18, milliseconds=None)
    picked = pick(Targets(latency_ms=1000), None, machine(unknown, EVA_BASE))
    assert picked is not None
    assert picked.option == EVA_BASE
    assert picked.reason.endswith("500.0 ms over the 1000 ms wanted")
