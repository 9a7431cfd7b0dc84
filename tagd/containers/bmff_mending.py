"""AVIF files that libavif refuses, as others read them.

Some encoders (cavif, with transparency) write an ipma box an item. The standard has one of each
version and flags (ISO/IEC 23008-12, 9.3).

Some say that their colours are coded in a way which libavif does not convert (ITU-T H.273, 8.3),
such as with constant luminance or as ICtCp. Their luma is luma all the same: read by the usual
matrix the picture is there, with colours that are near.
"""

from __future__ import annotations

from typing import Final

from tagd.containers.boxes import boxes, only
from tagd.containers.items import meta_children
from tagd.containers.segments import DamagedContainer, replaced

_HEAD: Final = 12  # of a full box: size, kind, version and flags
_COUNT: Final = 4
# Matrix coefficients (H.273, table 4) that libavif converts with subsampled chroma, and those that
# take the place of others: BT.2020's with its primaries, else BT.601's.
_CONVERTED: Final = frozenset({1, 2, 4, 5, 6, 7, 8, 9, 12, 15})
_WIDE_PRIMARIES, _BT2020, _BT601 = 9, 9, 6


def mended(data: bytes) -> bytes | None:
    """Return the file as libavif may read it, of the same length; None where there is nothing to
    mend."""
    one = with_one_table(data) or data
    plain = with_usual_colours(one) or one
    return None if plain is data else plain


def with_usual_colours(data: bytes) -> bytes | None:
    """Return the file with a usual matrix where it names an unusual one; None where it does not."""
    try:
        properties = only(meta_children(data), "iprp")
        container = only(boxes(data, properties.body, properties.end), "ipco")
        told = boxes(data, container.body, container.end)
    except DamagedContainer:
        return None
    made = bytearray(data)
    for box in told:
        if box.kind == "colr" and data[box.body : box.body + 4] == b"nclx":
            primaries, place = box.body + 4, box.body + 8
            if int.from_bytes(data[place : place + 2], "big") not in _CONVERTED:
                is_wide = int.from_bytes(data[primaries : primaries + 2], "big") == _WIDE_PRIMARIES
                made[place : place + 2] = (_BT2020 if is_wide else _BT601).to_bytes(2, "big")
    return None if made == data else bytes(made)


def with_one_table(data: bytes) -> bytes | None:
    """Return the file with those boxes as one, of the same length, so that nothing else moves; None
    where there is nothing to do."""
    try:
        iprp = only(meta_children(data), "iprp")
        children = boxes(data, iprp.body, iprp.end)
    except DamagedContainer:
        return None
    tables = [box for box in children if box.kind == "ipma" and box.end - box.start >= 16]
    heads = {data[table.body : table.body + 4] for table in tables}
    if len(tables) < 2 or len(heads) > 1 or iprp.body != iprp.start + 8:
        return None
    rows = [data[table.start + _HEAD + _COUNT : table.end] for table in tables]
    counts = (data[table.start + _HEAD : table.start + _HEAD + _COUNT] for table in tables)
    count = sum(int.from_bytes(field, "big") for field in counts)
    table = _box(b"ipma", heads.pop() + count.to_bytes(_COUNT, "big") + b"".join(rows))
    others = [data[box.start : box.end] for box in children if box.kind != "ipma"]
    properties = _box(b"iprp", b"".join([*others, table]))
    # What is saved, a head for each further box, is room for one that nobody reads.
    spare = _box(b"free", bytes(iprp.end - iprp.start - len(properties) - 8))
    return replaced(data, iprp.start, iprp.end, properties + spare)


def _box(kind: bytes, body: bytes) -> bytes:
    return (8 + len(body)).to_bytes(4, "big") + kind + body
