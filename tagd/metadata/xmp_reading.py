"""XMP as it is found, for reading only: in any encoding, damaged or not.

What `xmp` refuses to rewrite is mended here as well as that goes, and never written back. The work
is bounded: no packet is larger than `xmp.MOST_BYTES`, and none that has to be mended larger than a
sixteenth of that, for which libxml2 takes a second and 100 MB at worst.
"""

from __future__ import annotations

from typing import Final

from tagd.metadata import xmp

_MOST_MENDED: Final = xmp.MOST_BYTES // 16
_MOST_MARKS: Final = (
    500_000  # beginnings and ends of elements; Lightroom's masks have some thousands
)
# Where the bytes before and after the first "<" are zeros, by the encoding that has them so.
_WIDE: Final = (
    (b"<\0\0\0", 0, "utf-32-le"),
    (b"\0\0\0<", 3, "utf-32-be"),
    (b"<\0", 0, "utf-16-le"),
    (b"\0<", 1, "utf-16-be"),
)


def read(data: bytes) -> xmp.Packet:
    """Read the packet as well as it can be read. Raises MalformedPacket."""
    body = xmp.body_of(_in_utf8(data)) if len(data) <= xmp.MOST_BYTES else b""
    if not body or body.count(b"<") > _MOST_MARKS:
        raise xmp.MalformedPacket(xmp.TOO_LARGE)
    packet = _packet(body)
    if not xmp.rdfs(packet):
        raise xmp.MalformedPacket("its XMP has no RDF")
    return packet


def _packet(body: bytes) -> xmp.Packet:
    try:
        return xmp.Packet(b"", xmp.element(body), b"", "\n")
    except xmp.MalformedPacket:
        if len(body) > _MOST_MENDED:
            raise
        return xmp.Packet(b"", xmp.element(body, mended=True), b"", "\n", is_mended=True)


def _in_utf8(data: bytes) -> bytes:
    """Return the same text in UTF-8. What says nothing of its encoding and is none of Unicode's is
    taken for Windows' Western one."""
    at = data.find(b"<")
    for mark, before, encoding in _WIDE:
        start = at - before
        if at >= before and data.startswith(mark, start):
            # Whole characters before it, a byte order mark and white space, say nothing.
            return data[start:].decode(encoding, "replace").encode("utf-8", "replace")
    try:
        data.decode()
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace").encode()
    return data
