"""What finds something behind a JPEG's picture by its distance from itself.

An MPF index lists second pictures, and MakerNotes may point at previews, in ways that only their
makers know. Source: CIPA DC-007 (MPF).
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final, Literal

from tagd.containers.segments import DamagedContainer
from tagd.containers.tags import MAKER_NOTE, all_tags
from tagd.containers.trailers import stands_alone

if TYPE_CHECKING:
    from tagd.containers.segments import Segment

_MPF, _EXIF = b"MPF\0", b"Exif\0\0"
_ENTRIES: Final = ("0", 0xB002)
_ENTRY: Final = 16  # bytes: attributes, size, offset, dependents
_ORDERS: Final[tuple[Literal["little", "big"], ...]] = ("little", "big")

Span = tuple[int, int]


def anchors(data: bytes, found: list[Segment]) -> tuple[Segment, ...] | None:
    """Return the segments whose distance from what follows the picture must not change; None where
    that may be any of them, the start of the file included."""
    trailer = found[-1]
    if trailer.kind != "TRAILER" or stands_alone(data, trailer.start, trailer.end):
        return ()
    index = next((segment for segment in found if _is(data, segment, "APP2", _MPF)), None)
    pictures = _pictures(data, index) if index else []
    if index is None or not _are_all(data, pictures, trailer):
        return None
    exif = (segment for segment in found if _is(data, segment, "APP1", _EXIF))
    starts = [start for start, _ in pictures]
    return (index, *(segment for segment in exif if _may_point_at(data, segment, starts)))


def _is(data: bytes, segment: Segment, kind: str, head: bytes) -> bool:
    return segment.kind == kind and data.startswith(head, segment.body)


def _pictures(data: bytes, index: Segment) -> list[Span]:
    """Find the pictures that the index lists, but for the first; none if it is damaged."""
    base = index.body + len(_MPF)
    block = data[base : index.body_end]
    try:
        listed = all_tags(block).get(_ENTRIES)
    except DamagedContainer:
        return []
    order = "<" if block[:2] == b"II" else ">"
    entries = listed.data[: len(listed.data) // _ENTRY * _ENTRY] if listed else b""
    numbers = struct.iter_unpack(order + "4xII4x", entries)
    return [(base + offset, base + offset + size) for size, offset in numbers if offset]


def _are_all(data: bytes, pictures: list[Span], trailer: Segment) -> bool:
    """Return whether what lies between these pictures and behind them stands alone."""
    done = trailer.start
    for start, end in [*sorted(pictures), (trailer.end, trailer.end)]:
        if end > trailer.end or (start > done and not stands_alone(data, done, start)):
            return False
        done = max(done, end)
    return True


def _may_point_at(data: bytes, exif: Segment, starts: list[int]) -> bool:
    """Return whether the EXIF block may hold the distance of one of them, from its own start or
    from that of its MakerNotes."""
    base = exif.body + len(_EXIF)
    block = data[base : exif.body_end]
    try:
        notes = [entry.at for (_, tag), entry in all_tags(block).items() if tag == MAKER_NOTE]
    except DamagedContainer:
        return True
    distances = [start - base - at for start in starts for at in (0, *notes)]
    return any(
        distance.to_bytes(4, order) in block
        for distance in distances
        for order in _ORDERS
        if 0 < distance < 1 << 32
    )
