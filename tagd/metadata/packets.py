"""The XMP of any file, whatever its kind: found, and put there by whoever can."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from tagd.containers import RAW_FORMATS, DamagedContainer, recognise
from tagd.containers.splice import SPLICED, jpeg, packet, with_packet
from tagd.containers.tags import XMP, all_tags

if TYPE_CHECKING:
    from tagd.metadata.exiftool import ExifTool

# Written as one block and never compressed, so that any program may find it by its name.
_SCANNED: Final = re.compile(rb"<x:x[am]pmeta\b.*?</x:x[am]pmeta\s*>", re.DOTALL)
BY_EXIFTOOL: Final = frozenset({"TIFF"})


class NoPlace(ValueError):
    """Nothing can be embedded in a file of this kind, or not on this machine; says why."""


def embedded(data: bytes, exiftool: ExifTool | None) -> bytes | None:
    """The packet that is to be changed. Raises NoPlace, DamagedContainer, CannotSplice."""
    kind = _require_place(data, exiftool)
    if kind in SPLICED:
        return packet(data)
    assert exiftool is not None
    return exiftool.packet(data)


def embed(data: bytes, new: bytes | None, exiftool: ExifTool | None) -> bytes:
    """The same file with this packet; None takes it out. Raises as `embedded` does."""
    kind = _require_place(data, exiftool)
    if kind in SPLICED:
        return with_packet(data, new)
    assert exiftool is not None
    return exiftool.with_packet(data, new)


def found(data: bytes) -> list[bytes]:
    """Every packet that says something about the photo, without any help. Never raises."""
    kind = recognise(data)
    try:
        if kind in SPLICED:
            extended = jpeg.extended(data) if kind == "JPEG" else None
            return [each for each in (packet(data), extended) if each]
        tags = all_tags(data) if data[:2] in {b"II", b"MM"} else {}
        if ("0", XMP) in tags:
            return [tags["0", XMP].data]
    except (DamagedContainer, ValueError):
        pass
    return [match[0] for match in _SCANNED.finditer(data)]


def _require_place(data: bytes, exiftool: ExifTool | None) -> str:
    kind = recognise(data)
    if kind in SPLICED:
        return str(kind)
    if kind in RAW_FORMATS or kind == "RAW":
        raise NoPlace("nothing is ever written into a RAW file; it gets a sidecar")
    if kind not in BY_EXIFTOOL:
        raise NoPlace("files of this kind have no place for keywords; it gets a sidecar")
    if exiftool is None:
        raise NoPlace(f"only ExifTool can write into {kind} files, and it is not installed")
    return str(kind)
