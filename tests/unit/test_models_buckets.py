"""Every picture goes through one pass, and less is computed for nothing than for something."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tagd.models.runtime.buckets import BUCKETS, bucket_of, take


def passes(pictures: int, limit: int | None = None) -> list[tuple[int, int]]:
    """The pictures of each pass, and its size."""
    done = []
    while pictures:
        taken = take(pictures, BUCKETS, limit)
        done.append((taken, bucket_of(taken, BUCKETS)))
        pictures -= taken
    return done


@pytest.mark.parametrize(
    ("pictures", "expected"),
    [
        (1, [(1, 1)]),
        (3, [(3, 4)]),
        (5, [(4, 4), (1, 1)]),
        (8, [(8, 16)]),
        (32, [(32, 64)]),
        (65, [(64, 64), (1, 1)]),
        (256, [(256, 256)]),
        (300, [(256, 256), (44, 64)]),
    ],
)
def test_pictures_are_divided_among_few_sizes(
    pictures: int, expected: list[tuple[int, int]]
) -> None:
    assert passes(pictures) == expected


@given(st.integers(1, 2000), st.none() | st.integers(1, 300))
def test_every_picture_goes_through_one_pass_of_a_size_there_is(
    pictures: int, limit: int | None
) -> None:
    done = passes(pictures, limit)
    assert sum(taken for taken, _ in done) == pictures
    assert all(size in BUCKETS and size <= (limit or size) for _, size in done)
    assert all(size <= 2 * taken for taken, size in done)


@given(st.integers(0, 500), st.none() | st.integers(1, 300))
def test_without_fixed_sizes_all_go_at_once_that_may(pictures: int, limit: int | None) -> None:
    assert take(pictures, (), limit) == (min(pictures, limit) if limit else pictures)
    assert bucket_of(pictures, ()) == pictures


def test_no_picture_at_all_is_a_pass_of_the_smallest_size() -> None:
    assert (take(0, BUCKETS), bucket_of(0, BUCKETS)) == (0, 1)
