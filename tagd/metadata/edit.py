"""What one write does to bytes: tagd's keywords joined with those there. It touches no file."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from tagd.containers import DamagedContainer, recognise
from tagd.containers.credentials import is_signed
from tagd.containers.splice import CannotSplice, jpeg
from tagd.containers.tags import all_tags
from tagd.metadata import exif, iptc, packets, provenance, reader, xmp
from tagd.metadata.begun import with_copies, without
from tagd.metadata.keywords import (
    BY_PERSON,
    IN_XMP,
    Field,
    claimed,
    claims_of,
    join,
    spelled,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tagd.metadata.keywords import Joined, Keywords, TagRecord

ALL_FIELDS: Final = frozenset(Field)
_WRITERS: Final = {Field.WINDOWS: exif.with_keywords, Field.IPTC: iptc.with_keywords}


@dataclass(frozen=True, slots=True)
class Wish:
    """The tags that a photo is to have, and the fields to say it in. No tags: take tagd's away."""

    taggings: tuple[TagRecord, ...] = ()
    fields: frozenset[Field] = ALL_FIELDS
    hierarchical: bool = True

    def of(self, which: Field) -> tuple[str, ...]:
        """Return what one field should hold of it."""
        if which not in self.fields:
            return ()
        return spelled(self.taggings, hierarchical=self.hierarchical)[which]

    def by_person(self, which: Field) -> tuple[str, ...]:
        """Return the same wish for those that a person gave or confirmed."""
        said = tuple(tagging for tagging in self.taggings if tagging.model == BY_PERSON)
        return replace(self, taggings=said).of(which)


@dataclass(frozen=True, slots=True)
class KeptWish(Wish):
    """Of these tags the `values` alone, by field, which are there already."""

    values: Keywords = field(default_factory=dict)

    def of(self, which: Field) -> tuple[str, ...]:
        """Return what one field should hold of it."""
        there = self.values.get(which, ())
        return tuple(value for value in Wish.of(self, which) if value in there)


@dataclass(frozen=True, slots=True)
class Edit:
    """Bytes with the wish fulfilled; `data` is None where nothing is left of a packet.

    `left_out` says, in words, what was wished and could not be done.
    """

    data: bytes | None = field(repr=False)
    joined: dict[Field, Joined]
    left_out: tuple[str, ...] = ()


def edit_packet(
    old: bytes | None,
    wish: Wish,
    ours: Keywords | None,
    carried: Keywords,
    *,
    padded: bool,
    beside: Mapping[Field, Joined] = MappingProxyType({}),
    subject: Mapping[str, str] = MappingProxyType({}),
    elsewhere: Keywords = MappingProxyType({}),
) -> Edit:
    """Fulfil the wish in a packet, or a sidecar; the very same bytes where nothing changes.

    Without `ours` tagd answers for what the packet says is tagd's. `carried` are the keywords to
    begin a new one with, `beside` what other fields than a packet's hold by now, `subject` the
    properties that say whose sidecar it is, and `elsewhere` what people wrote in other places of
    the photo. Raises MalformedPacket.
    """
    packet = xmp.new_packet(padded=padded) if old is None else xmp.parse(old)
    there = (
        {field: carried.get(field, ()) for field in IN_XMP} if old is None else xmp.keywords(packet)
    )
    # Where there is no packet any more, nobody took single keywords away.
    before: Keywords = {}
    if old is not None:
        before = claimed(provenance.claims(packet), there, wish.by_person) if ours is None else ours
    joined = {field: join(there[field], wish.of(field), before.get(field, ())) for field in IN_XMP}
    if not any(result.added or result.removed for result in (*joined.values(), *beside.values())):
        return Edit(old, joined)
    in_lists = (*elsewhere.get(Field.TAGS_LIST, ()), *xmp.microsofts(packet))
    others = {**elsewhere, Field.TAGS_LIST: in_lists}
    joined, copies = with_copies(joined, provenance.copies(packet), others)
    xmp.set_keywords(packet, {field: result.values for field, result in joined.items()})
    claims = claims_of(wish.taggings, {**joined, **beside})
    provenance.set_claims(packet, claims)
    provenance.set_copies(packet, copies)
    for name, value in subject.items():
        xmp.set_text(packet, name, value if claims else None)
    left = {field: result.values for field, result in joined.items() if result.values}
    is_spent = not claims and xmp.is_of_tagd(packet) and xmp.says_only_keywords(packet)
    if is_spent and left == {field: values for field, values in carried.items() if values}:
        return Edit(None, joined)
    return Edit(packet.to_bytes(), joined)


