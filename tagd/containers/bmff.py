"""HEIF and AVIF as boxes: which bytes are the primary item, and how it is to be turned.

Source: ISO/IEC 14496-12 (boxes, meta, iloc, iref) and 23008-12 (ispe, irot, imir, dimg).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tagd.containers.segments import DamagedContainer, Segment, TruncatedContainer, append

Matrix = tuple[int, int, int, int]  # row by row; x to the right, y downwards

# What the EXIF orientations do to the stored picture.
_ORIENTATIONS: Final[dict[Matrix, int]] = {
    (1, 0, 0, 1): 1,
    (-1, 0, 0, 1): 2,
    (-1, 0, 0, -1): 3,
    (1, 0, 0, -1): 4,
    (0, 1, 1, 0): 5,
    (0, -1, 1, 0): 6,
    (0, -1, -1, 0): 7,
    (0, 1, -1, 0): 8,
}
_QUARTER_LEFT: Final[Matrix] = (0, 1, -1, 0)
_XMP_CONTENT: Final = b"application/rdf+xml"
_MIRRORS: Final[tuple[Matrix, Matrix]] = ((1, 0, 0, -1), (-1, 0, 0, 1))


@dataclass(frozen=True, slots=True)
class Primary:
    """The primary item: where its bytes are, and what its properties say.

    `size` is (width, height) as stored, None when not given; `orientation` is the EXIF value that
    says what its rotation and mirroring say.
    """

    spans: tuple[tuple[int, int], ...]
    orientation: int
    size: tuple[int, int] | None


def boxes(data: bytes, start: int = 0, end: int | None = None) -> list[Segment]:
    """The boxes within `data[start:end]`, one after the other.

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


def primary(data: bytes) -> Primary:
    """The primary item and, where it is put together from others (a grid of tiles), those too."""
    meta = _only(boxes(data), "meta")
    children = boxes(data, meta.body + 4, meta.end)
    item = _primary_id(data, _only(children, "pitm"))
    locations = _locations(data, _only(children, "iloc"), _first(children, "idat"))
    spans: list[tuple[int, int]] = []
    for each in _with_tiles(item, _derived_from(data, _first(children, "iref"))):
        spans.extend(locations.get(each, []))
    if not spans:
        raise DamagedContainer("the primary item has no data")
    # Overlapping extents could make a small file cost hours.
    if sum(end - start for start, end in spans) > len(data):
        raise DamagedContainer("the primary item is larger than the file")
    orientation, size = _properties(data, _first(children, "iprp"), item)
    return Primary(tuple(spans), orientation, size)


def payload(data: bytes) -> list[tuple[int, int]]:
    """Where the picture is: the extents of the primary item and of its tiles."""
    return list(primary(data).spans)


def _first(segments: list[Segment], kind: str) -> Segment | None:
    return next((each for each in segments if each.kind == kind), None)


def _only(segments: list[Segment], kind: str) -> Segment:
    found = _first(segments, kind)
    if found is None:
        raise DamagedContainer(f"no {kind} box")
    return found


class _Reader:
    """Reads big-endian numbers of a box's body."""

    def __init__(self, data: bytes, box: Segment) -> None:
        self._data = data
        self._at = box.body
        self._end = box.body_end

    def take(self, size: int) -> int:
        at = self._at
        if at + size > self._end:
            raise DamagedContainer("a box is shorter than what it says")
        self._at = at + size
        return int.from_bytes(self._data[at : at + size], "big")

    def version(self) -> int:
        """The version of a full box, leaving its flags behind."""
        return self.take(4) >> 24

    @property
    def is_left(self) -> bool:
        return self._at < self._end


def _primary_id(data: bytes, box: Segment) -> int:
    reader = _Reader(data, box)
    return reader.take(2 if reader.version() == 0 else 4)


def _locations(data: bytes, box: Segment, idat: Segment | None) -> dict[int, list[tuple[int, int]]]:
    """The spans of each item, in the file."""
    reader = _Reader(data, box)
    version = reader.version()
    sizes = reader.take(2)
    offset_size, length_size = sizes >> 12, sizes >> 8 & 15
    base_size, index_size = sizes >> 4 & 15, sizes & 15 if version in {1, 2} else 0
    found: dict[int, list[tuple[int, int]]] = {}
    for _ in range(reader.take(2 if version < 2 else 4)):
        item = reader.take(2 if version < 2 else 4)
        method = reader.take(2) & 15 if version in {1, 2} else 0
        reader.take(2)  # data reference
        base = reader.take(base_size)
        extents = reader.take(2)
        if extents > 1 and offset_size + length_size + index_size == 0:
            raise DamagedContainer("extents that take no space")
        spans: list[tuple[int, int]] = []
        for _ in range(extents):
            reader.take(index_size)
            offset, length = base + reader.take(offset_size), reader.take(length_size)
            spans.append(_span(data, method, offset, length, idat))
        found[item] = spans
    return found


