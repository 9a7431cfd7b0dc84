"""Image files as bytes: what they are, the segments they are made of, and their pixels' identity.

Bytes in, values out. On hostile bytes nothing here raises but DamagedContainer, takes more than
linear time, or keeps more than a bounded number of segments.
"""

from __future__ import annotations

from tagd.containers.kinds import FORMATS, RAW_FORMATS, sniff, stranger
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
    "payload_hash",
    "payload_spans",
    "recognise",
    "require_whole",
    "sniff",
    "stranger",
    "strict_spans",
]
