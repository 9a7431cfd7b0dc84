"""XMP and EXIF in JPEG. Source: Adobe XMP specification, part 3; CIPA DC-008 (EXIF).

What follows the picture and is found by its distance from a segment stays at that distance.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from tagd.containers.jpeg import segments
from tagd.containers.segments import digests, replaced
from tagd.containers.splice.behind import anchors
from tagd.containers.splice.refusal import CannotSplice

if TYPE_CHECKING:
    from tagd.containers.segments import Segment

XMP: Final = b"http://ns.adobe.com/xap/1.0/\0"
EXTENDED: Final = b"http://ns.adobe.com/xmp/extension/\0"
EXIF: Final = b"Exif\0\0"
PHOTOSHOP: Final = b"Photoshop 3.0\0"
_KINDS: Final = {PHOTOSHOP: "APP13"}  # of segments, APP1 but for this
_LARGEST: Final = 0xFFFF - 2
_GUID_SIZE: Final = 32
_MOST_EXTENDED: Final = 64 << 20
_TRAILER: Final = re.compile(rb"<\?xpacket\s+end")
_FROM_THE_START: Final = "what follows the picture may be found by its distance from the start"


def packet(data: bytes) -> bytes | None:
    """Return the standard packet. What Extended XMP adds to it is `extended`."""
    found = _only(data, segments(data), XMP)
    return data[found.body + len(XMP) : found.body_end] if found else None


def extended(data: bytes) -> bytes | None:
    """Return the extended packet that the standard one names by its GUID, put together from its
    portions.

    None where there is none, or not all of it.
    """
    main = packet(data)
    if main is None:
        return None
    bodies = (
        data[segment.body : segment.body_end]
        for segment in segments(data)
        if segment.kind == "APP1"
    )
    return assembled([body for body in bodies if body.startswith(EXTENDED)], main)


def assembled(portions: list[bytes], main: bytes) -> bytes | None:
    """Return the packet whose portions these segments hold, where `main` names it and all of it is
    there."""
    named: dict[bytes, bool] = {}
    parts: dict[int, bytes] = {}
    total = -1
    for portion in portions:
        guid, rest = portion[len(EXTENDED) :][:_GUID_SIZE], portion[len(EXTENDED) + _GUID_SIZE :]
        if guid not in named:
            named[guid] = guid in main
        if named[guid]:
            total = int.from_bytes(rest[:4], "big")
            parts[int.from_bytes(rest[4:8], "big")] = rest[8:]
    if not 0 < total <= _MOST_EXTENDED:
        return None
    whole = b"".join(parts[at] for at in sorted(parts))
    return whole if len(whole) == total else None


def exif(data: bytes) -> bytes | None:
    """Return the EXIF block, from its TIFF header on."""
    found = _only(data, segments(data), EXIF)
    return data[found.body + len(EXIF) : found.body_end] if found else None


def with_packet(data: bytes, packet: bytes | None) -> bytes:
    """Return the same JPEG with this packet. Extended XMP stays, and its GUID stays valid."""
    found = segments(data)
    place = _only(data, found, XMP)
    if place is None:
        return data if packet is None else _inserted(data, found, packet)
    if _is_measured_across(data, found, place):
        packet = _fitted(packet, place.body_end - place.body - len(XMP))
    segment = b"" if packet is None else _segment("APP1", XMP + packet)
    return replaced(data, place.start, place.end, segment)


def with_exif(data: bytes, block: bytes | None) -> bytes:
    """Return the same JPEG with this EXIF block (from its TIFF header on), the first APP1 when
    new."""
    found = segments(data)
    if anchors(data, found) != ():
        raise CannotSplice(_FROM_THE_START)
    place = _only(data, found, EXIF)
    segment = b"" if block is None else _segment("APP1", EXIF + block)
    if place is not None:
        return replaced(data, place.start, place.end, segment)
    at = _behind(data, found, with_exif=False)
    return replaced(data, at, at, segment)


def foreign(data: bytes) -> tuple[bytes, ...]:
    """Return a digest of every segment but the one with the packet."""
    return foreign_but(data)


def foreign_but(data: bytes, *heads: bytes) -> tuple[bytes, ...]:
    """Return what `foreign` does, without the application segments that begin so (`EXIF`,
    `PHOTOSHOP`)."""
    found = (segment for segment in segments(data) if not _is(data, segment, XMP))
    kept = (
        segment
        for segment in found
        if not (segment.kind.startswith("APP") and data.startswith(heads, segment.body))
    )
    return digests(data, kept)


def photoshop(data: bytes) -> bytes:
    """Photoshop's image resources, which hold IPTC; empty where there are none."""
    places = (segment for segment in segments(data) if _is(data, segment, PHOTOSHOP))
    return b"".join(data[place.body + len(PHOTOSHOP) : place.body_end] for place in places)


