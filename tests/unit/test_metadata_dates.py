"""When a picture was taken, however it is spelled, and never a day or a time that there is not."""

from __future__ import annotations

import re
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tagd.catalogue.db.times import moment
from tagd.metadata import dates

WHOLE = re.compile(r"\d{4}(-\d\d(-\d\d(T\d\d:\d\d:\d\d([+-]\d\d:\d\d|Z)?)?)?)?", re.ASCII)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024:05:06 07:08:09", "2024-05-06T07:08:09"),
        ("2024:5:6 7:08:09", "2024-05-06T07:08:09"),
        ("2024-05-06T07:08:09.123+0900", "2024-05-06T07:08:09+09:00"),
        ("2024-05-06T07:08Z", "2024-05-06T07:08:00Z"),
        ("2024/05/06 07:08:09", "2024-05-06T07:08:09"),
        ("2024.05.06  7:8:9 -3:30", "2024-05-06T07:08:09-03:30"),
        ("2024:05:06   :  :  ", "2024-05-06"),
        ("2024-05-06", "2024-05-06"),
        ("1978-07", "1978-07"),
        ("1978", "1978"),
        # An impossible time leaves the day, and an impossible offset leaves the time.
        ("2024:05:06 25:61:00", "2024-05-06"),
        ("2024:05:06 24:00:00", "2024-05-06"),
        ("2024:05:06 07:08:09+99:00", "2024-05-06T07:08:09"),
        ("2024:05:06 07:08:09+09:75", "2024-05-06T07:08:09"),
        ("2024:02:29 07:08:09", "2024-02-29T07:08:09"),
        # An impossible day is none.
        ("2024:02:30 25:61:00", None),
        ("2023:02:29 07:08:09", None),
        ("2024:13:01 07:08:09", None),
        ("2024:00:00 00:00:00", None),
        ("0000:00:00 00:00:00", None),
        ("    :  :     :  :  ", None),
        ("\N{ARABIC-INDIC DIGIT TWO}024:05:06 07:08:09", None),
        ("20240506", None),
        ("yesterday", None),
        ("", None),
        (None, None),
    ],
)
def test_dates_of_exif_and_xmp(text: str | None, expected: str | None) -> None:
    assert dates.iso(text) == expected


@pytest.mark.parametrize(
    ("zones", "expected"),
    [
        (("+09:00",), "+09:00"),
        (("+0900",), "+09:00"),
        (("Z",), "Z"),
        (("-03:30\0",), ""),
        (("   :  ", "+02:00"), "+02:00"),
        ((None, None, "+14:00"), "+14:00"),
        (("+99:00", "+01:00"), "+01:00"),
        (("+15:00",), ""),
        (("noon",), ""),
    ],
)
def test_the_first_offset_that_makes_sense_counts(
    zones: tuple[str | None, ...], expected: str
) -> None:
    assert dates.iso("2024:05:06 07:08:09", *zones) == f"2024-05-06T07:08:09{expected}"


def test_the_texts_own_offset_goes_first() -> None:
    assert dates.iso("2024-05-06T07:08:09Z", "+09:00") == "2024-05-06T07:08:09Z"


@pytest.mark.parametrize(
    ("date", "clock", "expected"),
    [
        ("20240506", "070809+0900", "2024-05-06T07:08:09+09:00"),
        ("20240506", "070809", "2024-05-06T07:08:09"),
        ("20240506", "", "2024-05-06"),
        ("20240506", "256100", "2024-05-06"),
        ("19780700", "", "1978-07"),
        ("19780000", "000000", "1978"),
        ("19780006", "", "1978"),
        ("2024-05-06", "07:08:09", "2024-05-06T07:08:09"),
        ("20240230", "", None),
        ("00000000", "", None),
        ("", "070809", None),
    ],
)
def test_dates_of_iptc(date: str, clock: str, expected: str | None) -> None:
    assert dates.of_press(date, clock) == expected


@pytest.mark.parametrize(
    ("date", "clock", "expected"),
    [
        ("2020:02:13", (10.0, 36.0, 13.9), "2020-02-13T10:36:13Z"),
        ("2020-02-13", (0, 0, 0), "2020-02-13T00:00:00Z"),
        ("2020:02:13", (), "2020-02-13"),
        ("2020:02:13", (10.0, float("nan"), 13.0), "2020-02-13"),
        ("2020:02:13", (90.0, 0.0, 0.0), "2020-02-13"),
        (None, (10.0, 36.0, 13.0), None),
    ],
)
def test_dates_of_satellites(
    date: str | None, clock: tuple[float, ...], expected: str | None
) -> None:
    assert dates.of_gps(date, clock) == expected


NUMBERS = st.one_of(st.integers(0, 99).map(str), st.integers(0, 99).map("{:02}".format))


@given(
    st.builds(
        "{}{}{}{}{}{}{}:{}:{}{}".format,
        st.integers(0, 9999).map("{:04}".format),
        st.sampled_from(":-/."),
        NUMBERS,
        st.sampled_from(":-/."),
        NUMBERS,
        st.sampled_from([" ", "T", "  "]),
        NUMBERS,
        NUMBERS,
        NUMBERS,
        st.sampled_from(["", "Z", "+09:00", "-1234", "+99:99", "+14:30"]),
    )
    | st.text("0123456789:-+TZ. ", max_size=30)
)
def test_whatever_comes_out_is_a_date_that_there_is(text: str) -> None:
    said = dates.iso(text)
    if said is not None:
        assert WHOLE.fullmatch(said)
        datetime.fromisoformat((said + "-01-01"[len(said) - 4 :])[: max(len(said), 10)])
        assert len(str(moment(said)).rjust(14, "0")) == 14
        assert dates.iso(said) == said
