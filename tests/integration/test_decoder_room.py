"""Photos that take much of the memory are decoded apart from one another."""

from __future__ import annotations

import math
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from tagd.decoding.decode import DecodeLimits
from tagd.decoding.pool import DecodeOutcome, DecodeRequest, DecoderPool
from tagd.domain import Geometry
from tagd.errors import TooLarge
from tests.photos import cat
from tests.support import wait_until

INPUT = Geometry(96, (80, 80))
LIMITS = DecodeLimits()


def all_of(pool: DecoderPool, count: int) -> list[DecodeOutcome]:
    outcomes: list[DecodeOutcome] = []

    def are_there() -> bool:
        outcomes.extend(pool.take(count, 1))
        return len(outcomes) == count

    wait_until(are_there)
    return outcomes


def test_a_photo_that_is_to_be_alone_has_no_other_beside_it(tmp_path: Path) -> None:
    quick, slow = tmp_path / "quick.jpg", tmp_path / "slow.png"
    cat().save(quick)
    Image.effect_noise((3000, 2000), 50).save(slow)
    with DecoderPool(decoders=3, limits=LIMITS, on_event=print) as pool:
        for ticket in range(12):
            path = quick if ticket > 5 else slow
            pool.submit(DecodeRequest(ticket, path, (INPUT,), alone=ticket == 5))
        outcomes = all_of(pool, 12)
    assert [each.ticket for each in outcomes].index(5) == 5
    assert all(each.photo is not None for each in outcomes)


def test_a_picture_beyond_its_share_of_the_memory_is_read_alone_and_not_refused(
    tmp_path: Path,
) -> None:
    small, large = tmp_path / "small.jpg", tmp_path / "large.png"
    cat().save(small)
    Image.effect_noise((2000, 1500), 50).save(large)
    limits = DecodeLimits(max_megapixels=4, shared_megapixels=1)
    with DecoderPool(decoders=2, limits=limits, on_event=print) as pool:
        for ticket in range(10):
            pool.submit(DecodeRequest(ticket, large if ticket % 2 else small, (INPUT,)))
        outcomes = all_of(pool, 10)
    assert all(each.photo is not None for each in outcomes)
    assert {each.ticket for each in outcomes} == set(range(10))


def test_one_beyond_what_any_may_have_is_refused_all_the_same(tmp_path: Path) -> None:
    Image.effect_noise((3000, 2000), 50).save(tmp_path / "huge.png")
    limits = DecodeLimits(max_megapixels=4, shared_megapixels=1)
    with DecoderPool(decoders=2, limits=limits, on_event=print) as pool:
        pool.submit(DecodeRequest(1, tmp_path / "huge.png", (INPUT,)))
        [outcome] = all_of(pool, 1)
    assert isinstance(outcome.error, TooLarge)
    assert "max_megapixels = 4" in outcome.error.reason


@given(st.none() | st.integers(0, 10**6), st.integers(1, 64))
def test_the_share_of_all_decoders_stays_within_the_memory(free: int | None, count: int) -> None:
    share = DecodeLimits.shared(free, count)
    assert share >= 25, "what any camera makes"
    if free is None:
        assert share == math.inf
    elif share > 25:
        assert share * 1e6 * 10 * count <= free * 2**20
