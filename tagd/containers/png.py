"""PNG as chunks. Source: W3C Portable Network Graphics, third edition (APNG included)."""

from __future__ import annotations

from typing import Final

from tagd.containers.segments import DamagedContainer, Segment, TruncatedContainer, append, bare

SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
# Ancillary by their letters, and yet what is seen: transparency and the frames of an animation.
_VISIBLE: Final = frozenset({"tRNS", "acTL", "fcTL", "fdAT"})


def segments(data: bytes) -> list[Segment]:
    """Return the chunks; a body leaves out length, type and checksum. Checksums are not verified.

    Raises TruncatedContainer when the bytes end before IEND, DamagedContainer when they are no PNG.
    """
    if not data.startswith(SIGNATURE):
        raise DamagedContainer("no PNG")
    found = [bare("SIGNATURE", 0, len(SIGNATURE))]
    start = len(SIGNATURE)
    while True:
        if start + 12 > len(data):
            raise TruncatedContainer("the PNG data ends without an end chunk")
        length = int.from_bytes(data[start : start + 4], "big")
        name = data[start + 4 : start + 8]
        if not name.isalpha() or not name.isascii():
            raise DamagedContainer("a PNG chunk without a proper name")
        kind, body, body_end = name.decode("ascii"), start + 8, start + 8 + length
        if body_end + 4 > len(data):
            raise TruncatedContainer(f"the PNG data ends within its {kind} chunk")
        append(found, Segment(kind, start, body, body_end, body_end + 4))
        start = body_end + 4
        if kind == "IEND":
            if start < len(data):
                append(found, bare("TRAILER", start, len(data)))
            return found


def is_metadata(segment: Segment) -> bool:
    """Return whether the chunk says something about the picture instead of being a part of it."""
    critical = segment.kind[0].isupper() and segment.kind not in {"SIGNATURE", "TRAILER"}
    return not critical and segment.kind not in _VISIBLE


def payload(data: bytes) -> list[tuple[int, int]]:
    """Find the picture: the critical chunks, transparency and animation."""
    return [(chunk.start, chunk.end) for chunk in segments(data) if not is_metadata(chunk)]
