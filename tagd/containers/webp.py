"""WebP as RIFF chunks. Source: Google's WebP container specification; RFC 9649."""

from __future__ import annotations

from typing import Final

from tagd.containers.segments import DamagedContainer, Segment, TruncatedContainer, append, bare

# VP8X is not among them: adding metadata to a simple file puts one in.
_PICTURE: Final = frozenset({"VP8 ", "VP8L", "ALPH", "ANIM", "ANMF"})


def segments(data: bytes) -> list[Segment]:
    """Return the chunks behind the RIFF header (SIGNATURE); an end includes the padding byte.

    Raises TruncatedContainer when the bytes end before the file's own length, DamagedContainer when
    they are no WebP.
    """
    if data[:4] != b"RIFF" or data[8:12] != b"WEBP":
        raise DamagedContainer("no WebP")
    riff_end = 8 + int.from_bytes(data[4:8], "little")
    found = [bare("SIGNATURE", 0, 12)]
    start = 12
    while start + 8 <= riff_end:
        if start + 8 > len(data):
            raise TruncatedContainer("the WebP data ends before its own length")
        kind = data[start : start + 4].decode("latin-1")
        body = start + 8
        body_end = body + int.from_bytes(data[start + 4 : start + 8], "little")
        if body_end > riff_end:
            raise DamagedContainer("a WebP chunk reaches beyond the file's own length")
        if body_end > len(data):
            raise TruncatedContainer(f"the WebP data ends within its {kind.strip()} chunk")
        # The last padding byte is missing from files of careless writers.
        end = min(body_end + (body_end - body) % 2, len(data))
        append(found, Segment(kind, start, body, body_end, end))
        start = end
    if start < len(data):
        append(found, bare("TRAILER", start, len(data)))
    return found


def is_metadata(segment: Segment) -> bool:
    """Return whether the chunk says something about the picture instead of being a part of it."""
    return segment.kind not in _PICTURE


def payload(data: bytes) -> list[tuple[int, int]]:
    """Find the picture: the chunks with image data, alpha and animation."""
    spans = [(chunk.start, chunk.body_end) for chunk in segments(data) if not is_metadata(chunk)]
    if not spans:
        raise DamagedContainer("a WebP without an image")
    return spans
