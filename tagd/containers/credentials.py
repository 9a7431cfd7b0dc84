"""Content Credentials (C2PA): signatures over a file's bytes, which any change makes invalid.

Source: C2PA Technical Specification 2.1, "Embedding manifests into assets"; ISO 19566-5 (JUMBF).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tagd.containers import jpeg, png, webp
from tagd.containers.boxes import boxes
from tagd.containers.kinds import sniff
from tagd.containers.segments import DamagedContainer
from tagd.containers.tags import all_tags

if TYPE_CHECKING:
    from collections.abc import Callable

_UUID: Final = bytes.fromhex("d8fec3d61b0e483c92975828877ec481")
_JUMBF: Final = b"jumb"
_JUMBF_HEAD: Final = 32  # bytes of an APP11 segment in which its box is named
_TIFF_TAG: Final = ("0", 0xCD41)


def is_signed(data: bytes) -> bool:
    """Return whether the file holds Content Credentials. Never raises."""
    look = _LOOKS.get(sniff(data[:512]) or "")
    try:
        return look is not None and look(data)
    except DamagedContainer:
        return False


def _in_jpeg(data: bytes) -> bool:
    heads = (
        data[segment.body : segment.body + _JUMBF_HEAD]
        for segment in jpeg.segments(data)
        if segment.kind == "APP11"
    )
    return any(_JUMBF in head for head in heads)


def _in_png(data: bytes) -> bool:
    return any(chunk.kind == "caBX" for chunk in png.segments(data))


def _in_webp(data: bytes) -> bool:
    return any(chunk.kind == "C2PA" for chunk in webp.segments(data))


def _in_heif(data: bytes) -> bool:
    return any(
        box.kind == "jumb" or (box.kind == "uuid" and data.startswith(_UUID, box.body))
        for box in boxes(data)
    )


def _in_tiff(data: bytes) -> bool:
    return _TIFF_TAG in all_tags(data)


_LOOKS: Final[dict[str, Callable[[bytes], bool]]] = {
    "JPEG": _in_jpeg,
    "PNG": _in_png,
    "WEBP": _in_webp,
    "HEIF": _in_heif,
    "AVIF": _in_heif,
    "TIFF": _in_tiff,
}
