"""The XMP packet of a file that may be changed, put there by whoever can for its kind."""

from __future__ import annotations

from tagd.containers import RAW_FORMATS, recognise
from tagd.containers.splice import SPLICED, packet, with_packet


class NoPlace(ValueError):
    """Nothing can be embedded in a file of this kind; says why."""


def embedded(data: bytes) -> bytes | None:
    """Return the packet that is to be changed. Raises NoPlace, DamagedContainer, CannotSplice."""
    _require_place(data)
    return packet(data)


def embed(data: bytes, new: bytes | None) -> bytes:
    """Return the same file with this packet; None takes it out. Raises as `embedded` does."""
    _require_place(data)
    return with_packet(data, new)


def _require_place(data: bytes) -> None:
    kind = recognise(data)
    if kind in RAW_FORMATS or kind == "RAW":
        raise NoPlace("nothing is ever written into a RAW file; it gets a sidecar")
    if kind not in SPLICED:
        raise NoPlace("files of this kind have no place for keywords; it gets a sidecar")
