"""Kinds of files that Pillow alone does not read: seen all the same, or named."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tagd.errors import NotAnImage, UnsupportedImage
from tests.decoding import INPUT, PICTURE, decoded

PIXEL = {1: "B", 3: "H", 4: "I"}


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


@pytest.mark.parametrize("is_last", [False, True])
@pytest.mark.parametrize(
    "large",
    [
        chunk(b"zTXt", b"workflow\0\0" + zlib.compress(b"a" * 1_200_000)),
        chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + zlib.compress(b"a" * 1_200_000)),
        chunk(b"iCCP", b"CMYK\0\0" + zlib.compress(bytes(1_200_000))),
    ],
    ids=["zTXt", "iTXt", "iCCP"],
)
def test_a_png_is_seen_whatever_its_texts_take(large: bytes, is_last: bool, tmp_path: Path) -> None:
    buffer = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6
    PICTURE.save(buffer, "PNG", exif=exif)
    data = buffer.getvalue()
    at = len(data) - 12 if is_last else 33
    (tmp_path / "plain.png").write_bytes(data)
    (tmp_path / "texts.png").write_bytes(data[:at] + large + data[at:])
    plain, photo = decoded(tmp_path / "plain.png"), decoded(tmp_path / "texts.png")
    assert np.array_equal(photo.inputs[INPUT], plain.inputs[INPUT])
    assert photo.facts.orientation == 6


def tiff(order: str, *, bits: int, photometric: int, compression: int = 1, form: int = 1) -> bytes:
    """An uncompressed TIFF of 8 by 8 pixels with these tags."""
    samples = 1 if photometric == 1 else 3
    pixels = bytes(64 * samples * bits // 8)
    tags = [(256, 8), (257, 8), (258, bits), (259, compression), (262, photometric)]
    tags += [(273, 8), (277, samples), (278, 8), (279, len(pixels)), (339, form)]
    rows = b"".join(struct.pack(f"{order}HHII", tag, 4, 1, value) for tag, value in tags)
    head = struct.pack(f"{order}2sHI", b"II" if order == "<" else b"MM", 42, 8 + len(pixels))
    return head + pixels + struct.pack(f"{order}H", len(tags)) + rows + bytes(4)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (tiff("<", bits=32, photometric=2, form=3), "32-bit floating-point RGB"),
        (tiff(">", bits=16, photometric=2, form=3), "16-bit floating-point RGB"),
        (tiff("<", bits=32, photometric=2), "32-bit RGB"),
        (tiff("<", bits=16, photometric=8), "16-bit Lab"),
        (tiff("<", bits=64, photometric=1, form=3), "64-bit floating-point greyscale"),
        (tiff("<", bits=8, photometric=2, compression=50001), "compressed by WebP"),
        (tiff("<", bits=8, photometric=2, compression=34712), "compressed by JPEG 2000"),
        (tiff("<", bits=8, photometric=2, compression=34887), "compressed by LERC"),
        (struct.pack(">2s3HQQQ", b"MM", 43, 8, 0, 16, 0, 0), "big-endian BigTIFF"),
    ],
)
def test_a_tiff_that_is_not_read_is_named(data: bytes, words: str, tmp_path: Path) -> None:
    path = tmp_path / "photo.tif"
    path.write_bytes(data)
    with pytest.raises(UnsupportedImage, match=words):
        decoded(path)


def test_so_is_a_bmp(tmp_path: Path) -> None:
    masks = struct.pack("<IIII", 0x3FF00000, 0xFFC00, 0x3FF, 0)
    head = struct.pack("<IiiHHIIiiII", 56, 8, 8, 1, 32, 3, 256, 0, 0, 0, 0) + masks
    data = b"BM" + struct.pack("<IHHI", 70 + 256, 0, 0, 70) + head + bytes(256)
    (tmp_path / "photo.bmp").write_bytes(data)
    with pytest.raises(UnsupportedImage, match="bitfields"):
        decoded(tmp_path / "photo.bmp")


@pytest.mark.parametrize("before", [b"HTTP/1.1 200 OK\r\n\r\n", bytes(range(200)) * 3])
def test_a_jpeg_behind_other_data_is_named_by_its_place(before: bytes, tmp_path: Path) -> None:
    PICTURE.save(tmp_path / "photo.jpg")
    path = tmp_path / "download.jpg"
    path.write_bytes(before + (tmp_path / "photo.jpg").read_bytes())
    with pytest.raises(NotAnImage, match=f"begins at byte {len(before)}"):
        decoded(path)
