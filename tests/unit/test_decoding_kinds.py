"""Kinds of files that Pillow alone does not read: seen all the same, or named."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, UnidentifiedImageError

from tagd.decoding.formats import translated
from tagd.errors import NotAnImage, UnsupportedImage
from tests.decoding import INPUT, PICTURE, decoded


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


def split_table(data: bytes) -> bytes:
    """An AVIF, in which one ipma box tells the properties of two items, with a box for each, as
    cavif writes it. What it takes is taken from the padding behind: everything else moves."""
    at = data.index(b"ipma") - 4
    size = int.from_bytes(data[at : at + 4], "big")
    head, body = data[at + 4 : at + 12], data[at + 16 : at + size]
    first = 3 + body[2]
    parts = (body[:first], body[first:])
    tables = [
        struct.pack(">I", 16 + len(part)) + head + struct.pack(">I", 1) + part for part in parts
    ]
    grown = bytearray(data[:at] + b"".join(tables) + data[at + size :])
    for kind in (b"meta", b"iprp"):
        start = grown.index(kind) - 4
        grown[start : start + 4] = struct.pack(">I", struct.unpack_from(">I", grown, start)[0] + 16)
    return moved(bytes(grown), 16)


def moved(data: bytes, by: int) -> bytes:
    """The file with each item found so much later."""
    table = bytearray(data)
    at = table.index(b"iloc") + 4
    assert table[at] == 0
    assert table[at + 4] == 0x44
    base = table[at + 5] >> 4
    place = at + 8
    for _ in range(int.from_bytes(table[at + 6 : at + 8], "big")):
        extents = place + 4 + base
        for extent in range(int.from_bytes(table[extents : extents + 2], "big")):
            offset = extents + 2 + 8 * extent
            (found,) = struct.unpack_from(">I", table, offset)
            struct.pack_into(">I", table, offset, found + by)
        place = extents + 2 + 8 * int.from_bytes(table[extents : extents + 2], "big")
    return bytes(table)


def test_an_avif_with_a_table_for_each_item_is_seen_with_its_transparency(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    image = PICTURE.convert("RGBA")
    image.putalpha(Image.linear_gradient("L").resize(image.size))
    image.save(buffer, "AVIF")
    data = split_table(buffer.getvalue())
    with pytest.raises(UnidentifiedImageError):
        Image.open(io.BytesIO(data))
    (tmp_path / "one.avif").write_bytes(buffer.getvalue())
    (tmp_path / "two.avif").write_bytes(data)
    one, two = decoded(tmp_path / "one.avif"), decoded(tmp_path / "two.avif")
    assert np.array_equal(one.inputs[INPUT], two.inputs[INPUT])


@pytest.mark.parametrize("matrix", [0, 3, 10, 11, 13, 14])
@pytest.mark.parametrize("primaries", [1, 9])
def test_an_avif_with_unusual_colours_is_seen_by_its_luma(
    matrix: int, primaries: int, tmp_path: Path
) -> None:
    """As Netflix's Chimera has them: a matrix of H.273 that libavif does not convert."""
    buffer = io.BytesIO()
    PICTURE.save(buffer, "AVIF")
    data = bytearray(buffer.getvalue())
    place = data.index(b"nclx") + 4
    data[place : place + 2] = struct.pack(">H", primaries)
    data[place + 4 : place + 6] = struct.pack(">H", matrix)
    with pytest.raises(RuntimeError, match="YUV"):
        Image.open(io.BytesIO(data)).load()
    (tmp_path / "usual.avif").write_bytes(buffer.getvalue())
    (tmp_path / "unusual.avif").write_bytes(data)
    usual, unusual = decoded(tmp_path / "usual.avif"), decoded(tmp_path / "unusual.avif")
    apart = usual.inputs[INPUT].astype(int).mean(axis=-1) - unusual.inputs[INPUT].mean(axis=-1)
    assert np.abs(apart).mean() < 16
    assert unusual.facts.format == "AVIF"


def test_an_avif_whose_colours_nobody_reads_says_so(tmp_path: Path) -> None:
    with (
        pytest.raises(UnsupportedImage, match="AVIF whose colours"),
        translated(tmp_path / "a.avif", 1),
    ):
        raise RuntimeError("Conversion from YUV failed: Reformat failed")


@pytest.mark.parametrize("before", [b"HTTP/1.1 200 OK\r\n\r\n", bytes(range(200)) * 3])
def test_a_jpeg_behind_other_data_is_named_by_its_place(before: bytes, tmp_path: Path) -> None:
    PICTURE.save(tmp_path / "photo.jpg")
    path = tmp_path / "download.jpg"
    path.write_bytes(before + (tmp_path / "photo.jpg").read_bytes())
    with pytest.raises(NotAnImage, match=f"begins at byte {len(before)}"):
        decoded(path)
