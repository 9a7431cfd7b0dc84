"""When a stage's answer stands."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tagd.domain import Stage
from tagd.policy.cascade import settled

probabilities = st.floats(0, 1)


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
