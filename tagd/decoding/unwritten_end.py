"""A file that is as long as it will be, and whose end is not written yet: programs that copy make
room first, and it reads as zeros. Decoders show what is there, and grey or black below it.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Final

from PIL import Image

from tagd.containers import DamagedContainer, bmff, webp
from tagd.errors import TruncatedImage

if TYPE_CHECKING:
    from pathlib import Path

# HEVC and AV1 never have so many zeros in a row: they mark three of them (ITU-T H.265, 7.4.2.3), or
# end in a bit that is set.
_NEVER: Final = 64
_CODED: Final = {b"hvc1", b"av01", b"grid"}
# In WebP zeros may be said: a plain colour is little else. But whoever says them reads them all.
_MANY: Final = 512
_SPARE: Final = 16  # such a part of them is taken away to see whether they are read


def require_end(path: Path, data: bytes, name: str) -> None:
    """Raise TruncatedImage where the picture ends in zeros that cannot be meant."""
    if not data.endswith(bytes(_NEVER)):
        return
    unwritten = {"HEIF": _heif, "AVIF": _heif, "WEBP": _webp}.get(name)
    if unwritten is not None and unwritten(data):
        raise TruncatedImage(path, "its end is nothing but zeros: it is not written yet, or lost")


def _heif(data: bytes) -> bool:
    try:
        is_coded = bmff.primary_kinds(data) <= _CODED
        start, end = max(bmff.payload(data), key=lambda span: span[1])
    except DamagedContainer:
        return False
    return is_coded and end - start >= _NEVER and data.endswith(bytes(_NEVER), start, end)


def _webp(data: bytes) -> bool:
    """Return whether the picture can do without a part of its zeros."""
    try:
        *_, last = (chunk for chunk in webp.segments(data) if not webp.is_metadata(chunk))
    except (DamagedContainer, ValueError):  # it has none
        return False
    body = data[last.body : last.body_end]
    zeros = len(body) - len(body.rstrip(b"\0"))
    if last.kind not in {"VP8 ", "VP8L"} or zeros < _MANY:
        return False
    shorter = body[: -max(zeros // _SPARE, _NEVER)]
    chunk = data[last.start : last.start + 4] + len(shorter).to_bytes(4, "little") + shorter
    rest = b"WEBP" + data[12 : last.start] + chunk + bytes(len(chunk) % 2)
    return _decodes(b"RIFF" + len(rest).to_bytes(4, "little") + rest)


def _decodes(data: bytes) -> bool:
    try:
        with Image.open(io.BytesIO(data), formats=("WEBP",)) as image:
            image.load()
    except (OSError, ValueError, SyntaxError):
        return False
    return True
