"""DNG files written by hand: no camera's RAW need be shipped."""

from __future__ import annotations

import io
import struct

import numpy as np
from PIL import Image

_TYPES = {"B": (1, 1), "s": (2, 1), "H": (3, 2), "I": (4, 4), "r": (5, 8), "R": (10, 8)}
# A sensor that sees as sRGB does. Source: IEC 61966-2-1.
_XYZ_TO_SRGB = [3.2406, -1.5372, -0.4986, -0.9689, 1.8758, 0.0415, 0.0557, -0.2040, 1.0570]
Entry = tuple[int, str, object]


def dng(
    picture: Image.Image,
    *,
    preview: Image.Image | None = None,
    orientation: int = 1,
    make: str = "tagd",
) -> bytes:
    """`picture` as a Bayer mosaic of 16 bits, uncompressed; with `preview` as an embedded JPEG.

    Little-endian, the tags that Adobe's DNG specification (1.4) demands.
    """
    mosaic = _mosaic(picture)
    camera: list[Entry] = [
        (271, "s", make + "\0"),
        (272, "s", "Test 1\0"),
        (274, "H", [orientation]),
        (50706, "B", [1, 4, 0, 0]),
        (50708, "s", "tagd Test 1\0"),
        (50721, "R", _XYZ_TO_SRGB),
        (50728, "r", [1, 1, 1]),
        (50778, "H", [21]),
    ]
    sensor = _sensor(picture, mosaic.nbytes)
    pixels = mosaic.astype("<u2").tobytes()
    start = b"II*\0" + struct.pack("<I", 8)
    if preview is None:
        return start + _directory(8, camera + sensor, pixels)
    buffer = io.BytesIO()
    preview.save(buffer, "JPEG", quality=90)
    jpeg = buffer.getvalue()
    first = _directory(8, camera + _embedded(preview, len(jpeg)), jpeg)
    return start + first + _directory(8 + len(first), sensor, pixels)


def _sensor(picture: Image.Image, size: int) -> list[Entry]:
    """The mosaic, of so many bytes."""
    return [
        (254, "I", [0]),
        (256, "I", [picture.width]),
        (257, "I", [picture.height]),
        (258, "H", [16]),
        (259, "H", [1]),
        (262, "H", [32803]),
        (273, "I", ["data"]),
        (277, "H", [1]),
        (278, "I", [picture.height]),
        (279, "I", [size]),
        (33421, "H", [2, 2]),
        (33422, "B", [0, 1, 1, 2]),
        (50717, "I", [65535]),
    ]


def _embedded(preview: Image.Image, size: int) -> list[Entry]:
    """The preview, a JPEG of so many bytes."""
    return [
        (254, "I", [1]),
        (256, "I", [preview.width]),
        (257, "I", [preview.height]),
        (258, "H", [8, 8, 8]),
        (259, "H", [7]),
        (262, "H", [6]),
        (273, "I", ["data"]),
        (277, "H", [3]),
        (278, "I", [preview.height]),
        (279, "I", [size]),
        (330, "I", ["next"]),
    ]


def _mosaic(picture: Image.Image) -> np.ndarray[tuple[int, int], np.dtype[np.uint16]]:
    # Linear light, as a sensor has it, in the range of 16 bits.
    values = (np.asarray(picture.convert("RGB")) / 255.0) ** 2.2 * 60000
    mosaic = np.empty((picture.height, picture.width), np.uint16)
    for top, left, channel in ((0, 0, 0), (0, 1, 1), (1, 0, 1), (1, 1, 2)):
        mosaic[top::2, left::2] = values[top::2, left::2, channel]
    return mosaic


def _directory(offset: int, entries: list[Entry], data: bytes) -> bytes:
    """A directory at `offset`, its values behind it, then `data`; ends at an even place."""
    entries = sorted(entries, key=lambda entry: entry[0])
    values_at = offset + 2 + 12 * len(entries) + 4
    rows, values = b"", b""
    sizes = [len(_packed(kind, value, 0, 0)) for _, kind, value in entries]
    data_at = values_at + sum(size + size % 2 for size in sizes if size > 4)
    end = data_at + len(data) + len(data) % 2
    for tag, kind, value in entries:
        packed = _packed(kind, value, data_at, end)
        code, size = _TYPES[kind]
        rows += struct.pack("<HHI", tag, code, len(packed) // size)
        if len(packed) <= 4:
            rows += packed.ljust(4, b"\0")
        else:
            rows += struct.pack("<I", values_at + len(values))
            values += packed + b"\0" * (len(packed) % 2)
    return (
        struct.pack("<H", len(entries)) + rows + bytes(4) + values + data + b"\0" * (len(data) % 2)
    )


def _packed(kind: str, value: object, data_at: int, end: int) -> bytes:
    if isinstance(value, str):
        return value.encode("ascii")
    assert isinstance(value, list)
    places = {"data": data_at, "next": end}
    numbers = [places[each] if isinstance(each, str) else each for each in value]
    if kind in {"r", "R"}:
        return b"".join(struct.pack("<iI", round(each * 10_000), 10_000) for each in numbers)
    return b"".join(struct.pack(f"<{kind}", each) for each in numbers)
