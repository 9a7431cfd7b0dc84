"""GIF as blocks. Source: CompuServe's GIF89a specification."""

from __future__ import annotations

from typing import Final

from tagd.containers.segments import DamagedContainer, Segment, append, bare

_HEADER: Final = 6  # with the version, which a program that adds a comment raises
_SCREEN: Final = 7
_IMAGE, _EXTENSION, _TRAILER = 0x2C, 0x21, 0x3B
_NAMES: Final = {0xF9: "CONTROL", 0xFE: "COMMENT", 0xFF: "APPLICATION", 0x01: "TEXT"}
_METADATA: Final = frozenset({"SIGNATURE", "COMMENT", "APPLICATION", "TRAILER"})


def segments(data: bytes) -> list[Segment]:
    """Header, screen with its palette, and blocks; a frame's block holds its palette and pixels.

    Raises DamagedContainer where the bytes are no GIF, or end within a block.
    """
    if data[:6] not in {b"GIF87a", b"GIF89a"}:
        raise DamagedContainer("no GIF")
    start = _HEADER + _SCREEN
    start += _palette(data, start - 3)
    if start > len(data):
        raise DamagedContainer("the GIF data ends within its palette")
    found = [bare("SIGNATURE", 0, _HEADER), bare("SCREEN", _HEADER, start)]
    while start < len(data) and data[start] != _TRAILER:
        kind, body = _begun(data, start)
        end = _behind_sub_blocks(data, body)
        append(found, Segment(kind, start, body, end, end))
        start = end
    append(found, bare("TRAILER", start, len(data)))
    return found


def payload(data: bytes) -> list[tuple[int, int]]:
    """Find the picture: the screen, and each frame with how long and in which way it is shown.

    Comments are left out, and what applications add: XMP, and how often an animation is played.
    """
    return [(block.start, block.end) for block in segments(data) if block.kind not in _METADATA]


def _begun(data: bytes, start: int) -> tuple[str, int]:
    """Return what kind of block begins here, and where its sub-blocks do."""
    if data[start] == _IMAGE:
        # Position and size, flags, then perhaps a palette, and how many bits a code begins with.
        return "IMAGE", start + 10 + _palette(data, start + 9) + 1
    if data[start] == _EXTENSION:
        label = _byte(data, start + 1)
        return _NAMES.get(label, f"EXTENSION {label:02X}"), start + 2
    raise DamagedContainer("a GIF block of an unknown kind")


def _palette(data: bytes, flags_at: int) -> int:
    """Return how many bytes the palette takes that these flags tell of."""
    flags = _byte(data, flags_at)
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


def _behind_sub_blocks(data: bytes, at: int) -> int:
    while size := _byte(data, at):
        at += 1 + size
    return at + 1


def _byte(data: bytes, at: int) -> int:
    if at >= len(data):
        raise DamagedContainer("the GIF data ends within a block")
    return data[at]
