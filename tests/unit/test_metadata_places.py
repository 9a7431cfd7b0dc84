"""Places and stars, however they are spelled, and no place off the globe."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tagd.metadata import places, stars
from tagd.metadata.places import EAST_WEST, NORTH_SOUTH

NAN = math.nan


@pytest.mark.parametrize(
    ("parts", "side", "expected"),
    [
        ((35, 39, 18), "N", 35.655),
        ((35, 39, 18), "s", -35.655),
        ((35, 39, 18), "North", 35.655),
        ((35, 39, 18), " S ", -35.655),
        ((35, 39.3), "N", 35.655),
        ((35.655,), "S", -35.655),
        ((35, 39.3, NAN), "N", 35.655),
        ((35.655, NAN, NAN), "N", 35.655),
        ((35.655, 0, 0), None, 35.655),
        ((-35.655, 0, 0), "", -35.655),
        ((-35, -39, -18), None, -35.655),
        ((-35, 39, 18), "S", -35.655),
        ((90, 0, 0), "N", 90),
        ((90, 0, 1), "N", None),
        ((4294967295, 0, 0), "N", None),
        ((35, NAN, 18), "N", None),  # whole degrees are 100 kilometres
        ((NAN, 39, 18), "N", None),
        ((math.inf, 0, 0), "N", None),
        ((35, 39, 18), "E", None),
        ((35, 39, 18), "?", None),
        ((), "N", None),
    ],
)
def test_degrees_minutes_and_seconds(
    parts: tuple[float, ...], side: str | None, expected: float | None
) -> None:
    found = places.degrees(parts, side, NORTH_SOUTH)
    assert found == (None if expected is None else pytest.approx(expected))


@pytest.mark.parametrize(
    ("text", "side", "expected"),
    [
        ("66,56.7613W", None, -66.946022),
        ("66,56,45.678W", None, -66.946022),
        ("66.946022", "W", -66.946022),  # Apple Photos
        ("66.946022 W", None, -66.946022),
        ("W66.946022", None, -66.946022),
        ("66.946022w", "E", -66.946022),
        ("-66.946022", None, -66.946022),
        ("-66.946022", "W", -66.946022),
        ("+66.946022", None, 66.946022),
        ("66 deg 56' 45.68\" West", None, -66.946022),
        ("66°56′45.68″ W", None, -66.946022),
        ("66,56.7613N", None, None),
        ("66,56,45,1W", None, None),
        ("181", "E", None),
        ("somewhere", None, None),
        ("1.39E2", "W", -139),
        ("1e2e", None, 100),
        ("1ee2", None, None),
        ("9" * 5000, "E", None),
        ("", "E", None),
        (None, "E", None),
    ],
)
def test_coordinates_as_text(text: str | None, side: str | None, expected: float | None) -> None:
    found = places.of_text(text, side, EAST_WEST)
    assert found == (None if expected is None else pytest.approx(expected, abs=1e-5))


def test_half_a_place_is_none_and_neither_is_that_of_a_camera_without_one() -> None:
    assert places.place(35.655, None) is None
    assert places.place(None, 139.7) is None
    assert places.place(0.0, 0.0) is None
    assert places.place(0.0, 9.4) == (0.0, 9.4)


@given(st.text("0123456789.,-+NSEWdegnswe°' ", max_size=40), st.none() | st.sampled_from("NSEW?"))
def test_no_text_leads_off_the_globe(text: str, side: str | None) -> None:
    north, east = (places.of_text(text, side, each) for each in (NORTH_SOUTH, EAST_WEST))
    assert north is None or -90 <= north <= 90
    assert east is None or -180 <= east <= 180


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        *(("4", 4), ("4.0", 4), (" 5 ", 5), ("-1", -1), ("0", 0)),
        *((none, None) for none in ("6", "nan", "inf", "many", "", None, "4" * 9999)),
    ],
)
def test_stars_of_xmp(text: str | None, expected: int | None) -> None:
    assert stars.of_text(text) == expected


@pytest.mark.parametrize(
    ("percent", "expected"),
    [
        *((1, 1), (12, 1), (13, 2), (25, 2), (50, 3), (75, 4), (99, 5), (100, 5), ("50", 3)),
        *((none, None) for none in (0, 101, -1, "x", None)),
    ],
)
def test_stars_of_windows(percent: float | str | None, expected: int | None) -> None:
    assert stars.of_percent(percent) == expected
