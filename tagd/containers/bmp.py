"""The picture of a BMP. Source: Microsoft's BITMAPFILEHEADER and BITMAPINFOHEADER."""

from __future__ import annotations

from typing import Final

from tagd.containers.segments import DamagedContainer

_FILE_HEADER: Final = 14
_RESOLUTION: Final = (24, 32)  # pixels a metre, in headers that have them
_PLAIN_HEADER: Final = 40


def payload(data: bytes) -> list[tuple[int, int]]:
    """Return the header but for its resolution, palette and masks, and the pixels, where they
    are."""
    size = int.from_bytes(data[14:18], "little")
    pixels = int.from_bytes(data[10:14], "little")
    if not _FILE_HEADER + size <= pixels < len(data):
        raise DamagedContainer("a BMP whose pixels are not behind its header")
    if size < _PLAIN_HEADER:
        return [(_FILE_HEADER, len(data))]
    before, behind = (_FILE_HEADER + offset for offset in _RESOLUTION)
    return [(_FILE_HEADER, before), (behind, len(data))]
