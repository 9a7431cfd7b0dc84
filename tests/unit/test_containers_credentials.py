"""Content Credentials stay valid: nothing is written into a photo that has them."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tagd.containers.credentials import is_signed
from tagd.errors import MetadataUnsafe
from tests.corpus import LIGHTROOM, SPLICED, XMP, app, chunk, directory, with_segments
from tests.metadata import NOTHING, TAGS, writer

JUMBF = (
    struct.pack(">I4sI4s", 60, b"jumb", 30, b"jumd") + b"c2pa\0\x11\0\x10\x80\0\0\xaa\0\x38\x9bq"
)
C2PA_BOX = bytes.fromhex("d8fec3d61b0e483c92975828877ec481")


def boxed(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(body), kind) + body


def webp_with(kind: bytes) -> bytes:
    data = SPLICED["exif.webp"] + struct.pack("<4sI", kind, len(JUMBF)) + JUMBF
    return data[:4] + struct.pack("<I", len(data) - 8) + data[8:]


def tiff_with(tag: int) -> bytes:
    rows = [
        (256, 4, struct.pack("<I", 1)),
        (257, 4, struct.pack("<I", 1)),
        (273, 4, struct.pack("<I", 0)),
        (279, 4, struct.pack("<I", 1)),
        (tag, 7, JUMBF),
    ]
    return b"II*\0\x08\0\0\0" + directory("<", 8, rows, 0)


def png_with(kind: bytes) -> bytes:
    plain = SPLICED["plain.png"]
    return plain[:33] + chunk(kind, JUMBF) + plain[33:]


PLAIN, HEIC = SPLICED["plain.jpg"], SPLICED["plain.heic"]
REFERRED = LIGHTROOM.replace(
    b"xmp:Rating",
    b'xmlns:dcterms="http://purl.org/dc/terms/" dcterms:provenance="https://a.b/c"\n   xmp:Rating',
)
SIGNED = {
    "a.jpg": with_segments(PLAIN, app(11, b"JP\2\x11\0\0\0\1" + JUMBF)),
    "a.png": png_with(b"caBX"),
    "a.heic": HEIC + boxed(b"uuid", C2PA_BOX + JUMBF),
    "a.avif": SPLICED["plain.avif"] + boxed(b"jumb", JUMBF),
    "a.tif": tiff_with(0xCD41),
    "a.webp": webp_with(b"C2PA"),
}
NOT_SIGNED = {
    "a.jpg": with_segments(PLAIN, app(11, b"JP\0\1\0\0\0\1" + boxed(b"TONE", bytes(20)))),
    "a.png": png_with(b"caBx"),
    "a.heic": HEIC + boxed(b"uuid", bytes(16) + JUMBF),
    "a.tif": tiff_with(0xCD42),
    "a.webp": webp_with(b"C2PB"),
}


@pytest.mark.parametrize("name", SIGNED)
def test_nothing_is_written_into_a_signed_photo(name: str, tmp_path: Path) -> None:
    assert is_signed(SIGNED[name])
    photo = tmp_path / name
    photo.write_bytes(SIGNED[name])
    for wish in (TAGS, NOTHING):
        with pytest.raises(MetadataUnsafe, match="C2PA"):
            writer().embed(photo, wish, {})
    assert photo.read_bytes() == SIGNED[name]


def test_credentials_that_lie_elsewhere_count_too(tmp_path: Path) -> None:
    photo = tmp_path / "a.jpg"
    photo.write_bytes(with_segments(PLAIN, app(1, XMP + REFERRED)))
    with pytest.raises(MetadataUnsafe, match="C2PA"):
        writer().embed(photo, TAGS, {})


@pytest.mark.parametrize("name", NOT_SIGNED)
def test_what_is_like_a_signature_is_none(name: str) -> None:
    assert not is_signed(NOT_SIGNED[name])


@given(st.sampled_from(sorted(SIGNED)), st.integers(0, 4000))
def test_damaged_files_are_looked_at_without_harm(name: str, size: int) -> None:
    assert is_signed(SIGNED[name][:size]) in {True, False}
