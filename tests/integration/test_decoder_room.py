"""Photos that take much of the memory are decoded apart from one another."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from tagd.decoding.decode import DecodeLimits
from tagd.decoding.pool import DecodeOutcome, DecodeRequest, DecoderPool
from tagd.domain import Geometry
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
