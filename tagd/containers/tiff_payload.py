"""The picture of a TIFF, and of the cameras' RAW files that are built like one, without metadata.

Of each directory with a picture count the strips or tiles, in order, and the tags that say how to
read them; never an offset, so that whoever moves the pieces changes nothing. Where there is sensor
data, it alone counts, as editors rewrite the previews beside it; else all pages, but none that says
that it is a smaller version of another. Source: TIFF 6.0, TIFF technical note 2, DNG 1.7;
Panasonic's and Canon's tags as LibRaw and ExifTool know them.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tagd.containers.segments import MOST_SEGMENTS, DamagedContainer, TruncatedContainer
from tagd.containers.tiff import TYPE_CODES, header, is_sensor_data, number, numbers

if TYPE_CHECKING:
    from collections.abc import Iterator

Spans = list[tuple[int, int]]

_SUBFILE, _COMPRESSION, _PHOTOMETRIC, _SUB_IFDS = 254, 259, 262, 330
_STRIPS: Final = (273, 279)  # offsets and byte counts
_TILES: Final = (324, 325)
_OLD_JPEG: Final = (513, 514)
_TABLES_OF_OLD_JPEG: Final = frozenset({519, 520, 521})
_PANASONIC_RAW: Final = 280
_CANON_SLICES: Final = 50752  # only in the directory of Canon's sensor data
_REDUCED: Final = 1  # the bit of NewSubfileType
# What decides how the strips are read. Their byte counts do too: they say where each piece begins.
_DECISIVE: Final = frozenset(
    {
        *(256, 257, 258, _COMPRESSION, _PHOTOMETRIC, 266, 277, 278, 284),  # baseline
        *(290, 291, 292, 293, 317, 320, 322, 323, 332, 334, 338, 339, 340, 341, 347),
        *(512, 515, 517, 518, 529, 530, 532, 33421, 33422, _CANON_SLICES),
        *(279, 325, 514),
    }
)
_WANTED: Final = _DECISIVE | {
    *(_SUBFILE, _SUB_IFDS, _PANASONIC_RAW),
    *(273, 324, 513),
    *_TABLES_OF_OLD_JPEG,
}
_OTHER_SIZES: Final = {5: 8, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8}  # bytes, of what is no plain number
_MOST_DIRECTORIES: Final = 10_000
_MOST_VALUES: Final = 1 << 20
# TIFFs share data between pages and pieces; a small file whose every piece is all of it costs time.
_MOST_SHARED: Final = 2


@dataclass(frozen=True, slots=True)
class _Entry:
    """One entry of a directory: where it begins, and where its values are."""

    entry: int
    code: str | None
    count: int
    start: int
    end: int


_Directory = dict[int, _Entry]


def payload(data: bytes) -> Spans:
    """Find the picture, and what says how to read it. Raises DamagedContainer."""
    try:
        return _DirectoryReader(data).payload()
    except TruncatedContainer as error:
        # Decoders say so where it is the picture that is not whole.
        raise DamagedContainer(str(error)) from error


class _DirectoryReader:
    """Follows the directories of one file."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._layout, self._first = header(data)
        self._entries_left = MOST_SEGMENTS
        self._values_left = _MOST_VALUES
        self._bytes_left = _MOST_SHARED * len(data)

    def payload(self) -> Spans:
        directories = [
            directory for directory in self._directories() if self._has_picture(directory)
        ]
        chosen = [directory for directory in directories if self._is_sensor(directory)] or [
            directory
            for place, directory in enumerate(directories)
            if place == 0 or not self._number(directory, _SUBFILE) & _REDUCED
        ]
        pictures = [(self._told(directory), self._pieces(directory)) for directory in chosen]
        if not any(pieces for _, pieces in pictures):
            raise DamagedContainer("a TIFF without a picture")
        return [span for told, pieces in pictures for span in told + pieces]

    def _directories(self) -> Iterator[_Directory]:
        """Yield each directory once: the pages in order, behind each page its parts."""
        seen: set[int] = set()
        waiting = [(self._first, True)]
        while waiting:
            offset, is_page = waiting.pop()
            if offset in seen:
                continue
            seen.add(offset)
            if len(seen) > _MOST_DIRECTORIES:
                raise DamagedContainer("a TIFF of too many directories")
            try:
                directory, following = self._directory(offset)
            except TruncatedContainer:
                if len(seen) == 1:
                    raise
                continue  # cameras leave nonsense where no directory follows
            yield directory
            if is_page and following:
                waiting.append((following, True))
            parts = self._numbers(directory, _SUB_IFDS)
            waiting += [(part, False) for part in reversed(parts)]

    def _directory(self, offset: int) -> tuple[_Directory, int]:
        data, layout = self._data, self._layout
        count = number(data, layout, "Q" if layout.is_big else "H", offset)
        row, start = (20, offset + 8) if layout.is_big else (12, offset + 2)
        end = start + count * row
        if end > len(data):
            raise TruncatedContainer("the TIFF data ends before its directory does")
        self._entries_left -= count
        if self._entries_left < 0:
            raise DamagedContainer("a TIFF of too many tags")
        found: _Directory = {}
        head = struct.Struct(layout.order + "HH" + layout.offset_code)
        for at in range(start, end, row):
            tag, kind, values = head.unpack_from(data, at)
            if tag in _WANTED and tag not in found:
                found[tag] = self._tag(at, at + head.size, kind, values)
        is_there = end + (8 if layout.is_big else 4) <= len(data)
        return found, number(data, layout, layout.offset_code, end) if is_there else 0

    def _tag(self, entry: int, inline: int, kind: int, count: int) -> _Entry:
        code = TYPE_CODES.get(kind)
        size = count * (struct.calcsize("=" + code) if code else _OTHER_SIZES.get(kind, 1))
        at = inline
        if size > (8 if self._layout.is_big else 4):
            at = number(self._data, self._layout, self._layout.offset_code, inline)
        if at + size > len(self._data):
            raise DamagedContainer("a TIFF tag whose value lies outside of the file")
        return _Entry(entry, code, count, at, at + size)

    def _numbers(self, directory: _Directory, tag: int) -> tuple[int, ...]:
        found = directory.get(tag)
        if found is None or found.code is None:
            return ()
        self._values_left -= found.count
        if self._values_left < 0:
            raise DamagedContainer("a TIFF of too many pieces")
        return numbers(self._data, self._layout, found.code, found.start, found.count)

    def _number(self, directory: _Directory, tag: int) -> int:
        return (*self._numbers(directory, tag), 0)[0]

    def _has_picture(self, directory: _Directory) -> bool:
        return any(tag in directory for tag in (273, 324, 513, _PANASONIC_RAW))

    def _is_sensor(self, directory: _Directory) -> bool:
        return (
            is_sensor_data(self._number(directory, _PHOTOMETRIC))
            or _CANON_SLICES in directory
            or _PANASONIC_RAW in directory
        )

    def _told(self, directory: _Directory) -> Spans:
        """Return each tag that decides: its number, type and count, and its values."""
        size = 12 if self._layout.is_big else 8
        return [
            span
            for tag in sorted(directory.keys() & _DECISIVE)
            for span in (
                (directory[tag].entry, directory[tag].entry + size),
                (directory[tag].start, directory[tag].end),
            )
        ]

    def _pieces(self, directory: _Directory) -> Spans:
        """Return the strips or tiles that hold anything, in order."""
        if directory.keys() & _TABLES_OF_OLD_JPEG and _OLD_JPEG[0] not in directory:
            raise DamagedContainer("a JPEG in a TIFF whose tables lie elsewhere")
        pieces = [
            (offset, offset + size)
            for offset, size in self._places(directory)
            if size  # one of nothing is a hole, and its offset says nothing
        ]
        if any(end > len(self._data) for _, end in pieces):
            raise DamagedContainer("TIFF data that lies outside of the file")
        self._bytes_left -= sum(end - start for start, end in pieces)
        if self._bytes_left < 0:
            raise DamagedContainer("TIFF data that is larger than the file")
        return pieces

    def _places(self, directory: _Directory) -> Iterator[tuple[int, int]]:
        """Yield where each piece is, and how many bytes it has."""
        if _PANASONIC_RAW in directory:
            # The byte count is wrong in many models: the data goes on to the end of the file.
            start = self._number(directory, _PANASONIC_RAW)
            yield start, max(0, len(self._data) - start)
            return
        for offsets_tag, counts_tag in (_STRIPS, _TILES, _OLD_JPEG):
            offsets = self._numbers(directory, offsets_tag)
            counts = self._numbers(directory, counts_tag) if offsets else ()
            if len(offsets) != len(counts):
                raise DamagedContainer("TIFF data without a length")
            yield from zip(offsets, counts, strict=True)
