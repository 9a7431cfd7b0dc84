"""What the parsers of this package have in common: segments, and what can be wrong with a file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import xxhash

if TYPE_CHECKING:
    from collections.abc import Iterable

# Honest files have some hundreds. The limit bounds memory on files made to exhaust it.
MOST_SEGMENTS: Final = 500_000


class DamagedContainer(ValueError):
    """The bytes contradict the format that they begin as."""


class TruncatedContainer(DamagedContainer):
    """The bytes end before the structure does."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A piece of a file: `data[start:end]`, of which `data[body:body_end]` is what it carries.

    The segments of a file follow one another without a gap and cover it, so that joining them gives
    the file again. `kind` is the format's own name (APP1, IDAT, "VP8 ", meta) or one of ours:
    SIGNATURE, SCAN (entropy-coded data), JUNK (what decoders skip), TRAILER (what follows the end).
    """

    kind: str
    start: int
    body: int
    body_end: int
    end: int


def append(segments: list[Segment], segment: Segment) -> None:
    """Add a segment, unless there are too many of them for an honest file."""
    if len(segments) >= MOST_SEGMENTS:
        raise DamagedContainer(f"more than {MOST_SEGMENTS} segments")
    segments.append(segment)


def bare(kind: str, start: int, end: int) -> Segment:
    """Return a segment without a header."""
    return Segment(kind, start, start, end, end)


def digests(data: bytes, segments: Iterable[Segment]) -> tuple[bytes, ...]:
    """Return a digest of each, headers included: pieces are compared without a copy of a large
    photo."""
    view = memoryview(data)
    return tuple(xxhash.xxh3_128_digest(view[segment.start : segment.end]) for segment in segments)


def replaced(data: bytes, start: int, end: int, piece: bytes) -> bytes:
    """Return the bytes with this piece in the place of `data[start:end]`, copied once."""
    view = memoryview(data)
    return b"".join((view[:start], piece, view[end:]))
