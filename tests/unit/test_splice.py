"""A packet goes into a file, comes out of it, and leaves everything else where it was."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tagd.containers import DamagedContainer
from tagd.containers.splice import SPLICED as KINDS
from tagd.containers.splice import CannotSplice, foreign, jpeg, packet, with_packet
from tagd.containers.tags import all_tags
from tests.corpus import LIGHTROOM, SPLICED, app, encoded, small, with_segments


@given(st.sampled_from(sorted(SPLICED)), st.binary(min_size=1, max_size=3000))
def test_any_packet_goes_in_and_comes_out(name: str, new: bytes) -> None:
    data = SPLICED[name]
    if name.startswith("mpf-roomy"):
        return
    spliced = with_packet(data, new)
    assert packet(spliced) == new
    assert foreign(spliced) == foreign(data)
    bare = with_packet(data, None)
    assert packet(bare) is None
    assert with_packet(spliced, None) == bare
    if packet(data) is None:
        assert bare == data


def test_what_cannot_be_spliced_says_why() -> None:
    assert sorted(KINDS) == ["AVIF", "HEIF", "JPEG", "PNG", "TIFF", "WEBP"]
    with pytest.raises(CannotSplice, match="of this kind"):
        packet(encoded(small(), "GIF"))
    twice = app(1, jpeg.XMP + LIGHTROOM)
    with pytest.raises(CannotSplice, match="more than one"):
        packet(with_segments(SPLICED["plain.jpg"], twice, twice))
    with pytest.raises(CannotSplice, match="65,533"):
        with_packet(SPLICED["plain.jpg"], bytes(70_000))


def test_extended_xmp_is_put_together_and_stays() -> None:
    far = jpeg.extended(SPLICED["extended.jpg"])
    assert far is not None
    assert far.endswith(b"</x:xmpmeta>")
    assert jpeg.extended(SPLICED["lightroom.jpg"]) is None


@given(st.binary(max_size=200))
def test_hostile_directories_raise_nothing_else(noise: bytes) -> None:
    for head in (b"II*\0\x08\0\0\0", b"MM\0*\0\0\0\x08", struct.pack("<4sI", b"II+\0", 8)):
        try:
            all_tags(head + noise)
        except DamagedContainer:
            continue
