"""What one write does to bytes: tagd's keywords joined with those there. It touches no file."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from tagd.containers import DamagedContainer, recognise
from tagd.containers.splice import CannotSplice, jpeg
from tagd.containers.tags import all_tags
from tagd.metadata import exif, iptc, packets, xmp
from tagd.metadata.keywords import IN_XMP, Field, join, spelled

if TYPE_CHECKING:
    from tagd.metadata.exiftool import ExifTool
    from tagd.metadata.keywords import Joined, Keywords, Tagging

ALL_FIELDS: Final = frozenset(Field)
_WRITERS: Final = {Field.WINDOWS: exif.with_keywords, Field.IPTC: iptc.with_keywords}


@dataclass(frozen=True, slots=True)
class Wish:
    """The tags that a photo is to have, and the fields to say it in. No tags: take tagd's away."""

    taggings: tuple[Tagging, ...] = ()
    fields: frozenset[Field] = ALL_FIELDS
    hierarchical: bool = True

    def of(self, which: Field) -> tuple[str, ...]:
        """What one field should hold of it."""
        if which not in self.fields:
            return ()
        return spelled(self.taggings, hierarchical=self.hierarchical)[which]


@dataclass(frozen=True, slots=True)
class Edit:
    """Bytes with the wish fulfilled; `data` is None where nothing is left of a packet.

    `left_out` says, in words, what was wished and could not be done.
    """

    data: bytes | None = field(repr=False)
    joined: dict[Field, Joined]
    left_out: tuple[str, ...] = ()


def edit_packet(
    old: bytes | None, wish: Wish, ours: Keywords, carried: Keywords, *, padded: bool
) -> Edit:
    """A packet, or a sidecar, with the wish fulfilled; the very same bytes where nothing changes.

    `carried` are the keywords to begin a new one with. Raises MalformedPacket.
    """
    packet = xmp.new_packet(padded=padded) if old is None else xmp.parse(old)
    there = (
        {each: carried.get(each, ()) for each in IN_XMP} if old is None else xmp.keywords(packet)
    )
    # Where there is no packet any more, nobody took single keywords away.
    before = {} if old is None else ours
    joined = {each: join(there[each], wish.of(each), before.get(each, ())) for each in IN_XMP}
    if not any(each.added or each.removed for each in joined.values()):
        return Edit(old, joined)
    xmp.set_keywords(packet, {each: result.values for each, result in joined.items()})
    said = wish.taggings if any(each.ours for each in joined.values()) else ()
    xmp.set_provenance(packet, said)
    left = {each: result.values for each, result in joined.items() if result.values}
    is_spent = not said and xmp.is_of_tagd(packet) and xmp.says_only_keywords(packet)
    if is_spent and left == {each: values for each, values in carried.items() if values}:
        return Edit(None, joined)
    return Edit(packet.to_bytes(), joined)


def edit_photo(data: bytes, wish: Wish, ours: Keywords, exiftool: ExifTool | None) -> Edit:
    """A photo with the wish fulfilled inside it.

    Raises NoPlace, MalformedPacket, CannotSplice, DamagedContainer, ExifToolTrouble.
    """
    old = packets.embedded(data, exiftool)
    _require_main_packet(data)
    packet = edit_packet(old, wish, ours, {}, padded=recognise(data) == "JPEG")
    edited = data if packet.data == old else packets.embed(data, packet.data, exiftool)
    joined, left_out = dict(packet.joined), []
    if recognise(data) == "JPEG":
        for which, written in _WRITERS.items():
            there = _there(edited, which)
            if there is None:
                continue
            # Where the packet is gone, what is missing here went with it, and nobody took it away.
            before = [each for each in ours.get(which, ()) if old is not None or each in there]
            result = join(there, wish.of(which), before)
            try:
                if result.added or result.removed:
                    edited = written(edited, result.values)
                joined[which] = result
            except (exif.ExifUnsafe, CannotSplice) as reason:
                left_out.append(f"{which}: {reason}")
    return Edit(edited, joined, tuple(left_out))


def _require_main_packet(data: bytes) -> None:
    extended = jpeg.extended(data) if recognise(data) == "JPEG" else None
    if extended and any(xmp.keywords(xmp.parse(extended)).values()):
        raise CannotSplice("its keywords lie in Extended XMP, behind those that tagd can change")


def _there(data: bytes, which: Field) -> tuple[str, ...] | None:
    """What an older field of a JPEG holds; None where it is not to be begun."""
    if which is Field.IPTC:
        found = iptc.datasets(jpeg.photoshop(data))
        return iptc.keywords(found) if found else None
    try:
        block = jpeg.exif(data)
        return exif.keywords(all_tags(block)) if block else ()
    except (DamagedContainer, CannotSplice):
        return ()
