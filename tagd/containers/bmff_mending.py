"""HEIF and AVIF files that tell the properties of their items in several boxes of one kind.

Some encoders (cavif, with transparency) write an ipma box an item. The standard has one of each
version and flags (ISO/IEC 23008-12, 9.3), and libavif refuses such a file.
"""

from __future__ import annotations

from typing import Final

from tagd.containers.boxes import boxes, only
from tagd.containers.items import meta_children
from tagd.containers.segments import DamagedContainer, replaced

_HEAD: Final = 12  # of a full box: size, kind, version and flags
_COUNT: Final = 4


def with_one_table(data: bytes) -> bytes | None:
    """The file with those boxes as one, of the same length, so that nothing else moves; None where
    there is nothing to do."""
    try:
        iprp = only(meta_children(data), "iprp")
        children = boxes(data, iprp.body, iprp.end)
    except DamagedContainer:
        return None
    tables = [each for each in children if each.kind == "ipma" and each.end - each.start >= 16]
    heads = {data[each.body : each.body + 4] for each in tables}
    if len(tables) < 2 or len(heads) > 1 or iprp.body != iprp.start + 8:
        return None
    rows = [data[each.start + _HEAD + _COUNT : each.end] for each in tables]
    counts = (data[each.start + _HEAD : each.start + _HEAD + _COUNT] for each in tables)
    count = sum(int.from_bytes(each, "big") for each in counts)
    table = _box(b"ipma", heads.pop() + count.to_bytes(_COUNT, "big") + b"".join(rows))
    others = [data[each.start : each.end] for each in children if each.kind != "ipma"]
    properties = _box(b"iprp", b"".join([*others, table]))
    # What is saved, a head for each further box, is room for one that nobody reads.
    spare = _box(b"free", bytes(iprp.end - iprp.start - len(properties) - 8))
    return replaced(data, iprp.start, iprp.end, properties + spare)


def _box(kind: bytes, body: bytes) -> bytes:
    return (8 + len(body)).to_bytes(4, "big") + kind + body