def _span(
    data: bytes, method: int, offset: int, length: int, idat: Segment | None
) -> tuple[int, int]:
    start, limit = 0, len(data)
    if method == 1 and idat is not None:
        start, limit = idat.body, idat.body_end
    # Length 0 means all there is. What lies outside the file is none of the picture's bytes: the
    # decoder says what it thinks of that.
    start = min(start + offset, limit)
    return start, min(start + length, limit) if length else limit


def _derived_from(data: bytes, box: Segment | None) -> dict[int, list[int]]:
    """Which items each derived item is put together from."""
    if box is None:
        return {}
    size = 2 if _Reader(data, box).version() == 0 else 4
    found: dict[int, list[int]] = {}
    for each in boxes(data, box.body + 4, box.body_end):
        if each.kind == "dimg":
            reader = _Reader(data, each)
            item = reader.take(size)
            found[item] = [reader.take(size) for _ in range(reader.take(2))]
    return found


def _with_tiles(item: int, derived: dict[int, list[int]]) -> list[int]:
    ordered = {item: None}
    waiting = [item]
    while waiting:
        for each in derived.get(waiting.pop(), []):
            if each not in ordered:
                ordered[each] = None
                waiting.append(each)
    return list(ordered)


def _properties(data: bytes, iprp: Segment | None, item: int) -> tuple[int, tuple[int, int] | None]:
    if iprp is None:
        return 1, None
    children = boxes(data, iprp.body, iprp.body_end)
    container = _first(children, "ipco")
    known = boxes(data, container.body, container.body_end) if container else []
    turned: Matrix = (1, 0, 0, 1)
    size = None
    for index in _associations(data, _first(children, "ipma"), item):
        if not 0 < index <= len(known):
            continue
        each = known[index - 1]
        reader = _Reader(data, each)
        if each.kind == "ispe" and reader.version() == 0:
            size = reader.take(4), reader.take(4)
        elif each.kind == "irot":
            for _ in range(reader.take(1) & 3):
                turned = _times(_QUARTER_LEFT, turned)
        elif each.kind == "imir":
            turned = _times(_MIRRORS[reader.take(1) & 1], turned)
    return _ORIENTATIONS[turned], size


def _associations(data: bytes, box: Segment | None, item: int) -> list[int]:
    """The numbers, from 1, of the properties of an item."""
    if box is None:
        return []
    reader = _Reader(data, box)
    version_and_flags = reader.take(4)
    item_size = 2 if version_and_flags >> 24 == 0 else 4
    index_size, mask = (2, 0x7FFF) if version_and_flags & 1 else (1, 0x7F)
    for _ in range(reader.take(4)):
        found = reader.take(item_size)
        indexes = [reader.take(index_size) & mask for _ in range(reader.take(1))]
        if found == item:
            return indexes
    return []


def _times(left: Matrix, right: Matrix) -> Matrix:
    a, b, c, d = left
    e, f, g, h = right
    return (a * e + b * g, a * f + b * h, c * e + d * g, c * f + d * h)


def exif(data: bytes) -> bytes | None:
    """The EXIF block, from its TIFF header on. Source: ISO/IEC 23008-12, annex A."""
    for kind, _, body in _items(data):
        if kind == b"Exif" and len(body) > 4:
            return body[4 + int.from_bytes(body[:4], "big") :]
    return None


def foreign(data: bytes) -> tuple[bytes, ...]:
    """What each item but XMP holds, the properties of all, and the boxes beside them.

    Where things lie, and which items there are, has to change with the XMP, and is left out.
    """
    top = boxes(data)
    meta = _only(top, "meta")
    properties = _first(boxes(data, meta.body + 4, meta.end), "iprp")
    moved = {"meta", "mdat", "free", "skip"}
    return (
        *(data[each.start : each.end] for each in top if each.kind not in moved),
        data[properties.start : properties.end] if properties else b"",
        *(kind + body for kind, content, body in _items(data) if content != _XMP_CONTENT),
    )


def _items(data: bytes) -> list[tuple[bytes, bytes, bytes]]:
    """Each item's type, its content type where it has one, and its bytes."""
    meta = _only(boxes(data), "meta")
    children = boxes(data, meta.body + 4, meta.end)
    locations = _locations(data, _only(children, "iloc"), _first(children, "idat"))
    listed = _only(children, "iinf")
    reader = _Reader(data, listed)
    count_size = 2 if reader.version() == 0 else 4
    found = []
    for each in boxes(data, listed.body + 4 + count_size, listed.body_end):
        entry = _Reader(data, each)
        id_size = 4 if entry.version() == 3 else 2
        item = entry.take(id_size)
        kind, _, rest = data[each.body + 6 + id_size : each.body_end].partition(b"\0")
        spans = locations.get(item, [])
        if sum(end - start for start, end in spans) > len(data):
            raise DamagedContainer("an item that is larger than the file")
        content = rest.partition(b"\0")[0] if kind[:4] == b"mime" else b""
        found.append((kind[:4], content, b"".join(data[start:end] for start, end in spans)))
    return found
