"""When a stage's answer stands, and where its threshold comes from."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tagd.domain import Stage
from tagd.policy.cascade import (
    EMBEDDED,
    UNCALIBRATED,
    Calibration,
    Settling,
    described,
    settled,
    stages_of,
)
from tagd.policy.context import Machine, ModelOption
from tagd.policy.preferences import Cascade

probabilities = st.floats(0, 1)
A, B = (ModelOption(name, 100, fingerprint=name * 8) for name in "ab")
FITTED = Calibration(("a", "b"), ("a" * 8, "b" * 8), (Settling(0.71, 1.2),), "fitted here")


@pytest.mark.parametrize(
    ("best", "stands"),
    [(0.0, False), (0.5999, False), (0.6, True), (1.0, True), (float("nan"), False)],
)
def test_a_stage_settles_from_its_threshold_on(best: float, stands: bool) -> None:
    assert settled(Stage("quick", settles_at=0.6), best) is stands


@given(probabilities)
def test_the_last_stage_always_settles(best: float) -> None:
    assert settled(Stage("last"), best)


@given(probabilities, probabilities, probabilities)
def test_a_surer_answer_never_settles_less(threshold: float, one: float, other: float) -> None:
    stage = Stage("quick", settles_at=threshold)
    assert settled(stage, max(one, other)) >= settled(stage, min(one, other))


def test_what_was_fitted_here_for_these_very_models_is_used() -> None:
    machine = Machine((A, B), calibrations=(FITTED,))
    assert stages_of(Cascade(("a", "b")), machine) == (
        (Stage("a", 0.71, 1.2), Stage("b")),
        "fitted here",
    )


@pytest.mark.parametrize(
    ("models", "options"),
    [
        (("b", "a"), (A, B)),
        (("a", "b"), (A, ModelOption("b", 100, fingerprint="other weights"))),
        (("a", "b"), (A,)),
    ],
)
def test_a_calibration_of_other_models_is_not(
    models: tuple[str, ...], options: tuple[ModelOption, ...]
) -> None:
    machine = Machine(options, calibrations=(FITTED,))
    stages, origin = stages_of(Cascade(models), machine)
    assert (stages[0].settles_at, origin) == (UNCALIBRATED, "not calibrated")


def test_a_configured_threshold_outranks_what_was_fitted() -> None:
    machine = Machine((A, B), calibrations=(FITTED,))
    stages, origin = stages_of(Cascade(("a", "b"), settles_at=(0.9,)), machine)
    assert stages == (Stage("a", 0.9), Stage("b"))
    assert origin == "as configured"


def test_the_embedded_cascade_has_its_constants_with_their_origin() -> None:
    stages, origin = stages_of(Cascade(EMBEDDED.models), Machine(()))
    [settling] = EMBEDDED.settlings
    assert (stages[0].settles_at, stages[0].temperature) == (
        settling.settles_at,
        settling.temperature,
    )
    assert "320 labelled photos and 9 pictures of no class" in origin
    # Whatever was fitted on photos: no temperature makes a model surer than it says.
    assert all(each.temperature >= 1 for each in EMBEDDED.settlings)


def test_a_cascade_is_told_in_words() -> None:
    stages = (Stage("a", 0.58), Stage("b", 0.625, 1.25), Stage("c"))
    assert described(stages) == (
        "a, and b where it is less than 58% sure,"
        " and c where it is less than 62.5% sure at a temperature of 1.25"
    )
