"""JPEGs whose data break off, or hold wrong bytes: as much of the picture as there is.

libjpeg gives a scan up at what looks like a marker, and the file with it where it is no marker that
it knows; so do a few bytes that are missing at the end. Viewers show such pictures all the same.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tagd.containers.jpeg import end_of_scan, next_marker, segment_at
from tagd.containers.segments import DamagedContainer

if TYPE_CHECKING:
    from collections.abc import Iterator

_EOI: Final = b"\xff\xd9"
# What is neither a stuffed 0xFF nor a restart marker. Fill bytes may stand before either.
_STRAY: Final = re.compile(rb"\xff+(?=[\x01-\xcf\xd8-\xfe])")


@dataclass(frozen=True, slots=True)
class Mended:
    """A JPEG that libjpeg decodes to its end. Where the data of the picture `ends_early`, what is
    missing of it comes out grey, as 128 in each channel."""

    data: bytes
    ends_early: bool


def mended(data: bytes) -> Mended | None:
    """Return what there is of a JPEG, put right; None where not even its first scan begins.

    A wrong 0xFF is stuffed, and then does no more harm than another wrong byte would. Zeros at the
    end were never written, or are lost.
    """
    pieces: list[bytes] = []
    done, ends_early = 0, True
    with suppress(DamagedContainer):
        for start, end in _scans(data):
            scan = data[start:end] if end is not None else data[start:].rstrip(b"\0")
            pieces += (data[done:start], _STRAY.sub(_stuffed, scan))
            done = len(data) if end is None else end
        ends_early = done == len(data)
    return Mended(b"".join([*pieces, _EOI]), ends_early) if pieces else None


def _scans(data: bytes) -> Iterator[tuple[int, int | None]]:
    """Find where the data of each scan begin and end, None where they break off. Raises
    DamagedContainer where there is no EOI."""
    position: int | None = 2
    while position is not None and not data.startswith(_EOI, at := next_marker(data, position)):
        segment = segment_at(data, at, data[at + 1])
        position = segment.end
        if segment.kind == "SOS":
            position = end_of_scan(data, segment.end)
            yield segment.end, position


def _stuffed(stray: re.Match[bytes]) -> bytes:
    return stray[0].replace(b"\xff", b"\xff\0")
