"""A copy that differs in anything but keywords is never let into a photo's place."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from tagd.containers.splice import packet
from tagd.metadata.verify import harm
from tests.corpus import SPLICED

# EXIF and IPTC are compared by what they say, WebP without its lengths, HEIF without its places:
# those have cases of their own below.
BYTE_BY_BYTE = sorted(
    name
    for name, data in SPLICED.items()
    if b"Exif\0\0" not in data
    and "iptc" not in name
    and not name.endswith(("webp", "heic", "avif"))
)


@given(st.sampled_from(BYTE_BY_BYTE), st.integers(0, 1 << 20), st.integers(1, 255))
def test_any_byte_outside_of_the_packet_counts(name: str, at: int, change: int) -> None:
    data = SPLICED[name]
    at %= len(data)
    inside = data.find(b"<?xpacket begin")
    # A PNG's packet has flags before it, and a checksum behind it.
    before, behind = (4, 4) if name.endswith("png") else (0, 0)
    end = inside + len(packet(data) or b"")
    if "packed" in name or inside - before <= at < end + behind:
        return
    assert harm(data, data[:at] + bytes([data[at] ^ change]) + data[at + 1 :])


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("canon-big.jpg", b"opaque", b"OPAQUE"),  # MakerNotes
        ("canon-little.jpg", b"2024:05:06", b"2025:05:06"),
        ("icc.jpg", b"acsp", b"acsq"),
        ("iptc.jpg", b"caption", b"CAPTION"),
        ("iptc.jpg", bytes(range(16)), bytes(16)),  # another of Photoshop's resources
        ("motion.jpg", b"mp42", b"mp41"),
        ("padded.jpg", b"JFIF\0\1\1\0", b"JFIF\0\1\2\0"),
        ("exif.webp", b"Test 1", b"Test 2"),
        ("exif.png", b"Test 1", b"Test 2"),
        ("full.heic", b"Test 1", b"Test 2"),
        ("full.avif", b"Test 1", b"Test 2"),
        ("exif.heic", b"opaque", b"OPAQUE"),  # MakerNotes
        ("icc.avif", b"acsp", b"acsq"),
        ("motion.heic", b"mpvd" + bytes(8), b"mpvd" + bytes(7) + b"1"),
        ("alpha.heic", b"auxl", b"thmb"),  # what refers to what
        ("grid.heic", b"ispe", b"free"),  # a property
        ("several.heic", b"pitm" + bytes(5) + b"\1", b"pitm" + bytes(5) + b"\2"),
    ],
)
def test_what_others_keep_in_a_photo_counts(name: str, old: bytes, new: bytes) -> None:
    data = SPLICED[name]
    assert old in data
    assert harm(data, data.replace(old, new, 1))


@pytest.mark.parametrize("name", SPLICED)
def test_another_picture_counts(name: str) -> None:
    data = SPLICED[name]
    with Image.open(io.BytesIO(data)) as image:
        turned = image.convert("RGB").transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        buffer = io.BytesIO()
        turned.save(buffer, image.format)
    assert harm(data, buffer.getvalue())
    assert harm(data, data[: len(data) // 2])
    assert harm(data, b"")
    assert harm(data, data) is None
