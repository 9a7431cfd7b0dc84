"""Kinds of TIFF that Pillow does not read, by name.

Sources: TIFF 6.0 and its supplements; libtiff's tiff.h for the compressions that came later.
"""

from __future__ import annotations

from typing import Final

from tagd.containers import DamagedContainer, tiff

_BITS, _COMPRESSION, _PHOTOMETRIC, _SAMPLES, _SAMPLE_FORMAT = 258, 259, 262, 277, 339
_TAGS: Final = frozenset({_BITS, _COMPRESSION, _PHOTOMETRIC, _SAMPLES, _SAMPLE_FORMAT})
_COMPRESSIONS: Final = {
    **dict.fromkeys((33003, 33004, 33005, 34712), "JPEG 2000"),
    **dict.fromkeys((34927, 50001), "WebP"),
    **dict.fromkeys((50002, 52546), "JPEG XL"),
    **dict.fromkeys((9, 10, 34661, 34715), "JBIG"),
    34887: "LERC",
    34892: "lossy JPEG as in DNG",
    34925: "LZMA",
    50000: "Zstandard",
}
_COLOURS: Final = {
    **dict.fromkeys((0, 1), "greyscale"),
    **dict.fromkeys((8, 9, 10), "Lab"),
    **dict.fromkeys((32844, 32845), "LogLuv"),
    2: "RGB",
    3: "palette colours",
    4: "a mask",
    5: "CMYK",
    6: "YCbCr",
}
_NUMBERS: Final = {2: "signed ", 3: "floating-point ", 5: "complex ", 6: "complex "}


def kind_of(data: bytes, *, is_read: bool) -> str | None:
    """Say what a TIFF that Pillow does not decode holds, in words; None where nobody can tell. Of
    one whose head `is_read` the compression alone may be strange."""
    if data.startswith(b"MM\0+"):
        return "big-endian BigTIFF"
    try:
        tags = tiff.first_directory(data, _TAGS)
    except DamagedContainer:
        return None
    compression = _COMPRESSIONS.get(_first(tags, _COMPRESSION, 1))
    if compression is not None:
        return f"compressed by {compression}"
    colours = _COLOURS.get(_first(tags, _PHOTOMETRIC, -1))
    if colours is None or is_read:
        return None
    numbers = _NUMBERS.get(_first(tags, _SAMPLE_FORMAT, 1), "")
    samples = _first(tags, _SAMPLES, 1)
    channels = f" in {samples} channels" if samples not in {1, 3} else ""
    return f"{_first(tags, _BITS, 1)}-bit {numbers}{colours}{channels}"


def _first(tags: tiff.Directory, tag: int, usual: int) -> int:
    return (*tags.get(tag, ()), usual)[0]
