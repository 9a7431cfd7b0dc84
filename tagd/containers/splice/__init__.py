"""XMP packets put into an image file, replaced in it or taken out of it: bytes in, bytes out.

Everything else stays what it is, byte for byte, in the same order. All of it is built on the
segments that identity is computed from, so that what is no metadata to one is none to the other.

    jpeg, png, webp     segments and chunks
    behind              what finds something behind a JPEG's picture
    tiff                a tag of a directory, of EXIF too
    heif, heif_file     an item, and the file around it
    refusal             why something is not done
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tagd.containers.kinds import sniff
from tagd.containers.splice import heif, jpeg, png, tiff, webp
from tagd.containers.splice.refusal import CannotSplice

if TYPE_CHECKING:
    from types import ModuleType

__all__ = ["SPLICED", "CannotSplice", "foreign", "packet", "with_packet"]

_SPLICERS: Final[dict[str, ModuleType]] = {
    "JPEG": jpeg,
    "PNG": png,
    "WEBP": webp,
    "HEIF": heif,
    "AVIF": heif,
    "TIFF": tiff,
}
SPLICED: Final = frozenset(_SPLICERS)


def packet(data: bytes) -> bytes | None:
    """Return the XMP packet that the file holds, or None where there is none.

    Raises DamagedContainer, or CannotSplice when nobody can say which of several packets counts.
    """
    found: bytes | None = _splicer(data).packet(data)
    return found


def with_packet(data: bytes, packet: bytes | None) -> bytes:
    """Return the file with this packet in place of the one it holds; None takes that out.

    Raises DamagedContainer, or CannotSplice where it could not be done without harm.
    """
    spliced: bytes = _splicer(data).with_packet(data, packet)
    return spliced


def foreign(data: bytes) -> tuple[bytes, ...]:
    """Return every piece of the file that is not its XMP packet, picture included, in order, or a
    digest of it.

    What merely counts or announces the packet (the length of a WebP, the flag that it holds XMP) is
    levelled, so that files that differ in nothing but the packet have equal pieces.
    """
    pieces: tuple[bytes, ...] = _splicer(data).foreign(data)
    return pieces


def _splicer(data: bytes) -> ModuleType:
    name = sniff(data[:512]) or ""
    if name not in _SPLICERS:
        raise CannotSplice("no XMP packet can be put into a file of this kind")
    return _SPLICERS[name]
