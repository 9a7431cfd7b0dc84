"""JPEG as segments. Source: ITU-T T.81, annex B; Adobe's APP14 as libjpeg reads it."""

from __future__ import annotations

import re
from contextlib import suppress
from itertools import islice
from typing import TYPE_CHECKING, Final

from tagd.containers.segments import DamagedContainer, Segment, TruncatedContainer, append, bare

if TYPE_CHECKING:
    from collections.abc import Iterator

_NEXT_MARKER: Final = re.compile(rb"\xff[\x01-\xfe]")
# Within a scan, stuffed zeros and restart markers belong to the data.
_SCAN_END: Final = re.compile(rb"\xff[\x01-\xcf\xd8-\xfe]")
# EOI, or what further scans may need: DHT, DAC, SOS, DQT, DNL, DRI, APPn, COM.
_BEHIND_SCAN: Final = re.compile(rb"\xff[\xc4\xcc\xd9-\xdd\xe0-\xef\xfe]")

# SOI, and a segment that files begin with: JFIF, EXIF and the like, or a quantisation table.
_START: Final = re.compile(
    rb"\xff\xd8\xff(?:[\xe0-\xef]..[A-Za-z]{4}|\xdb\x00[\x43\x84])", re.DOTALL
)

MOST_IN_FRONT: Final = 10_000  # segments; an honest picture has at most some hundreds
_STANDALONE: Final = frozenset({0x01, 0xD8, *range(0xD0, 0xD8)})
_SOI, _EOI, _SOS = 0xD8, 0xD9, 0xDA
_NAMES: Final = {
    0x01: "TEM",
    0xC4: "DHT",
    0xC8: "JPG",
    0xCC: "DAC",
    _SOI: "SOI",
    _EOI: "EOI",
    _SOS: "SOS",
    0xDB: "DQT",
    0xDC: "DNL",
    0xDD: "DRI",
    0xDE: "DHP",
    0xDF: "EXP",
    0xFE: "COM",
    **{code: f"RST{code - 0xD0}" for code in range(0xD0, 0xD8)},
    **{code: f"APP{code - 0xE0}" for code in range(0xE0, 0xF0)},
    **{code: f"SOF{code - 0xC0}" for code in range(0xC0, 0xD0) if code not in {0xC4, 0xC8, 0xCC}},
}


def segments(data: bytes) -> list[Segment]:
    """Return the segments of the first image; what follows its EOI (MPF images, videos) is a
    TRAILER.

    Raises TruncatedContainer when the bytes end before EOI, DamagedContainer when they are no JPEG.
    """
    found: list[Segment] = []
    for segment in _walk(data):
        append(found, segment)
    return found


def start_behind(data: bytes) -> int | None:
    """Find where a JPEG begins behind something else; None where none seems to."""
    found = _START.search(data)
    return found.start() if found else None


def front(data: bytes) -> Iterator[Segment]:
    """Yield the metadata before the first scan, up to damage where there is any: whoever asks what
    a picture says need not search it for its end. ExifTool looks no further either."""
    with suppress(DamagedContainer):
        for segment in islice(_walk(data), MOST_IN_FRONT):
            if segment.kind in {"SOS", "EOI"}:
                return
            if is_metadata(segment):
                yield segment


def _walk(data: bytes) -> Iterator[Segment]:
    if data[:2] != b"\xff\xd8":
        raise DamagedContainer("no JPEG")
    yield bare("SOI", 0, 2)
    position = 2
    while True:
        start = next_marker(data, position)
        if start > position:
            yield bare("JUNK", position, start)
        code = data[start + 1]
        if code == _EOI:
            yield bare("EOI", start, start + 2)
            if start + 2 < len(data):
                yield bare("TRAILER", start + 2, len(data))
            return
        segment = segment_at(data, start, code)
        yield segment
        position = segment.end
        if code == _SOS:
            position = _find(_SCAN_END, data, segment.end)
            _require_end_of_scan(data, position)
            yield bare("SCAN", segment.end, position)


