"""How many stale photos are queued: never before new ones, never more than may be in an hour."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tagd.catalogue.plans.stale import Queue
from tagd.revise.feed import SLICE, Feeding, decide
from tagd.revise.hold import By, Hold, held
from tagd.revise.pace import HOUR, MINUTE, Pace


@pytest.mark.parametrize(
    ("queue", "is_open", "left", "feeding"),
    [
        (Queue(0, 0, 0), True, None, Feeding(SLICE, SLICE)),
        (Queue(0, 0, 0), True, 7, Feeding(SLICE, 7)),
        (Queue(0, 0, 0), True, 0, Feeding(SLICE, 0)),
        (Queue(0, 0, 0), False, None, Feeding(SLICE, 0)),  # what is to be refined needs no window
        (Queue(1, 0, 0), True, None, Feeding()),  # something new waits, or is at work
        (Queue(1, 0, 9), False, None, Feeding(withdraw=True)),
        (Queue(0, 0, 9), False, None, Feeding(SLICE, 0, withdraw=True)),
        (Queue(0, 30, 60), True, None, Feeding(10, 10)),
        (Queue(0, 40, 60), True, None, Feeding()),
    ],
)
def test_what_is_done(queue: Queue, is_open: bool, left: int | None, feeding: Feeding) -> None:
    assert decide(queue, is_open=is_open, left=left) == feeding


@given(
    st.builds(Queue, *[st.integers(0, 2 * SLICE)] * 3),
    st.booleans(),
    st.one_of(st.none(), st.integers(0, 500)),
)
def test_new_photos_always_go_first_and_windows_are_kept(
    queue: Queue, is_open: bool, left: int | None
) -> None:
    done = decide(queue, is_open=is_open, left=left)
    assert 0 <= done.of_retag <= done.most <= SLICE
    if queue.first:
        assert done.most == 0
    if not is_open:
        assert done.of_retag == 0
    assert done.withdraw is (not is_open and queue.retag > 0)
    if left is not None:
        assert done.of_retag <= left


@given(
    per_hour=st.integers(1, 50),
    steps=st.lists(st.tuples(st.floats(0, 1000), st.integers(0, 80), st.integers(0, 80))),
)
def test_no_hour_has_more_than_it_may(per_hour: int, steps: list[tuple[float, int, int]]) -> None:
    """Whatever was wanted at which moments, and however much of it was taken back."""
    pace, now, done = Pace(per_hour), 0.0, []
    for later, wanted, taken_back in steps:
        now += later
        left = pace.left(now)
        assert left is not None
        queued = min(wanted, left)
        pace = pace.spend(queued, now)
        done.append((now, queued))
        if taken_back <= queued:
            pace = pace.give_back(taken_back)
            done[-1] = (now, queued - taken_back)
        assert len(pace.spent) <= HOUR / MINUTE + 1, "little is to be kept"
        within = sum(count for when, count in done if when > now - HOUR)
        assert within <= per_hour


def test_an_hour_later_it_goes_on() -> None:
    pace = Pace(10).spend(4, 0.0).spend(6, 90.0)
    assert (pace.left(HOUR - 1), pace.frees_at(HOUR - 1)) == (0, HOUR)
    assert (pace.left(HOUR), pace.left(HOUR + 90)) == (4, 10)
    assert Pace(0).left(0.0) is None


def test_what_was_queued_counts_by_another_clock_too() -> None:
    by_wall = Pace(10, ((1000.0, 4), (9000.0, 6)))
    assert by_wall.by(4000.0, 50.0).spent == ((-2950.0, 4), (50.0, 6)), "the future is now"
    assert by_wall.by(4000.0, 50.0).by(50.0, 4000.0).spent == ((1000.0, 4), (4000.0, 6))


NOW = datetime(2026, 6, 1, 3, tzinfo=UTC)
FULL = Pace(10, ((NOW.timestamp() - 600, 10),))


@pytest.mark.parametrize(
    ("opens_at", "pace", "first", "hold"),
    [
        (NOW, Pace(10), 0, None),
        (NOW, Pace(0), 0, None),
        (None, Pace(10), 0, Hold(By.WINDOW)),
        (NOW + timedelta(hours=1), FULL, 7, Hold(By.WINDOW, NOW + timedelta(hours=1))),
        (NOW, FULL, 7, Hold(By.PER_HOUR, NOW + timedelta(minutes=50))),
        (NOW, Pace(10), 7, Hold(By.FIRST)),
    ],
)
def test_what_holds_it_back(
    opens_at: datetime | None, pace: Pace, first: int, hold: Hold | None
) -> None:
    assert held(opens_at, pace, Queue(first, 0, 0), NOW) == hold
