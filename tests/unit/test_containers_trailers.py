"""What follows a picture is found after a write too, or nothing is written into the photo."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tagd.containers.splice import CannotSplice, jpeg, packet, png, with_packet
from tagd.containers.trailers import stands_alone
from tagd.errors import MetadataUnsafe
from tests.corpus import EXIF, LIGHTROOM, SPLICED, XMP, app, exif, mpf, samsung, with_segments
from tests.metadata import TAGS, writer

PLAIN = SPLICED["plain.jpg"]
VIDEO = struct.pack(">I4s4s", 12, b"ftyp", b"mp42") + struct.pack(">I4s", 300, b"mdat") + bytes(292)
LONG_VIDEO = VIDEO + struct.pack(">I4sQ", 1, b"mdat", 40) + bytes(24)
AFCP = b"AXS!" + struct.pack(">HHI", 1, 1, 0) + b"IPTC" + struct.pack(">II", 80, 100) + b"AXS!"


@pytest.mark.parametrize(
    "trailer",
    [
        b"",
        bytes(350),
        b"\x14",
        VIDEO,
        LONG_VIDEO,
        bytes(9) + VIDEO + bytes(99),
        samsung(b"image", b"name"),
        bytes(40) + samsung(VIDEO),
        VIDEO + samsung(b"MotionPhoto_Data"),
    ],
)
def test_padding_videos_and_samsungs_trailer_stand_alone(trailer: bytes) -> None:
    data = PLAIN + trailer
    assert stands_alone(data, len(PLAIN), len(data))
    assert packet(with_packet(data, LIGHTROOM)) == LIGHTROOM
    assert with_packet(data, LIGHTROOM).endswith(trailer)


@pytest.mark.parametrize(
    "trailer",
    [
        PLAIN,
        bytes(350) + PLAIN,
        b"a few words behind",
        AFCP,
        VIDEO + PLAIN,
        VIDEO[:-1] + b"a preview behind a video that is too short",
        PLAIN + samsung(b"image"),
        samsung(b"image")[:-20] + b"SEFH but not quite it" + b"SEFT",
        struct.pack(">I4s", 0, b"\0\0\0\0") + bytes(100) + PLAIN,
        VIDEO + bytes(4) + b"none" + PLAIN,
    ],
)
@pytest.mark.parametrize("name", ["canon-big.jpg", "plain.png", "lossy.webp"])
def test_what_may_be_found_from_the_start_keeps_the_photo_as_it_is(
    trailer: bytes, name: str, tmp_path: Path
) -> None:
    photo = tmp_path / name
    data = SPLICED[name] + trailer
    photo.write_bytes(data)
    with pytest.raises(MetadataUnsafe, match="distance from the start"):
        writer().embed(photo, TAGS, {})
    assert photo.read_bytes() == data


def test_a_packet_of_the_same_size_may_be_replaced_before_anything() -> None:
    data = with_segments(PLAIN, app(1, XMP + LIGHTROOM)) + PLAIN
    shorter = LIGHTROOM.replace(b"Holiday", b"Sea")
    written = with_packet(data, shorter)
    assert len(written) == len(data)
    assert written.endswith(PLAIN)
    assert b"<rdf:li>Sea</rdf:li>" in written


@given(st.binary(max_size=200))
def test_any_trailer_is_looked_at_without_harm(trailer: bytes) -> None:
    for data in (trailer, trailer + b"SEFT", VIDEO + trailer, samsung(trailer) + trailer):
        if stands_alone(data, 0, len(data)) and len(data) >= 12:
            assert stands_alone(bytes(20) + data, 20, 20 + len(data))


def test_a_packet_goes_before_exif_where_that_may_point_at_a_second_picture() -> None:
    second = SPLICED["grey.jpg"]
    for is_pointing in (False, True):
        block = exif(maker="canon") + bytes(4)
        data = mpf(PLAIN, second, before=app(1, EXIF + block))
        distance = data.rindex(second) - data.index(EXIF) - len(EXIF) if is_pointing else 7
        pointing = data.replace(block, block[:-4] + struct.pack(">I", distance))
        spliced = with_packet(pointing, LIGHTROOM)
        assert (spliced.index(XMP) < spliced.index(EXIF)) is is_pointing
        assert spliced.endswith(second)


@pytest.mark.parametrize("behind", [b"a preview that no index lists", PLAIN])
def test_what_an_index_of_pictures_does_not_list_counts(behind: bytes) -> None:
    data = mpf(PLAIN, SPLICED["grey.jpg"])
    for between in (data + behind, data + bytes(99) + behind):
        with pytest.raises(CannotSplice, match="distance from the start"):
            jpeg.with_packet(between, LIGHTROOM)
    assert packet(jpeg.with_packet(data + bytes(99), LIGHTROOM)) == LIGHTROOM


def test_apples_index_of_a_picture_keeps_its_distance() -> None:
    data = SPLICED["apple.png"]
    spliced = png.with_packet(data, LIGHTROOM)
    assert spliced.index(b"IDAT") - spliced.index(b"iDOT") == data.index(b"IDAT") - data.index(
        b"iDOT"
    )
    tight = spliced.replace(spliced[spliced.index(b"iDOT") - 4 :][:40], b"", 1)
    at = tight.index(b"iTXt") - 4
    between = tight[:at] + data[data.index(b"iDOT") - 4 :][:40] + tight[at:]
    with pytest.raises(CannotSplice, match="iDOT"):
        png.with_packet(between, None)
