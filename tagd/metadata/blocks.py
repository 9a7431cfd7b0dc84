"""Where files of every kind keep EXIF, XMP and IPTC, found as far as the file is sound.

For reading only, and lenient: `packets` finds the one packet that may be changed. The work is
linear in the file's size, whatever it holds. Source: that of each kind in `containers`; for PNG's
raw profiles ImageMagick's coders/png.c, for CR3 github.com/lclevy/canon_cr3.
"""

from __future__ import annotations

import contextlib
import re
import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from tagd.containers import DamagedContainer, bmff, jxl, png, recognise, webp
from tagd.containers.boxes import boxes
from tagd.containers.fields import EXIF, FIRST, GPS, Fields, fields
from tagd.containers.jpeg import front
from tagd.containers.splice import CannotSplice, heif, jpeg
from tagd.containers.tags import XMP

if TYPE_CHECKING:
    from collections.abc import Callable

    from tagd.containers import Segment

_ORIENTATION, _IPTC, _PHOTOSHOP = 0x0112, 0x83BB, 0x8649
_TIFF: Final = (b"II", b"MM")
_TIFF_START: Final = re.compile(rb"II[*+]\0|MM\0[*+]")
_MOST_BEFORE: Final = 64  # bytes before the TIFF header of an EXIF block
# A packet is written as one block and never compressed, so that any program finds it by its name.
_MARKS: Final = ((b"<x:xmpmeta", b"</x:xmpmeta>"), (b"<x:xapmeta", b"</x:xapmeta>"))
_MOST_PACKETS: Final = 64
_PNG_TEXTS: Final = frozenset({"tEXt", "zTXt", "iTXt"})
_XMP_NAME: Final = b"XML:com.adobe.xmp"
_PROFILE: Final = b"Raw profile type "
_MOST_UNPACKED: Final = 16 << 20  # bytes of all texts of a PNG together
_CANON: Final = bytes.fromhex("85c0b687820f11e08111f4ce462b6a48")
_CANON_PARTS: Final = {"CMT1": FIRST, "CMT2": EXIF, "CMT4": GPS}


@dataclass(frozen=True, slots=True)
class Blocks:
    """What a file holds: the tags of EXIF, XMP packets, and IPTC, bare or among Photoshop's
    resources; in the file's order."""

    fields: Fields = field(default_factory=dict)
    packets: list[bytes] = field(default_factory=list)
    press: list[bytes] = field(default_factory=list)

    @property
    def orientation(self) -> int | None:
        """Return what EXIF says of how the picture is turned, from 1 to 8."""
        entry = self.fields.get((FIRST, _ORIENTATION))
        said = entry.numbers() if entry else ()
        return next((int(number) for number in said[:1] if number in range(1, 9)), None)

    def take_exif(self, block: bytes) -> None:
        """Add what an EXIF block says, whatever some programs write before its header. Of two
        blocks the later counts, as ExifTool has it."""
        start = _TIFF_START.search(block[:_MOST_BEFORE])
        self.take_fields(fields(block[start.start() :] if start else block))

    def take_fields(self, found: Fields) -> None:
        """Add these tags, and what of XMP and IPTC is among them."""
        self.fields.update(found)
        for tag, places in ((XMP, self.packets), (_IPTC, self.press), (_PHOTOSHOP, self.press)):
            if (FIRST, tag) in found:
                places.append(found[FIRST, tag].data)


def of_file(data: bytes) -> Blocks:
    """Return everything that says something about the picture. Never raises."""
    found = Blocks()
    kind = recognise(data) or ""
    find = _FINDERS.get(kind, _in_tiff if data[:2] in _TIFF else _scanned)
    try:
        find(data, found)
    except (DamagedContainer, CannotSplice):
        # Whatever is wrong with the structure: a packet may be found without it.
        if not found.packets:
            _scanned(data, found)
    return found


def _in_jpeg(data: bytes, found: Blocks) -> None:
    portions: list[bytes] = []
    for segment in front(data):
        body = data[segment.body : segment.body_end]
        if segment.kind == "APP1":
            _take_app1(body, found, portions)
        elif segment.kind == "APP13" and body.startswith(jpeg.PHOTOSHOP):
            found.press.append(body.removeprefix(jpeg.PHOTOSHOP))
    if found.press:
        # One resource may begin in a segment and end in the next.
        found.press[:] = [b"".join(found.press)]
    if found.packets and portions:
        extended = jpeg.assembled(portions, found.packets[0])
        found.packets.extend([extended] if extended else [])


def _take_app1(body: bytes, found: Blocks, portions: list[bytes]) -> None:
    if body.startswith(jpeg.EXIF):
        found.take_exif(body.removeprefix(jpeg.EXIF))
    elif body.startswith(jpeg.XMP):
        found.packets.append(body.removeprefix(jpeg.XMP))
    elif body.startswith(jpeg.EXTENDED):
        portions.append(body)


