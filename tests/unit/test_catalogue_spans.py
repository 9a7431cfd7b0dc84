"""Numbers and places in queries, and what lies near a place."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tagd.catalogue.search.spans import box, km_between

LATITUDES, LONGITUDES = st.floats(-90, 90), st.floats(-180, 180)
KYOTO, OSAKA, NARA = (35.0116, 135.7681), (34.6937, 135.5023), (34.6851, 135.8048)


def test_known_distances() -> None:
    assert km_between(*KYOTO, *OSAKA) == pytest.approx(42.9, abs=0.5)
    assert km_between(*OSAKA, *NARA) == pytest.approx(27.7, abs=0.5)
    assert km_between(0, 179.5, 0, -179.5) == pytest.approx(111.2, abs=0.1)


@given(LATITUDES, LONGITUDES, LATITUDES, LONGITUDES, st.floats(0.001, 5000))
def test_what_is_near_lies_in_the_box(
    latitude: float, longitude: float, other: float, across: float, km: float
) -> None:
    if km_between(latitude, longitude, other, across) > km:
        return
    south, north, west, east = box(latitude, longitude, km)
    slack = 1e-6
    assert south - slack <= other <= north + slack
    turns = (across, across - 360, across + 360)
    assert any(west - slack <= turn <= east + slack for turn in turns)
