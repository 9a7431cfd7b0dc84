"""What a photo was called by versions that identified it by all bytes of its file.

A catalogue of theirs knows GIF, BMP, TIFF and RAW files by that, and a TIFF that tagd has written
into by the bytes from before.
"""

from __future__ import annotations

from typing import Final

from tagd.containers.kinds import sniff
from tagd.containers.payload import payload_hash
from tagd.containers.splice.tiff import without_appended
from tagd.containers.tags import XMP

_ONCE_WHOLE: Final = frozenset({"CR3", "GIF", "BMP", "RAF", "TIFF", "CR2", "ORF", "RW2"})


def former_hashes(data: bytes) -> tuple[str, ...]:
    """Return the photo ids that such a version may have given this file; none where they are as
    ever.

    Never raises.
    """
    name = sniff(data[:512])
    if name not in _ONCE_WHOLE:
        return ()
    files = [data]
    if name == "TIFF" and (before := without_appended(data, XMP)) is not data:
        files.append(before)
    hashes = (payload_hash(file, [(0, len(file))]) for file in files)
    return tuple(former for former in hashes if former != payload_hash(data))
