"""Image files as bytes: what they are, the segments they are made of, and their pixels' identity.

Bytes in, values out. On hostile bytes nothing here raises but DamagedContainer, takes more than
linear time, or keeps more than a bounded number of segments.

    kinds               what a file is, by its content
    segments            what the parsers have in common
    jpeg, png, webp     each kind of file as segments; jpeg_mending: JPEGs that are not whole
    gif, bmp, raf, jxl  likewise, and where the picture is
    tiff, tags          the directories of a TIFF, and of EXIF; fields: what is sound of them;
                        tiff_payload: its picture
    bmff, boxes, items  HEIF and AVIF; bmff_mending: AVIFs that libavif refuses
    trailers            what follows the end of a picture
    credentials         signatures that any change makes invalid
    payload             the identity of a photo: its picture without its metadata
    former              what earlier versions took for it
    splice              XMP put into a file, replaced in it or taken out of it
"""

from __future__ import annotations

from tagd.containers.former import former_hashes
from tagd.containers.kinds import FORMATS, RAW_FORMATS, sniff, strange_picture, stranger
from tagd.containers.payload import (
    payload_hash,
    payload_spans,
    recognise,
    require_whole,
    strict_spans,
)
from tagd.containers.segments import DamagedContainer, Segment, TruncatedContainer

__all__ = [
    "FORMATS",
    "RAW_FORMATS",
    "DamagedContainer",
    "Segment",
    "TruncatedContainer",
    "former_hashes",
    "payload_hash",
    "payload_spans",
    "recognise",
    "require_whole",
    "sniff",
    "strange_picture",
    "stranger",
    "strict_spans",
]
