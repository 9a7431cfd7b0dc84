"""Windows on the wall clock, and when the next one opens, over daylight saving too."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tagd.hours import Hours, hours_of, is_open, next_opening

BERLIN = ZoneInfo(
    "Europe/Berlin"
)  # 2026: on from 29 March, 02:00 → 03:00; off on 25 October, 03:00
NIGHT = (hours_of("01:00-06:00"),)
TIMES = st.builds(time, st.integers(0, 23), st.integers(0, 59))


def berlin(text: str, fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN, fold=fold)


@pytest.mark.parametrize(
    ("windows", "now", "opens"),
    [
        ("01:00-06:00", "2026-06-01 12:30", "2026-06-02 01:00"),
        ("01:00-06:00", "2026-06-01 03:30", "2026-06-01 03:30"),
        ("01:00-06:00", "2026-06-01 06:00", "2026-06-02 01:00"),
        ("22:00-02:00", "2026-06-01 23:59", "2026-06-01 23:59"),
        ("00:00-24:00", "2026-06-01 17:00", "2026-06-01 17:00"),
        # The clock jumps from 02:00 to 03:00: half past two does not exist, and the window opens
        # with the first moment after the jump that is in it, or on the next day.
        ("02:30-05:00", "2026-03-29 01:00", "2026-03-29 03:00"),
        ("02:15-02:45", "2026-03-29 01:00", "2026-03-30 02:15"),
        ("01:00-06:00", "2026-03-28 12:00", "2026-03-29 01:00"),
    ],
)
def test_the_next_opening(windows: str, now: str, opens: str) -> None:
    assert next_opening([hours_of(windows)], berlin(now), BERLIN) == berlin(opens)


def test_an_hour_that_comes_twice_is_in_the_window_twice() -> None:
    window = [hours_of("02:10-02:40")]
    once, again = berlin("2026-10-25 02:20"), berlin("2026-10-25 02:20", fold=1)
    assert again.astimezone(UTC) - once.astimezone(UTC) == timedelta(hours=1)
    for moment in (once, again):
        assert next_opening(window, moment, BERLIN) == moment
    between = berlin("2026-10-25 02:45")
    opens = next_opening(window, between, BERLIN)
    assert opens is not None
    assert opens.astimezone(UTC) - between.astimezone(UTC) == timedelta(minutes=25)


def test_without_windows_none_ever_opens() -> None:
    assert next_opening([], berlin("2026-06-01 12:00"), BERLIN) is None


@given(
    st.lists(st.builds(Hours, TIMES, TIMES), min_size=1, max_size=3),
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC)),
)
def test_it_is_open_at_the_opening_and_shut_until_then(windows: list[Hours], now: datetime) -> None:
    opens = next_opening(windows, now, UTC)
    assert opens is not None
    assert now <= opens <= now + timedelta(days=1, minutes=1)
    assert is_open(windows, opens.time())
    if opens > now:
        assert not is_open(windows, now.time())
        assert not is_open(windows, (opens - timedelta(minutes=1)).time()) or (
            opens - timedelta(minutes=1) < now
        )


@pytest.mark.parametrize(
    ("windows", "at", "expected"),
    [
        ("", time(15), False),
        ("22:00-06:00", time(23), True),
        ("22:00-06:00", time(5, 59), True),
        ("22:00-06:00", time(6), False),
        ("22:00-06:00 12:00-13:00", time(12, 30), True),
        ("22:00-06:00 12:00-13:00", time(15), False),
        ("00:00-24:00", time(0), True),
        ("00:00-24:00", time(23, 59, 59), True),
    ],
)
def test_what_is_open(windows: str, at: time, expected: bool) -> None:
    assert is_open(map(hours_of, windows.split()), at) is expected
