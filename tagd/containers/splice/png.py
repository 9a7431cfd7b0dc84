"""XMP in PNG: an iTXt chunk. Source: Adobe XMP specification, part 3; W3C PNG, third edition."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Final

from tagd.containers.png import segments
from tagd.containers.segments import bare, digests, replaced
from tagd.containers.splice.refusal import CannotSplice, require_alone

if TYPE_CHECKING:
    from tagd.containers.segments import Segment

_KEYWORD: Final = b"XML:com.adobe.xmp\0"
_PLAIN: Final = bytes(4)  # not compressed, no method, no language, no translation
_MOST: Final = 64 << 20
_PICTURE: Final = frozenset({"iDOT", "IDAT", "IEND"})  # Apple's iDOT measures to IDAT


def packet(data: bytes) -> bytes | None:
    """Return the packet, unpacked where the chunk is compressed."""
    place = _place(data, segments(data))
    if place is None:
        return None
    body = data[place.body + len(_KEYWORD) : place.body_end]
    _, _, rest = body[2:].partition(b"\0")
    _, _, text = rest.partition(b"\0")
    return _unpacked(text) if body[:1] == b"\1" else text


def with_packet(data: bytes, packet: bytes | None) -> bytes:
    """Return the same PNG with this packet, before the picture's data when new."""
    found = segments(data)
    require_alone(data, found)
    place = _place(data, found)
    picture = next(chunk.start for chunk in found if chunk.kind in _PICTURE)
    pixels = next((chunk.start for chunk in found if chunk.kind == "IDAT"), picture)
    if place is None:
        place = bare("iTXt", picture, picture)
    elif picture < place.start < pixels:
        raise CannotSplice("its picture's data are found by their distance from an iDOT chunk")
    chunk = b"" if packet is None else _chunk(_KEYWORD + _PLAIN + packet)
    return replaced(data, place.start, place.end, chunk)


def foreign(data: bytes) -> tuple[bytes, ...]:
    """Return a digest of every chunk but the one with the packet."""
    return digests(data, (chunk for chunk in segments(data) if not _is_xmp(data, chunk)))


def _is_xmp(data: bytes, segment: Segment) -> bool:
    return segment.kind == "iTXt" and data.startswith(_KEYWORD, segment.body)


def _place(data: bytes, found: list[Segment]) -> Segment | None:
    places = [chunk for chunk in found if _is_xmp(data, chunk)]
    if len(places) > 1:
        raise CannotSplice("the file has more than one XMP packet, and no rule says which counts")
    return places[0] if places else None


def _chunk(body: bytes) -> bytes:
    named = b"iTXt" + body
    return len(body).to_bytes(4, "big") + named + zlib.crc32(named).to_bytes(4, "big")


def _unpacked(text: bytes) -> bytes:
    reader = zlib.decompressobj()
    try:
        unpacked = reader.decompress(text, _MOST)
    except zlib.error as error:
        raise CannotSplice("its compressed XMP packet is damaged") from error
    if reader.unconsumed_tail:
        raise CannotSplice("its compressed XMP packet is larger than any honest one")
    return unpacked