def edit_photo(data: bytes, wish: Wish, ours: Keywords | None) -> Edit:
    """Fulfil the wish inside a photo. Without `ours` tagd answers for what the photo says is
    tagd's, as a copy does, or one whose catalogue was lost.

    Raises NoPlace, MalformedPacket, CannotSplice, DamagedContainer.
    """
    old = packets.embedded(data)
    _require_unsigned(data, old)
    _require_main_packet(data)
    is_jpeg = recognise(data) == "JPEG"
    older = _older_fields(data, old, wish, ours) if is_jpeg else {}
    beside: dict[Field, Joined] = {}
    edited, left_out = data, []
    for which, result in older.items():
        try:
            if result.added or result.removed:
                edited = _WRITERS[which](edited, result.values)
            beside[which] = result
        except (exif.ExifUnsafe, CannotSplice) as reason:
            left_out.append(f"{which}: {reason}")
    # Last, since it says what tagd answers for in the others too.
    packet = edit_packet(
        old,
        wish,
        ours,
        {},
        padded=is_jpeg,
        beside=beside,
        elsewhere=_others_words(data, older, ours),
    )
    if packet.data != old:
        edited = packets.embed(edited, packet.data)
    return Edit(edited, {**packet.joined, **beside}, tuple(left_out))


def _older_fields(
    data: bytes, old: bytes | None, wish: Wish, ours: Keywords | None
) -> dict[Field, Joined]:
    """Return what the fields of a JPEG that are none of XMP's should hold."""
    found = {which: _there(data, which) for which in _WRITERS}
    there = {which: values for which, values in found.items() if values is not None}
    if ours is None:
        claims = () if old is None else provenance.claims(xmp.parse(old))
        ours = claimed(claims, there, wish.by_person)
    elif old is None:
        # The packet is gone, and what is missing here went with it: nobody took it away.
        ours = {
            which: tuple(value for value in ours.get(which, ()) if value in values)
            for which, values in there.items()
        }
    return {
        which: join(values, wish.of(which), ours.get(which, ())) for which, values in there.items()
    }


def _others_words(data: bytes, older: Mapping[Field, Joined], ours: Keywords | None) -> Keywords:
    """Return what people wrote into the fields that are none of XMP's."""
    if older:
        return {which: without(result.values, result.ours) for which, result in older.items()}
    found = reader.of_photo(data)
    return {which: without(found.of(which), (ours or {}).get(which, ())) for which in _WRITERS}


def _require_unsigned(data: bytes, packet: bytes | None) -> None:
    """Content Credentials may also lie elsewhere, where the packet says.

    Source: C2PA Technical Specification 2.1, "Embedding a reference to an external manifest".
    """
    said = xmp.texts(xmp.parse(packet)) if packet is not None else {}
    if said.get(xmp.qualified("dcterms:provenance")) or is_signed(data):
        raise CannotSplice("any change would make its Content Credentials (C2PA) invalid")


def _require_main_packet(data: bytes) -> None:
    extended = jpeg.extended(data) if recognise(data) == "JPEG" else None
    if extended and any(xmp.keywords(xmp.parse(extended)).values()):
        raise CannotSplice("its keywords lie in Extended XMP, behind those that tagd can change")


def _there(data: bytes, which: Field) -> tuple[str, ...] | None:
    """Return what an older field of a JPEG holds; None where it is not to be begun."""
    if which is Field.IPTC:
        found = iptc.datasets(jpeg.photoshop(data))
        return iptc.keywords(found) if found else None
    try:
        block = jpeg.exif(data)
        return exif.keywords(all_tags(block)) if block else ()
    except (DamagedContainer, CannotSplice):
        return ()
