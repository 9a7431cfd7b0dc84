"""Two minutes of the soak, whose hour is `python -m benchmarks.soak`: what real life does to photos
against a model of what must come of it."""

from __future__ import annotations

import pytest

from benchmarks.fuse import NoFuse
from benchmarks.soak import soak
from tests.acceptance.home import Home

MINUTES = 2.0


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_nothing_is_lost_or_doubled_or_read_for_another_photo(home: Home) -> None:
    figures = soak(home, MINUTES, seed=7)
    assert figures["rounds"]
    assert figures["files_with_our_keywords"]


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_nor_where_a_file_system_knows_no_attributes_and_no_lasting_inodes(home: Home) -> None:
    try:
        figures = soak(home, MINUTES, seed=7, fuse=True)
    except NoFuse as reason:
        pytest.skip(str(reason))
    assert figures["rounds"]
    assert figures["files_with_our_keywords"]
