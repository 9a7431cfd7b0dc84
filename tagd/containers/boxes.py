"""Boxes, which HEIF, AVIF and their like consist of, and the numbers in them.

Source: ISO/IEC 14496-12, 4.2.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tagd.containers.segments import DamagedContainer, Segment, TruncatedContainer, append

if TYPE_CHECKING:
    from collections.abc import Sequence


def boxes(data: bytes, start: int = 0, end: int | None = None) -> list[Segment]:
    """Return the boxes within `data[start:end]`, one after the other.

    Raises TruncatedContainer when a box reaches beyond the file, DamagedContainer when it reaches
    beyond the box around it.
    """
    limit = len(data) if end is None else end
    found: list[Segment] = []
    while start < limit:
        if start + 8 > limit:
            raise _beyond(data, limit)
        size = int.from_bytes(data[start : start + 4], "big")
        kind = data[start + 4 : start + 8].decode("latin-1")
        body = start + 8
        if size == 1:
            size, body = int.from_bytes(data[body : body + 8], "big"), body + 8
        box_end = limit if size == 0 else start + size
        if box_end > limit or body > limit:
            raise _beyond(data, limit)
        if box_end < body:
            raise DamagedContainer("a box smaller than its own header")
        append(found, Segment(kind, start, body, box_end, box_end))
        start = box_end
    return found


def _beyond(data: bytes, limit: int) -> DamagedContainer:
    if limit == len(data):
        return TruncatedContainer("the file ends within a box")
    return DamagedContainer("a box reaches beyond the one around it")


def first(segments: Sequence[Segment], kind: str) -> Segment | None:
    """Return the first box of a kind."""
    return next((segment for segment in segments if segment.kind == kind), None)


def only(segments: Sequence[Segment], kind: str) -> Segment:
    """Return what `first` does, where it has to be there. Raises DamagedContainer."""
    found = first(segments, kind)
    if found is None:
        raise DamagedContainer(f"no {kind} box")
    return found


class BoxReader:
    """Reads big-endian numbers of a box's body."""

    def __init__(self, data: bytes, box: Segment) -> None:
        self._data = data
        self._at = box.body
        self._end = box.body_end

    def take(self, size: int) -> int:
        """Read the next number, of so many bytes. Raises DamagedContainer."""
        at = self._at
        if at + size > self._end:
            raise DamagedContainer("a box is shorter than what it says")
        self._at = at + size
        return int.from_bytes(self._data[at : at + size], "big")

    def version(self) -> int:
        """Read the version of a full box, leaving its flags behind."""
        return self.take(4) >> 24
