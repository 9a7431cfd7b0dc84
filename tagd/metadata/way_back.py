"""What it takes to make the bytes before a write of those after it: little, as little has changed.

    way_back(after, before) → some hundred bytes → go_back(after, way) → before

Most of a photo stands in both, moved by a few bytes perhaps: that is told by where it stands in
what is there, and only the rest is kept.
"""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST_KEPT: Final = 1 << 18  # bytes that do not stand in what is there any more
NOTHING: Final = b""  # the way back to no file at all
_COPY: Final = struct.Struct(">BQQ")  # 0, from where, how many; or 1, 0, how many bytes follow
_PROBE: Final = 32  # bytes that hardly stand anywhere else
_CHUNK: Final = 1 << 16


class NoWayBack(ValueError):
    """What is there is not what was left, or the way is damaged."""


def way_back(after: bytes, before: bytes) -> bytes | None:
    """Find how to make `before` of `after`; None where that would take too much room."""
    steps, kept = bytearray(), 0
    for start, length, literal in _pieces(after, before):
        kept += len(literal)
        if kept > MOST_KEPT or len(steps) > 2 * MOST_KEPT:
            return None
        steps += _COPY.pack(bool(literal), start, length) + literal
    way = zlib.compress(bytes(steps), 9)
    return way if _leads_back(after, way, before) else None


def go_back(after: bytes, way: bytes) -> bytes:
    """Make the bytes before. Raises NoWayBack."""
    return b"".join(_steps(after, way))


def _leads_back(after: bytes, way: bytes, before: bytes) -> bool:
    """Return whether it leads back, found out without a copy of a photo that may be large."""
    at, there = 0, memoryview(before)
    for piece in _steps(after, way):
        if piece != there[at : at + len(piece)]:
            return False
        at += len(piece)
    return at == len(before)


def _steps(after: bytes, way: bytes) -> Iterator[memoryview]:
    """Yield the pieces of the bytes before, in their order."""
    try:
        steps, at = zlib.decompress(way), 0
        while at < len(steps):
            is_literal, start, length = _COPY.unpack_from(steps, at)
            at += _COPY.size
            source, start = (steps, at) if is_literal else (after, start)
            at += length if is_literal else 0
            if start + length > len(source):
                raise NoWayBack("it leads out of the file")
            yield memoryview(source)[start : start + length]
    except (zlib.error, struct.error) as error:
        raise NoWayBack(str(error)) from error


def _pieces(after: bytes, before: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Split `before` into pieces that stand in `after` (where, how many bytes) and others."""
    at, shift = 0, 0
    shifts = [0, len(after) - len(before)]  # what stands at the start, and at the end
    while at < len(before):
        if same := _same(before, at, after, at + shift):
            yield at + shift, same, b""
            at += same
            continue
        begin, shift = _resumed(after, before, at, [shift, *shifts])
        yield 0, begin - at, before[at:begin]
        at = begin


def _resumed(after: bytes, before: bytes, at: int, shifts: list[int]) -> tuple[int, int]:
    """Find from where on what follows stands in `after` again, and how far it has moved there."""
    step = _PROBE
    while at + step + _PROBE <= len(before):
        begin = at + step
        probe = before[begin : begin + _PROBE]
        known = (shift for shift in shifts if begin + shift >= 0)
        shift = next((s for s in known if after.startswith(probe, begin + s)), None)
        if shift is None and (found := after.find(probe)) >= 0:
            shift = found - begin
        if shift is not None:
            while (
                begin > at and begin + shift > 0 and before[begin - 1] == after[begin + shift - 1]
            ):
                begin -= 1
            return begin, shift
        step *= 2
    return len(before), 0


def _same(one: bytes, at: int, other: bytes, there: int) -> int:
    """Count the bytes that are the same from these places on; few are none."""
    if there < 0:
        return 0
    count = 0
    while chunk := one[at + count : at + count + _CHUNK]:
        if not other.startswith(chunk, there + count):
            break
        count += len(chunk)
    low, high = 0, len(chunk)
    while low < high:
        middle = (low + high + 1) // 2
        if other.startswith(chunk[:middle], there + count):
            low = middle
        else:
            high = middle - 1
    count += low
    return count if count >= _PROBE // 2 or at + count == len(one) else 0
