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
from tests.corpus import LIGHTROOM, SPLICED, app, directory, encoded, small, with_segments


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


def pages(count: int) -> bytes:
    """A TIFF of so many pages, one pixel each, all of the same strip."""
    data = b"II*\0\x08\0\0\0"
    for number in range(count):
        rows = [(256, 4, struct.pack("<I", 1)), (257, 4, struct.pack("<I", 1))]
        rows += [(273, 4, struct.pack("<I", 0)), (279, 4, struct.pack("<I", 1))]
        behind = len(data) + len(directory("<", len(data), rows, 0))
        data += directory("<", len(data), rows, behind if number + 1 < count else 0)
    return data


def test_a_tiff_of_many_pages_is_like_any_other() -> None:
    scan = pages(1000)
    assert packet(with_packet(scan, LIGHTROOM)) == LIGHTROOM
    assert len({directory for directory, _ in all_tags(scan)}) == 1000


def test_directories_in_a_circle_and_too_many_of_them_are_refused() -> None:
    circle = pages(3)[:-4] + struct.pack("<I", 8)
    with pytest.raises(DamagedContainer, match="circles"):
        all_tags(circle)
    empty = b"".join(struct.pack("<HI", 0, 14 + 6 * number) for number in range(70_000))
    with pytest.raises(DamagedContainer, match="more than"):
        all_tags(b"II*\0\x08\0\0\0" + empty)


def test_tags_that_share_their_bytes_hold_no_more_than_the_file_allows() -> None:
    """Each value is all of the file: taken one by one they would need 30 GB."""
    count = 60_000
    rows = b"".join(struct.pack("<HHII", tag, 1, 700_000, 0) for tag in range(2000, 2000 + count))
    with pytest.raises(DamagedContainer, match="more than the file"):
        all_tags(b"II*\0\x08\0\0\0" + struct.pack("<H", count) + rows + bytes(4))


@pytest.mark.parametrize("at", [26, 28])  # width and height
def test_a_webp_without_a_size_is_refused(at: int) -> None:
    plain = encoded(small(), "WEBP")
    flat = plain[:at] + bytes(2) + plain[at + 2 :]
    with pytest.raises(DamagedContainer, match="no size"):
        with_packet(flat, LIGHTROOM)
