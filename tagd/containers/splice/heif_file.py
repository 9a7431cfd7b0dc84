"""A HEIF or AVIF file as boxes and items, and the same with an item more or less.

Source: ISO/IEC 14496-12, 8.11 (meta); ISO/IEC 23008-12 (what describes an image).
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tagd.containers.boxes import boxes, first, only
from tagd.containers.items import (
    Item,
    Location,
    Locations,
    Reference,
    listed,
    locations,
    primary_id,
    references,
)
from tagd.containers.segments import DamagedContainer
from tagd.containers.splice.refusal import CannotSplice

if TYPE_CHECKING:
    from tagd.containers.items import Spans
    from tagd.containers.segments import Segment

_MIME, _XMP, _DESCRIBES = b"mime", b"application/rdf+xml", "cdsc"
_REWRITTEN: Final = frozenset({"iinf", "iloc", "iref"})


@dataclass(frozen=True, slots=True)
class HeifFile:
    """`data` and its boxes as they are; its items, where they lie and what refers to what, as they
    are or are to be."""

    data: bytes
    top: tuple[Segment, ...]
    children: tuple[Segment, ...]  # of meta
    primary: int
    items: tuple[Item, ...]
    references: tuple[Reference, ...]
    locations: Locations

    @classmethod
    def of(cls, data: bytes) -> HeifFile:
        """Read a file. Raises CannotSplice where it is not built as the standard says: decoders may
        well make a picture of it."""
        try:
            top = boxes(data)
            meta = only(top, "meta")
            children = boxes(data, meta.body + 4, meta.end)
            iref = first(children, "iref")
            return cls(
                data,
                tuple(top),
                tuple(children),
                primary_id(data, only(children, "pitm")),
                tuple(listed(data, only(children, "iinf"))),
                tuple(references(data, iref)) if iref else (),
                locations(data, only(children, "iloc")),
            )
        except DamagedContainer as error:
            raise CannotSplice(f"its boxes are not as they should be ({error})") from error

    @property
    def packet(self) -> Item | None:
        """Return the XMP packet of the picture that the file is shown as, and of no other picture.

        Raises CannotSplice where there are several.
        """
        describing = {
            reference.source
            for reference in self.references
            if reference.kind == _DESCRIBES and self.primary in reference.targets
        }
        found = [item for item in self.items if item.content == _XMP and item.id in describing]
        if len(found) > 1:
            raise CannotSplice(
                "the file has more than one XMP packet, and no rule says which counts"
            )
        return found[0] if found else None

    @property
    def packet_spans(self) -> Spans:
        """Return where the packet lies; nowhere where ExifTool took one out, and left its item
        behind with no length. Raises CannotSplice where it can be neither read nor replaced."""
        item = self.packet
        where = [entry for entry in self.locations.entries if item and entry.item == item.id]
        if item is None or not any(length for entry in where for _, _, length in entry.extents):
            return []
        if not (item.is_plain and where[0].is_in_file):
            raise CannotSplice("its XMP packet is packed, encrypted, or in another box than usual")
        return self.locations.spans(self.data, None)[item.id]

    @property
    def packet_box(self) -> Segment | None:
        """Return the media data box that holds the packet and nothing else."""
        spans = self.packet_spans
        media = (box for box in self.top if box.kind == "mdat")
        return next((box for box in media if [(box.body, box.body_end)] == spans), None)

    @property
    def others(self) -> tuple[Segment, ...]:
        """Return the boxes in meta that are the same with any packet."""
        return tuple(box for box in self.children if box.kind not in _REWRITTEN)

    def without_packet(self) -> HeifFile:
        """Return the same file without the item."""
        item = self.packet
        if item is None:
            return self
        entries = tuple(entry for entry in self.locations.entries if entry.item != item.id)
        return dataclasses.replace(
            self,
            items=tuple(kept for kept in self.items if kept.id != item.id),
            references=tuple(
                reference for reference in self.references if reference.source != item.id
            ),
            locations=dataclasses.replace(self.locations, entries=entries),
        )

    def with_packet(self) -> HeifFile:
        """Return the same file with the item; a new one lies nowhere as yet."""
        if self.packet is not None:
            return self
        ids = {item.id for item in self.items} | {entry.item for entry in self.locations.entries}
        item = _new_item(max(ids, default=0) + 1)
        iref = first(self.children, "iref")
        width = 4 if iref and self.data[iref.body] else 2
        said = item.id.to_bytes(width, "big") + b"\0\1" + self.primary.to_bytes(width, "big")
        told = Reference(_DESCRIBES, item.id, (self.primary,), new_box(_DESCRIBES.encode(), said))
        entries = (*self.locations.entries, Location(item.id, 0, 0, 0, ()))
        return dataclasses.replace(
            self,
            items=(*self.items, item),
            references=(*self.references, told),
            locations=dataclasses.replace(self.locations, entries=entries),
        )

    def meta(self) -> bytes:
        """Build the meta box that says all of this. Raises OverflowError where a field is too
        narrow."""
        start = only(self.top, "meta").body
        parts = [self.data[start : start + 4]]
        has_references = any(box.kind == "iref" for box in self.children)
        for box in self.children:
            if box.kind == "iinf":
                parts.append(self._item_box(box))
                parts.append(b"" if has_references else self._reference_box(bytes(4)))
            elif box.kind == "iloc":
                parts.append(new_box(b"iloc", self.locations.to_bytes()))
            elif box.kind == "iref":
                parts.append(self._reference_box(self.data[box.body : box.body + 4]))
            else:
                parts.append(self.data[box.start : box.end])
        return new_box(b"meta", b"".join(parts))

    def _item_box(self, iinf: Segment) -> bytes:
        head = self.data[iinf.body : iinf.body + 4]
        count = len(self.items).to_bytes(4 if head[0] else 2, "big")
        return new_box(b"iinf", head + count + b"".join(item.entry for item in self.items))

    def _reference_box(self, head: bytes) -> bytes:
        entries = b"".join(reference.entry for reference in self.references)
        return new_box(b"iref", head + entries) if entries else b""


def new_box(kind: bytes, body: bytes) -> bytes:
    """Build a box. Raises OverflowError where it is too large for the usual kind of header."""
    return (len(body) + 8).to_bytes(4, "big") + kind + body


def _new_item(number: int) -> Item:
    is_wide = number > 0xFFFF
    version = bytes([3 if is_wide else 2, 0, 0, 0])
    said = number.to_bytes(4 if is_wide else 2, "big") + bytes(2) + _MIME + b"\0" + _XMP + b"\0"
    return Item(number, _MIME, _XMP, True, new_box(b"infe", version + said))
