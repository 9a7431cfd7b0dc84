"""HEIF and AVIF as boxes: which bytes are the primary item, and how it is to be turned.

Source: ISO/IEC 14496-12 (meta) and 23008-12 (ispe, irot, imir, dimg).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tagd.containers.boxes import BoxReader, boxes, first, only
from tagd.containers.items import joined, listed, locations, meta_children, primary_id, references
from tagd.containers.segments import DamagedContainer, Segment

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


def primary(data: bytes) -> Primary:
    """Return the primary item and, where it is put together from others (a grid of tiles), those
    too."""
    children = meta_children(data)
    item = primary_id(data, only(children, "pitm"))
    places = locations(data, only(children, "iloc")).spans(data, first(children, "idat"))
    iref = first(children, "iref")
    tiled = references(data, iref, "dimg") if iref else []
    derived = {derivation.source: derivation.targets for derivation in tiled}
    spans: list[tuple[int, int]] = []
    for tile in _with_tiles(item, derived):
        spans.extend(places.get(tile, []))
    if not spans:
        raise DamagedContainer("the primary item has no data")
    # Overlapping extents could make a small file cost hours.
    if sum(end - start for start, end in spans) > len(data):
        raise DamagedContainer("the primary item is larger than the file")
    orientation, size = _properties(data, first(children, "iprp"), item)
    return Primary(tuple(spans), orientation, size)


def payload(data: bytes) -> list[tuple[int, int]]:
    """Find the picture: the extents of the primary item and of its tiles."""
    return list(primary(data).spans)


def primary_kinds(data: bytes) -> set[bytes]:
    """Return how the primary item and its tiles are coded, such as hvc1. Raises
    DamagedContainer."""
    children = meta_children(data)
    item = primary_id(data, only(children, "pitm"))
    iref = first(children, "iref")
    tiled = references(data, iref, "dimg") if iref else []
    wanted = set(_with_tiles(item, {derivation.source: derivation.targets for derivation in tiled}))
    return {entry.kind for entry in listed(data, only(children, "iinf")) if entry.id in wanted}


def media(data: bytes) -> list[tuple[int, int]]:
    """Return all that lies in boxes of media data, as in a CR3: what a camera saw, and its
    previews."""
    spans = [(box.body, box.end) for box in boxes(data) if box.kind == "mdat"]
    if not any(start < end for start, end in spans):
        raise DamagedContainer("no media data")
    return spans


def _with_tiles(item: int, derived: dict[int, tuple[int, ...]]) -> list[int]:
    ordered = {item: None}
    waiting = [item]
    while waiting:
        for target in derived.get(waiting.pop(), ()):
            if target not in ordered:
                ordered[target] = None
                waiting.append(target)
    return list(ordered)


def _properties(data: bytes, iprp: Segment | None, item: int) -> tuple[int, tuple[int, int] | None]:
    if iprp is None:
        return 1, None
    children = boxes(data, iprp.body, iprp.body_end)
    container = first(children, "ipco")
    known = boxes(data, container.body, container.body_end) if container else []
    turned: Matrix = (1, 0, 0, 1)
    size = None
    for index in _associations(data, first(children, "ipma"), item):
        if not 0 < index <= len(known):
            continue
        box = known[index - 1]
        reader = BoxReader(data, box)
        if box.kind == "ispe" and reader.version() == 0:
            size = reader.take(4), reader.take(4)
        elif box.kind == "irot":
            for _ in range(reader.take(1) & 3):
                turned = _times(_QUARTER_LEFT, turned)
        elif box.kind == "imir":
            turned = _times(_MIRRORS[reader.take(1) & 1], turned)
    return _ORIENTATIONS[turned], size


def _associations(data: bytes, box: Segment | None, item: int) -> list[int]:
    """Return the numbers, from 1, of the properties of an item."""
    if box is None:
        return []
    reader = BoxReader(data, box)
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
    """Return the EXIF block, from its TIFF header on. Source: ISO/IEC 23008-12, annex A."""
    children = meta_children(data)
    places = locations(data, only(children, "iloc")).spans(data, first(children, "idat"))
    for entry in listed(data, only(children, "iinf")):
        body = joined(data, places.get(entry.id, [])) if entry.kind == b"Exif" else b""
        if len(body) > 4:
            return body[4 + int.from_bytes(body[:4], "big") :]
    return None
