"""A tag of the first directory of a TIFF or an EXIF block, changed so that nothing else moves.

MakerNotes, and private tags, point at things by offsets that nobody outside knows. So the directory
is copied behind everything, with the tag, and the header made to point there; where a mark at the
end says so, it is taken off again and the bytes are what they were. Source: TIFF 6.0.

XMP is such a tag. Source: Adobe XMP specification, part 3.
"""

from __future__ import annotations

import struct
from typing import Final

import xxhash

from tagd.containers.segments import DamagedContainer
from tagd.containers.splice.refusal import CannotSplice
from tagd.containers.tags import XMP, all_tags
from tagd.containers.tiff import Layout, header, number

_MARK: Final = b"tagd"
_MARK_SIZE: Final = 12  # the mark, where the first directory was, how long the block was
_ENTRY: Final = 12
_BYTES: Final = 1  # the TIFF type of a value that no byte order turns
_MOST: Final = 0xFFF0_0000  # bytes that an offset reaches, with room for a directory


def packet(data: bytes) -> bytes | None:
    """Return the XMP packet of a TIFF: that of its first page. Raises DamagedContainer."""
    value = all_tags(data).get(("0", XMP))
    return None if value is None else value.data


def with_packet(data: bytes, new: bytes | None) -> bytes:
    """Return the same TIFF with this packet; without what an earlier call appended, where that is
    what it held before. Raises DamagedContainer and CannotSplice."""
    original = without_appended(data, XMP)
    return original if packet(original) == new else with_tag(original, XMP, new)


def foreign(data: bytes) -> tuple[bytes, ...]:
    """Return a digest of all bytes but those that `with_packet` appended."""
    return (xxhash.xxh3_128_digest(without_appended(data, XMP)),)


def with_tag(block: bytes, tag: int, value: bytes | None) -> bytes:
    """Return the block whose first directory says this in the tag, as BYTEs; None takes the tag
    out.

    Growth is not for ever: what an earlier call appended goes first. Raises CannotSplice, and
    DamagedContainer where the directory is not whole.
    """
    return _appended(without_appended(block, tag), tag, value)


def without_appended(block: bytes, tag: int) -> bytes:
    """Return the block as it was before `with_tag`; the same one where that, or all of that, is not
    here.

    A directory that somebody has changed since is theirs, and stays.
    """
    if block[-_MARK_SIZE:][: len(_MARK)] != _MARK:
        return block
    try:
        layout, _ = header(block)
        start, length = struct.unpack(layout.order + "II", block[len(_MARK) - _MARK_SIZE :])
        before = _pointing_at(start, block, layout, length)
        said = all_tags(block).get(("0", tag))
        at, appendix = _appendix(before, tag, said.data if said else None)
        if header(block) == (layout, at) and block[length:] == appendix:
            return before
    except (DamagedContainer, CannotSplice):
        pass
    return block


def _appended(block: bytes, tag: int, value: bytes | None) -> bytes:
    at, appendix = _appendix(block, tag, value)
    return _pointing_at(at, block, header(block)[0], len(block), appendix)


def _appendix(block: bytes, tag: int, value: bytes | None) -> tuple[int, bytes]:
    """Return where the new directory will be, and all that is to follow the block."""
    layout, start = header(block)
    if layout.is_big:
        raise CannotSplice("nothing is added to a BigTIFF")
    if len(block) + len(value or b"") > _MOST:
        raise CannotSplice("a TIFF holds no more than 4 GB")
    at = len(block) + len(block) % 2
    count = number(block, layout, "H", start)
    end = start + 2 + count * _ENTRY
    if end > len(block):
        raise DamagedContainer("the EXIF ends within its first directory")
    entries = [block[offset : offset + _ENTRY] for offset in range(start + 2, end, _ENTRY)]
    rows = [entry for entry in entries if _tag(entry, layout) != tag]
    if value is not None:
        behind = at + 2 + (len(rows) + 1) * _ENTRY + 4
        rows.append(_entry(tag, value, behind, layout))
    # Cameras leave the offset of the next directory out where the block ends with this one.
    following = block[end : end + 4].ljust(4, b"\0")
    count_of_rows = struct.pack(layout.order + "H", len(rows))
    rows.sort(key=lambda row: _tag(row, layout))
    outside = value if value is not None and len(value) > 4 else b""
    mark = _MARK + struct.pack(layout.order + "II", start, len(block))
    padding = bytes(at - len(block))
    return at, b"".join((padding, count_of_rows, *rows, following, outside, mark))


def _entry(tag: int, value: bytes, behind: int, layout: Layout) -> bytes:
    place = value.ljust(4, b"\0") if len(value) <= 4 else struct.pack(layout.order + "I", behind)
    return struct.pack(layout.order + "HHI", tag, _BYTES, len(value)) + place


def _tag(row: bytes, layout: Layout) -> int:
    return number(row, layout, "H", 0)


def _pointing_at(
    start: int, block: bytes, layout: Layout, length: int, appendix: bytes = b""
) -> bytes:
    """Return so many bytes of the block, its first directory being at `start`, and what is to
    follow."""
    view = memoryview(block)
    return b"".join((view[:4], struct.pack(layout.order + "I", start), view[8:length], appendix))
