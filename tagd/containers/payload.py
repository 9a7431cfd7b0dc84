"""The identity of a photo: a hash of its image payload without its metadata.

A move, a copy, a new keyword or a new rating leave it as it is. What has no structure that we know,
or a damaged one, is identified by all of its bytes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import xxhash

from tagd.containers import bmff, bmp, gif, jpeg, jxl, png, raf, tiff, tiff_payload, webp
from tagd.containers.boxes import boxes
from tagd.containers.kinds import sniff
from tagd.containers.segments import DamagedContainer

if TYPE_CHECKING:
    from collections.abc import Callable

Spans = list[tuple[int, int]]

_PAYLOADS: Final[dict[str, Callable[[bytes], Spans]]] = {
    "JPEG": jpeg.payload,
    "PNG": png.payload,
    "WEBP": webp.payload,
    "HEIF": bmff.payload,
    "AVIF": bmff.payload,
    "CR3": bmff.media,
    "GIF": gif.payload,
    "BMP": bmp.payload,
    "JXL": jxl.payload,
    "RAF": raf.payload,
    **dict.fromkeys(("TIFF", "CR2", "ORF", "RW2"), tiff_payload.payload),
}


def recognise(data: bytes) -> str | None:
    """Return the format of a whole file, TIFF-based RAW kinds told apart; None when it is none of
    ours.

    "RAW" stands for sensor data of a maker that has no name in `kinds.RAW_FORMATS`.
    """
    name = sniff(data[:512])
    if name != "TIFF":
        return name
    try:
        return tiff.raw_kind(data) or "TIFF"
    except DamagedContainer:
        return "TIFF"


def require_whole(data: bytes, name: str) -> None:
    """Raise TruncatedContainer when the structure of the format `name` says that bytes are missing.

    Says nothing of formats whose decoders notice it themselves.
    """
    if name in {"TIFF", "DNG", "NEF", "ARW", "CR2"}:
        tiff.require_whole(data)
    elif name == "CR3":
        boxes(data)


def strict_spans(data: bytes) -> Spans:
    """Find the picture, in the order in which it is hashed.

    Raises TruncatedContainer or DamagedContainer.
    """
    parse = _PAYLOADS.get(sniff(data[:512]) or "")
    return parse(data) if parse is not None else [(0, len(data))]


def payload_spans(data: bytes) -> Spans:
    """Return what `strict_spans` does; all of the bytes where the structure is damaged."""
    try:
        return strict_spans(data)
    except DamagedContainer:
        return [(0, len(data))]


def payload_hash(data: bytes, spans: Spans | None = None) -> str:
    """Compute the photo id: 32 hexadecimal digits, XXH3 (128 bits) of the format's name and the
    payload.

    The name is that of the head alone, so that telling more RAW kinds apart changes no identity.
    Never raises. `spans` are those of `payload_spans`, where they are known already.
    """
    name = sniff(data[:512]) or "other"
    digest = xxhash.xxh3_128(name.encode("ascii") + b"\0")
    view = memoryview(data)
    for start, end in payload_spans(data) if spans is None else spans:
        digest.update(view[start:end])
    return digest.hexdigest()
