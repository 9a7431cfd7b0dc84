"""JPEG XL: a bare codestream, or one in boxes with metadata beside it.

Source: ISO/IEC 18181-1 (SizeHeader) and 18181-2 (boxes).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tagd.containers.boxes import boxes
from tagd.containers.segments import DamagedContainer

if TYPE_CHECKING:
    from tagd.containers.segments import Segment

BARE: Final = b"\xff\x0a"
BOXED: Final = b"\0\0\0\x0cJXL \r\n\x87\n"
_NUMBER_BYTES: Final = 4  # before each part of a codestream that comes in several
_HEADER_BYTES: Final = 16  # more than a SizeHeader takes
# Width to height, by the three bits that say so.
_RATIOS: Final = ((1, 1), (12, 10), (4, 3), (3, 2), (16, 9), (5, 4), (2, 1))
_SIZE_BITS: Final = (9, 13, 18, 30)


def payload(data: bytes) -> list[tuple[int, int]]:
    """Find the picture: the codestream, which is the same with boxes around it and without.

    Raises TruncatedContainer and DamagedContainer.
    """
    if data.startswith(BARE):
        return [(0, len(data))]
    spans = []
    for box in boxes(data):
        if box.kind == "jxlc":
            spans.append((box.body, box.body_end))
        elif box.kind == "jxlp":
            spans.append((box.body + _NUMBER_BYTES, box.body_end))
    if not spans:
        raise DamagedContainer("no codestream")
    return spans


def metadata(data: bytes) -> list[Segment]:
    """Return the boxes beside the picture; none around a bare codestream. Raises as `payload`
    does."""
    return [] if data.startswith(BARE) else boxes(data)


def size(data: bytes) -> tuple[int, int]:
    """Width and height as they are stored. Raises DamagedContainer."""
    head = b"".join(data[start : min(end, start + _HEADER_BYTES)] for start, end in payload(data))
    if not head.startswith(BARE):
        raise DamagedContainer("no codestream")
    bits = _Bits(head[len(BARE) : len(BARE) + _HEADER_BYTES])
    in_eights = bits.take(1)

    def length() -> int:
        if in_eights:
            return 8 * (1 + bits.take(5))
        return 1 + bits.take(_SIZE_BITS[bits.take(2)])

    height = length()
    ratio = bits.take(3)
    if not ratio:
        return length(), height
    wide, high = _RATIOS[ratio - 1]
    return height * wide // high, height


class _Bits:
    """Bits of a codestream, the lowest of each byte first."""

    def __init__(self, data: bytes) -> None:
        self._left = int.from_bytes(data, "little")
        self._count = 8 * len(data)

    def take(self, count: int) -> int:
        if count > self._count:
            raise DamagedContainer("the codestream ends within its header")
        taken = self._left & ((1 << count) - 1)
        self._left >>= count
        self._count -= count
        return taken
