"""What follows the end of a picture: whether it is found wherever it comes to lie.

Much of it is found by an offset that something before it holds, such as the previews of MakerNotes,
and is lost once anything between the two grows. Source: ExifTool's Samsung.pm for Samsung's.
"""

from __future__ import annotations

import re
from typing import Final

_SHORTEST: Final = 12  # bytes: less is no trailer of any kind
_NOT_ZERO: Final = re.compile(rb"[^\0]")
_BOX_KIND: Final = re.compile(rb"[A-Za-z0-9 ]{4}")
_HEADER, _LARGE_HEADER = 8, 16  # bytes, of a box
_ENTRY: Final = 12  # bytes, of Samsung's directory


def stands_alone(data: bytes, start: int, end: int) -> bool:
    """Return whether all that lies there is padding, a few stray bytes, the video of a motion
    photo, which is found from the end of the file, or Samsung's trailer, which says itself how far
    before it its parts lie."""
    if end - start < _SHORTEST:
        return True
    end = _samsung_start(data, start, end)
    behind = _behind_video(data, start, end)
    return _behind_zeros(data, behind, end) == end


def _behind_zeros(data: bytes, start: int, end: int) -> int:
    match = _NOT_ZERO.search(data, start, end)
    return match.start() if match else end


def _behind_video(data: bytes, start: int, end: int) -> int:
    """Find where the boxes of an MP4 end that begins there, padding aside; `start` where none
    does."""
    filled = _behind_zeros(data, start, end)
    # A box begins with its size, whose first bytes are zeros too.
    begins = range(max(start, filled - 3), filled + 1)
    at = next((at for at in begins if data[at + 4 : at + _HEADER] == b"ftyp"), None)
    if at is None:
        return start
    while at + _HEADER <= end and _BOX_KIND.match(data, at + 4):
        size, least = int.from_bytes(data[at : at + 4], "big"), _HEADER
        if size == 1:
            size, least = int.from_bytes(data[at + 8 : at + 16], "big"), _LARGE_HEADER
        if size == 0 and data[at + 4 : at + _HEADER] == b"mdat":
            return end
        if size < least or at + size > end:
            return start
        at += size
    return at


def _samsung_start(data: bytes, start: int, end: int) -> int:
    """Find where the first part lies of which Samsung's trailer tells; `end` where there is
    none."""
    if data[end - 4 : end] != b"SEFT":
        return end
    directory = end - 8 - _little(data, end - 8)
    count = _little(data, directory + 8)
    if directory < start or data[directory : directory + 4] != b"SEFH":
        return end
    if directory + 12 + count * _ENTRY > end:
        return end
    entries = range(directory + 12, directory + 12 + count * _ENTRY, _ENTRY)
    first = directory - max((_little(data, entry + 4) for entry in entries), default=0)
    return first if first >= start else end


def _little(data: bytes, at: int) -> int:
    return int.from_bytes(data[max(at, 0) : max(at, 0) + 4], "little")
