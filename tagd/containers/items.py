"""The items of a HEIF or AVIF file: what they are, where their bytes lie, what refers to what.

Source: ISO/IEC 14496-12, 8.11 (meta, pitm, iinf, iloc, iref).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tagd.containers.boxes import BoxReader, boxes, only
from tagd.containers.segments import DamagedContainer, Segment

Spans = list[tuple[int, int]]

_IN_FILE, _IN_IDAT = 0, 1
_WITH_METHOD: Final = frozenset({1, 2})  # versions of iloc


@dataclass(frozen=True, slots=True)
class Item:
    """What iinf says of one item; `content` is the media type of a `mime` item.

    `is_plain`: its bytes are neither encoded nor encrypted. `entry` is the whole of what is said.
    """

    id: int
    kind: bytes
    content: bytes
    is_plain: bool
    entry: bytes


@dataclass(frozen=True, slots=True)
class Reference:
    """What iref says: that one item refers to others; `entry` is the whole of it."""

    kind: str
    source: int
    targets: tuple[int, ...]
    entry: bytes


@dataclass(frozen=True, slots=True)
class Location:
    """Where one item lies: the file, from `base` on, at each extent's (index, offset, length).

    `method` 1 counts from the beginning of idat. `reference` names another file, but for 0.
    """

    item: int
    method: int
    reference: int
    base: int
    extents: tuple[tuple[int, int, int], ...]

    @property
    def is_in_file(self) -> bool:
        """Return whether its offsets count from the beginning of this file."""
        return self.method & 15 == _IN_FILE and self.reference == 0


@dataclass(frozen=True, slots=True)
class Locations:
    """The iloc box: its version, flags and how wide its numbers are, as they are; its entries."""

    head: bytes
    entries: tuple[Location, ...]

    @property
    def widths(self) -> tuple[int, int, int, int]:
        """Return the bytes of an offset, a length, a base and an index."""
        sizes = int.from_bytes(self.head[4:6], "big")
        index = sizes & 15 if self.head[0] in _WITH_METHOD else 0
        return sizes >> 12, sizes >> 8 & 15, sizes >> 4 & 15, index

    def spans(self, data: bytes, idat: Segment | None) -> dict[int, Spans]:
        """Return the bytes of each item, as places in the file."""
        return {
            entry.item: [
                _span(data, entry.method & 15, entry.base + offset, length, idat)
                for _, offset, length in entry.extents
            ]
            for entry in self.entries
        }

    def to_bytes(self) -> bytes:
        """Build the body of the box. Raises OverflowError where a number is wider than its
        field."""
        offset, length, base, index = self.widths
        has_method, id_width = self.head[0] in _WITH_METHOD, 2 if self.head[0] < 2 else 4
        parts = [self.head, len(self.entries).to_bytes(id_width, "big")]
        for entry in self.entries:
            parts.append(entry.item.to_bytes(id_width, "big"))
            parts.append(entry.method.to_bytes(2, "big") if has_method else b"")
            parts.append(entry.reference.to_bytes(2, "big") + entry.base.to_bytes(base, "big"))
            parts.append(len(entry.extents).to_bytes(2, "big"))
            for numbers in entry.extents:
                widths = (index, offset, length)
                parts += [n.to_bytes(w, "big") for n, w in zip(numbers, widths, strict=True)]
        return b"".join(parts)


def meta_children(data: bytes) -> list[Segment]:
    """Return the boxes within the file's meta box."""
    meta = only(boxes(data), "meta")
    return boxes(data, meta.body + 4, meta.end)


def primary_id(data: bytes, box: Segment) -> int:
    """Return the item that the file is shown as."""
    reader = BoxReader(data, box)
    return reader.take(2 if reader.version() == 0 else 4)


def locations(data: bytes, box: Segment) -> Locations:
    """Read where each item lies."""
    reader = BoxReader(data, box)
    version = reader.version()
    reader.take(2)
    found = Locations(data[box.body : box.body + 6], ())
    offset, length, base, index = found.widths
    entries = []
    for _ in range(reader.take(2 if version < 2 else 4)):
        item = reader.take(2 if version < 2 else 4)
        method = reader.take(2) if version in _WITH_METHOD else 0
        reference, start = reader.take(2), reader.take(base)
        count = reader.take(2)
        if count > 1 and offset + length + index == 0:
            raise DamagedContainer("extents that take no space")
        extents = [
            (reader.take(index), reader.take(offset), reader.take(length)) for _ in range(count)
        ]
        entries.append(Location(item, method, reference, start, tuple(extents)))
    return Locations(found.head, tuple(entries))


def _span(
    data: bytes, method: int, offset: int, length: int, idat: Segment | None
) -> tuple[int, int]:
    start, limit = 0, len(data)
    if method == _IN_IDAT and idat is not None:
        start, limit = idat.body, idat.body_end
    # Length 0 means all there is. What lies outside the file is none of the picture's bytes: the
    # decoder says what it thinks of that.
    start = min(start + offset, limit)
    return start, min(start + length, limit) if length else limit


def joined(data: bytes, spans: Spans) -> bytes:
    """Join the bytes of an item. Overlapping extents could make a small file cost much memory."""
    if sum(end - start for start, end in spans) > len(data):
        raise DamagedContainer("an item that is larger than the file")
    return b"".join(data[start:end] for start, end in spans)


def listed(data: bytes, box: Segment) -> list[Item]:
    """Read what iinf says of each item."""
    count_width = 2 if BoxReader(data, box).version() == 0 else 4
    found = []
    for described in boxes(data, box.body + 4 + count_width, box.body_end):
        reader = BoxReader(data, described)
        version = reader.version()
        item = reader.take(4 if version == 3 else 2)
        is_protected = reader.take(2) != 0
        kind, content, encoding = b"", b"", b""
        if version >= 2:
            kind = reader.take(4).to_bytes(4, "big")
            texts = data[described.body + (14 if version == 3 else 12) : described.body_end].split(
                b"\0"
            )
            content, encoding = (*texts[1:3], b"", b"")[:2] if kind == b"mime" else (b"", b"")
        entry = data[described.start : described.end]
        found.append(Item(item, kind, content, not (encoding or is_protected), entry))
    return found


def references(data: bytes, box: Segment, kind: str | None = None) -> list[Reference]:
    """Read what refers to what; where a kind is given, no other is even looked at."""
    width = 2 if BoxReader(data, box).version() == 0 else 4
    found = []
    for reference in boxes(data, box.body + 4, box.body_end):
        if kind not in {None, reference.kind}:
            continue
        reader = BoxReader(data, reference)
        source = reader.take(width)
        targets = tuple(reader.take(width) for _ in range(reader.take(2)))
        found.append(
            Reference(reference.kind, source, targets, data[reference.start : reference.end])
        )
    return found
