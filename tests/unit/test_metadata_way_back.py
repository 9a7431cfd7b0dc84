"""The way back from a write: exact, short, and of no use for anything else."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tagd.metadata.way_back import NoWayBack, go_back, way_back

PIECES = st.lists(st.binary(max_size=80) | st.sampled_from([b"a" * 500, bytes(range(256)) * 9]))
NOISE = random.Random(1).randbytes(300_000)


@given(PIECES, st.data())
def test_it_leads_to_the_very_bytes(pieces: list[bytes], data: st.DataObject) -> None:
    before = b"".join(pieces)
    changed = [each for each in pieces if data.draw(st.booleans())]
    after = b"".join([*changed, *data.draw(PIECES)])
    way = way_back(after, before)
    assert way is not None
    assert go_back(after, way) == before


@pytest.mark.parametrize(
    "after",
    [
        NOISE[:100] + b"a packet" * 90 + NOISE[100:],
        NOISE[:100] + b"a packet" * 90 + NOISE[2000:],
        NOISE[:4] + b"else" + NOISE[8:] + b"what was appended" * 50,
        NOISE[:90] + b"longer" + NOISE[90:200_000] + b"else" + NOISE[200_004:] + b"appended",
    ],
)
def test_it_is_short_where_little_has_changed(after: bytes) -> None:
    way = way_back(after, NOISE)
    assert way is not None
    assert len(way) < 2500


def test_there_is_none_where_nothing_is_left() -> None:
    assert way_back(b"", NOISE) is None


@given(st.binary(max_size=200))
def test_whatever_is_no_way_is_refused(way: bytes) -> None:
    with pytest.raises(NoWayBack):
        go_back(b"", way)


def test_a_way_from_elsewhere_is_refused() -> None:
    way = way_back(NOISE + b"more", NOISE)
    assert way is not None
    with pytest.raises(NoWayBack):
        go_back(NOISE[:100], way)
