"""Which models look at a photo, and why."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tagd.domain import Stage
from tagd.policy.selection import Wants, choose, reachable

wants = st.builds(Wants, model=st.none() | st.text(max_size=30))


@pytest.mark.parametrize("nothing", [None, ""])
def test_without_wishes_the_embedded_cascade_is_chosen(nothing: str | None) -> None:
    choice = choose(Wants(model=nothing))
    assert choice.stages == (Stage("efficientnet-lite0", 0.6), Stage("efficientnet-lite2"))
    assert choice.reason == (
        "the embedded cascade: efficientnet-lite0, and efficientnet-lite2 where it is less than "
        "60% sure"
    )


def test_a_named_model_stands_alone() -> None:
    choice = choose(Wants(model="efficientnet-lite1"))
    assert choice.stages == (Stage("efficientnet-lite1"),)
    assert choice.reason == "named in [model] name"


def test_every_stage_is_decoded_for_in_the_order_it_is_heard() -> None:
    assert reachable(Wants()) == ("efficientnet-lite0", "efficientnet-lite2")
    assert reachable(Wants(model="efficientnet-lite1")) == ("efficientnet-lite1",)


@given(wants)
def test_every_choice_is_reachable_ends_decided_and_has_a_reason(wanted: Wants) -> None:
    choice = choose(wanted)
    assert choice == choose(wanted)
    assert {stage.model for stage in choice.stages} <= set(reachable(wanted))
    assert choice.stages[-1].settles_at is None
    assert choice.reason
