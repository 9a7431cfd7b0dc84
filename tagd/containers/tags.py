"""Every tag of a TIFF structure (TIFF, EXIF), to read some and to see that none was changed.

Source: TIFF 6.0; CIPA DC-008 (EXIF 3.0). Offsets are followed: two structures that say the same at
other places have equal tags.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import Final

import xxhash

from tagd.containers.segments import DamagedContainer
from tagd.containers.tiff import Layout, header, number, numbers

MAKER_NOTE, XP_KEYWORDS, XMP = 0x927C, 0x9C9E, 700
_SIZES: Final = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
_SIZES_BIG: Final = _SIZES | {16: 8, 17: 8, 18: 8}
_WORDS: Final = {3: 2, 8: 2, 4: 4, 5: 4, 9: 4, 10: 4, 11: 4, 13: 4, 12: 8, 16: 8, 17: 8, 18: 8}
_SUB: Final = {0x8769: "exif", 0x8825: "gps", 0xA005: "interop", 0x014A: "sub"}
# Where data lies, and how much of it: the data itself is compared in their place.
_DATA: Final = {273: 279, 324: 325, 513: 514}
# Honest scans have thousands of pages. What grows with the file is bounded by its length, since
# values may overlap in files made to exhaust the memory.
_MOST_DIRECTORIES: Final = 0xFFFF
_MOST_COPIES: Final = 4
_SMALL: Final = 1 << 20
_MOST_ENTRIES: Final = 0xFFFF


@dataclass(frozen=True, slots=True)
class Value:
    """One tag: its TIFF type, how many values, their bytes in big-endian order, and where in the
    structure they are, in which equal tags may differ."""

    type: int
    count: int
    data: bytes
    at: int = field(default=0, compare=False)

    def text(self) -> str:
        """Return what an ASCII tag says, up to its end mark."""
        return self.data.partition(b"\0")[0].decode("utf-8", "replace").strip()

    def integers(self) -> tuple[int, ...]:
        """Return the numbers of a BYTE, SHORT or LONG; a RATIONAL is numerator, denominator."""
        size = _WORDS.get(self.type, 1)
        starts = range(0, len(self.data) - size + 1, size)
        return tuple(int.from_bytes(self.data[at : at + size], "big") for at in starts)


Tags = dict[tuple[str, int], Value]


def all_tags(data: bytes) -> Tags:
    """Return each tag by its directory ("0", "0.exif", "1", "0.sub0") and number.

    The picture data of a directory counts as tag 273, 324 or 513: type 7, a digest of its bytes.
    Raises DamagedContainer on a structure that is not sound throughout.
    """
    layout, offset = header(data)
    found: Tags = {}
    seen: set[int] = set()
    waiting = [("0", offset, 0)]
    room = _MOST_COPIES * len(data) + _SMALL
    while waiting:
        name, at, place = waiting.pop()
        if at in seen:
            raise DamagedContainer("TIFF directories that go round in circles")
        if len(seen) >= _MOST_DIRECTORIES:
            raise DamagedContainer(f"more than {_MOST_DIRECTORIES:,} TIFF directories")
        seen.add(at)
        tags, following = _directory(data, layout, at, room)
        for tag, value in tags.items():
            if tag in _SUB:
                offsets = value.integers()
                many = len(offsets) > 1 or tag == 0x014A
                waiting += [
                    (f"{name}.{_SUB[tag]}{number if many else ''}", sub, -1)
                    for number, sub in enumerate(offsets)
                ]
        kept = _without_offsets(data, tags)
        room -= sum(len(entry.data) for entry in tags.values())
        room -= sum(kept[tag].count for tag in _DATA if tag in kept)
        found |= {(name, tag): entry for tag, entry in kept.items()}
        if following and place >= 0:
            waiting.append((str(place + 1), following, place + 1))
    return found


def _directory(data: bytes, layout: Layout, offset: int, room: int) -> tuple[dict[int, Value], int]:
    step, count_code, start = (20, "Q", offset + 8) if layout.is_big else (12, "H", offset + 2)
    count = number(data, layout, count_code, offset)
    if count > _MOST_ENTRIES:
        raise DamagedContainer("a TIFF directory of too many entries")
    found: dict[int, Value] = {}
    for at in range(start, start + count * step, step):
        tag, kind = numbers(data, layout, "H", at, 2)
        if tag in found:
            raise DamagedContainer(f"a TIFF directory with two tags {tag:#06x}")
        found[tag] = _value(data, layout, at, kind)
        room -= len(found[tag].data)
        if room < 0:
            raise DamagedContainer("TIFF tags that hold more than the file")
    end = start + count * step
    # Cameras leave the last offset out where the data ends with the directory.
    is_there = end + (8 if layout.is_big else 4) <= len(data)
    return found, number(data, layout, layout.offset_code, end) if is_there else 0


def _value(data: bytes, layout: Layout, at: int, kind: int) -> Value:
    size = (_SIZES_BIG if layout.is_big else _SIZES).get(kind)
    if size is None:
        raise DamagedContainer(f"a TIFF tag of the unknown type {kind}")
    count = number(data, layout, layout.offset_code, at + 4)
    place, room = (at + 12, 8) if layout.is_big else (at + 8, 4)
    if count * size > room:
        place = number(data, layout, layout.offset_code, place)
    if place + count * size > len(data):
        raise DamagedContainer("a TIFF tag whose value lies outside of the file")
    raw = data[place : place + count * size]
    return Value(kind, count, _big_endian(raw, _WORDS.get(kind, 1), layout), place)


def _big_endian(raw: bytes, word: int, layout: Layout) -> bytes:
    if word == 1 or layout.order == ">":
        return raw
    code = {2: "H", 4: "I", 8: "Q"}[word]
    count = len(raw) // word
    return struct.pack(f">{count}{code}", *struct.unpack(f"<{count}{code}", raw))


def _without_offsets(data: bytes, tags: dict[int, Value]) -> dict[int, Value]:
    """Return the tags, those that say where something is replaced by what is there."""
    kept = {tag: value for tag, value in tags.items() if tag not in _SUB}
    view = memoryview(data)
    for offsets_tag, counts_tag in _DATA.items():
        if offsets_tag not in kept:
            continue
        offsets = kept[offsets_tag].integers()
        counts = kept[counts_tag].integers() if counts_tag in kept else ()
        if len(offsets) != len(counts):
            raise DamagedContainer("TIFF data without a length")
        if any(at + size > len(data) for at, size in zip(offsets, counts, strict=True)):
            raise DamagedContainer("TIFF data that lies outside of the file")
        if sum(counts) > len(data):
            raise DamagedContainer("TIFF data that is larger than the file")
        digest = xxhash.xxh3_128()
        for at, size in zip(offsets, counts, strict=True):
            digest.update(view[at : at + size])
        kept[offsets_tag] = Value(7, sum(counts), digest.digest())
    return kept
