"""XMP in WebP: a chunk, and a flag in VP8X. Source: Google's WebP container specification."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tagd.containers.segments import DamagedContainer
from tagd.containers.splice.refusal import CannotSplice, require_alone
from tagd.containers.webp import segments

if TYPE_CHECKING:
    from tagd.containers.segments import Segment

_XMP: Final = "XMP "
_HAS_XMP, _HAS_ALPHA = 0x04, 0x10


def packet(data: bytes) -> bytes | None:
    """Return the packet."""
    places = [chunk for chunk in segments(data) if chunk.kind == _XMP]
    if len(places) > 1:
        raise CannotSplice("the file has more than one XMP packet, and no rule says which counts")
    return data[places[0].body : places[0].body_end] if places else None


def with_packet(data: bytes, packet: bytes | None) -> bytes:
    """Return the same WebP with this packet, as the last chunk when new.

    A simple file is made an extended one, and a simple one again when nothing else needs that.
    """
    found = segments(data)
    require_alone(data, found)
    chunks = [(chunk.kind, data[chunk.body : chunk.body_end]) for chunk in _chunks(found)]
    kinds = [kind for kind, _ in chunks]
    if packet is None:
        chunks = [chunk for chunk in chunks if chunk[0] != _XMP]
    elif _XMP in kinds:
        chunks[kinds.index(_XMP)] = (_XMP, packet)
    else:
        chunks.append((_XMP, packet))
    body = b"".join(_chunk(*chunk) for chunk in _announced(chunks, packet is not None))
    trailer = data[found[-1].start :] if found[-1].kind == "TRAILER" else b""
    return b"RIFF" + (len(body) + 4).to_bytes(4, "little") + b"WEBP" + body + trailer


def foreign(data: bytes) -> tuple[bytes, ...]:
    """Return every chunk but the one with the packet; a VP8X that says no more than the picture
    does, and the flag for XMP, are left out."""
    found = segments(data)
    chunks = [
        (chunk.kind, data[chunk.body : chunk.body_end])
        for chunk in (*_chunks(found), *(chunk for chunk in found if chunk.kind == "TRAILER"))
        if chunk.kind != _XMP
    ]
    return tuple(kind.encode("latin-1") + body for kind, body in _announced(chunks, False))


def _chunks(found: list[Segment]) -> list[Segment]:
    return [chunk for chunk in found if chunk.kind not in {"SIGNATURE", "TRAILER"}]


def _chunk(kind: str, body: bytes) -> bytes:
    padding = b"\0" * (len(body) % 2)
    return kind.encode("latin-1") + len(body).to_bytes(4, "little") + body + padding


def _announced(chunks: list[tuple[str, bytes]], has_xmp: bool) -> list[tuple[str, bytes]]:
    """Return the chunks with a VP8X that says whether there is XMP, where one is needed."""
    if chunks and chunks[0][0] == "VP8X":
        flags, rest = chunks[0][1][0] & ~_HAS_XMP, chunks[0][1][1:]
        others = chunks[1:]
        is_simple = not flags & ~_HAS_ALPHA and [kind for kind, _ in others] in (["VP8 "], ["VP8L"])
        if is_simple and not has_xmp:
            return others
        return [("VP8X", bytes([flags | (_HAS_XMP if has_xmp else 0)]) + rest), *others]
    if not has_xmp:
        return chunks
    return [("VP8X", _extension(chunks)), *chunks]


def _extension(chunks: list[tuple[str, bytes]]) -> bytes:
    """Build the body of a VP8X for a simple file: flags and the size of the canvas."""
    kind, body = chunks[0]
    if kind == "VP8L" and len(body) >= 5:
        bits = int.from_bytes(body[1:5], "little")
        width, height = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        flags = _HAS_ALPHA if bits >> 28 & 1 else 0
    elif kind == "VP8 " and len(body) >= 10:
        width = int.from_bytes(body[6:8], "little") & 0x3FFF
        height = int.from_bytes(body[8:10], "little") & 0x3FFF
        flags = 0
    else:
        raise DamagedContainer("a WebP that does not begin with its picture")
    if not width or not height:
        raise DamagedContainer("a WebP whose picture has no size")
    size = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    return bytes([flags | _HAS_XMP, 0, 0, 0]) + size
