"""Vectors come back as near as a byte a number allows, whatever they hold."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from tagd.catalogue.tagging.vectors import STEPS, pack, unpack, unpack_all

LARGEST = float(np.float32(1e30))
finite = st.floats(-LARGEST, LARGEST, width=32)
vectors = arrays(np.float32, st.integers(1, 64), elements=finite)


@given(vectors)
def test_no_number_is_further_off_than_half_a_step(vector: NDArray[np.float32]) -> None:
    packed = pack(vector)
    assert len(packed) == 4 + len(vector)
    scale = np.abs(vector).astype(np.float64).max()
    # Half a step in the square root of the share: |sqrt(a) - sqrt(b)| <= 0.5 / 127.
    kept, exact = (np.abs(each).astype(np.float64) for each in (unpack(packed), vector))
    off = np.abs(np.sqrt(kept) - np.sqrt(exact))
    assert (off <= np.sqrt(scale) * 0.5 / STEPS * 1.0001 + 1e-22).all()


@given(vectors)
def test_signs_stay_and_the_largest_is_exact(vector: NDArray[np.float32]) -> None:
    kept = unpack(pack(vector))
    assert (kept * np.sign(vector) >= 0).all()
    place = np.abs(vector).argmax()
    assert kept[place] == vector[place]
    assert pack(kept) == pack(pack_twice := unpack(pack(kept))), "it is no further off each time"
    assert np.array_equal(pack_twice, kept)


def test_zeros_stay_zeros() -> None:
    assert np.array_equal(unpack(pack(np.zeros(5, np.float32))), np.zeros(5))


def test_a_row_of_1280_numbers_is_small() -> None:
    assert len(pack(np.ones(1280, np.float32))) <= 1300


@pytest.mark.parametrize(
    "vector",
    [
        np.array([1, np.nan], np.float32),
        np.array([np.inf, 1], np.float32),
        np.array([1e300], np.float64),
        np.empty(0, np.float32),
        np.ones((2, 3), np.float32),
    ],
    ids=["nan", "inf", "too large", "empty", "two rows"],
)
@pytest.mark.filterwarnings("ignore:overflow")
def test_what_is_no_row_of_finite_numbers_is_refused(vector: NDArray[np.float32]) -> None:
    with pytest.raises(ValueError, match=r"finite|too large"):
        pack(vector)


@pytest.mark.parametrize("packed", [b"", b"1234", b"123"])
def test_what_is_cut_off_is_refused(packed: bytes) -> None:
    with pytest.raises(ValueError, match="cut off"):
        unpack(packed)


def test_many_are_rows_of_one_width() -> None:
    rows = np.array([[1, -2, 0], [0, 0, 4]], np.float32)
    assert unpack_all([pack(row) for row in rows]) == pytest.approx(rows, abs=0.02)
    assert unpack_all([]).shape == (0, 0)
    with pytest.raises(ValueError, match="several widths"):
        unpack_all([pack(rows[0]), pack(rows[0][:2])])
