"""XMP in HEIF and AVIF: an item that describes the picture, in a media data box of its own.

The box with the picture stays as it is, byte for byte; where it lies is said anew. (ExifTool puts
the packet among the picture's bytes, and where it takes one out again it leaves an item without a
length, which to a decoder reaches to the end of the file.)
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Final

from tagd.containers.boxes import first, only
from tagd.containers.items import joined
from tagd.containers.splice.heif_file import HeifFile, new_box
from tagd.containers.splice.refusal import CannotSplice

if TYPE_CHECKING:
    from tagd.containers.items import Location, Locations

Edit = tuple[int, int, bytes]  # what lies from here to there becomes this

# Of any other box nobody knows whether it says where something in the file lies. The video of a
# motion photo (mpvd) is found from the end of the file, which stays where it is.
_MOVABLE: Final = frozenset({"ftyp", "meta", "mdat", "free", "skip", "uuid", "mpvd"})
_SEQUENCES: Final = frozenset({"moov", "moof"})
_HEADER: Final = 8  # of a box


def packet(data: bytes) -> bytes | None:
    """Return the packet of the picture that the file is shown as."""
    return joined(data, HeifFile.of(data).packet_spans) or None


def with_packet(data: bytes, packet: bytes | None) -> bytes:
    """Return the same file with this packet, in a box before the picture's. Where another program
    has put one among the picture's bytes, zeros stand there from now on, so that nothing there
    moves."""
    file = HeifFile.of(data)
    if packet is None and file.packet is None:
        return data
    _require_movable(file)
    try:
        if packet is None:
            return _edited(file.without_packet(), _taken_out(file))
        return _edited(file.with_packet(), [*_taken_out(file), _put_in(file, packet)])
    except OverflowError as error:
        raise CannotSplice("its structure has no room for what it would have to say") from error


def foreign(data: bytes) -> tuple[bytes, ...]:
    """Return every box, and every item but the packet with all that is said of it.

    Zeros stand where the packet lies among the picture's bytes; free space, and what merely says
    where something lies, is left out.
    """
    file = HeifFile.of(data)
    bare, own = file.without_packet(), file.packet_box
    blank = data if own else _applied(data, _taken_out(file))
    kept = [box for box in file.top if box != own and box.kind not in {"meta", "free", "skip"}]
    places = file.locations.spans(data, first(file.children, "idat"))
    return (
        *(blank[box.start : box.end] for box in kept),
        *(data[box.start : box.end] for box in file.others if box.kind != "idat"),
        *(reference.entry for reference in bare.references),
        *(item.entry + joined(data, places.get(item.id, [])) for item in bare.items),
    )


def _require_movable(file: HeifFile) -> None:
    unknown = {box.kind for box in file.top} - _MOVABLE
    if unknown & _SEQUENCES:
        raise CannotSplice("it holds a sequence of pictures, and only single ones can be written")
    if unknown:
        raise CannotSplice(f"its box {min(unknown)!r} may say where something in the file lies")
    if any(entry.reference for entry in file.locations.entries):
        raise CannotSplice("a part of it lies in another file")


def _taken_out(file: HeifFile) -> list[Edit]:
    own = file.packet_box
    if own is not None:
        return [(own.start, own.end, b"")]
    return [(start, end, bytes(end - start)) for start, end in file.packet_spans]


def _put_in(file: HeifFile, packet: bytes) -> Edit:
    own = file.packet_box
    media = [box.start for box in file.top if box.kind == "mdat" and box != own]
    at = min(media, default=only(file.top, "meta").end)
    return at, at, new_box(b"mdat", packet)


def _edited(file: HeifFile, edits: list[Edit]) -> bytes:
    """Return the file with these edits, and a meta box that says where everything has come to lie.
    The packet, where there is one, is what the last edit puts in."""
    meta = only(file.top, "meta")
    # How long the box is does not depend on what its numbers say.
    draft = (meta.start, meta.end, _located(file, edits).meta())
    final = (meta.start, meta.end, _located(file, [draft, *edits]).meta())
    return _applied(file.data, [final, *edits])


def _located(file: HeifFile, edits: list[Edit]) -> HeifFile:
    item = file.packet
    entries = tuple(
        _put_by(edits[-1], entry, file.locations, edits)
        if item and entry.item == item.id
        else _followed(entry, edits)
        for entry in file.locations.entries
    )
    locations = dataclasses.replace(file.locations, entries=entries)
    return dataclasses.replace(file, locations=locations)


def _put_by(edit: Edit, location: Location, table: Locations, edits: list[Edit]) -> Location:
    """Return the location of what is in the box that the edit puts in. Where there is room for a
    base some readers, Exiv2 0.27 among them, look at nothing else."""
    size = len(edit[2]) - _HEADER
    start = _moved(edit[0], edits) - size
    base, offset = (start, 0) if table.widths[2] else (0, start)
    method = location.method & ~15
    return dataclasses.replace(location, method=method, base=base, extents=((0, offset, size),))


def _followed(location: Location, edits: list[Edit]) -> Location:
    """Return the location of the same bytes after the edits."""
    if not location.is_in_file:
        return location
    places = [location.base + offset for _, offset, _ in location.extents]
    shifts = [_moved(place, edits) - place for place in places]
    if not location.base:
        moved = zip(location.extents, shifts, strict=True)
        extents = tuple((index, offset + by, size) for (index, offset, size), by in moved)
        return dataclasses.replace(location, extents=extents)
    if len(set(shifts)) > 1:
        raise CannotSplice("the parts of one of its items would move apart")
    return dataclasses.replace(location, base=location.base + sum(shifts[:1]))


def _moved(at: int, edits: list[Edit]) -> int:
    """Return where a byte that the edits leave alone has come to lie."""
    return at + sum(len(new) - (end - start) for start, end, new in edits if end <= at)


def _applied(data: bytes, edits: list[Edit]) -> bytes:
    parts, done = [], 0
    for start, end, new in sorted(edits):
        parts += [data[done:start], new]
        done = end
    return b"".join([*parts, data[done:]])