def _in_png(data: bytes, found: Blocks) -> None:
    room = _MOST_UNPACKED
    for chunk in png.segments(data):
        if chunk.kind == "eXIf":
            found.take_exif(data[chunk.body : chunk.body_end])
        elif chunk.kind in _PNG_TEXTS:
            name, _, text = data[chunk.body : chunk.body_end].partition(b"\0")
            if name != _XMP_NAME and not name.startswith(_PROFILE):
                continue
            text = _text_of_chunk(chunk.kind, text, room)
            room -= len(text)
            _take_text(name, text, found)


def _text_of_chunk(kind: str, text: bytes, room: int) -> bytes:
    """Return what a chunk says behind its name, unpacked to at most `room` bytes."""
    is_packed = kind == "zTXt"
    if kind == "iTXt":
        is_packed = text[:1] == b"\1"
        _, _, text = text[2:].partition(b"\0")  # its language
        _, _, text = text.partition(b"\0")  # its name in that language
    elif is_packed:
        text = text[1:]
    if not is_packed or not room:
        return text if len(text) <= room else b""
    try:
        return zlib.decompressobj().decompress(text, room)
    except zlib.error:
        return b""


def _take_text(name: bytes, text: bytes, found: Blocks) -> None:
    if name == _XMP_NAME:
        found.packets.append(text)
        return
    with contextlib.suppress(ValueError):
        # A line with the profile's name, one with its length, and lines of hexadecimal digits.
        digits = text.strip().split(b"\n", 2)[-1]
        _take_profile(name.removeprefix(_PROFILE).strip(), bytes.fromhex(digits.decode()), found)


def _take_profile(name: bytes, body: bytes, found: Blocks) -> None:
    if name in {b"exif", b"APP1"} and not body.startswith(jpeg.XMP):
        found.take_exif(body)
    elif name in {b"xmp", b"APP1"}:
        found.packets.append(body.removeprefix(jpeg.XMP))
    elif name in {b"iptc", b"8bim"}:
        found.press.append(body.removeprefix(jpeg.PHOTOSHOP))


def _in_webp(data: bytes, found: Blocks) -> None:
    for chunk in webp.segments(data):
        if chunk.kind == "EXIF":
            found.take_exif(data[chunk.body : chunk.body_end])
        elif chunk.kind == "XMP ":
            found.packets.append(data[chunk.body : chunk.body_end])


def _in_heif(data: bytes, found: Blocks) -> None:
    with contextlib.suppress(DamagedContainer):
        found.take_exif(bmff.exif(data) or b"")
    packet = heif.packet(data)
    found.packets.extend([packet] if packet else [])


def _in_jxl(data: bytes, found: Blocks) -> None:
    for box in jxl.metadata(data):
        if box.kind == "Exif":
            found.take_exif(data[box.body : box.body_end])
        elif box.kind == "xml ":
            found.packets.append(data[box.body : box.body_end])


def _in_tiff(data: bytes, found: Blocks) -> None:
    """Look into a TIFF, or a RAW file like one."""
    found.take_fields(fields(data))
    if not found.packets:
        _scanned(data, found)


def _in_fujis_raw(data: bytes, found: Blocks) -> None:
    """RAF: the preview is the JPEG of the camera. Source: ExifTool's FujiFilm.pm."""
    start, size = (int.from_bytes(data[at : at + 4], "big") for at in (84, 88))
    _in_jpeg(data[start : start + size], found)


def _in_canons_raw(data: bytes, found: Blocks) -> None:
    """CR3: each directory is a TIFF structure of its own."""
    for movie in boxes(data):
        within = boxes(data, movie.body, movie.body_end) if movie.kind == "moov" else []
        for box in within:
            if box.kind == "uuid" and data.startswith(_CANON, box.body):
                _take_canons(data, boxes(data, box.body + len(_CANON), box.body_end), found)
    _scanned(data, found)


def _take_canons(data: bytes, parts: list[Segment], found: Blocks) -> None:
    for part in parts:
        if part.kind in _CANON_PARTS:
            said = fields(data[part.body : part.body_end])
            directory = _CANON_PARTS[part.kind]
            found.take_fields({(directory, tag): value for (_, tag), value in said.items()})


def _scanned(data: bytes, found: Blocks) -> None:
    for start, end in _MARKS:
        at = data.find(start)
        while at >= 0 and len(found.packets) < _MOST_PACKETS:
            closed = data.find(end, at)
            if closed < 0:
                break
            found.packets.append(data[at : closed + len(end)])
            at = data.find(start, closed)


_FINDERS: Final[dict[str, Callable[[bytes, Blocks], None]]] = {
    "JPEG": _in_jpeg,
    "PNG": _in_png,
    "WEBP": _in_webp,
    "HEIF": _in_heif,
    "AVIF": _in_heif,
    "JXL": _in_jxl,
    "RAF": _in_fujis_raw,
    "CR3": _in_canons_raw,
}
