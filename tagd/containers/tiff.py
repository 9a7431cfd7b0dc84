"""The first directory of a TIFF: whether it is a camera's RAW, and whether the file is whole.

Source: TIFF 6.0; Adobe's BigTIFF note, TIFF/EP and DNG 1.7 for the tags.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final

from tagd.containers.segments import DamagedContainer, TruncatedContainer

_PHOTOMETRIC, _MAKE, _SUB_IFDS, _DNG_VERSION = 262, 271, 330, 50706
_STRIPS: Final = ((273, 279), (324, 325))  # offsets and byte counts, of strips and of tiles
_WANTED: Final = frozenset(
    {_PHOTOMETRIC, _MAKE, _SUB_IFDS, _DNG_VERSION, *(tag for pair in _STRIPS for tag in pair)}
)
_KIND: Final = frozenset({_PHOTOMETRIC})
_COLOR_FILTER_ARRAY, _LINEAR_RAW = 32803, 34892
TYPE_CODES: Final = {1: "B", 2: "B", 3: "H", 4: "I", 7: "B", 13: "I", 16: "Q", 18: "Q"}
_MOST_SUB_IFDS: Final = 16
_MOST_VALUES: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Layout:
    """Byte order, and whether offsets have 64 bits."""

    order: str  # as struct writes it
    is_big: bool

    @property
    def offset_code(self) -> str:
        return "Q" if self.is_big else "I"


Directory = dict[int, tuple[int, ...]]


def first_directory(data: bytes, wanted: frozenset[int] = _WANTED) -> Directory:
    """Read the tags of the first directory that are wanted, as numbers: those that this module
    uses.

    Raises TruncatedContainer or DamagedContainer.
    """
    layout, offset = header(data)
    return _directory(data, layout, offset, wanted)


def raw_kind(data: bytes) -> str | None:
    """DNG, NEF, ARW, RAW for the sensor data of another maker, or None for a TIFF of pictures."""
    layout, offset = header(data)
    first = _directory(data, layout, offset, _WANTED)
    if _DNG_VERSION in first:
        return "DNG"
    if not _is_sensor(first):
        subs = first.get(_SUB_IFDS, ())[:_MOST_SUB_IFDS]
        if not any(_is_sensor(_directory(data, layout, sub, _KIND)) for sub in subs):
            return None
    make = bytes(letter & 255 for letter in first.get(_MAKE, ())[:5]).upper()
    return {b"NIKON": "NEF", b"SONY\0": "ARW", b"SONY ": "ARW", b"SONY": "ARW"}.get(make, "RAW")


def require_whole(data: bytes) -> None:
    """Raise TruncatedContainer when strips or tiles of the first page lie beyond the end."""
    first = first_directory(data)
    for offsets_tag, counts_tag in _STRIPS:
        pairs = zip(first.get(offsets_tag, ()), first.get(counts_tag, ()), strict=False)
        if any(offset + count > len(data) for offset, count in pairs):
            raise TruncatedContainer("the TIFF data ends before its picture does")


def header(data: bytes) -> tuple[Layout, int]:
    """Read the layout, and where the first directory is. Raises DamagedContainer."""
    order = {b"II": "<", b"MM": ">"}.get(data[:2])
    if order is None:
        raise DamagedContainer("no TIFF")
    is_big = data[2:4] in {b"+\0", b"\0+"}
    layout = Layout(order, is_big)
    return layout, number(data, layout, layout.offset_code, 8 if is_big else 4)


def number(data: bytes, layout: Layout, code: str, at: int) -> int:
    """Read one number, its type as struct names it. Raises TruncatedContainer."""
    return numbers(data, layout, code, at, 1)[0]


def numbers(data: bytes, layout: Layout, code: str, at: int, count: int) -> tuple[int, ...]:
    """Read `count` numbers of one type. Raises TruncatedContainer."""
    if at + count * struct.calcsize(layout.order + code) > len(data):
        raise TruncatedContainer("the TIFF data ends before its directory does")
    values: tuple[int, ...] = struct.unpack_from(f"{layout.order}{count}{code}", data, at)
    return values


def _directory(data: bytes, layout: Layout, offset: int, wanted: frozenset[int]) -> Directory:
    entry, count_code = (20, "Q") if layout.is_big else (12, "H")
    start = offset + (8 if layout.is_big else 2)
    entries = number(data, layout, count_code, offset)
    if start + entries * entry > len(data):
        raise TruncatedContainer("the TIFF data ends before its directory does")
    if entries > 0xFFFF:
        raise DamagedContainer("a TIFF directory of too many entries")
    found: Directory = {}
    for at in range(start, start + entries * entry, entry):
        tag, kind = numbers(data, layout, "H", at, 2)
        code = TYPE_CODES.get(kind)
        # The first of equal tags counts; reading them all is what a hostile file would like.
        if tag in wanted and tag not in found and code is not None:
            found[tag] = _values(data, layout, at, code)
    return found


def _values(data: bytes, layout: Layout, at: int, code: str) -> tuple[int, ...]:
    count = number(data, layout, layout.offset_code, at + 4)
    if count > _MOST_VALUES:
        raise DamagedContainer("a TIFF tag of too many values")
    inline, room = (at + 12, 8) if layout.is_big else (at + 8, 4)
    if count * struct.calcsize(layout.order + code) > room:
        inline = number(data, layout, layout.offset_code, inline)
    return numbers(data, layout, code, inline, count)


def is_sensor_data(photometric: int) -> bool:
    """Return whether what a directory holds is as a sensor saw it, by its photometric
    interpretation."""
    return photometric in {_COLOR_FILTER_ARRAY, _LINEAR_RAW}


def _is_sensor(directory: Directory) -> bool:
    return is_sensor_data((*directory.get(_PHOTOMETRIC, ()), 0)[0])
