"""The XMP of any file, whatever its kind: found, and put there by whoever can."""

from __future__ import annotations

import re
from typing import Final

from tagd.containers import RAW_FORMATS, DamagedContainer, recognise
from tagd.containers.splice import SPLICED, jpeg, packet, with_packet
from tagd.containers.tags import XMP, all_tags

# Written as one block and never compressed, so that any program may find it by its name.
_SCANNED: Final = re.compile(rb"<x:x[am]pmeta\b.*?</x:x[am]pmeta\s*>", re.DOTALL)


class NoPlace(ValueError):
    """Nothing can be embedded in a file of this kind; says why."""


def embedded(data: bytes) -> bytes | None:
    """The packet that is to be changed. Raises NoPlace, DamagedContainer, CannotSplice."""
    _require_place(data)
    return packet(data)


def embed(data: bytes, new: bytes | None) -> bytes:
    """The same file with this packet; None takes it out. Raises as `embedded` does."""
    _require_place(data)
    return with_packet(data, new)


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


def _require_place(data: bytes) -> None:
    kind = recognise(data)
    if kind in RAW_FORMATS or kind == "RAW":
        raise NoPlace("nothing is ever written into a RAW file; it gets a sidecar")
    if kind not in SPLICED:
        raise NoPlace("files of this kind have no place for keywords; it gets a sidecar")
