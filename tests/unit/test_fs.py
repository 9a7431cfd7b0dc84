"""Numbers of a file system as the catalogue can hold them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from tagd.fs import held_inode, held_time, signature_of

LARGEST, SMALLEST = (1 << 63) - 1, -(1 << 63)
SECOND = 1_000_000_000
YEAR_2300, YEAR_2446, YEAR_30828 = 10_413_792_000, 15_032_385_535, 910_670_515_199  # in seconds
ANY_TIME = st.integers(-(2**63) * SECOND, 2**63 * SECOND)


@given(ANY_TIME)
@example(LARGEST)
@example(LARGEST + 1)
@example(SMALLEST)
@example(SMALLEST - 1)
@example(YEAR_30828 * SECOND)
def test_every_time_fits_and_those_that_fit_stay_as_they_are(nanoseconds: int) -> None:
    held = held_time(nanoseconds)
    assert SMALLEST <= held <= LARGEST
    assert held == nanoseconds or not SMALLEST <= nanoseconds <= LARGEST
    assert (held > 0) == (nanoseconds > 0) or nanoseconds == 0


@given(
    st.sampled_from([YEAR_2300, YEAR_2446, YEAR_30828, -YEAR_2300]),
    st.integers(-50_000_000, 50_000_000).filter(bool),
)
def test_a_change_of_a_time_that_does_not_fit_shows(seconds: int, later: int) -> None:
    assert held_time(seconds * SECOND) != held_time((seconds + later) * SECOND)
    assert held_time(seconds * SECOND) != held_time(seconds * SECOND + later)


@given(st.integers(0, 2**64 - 1))
def test_every_inode_number_fits(number: int) -> None:
    assert SMALLEST <= held_inode(number) <= LARGEST
    assert held_inode(number) % 2**64 == number


def test_a_signature_fits_whatever_the_file_system_says() -> None:
    told: Any = SimpleNamespace(
        st_size=LARGEST,
        st_mtime_ns=YEAR_30828 * SECOND,
        st_ctime_ns=-YEAR_30828 * SECOND,
        st_ino=2**64 - 1,
    )
    signature = signature_of(told)
    numbers = (signature.size, signature.mtime_ns, signature.ctime_ns, signature.inode)
    assert all(SMALLEST <= each <= LARGEST for each in numbers)
