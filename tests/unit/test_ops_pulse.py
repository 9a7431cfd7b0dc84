"""Whoever is silent for too long is noticed, and nobody else."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tagd.ops.pulse import Late, Pulses


def test_a_thread_is_late_from_its_patience_on_until_it_beats() -> None:
    now = [0.0]
    pulses = Pulses(10.0, clock=lambda: now[0])
    beat = pulses.of("worker")
    assert pulses.late() == ()  # not begun
    beat()
    now[0] = 10.0
    assert pulses.late() == ()
    now[0] = 10.5
    assert pulses.late() == (Late("worker", 10.5),)
    beat()
    assert pulses.late() == ()


def test_a_thread_that_rests_is_not_late() -> None:
    now = [0.0]
    pulses = Pulses(1.0, clock=lambda: now[0])
    pulses.beat("scan")
    pulses.rest("scan")
    pulses.rest("never began")
    now[0] = 100.0
    assert pulses.late() == ()


def test_a_thread_may_have_a_patience_of_its_own() -> None:
    now = [0.0]
    pulses = Pulses(10.0, clock=lambda: now[0])
    pulses.of("maintenance", 60.0)()
    pulses.of("worker")()
    now[0] = 60.0
    assert pulses.late() == (Late("worker", 60.0),)
    now[0] = 60.5
    assert pulses.late() == (Late("maintenance", 60.5), Late("worker", 60.5))


@given(st.lists(st.tuples(st.sampled_from("abc"), st.floats(0.1, 20)), max_size=30))
def test_late_are_those_whose_last_beat_is_too_long_ago(
    steps: list[tuple[str, float]],
) -> None:
    now, last = [0.0], dict[str, float]()
    pulses = Pulses(15.0, clock=lambda: now[0])
    for thread, passes in steps:
        now[0] += passes
        pulses.beat(thread)
        last[thread] = now[0]
    now[0] += 7
    late = {each.thread for each in pulses.late()}
    assert late == {thread for thread, at in last.items() if now[0] - at > 15}