def with_photoshop(data: bytes, resources: bytes) -> bytes:
    """Return the same JPEG with these resources of Photoshop's in the place of those it has."""
    found = segments(data)
    places = [segment for segment in found if _is(data, segment, PHOTOSHOP)]
    if len(places) != 1:
        raise CannotSplice("Photoshop's resources lie in more than one segment")
    if _is_measured_across(data, found, places[0]):
        raise CannotSplice(_FROM_THE_START)
    segment = _segment("APP13", PHOTOSHOP + resources)
    return replaced(data, places[0].start, places[0].end, segment)


def _is(data: bytes, segment: Segment, head: bytes) -> bool:
    kind = _KINDS.get(head, "APP1")
    return segment.kind == kind and data.startswith(head, segment.body)


def _only(data: bytes, found: list[Segment], head: bytes) -> Segment | None:
    places = [segment for segment in found if _is(data, segment, head)]
    if len(places) > 1:
        name = "XMP packet" if head == XMP else "EXIF block"
        raise CannotSplice(f"the file has more than one {name}, and no rule says which counts")
    return places[0] if places else None


def _segment(kind: str, body: bytes) -> bytes:
    if len(body) > _LARGEST:
        raise CannotSplice(f"a JPEG segment holds 65,533 bytes, and this needs {len(body):,}")
    marker = bytes([0xFF, 0xE0 + int(kind.removeprefix("APP"))])
    return marker + (len(body) + 2).to_bytes(2, "big") + body


def _inserted(data: bytes, found: list[Segment], packet: bytes) -> bytes:
    """Behind EXIF, where others put it, and before whatever measures to what follows."""
    measuring = anchors(data, found)
    if measuring is None:
        raise CannotSplice(_FROM_THE_START)
    at = _behind(data, found, with_exif=not any(_is(data, segment, EXIF) for segment in measuring))
    return replaced(data, at, at, _segment("APP1", XMP + packet))


def _behind(data: bytes, found: list[Segment], *, with_exif: bool) -> int:
    """Find the end of the leading segments that have to come first: JFIF, Canon's CIFF, EXIF."""
    at = found[0].end
    for segment in found[1:]:
        if segment.kind != "APP0" and not (with_exif and _is(data, segment, EXIF)):
            break
        at = segment.end
    return at


def _is_measured_across(data: bytes, found: list[Segment], place: Segment) -> bool:
    """Return whether something before the place may point at something behind the picture."""
    measuring = anchors(data, found)
    return measuring is None or any(segment.start < place.start for segment in measuring)


def _fitted(packet: bytes | None, size: int) -> bytes:
    """Bring the packet to this very size, by white space before its end."""
    trailer = _TRAILER.search(packet or b"")
    at = trailer.start() if trailer else 0
    text, end = (packet or b"")[:at].rstrip(), (packet or b"")[at:]
    room = size - len(text) - len(end)
    if trailer is None or room < 0:
        raise CannotSplice(f"{_FROM_THE_START}, and the packet cannot keep its size")
    return text + (b"\n" + b" " * (room - 1) if room else b"") + end
