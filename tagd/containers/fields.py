"""What EXIF, or a TIFF, says of its picture, as far as it can be read: a flaw costs its own tag.

`tags` reads the same strictly, for whoever must know that nothing was changed. Only the directory
of the first picture is looked at, with its EXIF and its GPS. Of two equal tags the last sound one
counts, as ExifTool has it. Source: TIFF 6.0; CIPA DC-008 (EXIF 3.0).
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from tagd.containers.segments import DamagedContainer
from tagd.containers.tiff import Layout, header, number

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

FIRST, EXIF, GPS = "0", "exif", "gps"
_POINTERS: Final = {0x8769: EXIF, 0x8825: GPS}
# How struct names the values of a TIFF type; a rational is two of them.
_CODES: Final = {
    1: "B", 2: "s", 3: "H", 4: "I", 5: "II", 6: "b", 7: "s", 8: "h", 9: "i", 10: "ii", 11: "f",
    12: "d", 13: "I", 16: "Q", 17: "q", 18: "Q",
}  # fmt: skip
_SIZES: Final = {kind: struct.calcsize("=" + code) for kind, code in _CODES.items()}
_RATIONALS: Final = frozenset({5, 10})
_MOST_ENTRIES: Final = 0xFFFF
_FARTHEST: Final = 1 << 62
# Nothing that is asked for by text or numbers has more of them.
_MOST_TEXT: Final = 1 << 16
_MOST_NUMBERS: Final = 16


@dataclass(frozen=True, slots=True)
class Entry:
    """One tag: its TIFF type, and where its bytes lie in `source`. They are taken out when asked
    for: all tags of a hostile file may say that they are the whole of it."""

    type: int
    source: bytes = field(repr=False)
    start: int
    end: int
    order: str

    @property
    def data(self) -> bytes:
        """Return its bytes as they lie in the file."""
        return self.source[self.start : self.end]

    def text(self) -> str | None:
        """Return what an ASCII tag says up to its end mark; None where that is nothing."""
        told = self.source[self.start : min(self.end, self.start + _MOST_TEXT)].partition(b"\0")[0]
        try:
            text = told.decode()
        except UnicodeDecodeError:
            text = told.decode("cp1252", "replace")
        return text.strip() or None

    def numbers(self) -> tuple[float, ...]:
        """Return the first numbers of it, NaN for a rational over 0; none where it holds text."""
        code, size = _CODES[self.type], _SIZES[self.type]
        if code == "s":
            return ()
        count = min((self.end - self.start) // size, _MOST_NUMBERS)
        packed = self.source[self.start : self.start + count * size]
        found = struct.iter_unpack(self.order + code, packed)
        if self.type in _RATIONALS:
            return tuple(above / below if below else math.nan for above, below in found)
        return tuple(value for (value,) in found)


Fields = dict[tuple[str, int], Entry]


def fields(data: bytes) -> Fields:
    """Return the sound tags by directory (`FIRST`, `EXIF`, `GPS`) and number. Never raises."""
    try:
        layout, at = header(data)
    except DamagedContainer:
        return {}
    found: Fields = {}
    waiting = {FIRST: at}
    known: set[str] = set()
    while waiting:
        name, at = waiting.popitem()
        known.add(name)
        entries = dict(_sound(data, layout, at))
        found |= {(name, tag): entry for tag, entry in entries.items()}
        waiting |= _pointers(entries, known)
    return found


def _pointers(entries: Mapping[int, Entry], known: set[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for tag, name in _POINTERS.items():
        told = entries[tag].numbers() if tag in entries and name not in known else ()
        if told and 0 < told[0] < _FARTHEST:  # NaN is not
            found[name] = int(told[0])
    return found


def _sound(data: bytes, layout: Layout, offset: int) -> Iterator[tuple[int, Entry]]:
    """Yield the tags of a directory whose types are known and whose values are there; those before
    its end where the data ends within it."""
    code, width, room = ("HHQQ", 8, 8) if layout.is_big else ("HHII", 2, 4)
    row = struct.Struct(layout.order + code)
    try:
        count = number(data, layout, "Q" if layout.is_big else "H", offset)
    except DamagedContainer:
        return
    start = offset + width
    rows = min(count, _MOST_ENTRIES, (len(data) - start) // row.size)
    for at in range(start, start + rows * row.size, row.size):
        tag, kind, values, place = row.unpack_from(data, at)
        size = values * _SIZES.get(kind, 0)
        if size <= room:
            place = at + row.size - room
        if kind in _SIZES and place + size <= len(data):
            yield tag, Entry(kind, data, place, place + size, layout.order)