def next_marker(data: bytes, position: int) -> int:
    """Find the next marker outside of a scan. Raises TruncatedContainer where there is none."""
    return _find(_NEXT_MARKER, data, position)


def _find(pattern: re.Pattern[bytes], data: bytes, position: int) -> int:
    match = pattern.search(data, position)
    if match is None:
        raise TruncatedContainer("the JPEG data ends without an end marker")
    return match.start()


def _require_end_of_scan(data: bytes, position: int) -> None:
    """Raise where this marker is a wrong byte among the data, or what they break off in."""
    if _ends_scan(data, position):
        return
    if end_of_scan(data, position) is None:
        raise TruncatedContainer("the JPEG data ends within its picture")
    raise DamagedContainer("bytes of its picture are wrong")


def end_of_scan(data: bytes, position: int) -> int | None:
    """Find where the scan that `position` lies in ends; None where its data break off."""
    candidates = (marker.start() for marker in _BEHIND_SCAN.finditer(data, position))
    return next((at for at in candidates if _ends_scan(data, at)), None)


def _ends_scan(data: bytes, position: int) -> bool:
    """Return whether a marker is there that may follow a scan, and what it begins is built like a
    segment with another marker behind it. A wrong byte is seldom all of that."""
    if not _BEHIND_SCAN.match(data, position):
        return False
    code, length = data[position + 1], int.from_bytes(data[position + 2 : position + 4], "big")
    if code == _EOI:
        return True
    if code == _SOS:  # data follow, of 1 to 4 components
        return length in {8, 10, 12, 14} and data.startswith(bytes([length // 2 - 3]), position + 4)
    behind = position + 2 + length
    return length >= 2 and data[behind : behind + 1] == b"\xff"


def segment_at(data: bytes, start: int, code: int) -> Segment:
    """Return the segment whose marker, `code`, is at `start`. Raises as `segments` does."""
    kind = _NAMES.get(code, f"M{code:02X}")
    if code in _STANDALONE:
        return Segment(kind, start, start + 2, start + 2, start + 2)
    end = start + 2 + int.from_bytes(data[start + 2 : start + 4], "big")
    if start + 4 > len(data) or end > len(data):
        raise TruncatedContainer(f"the JPEG data ends within its {kind} segment")
    if end < start + 4:
        raise DamagedContainer(f"a {kind} segment of a length below 2")
    return Segment(kind, start, start + 4, end, end)


def is_metadata(segment: Segment) -> bool:
    """Return whether the segment says something about the picture instead of being a part of it."""
    return segment.kind.startswith("APP") or segment.kind in {"COM", "JUNK", "TRAILER"}


def payload(data: bytes) -> list[tuple[int, int]]:
    """Find the picture: every segment but APPn and COM, and what follows the first EOI.

    One byte of APP14 counts, and comes first: Adobe's colour transform, where it changes what the
    other segments mean. A tool that drops such an APP14 has made another picture.
    """
    found = segments(data)
    transform = _unusual_transform(data, found)
    return transform + [
        (segment.start, segment.end) for segment in found if not is_metadata(segment)
    ]


def _unusual_transform(data: bytes, found: list[Segment]) -> list[tuple[int, int]]:
    components = next(
        (
            data[segment.body + 5]
            for segment in found
            if _is_frame(segment) and segment.body + 5 < segment.end
        ),
        0,
    )
    # What decoders assume where no APP14 says otherwise: YCbCr for three components, CMYK for four.
    usual = {3: 1, 4: 0}.get(components)
    for segment in reversed(found):
        if segment.kind == "APP14" and data[segment.body : segment.body + 5] == b"Adobe":
            at = segment.body + 11
            told = at < segment.end and usual is not None and data[at] != usual
            return [(at, at + 1)] if told else []
    return []


def _is_frame(segment: Segment) -> bool:
    return segment.kind.startswith("SOF")
