"""What a photo and its sidecar say: keywords of every kind, rating, place, camera, time.

Reading is lenient where writing is strict: what is damaged says nothing, and costs nothing else.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final, TypeVar

from tagd.containers import DamagedContainer, bmff, png, recognise, webp
from tagd.containers.jpeg import metadata
from tagd.containers.splice import CannotSplice, jpeg
from tagd.containers.tags import Tags, Value, all_tags
from tagd.fs import read_regular
from tagd.metadata import exif, iptc, packets, xmp
from tagd.metadata.file_calls import translated
from tagd.metadata.keywords import IN_XMP, Field, unique

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from tagd.metadata.keywords import Claim, Keywords

Number = TypeVar("Number", int, float)

_MAKE, _MODEL, _RATING = ("0", 0x010F), ("0", 0x0110), ("0", 0x4746)
_TAKEN, _OFFSET = ("0.exif", 0x9003), ("0.exif", 0x9011)
_IPTC = ("0", 0x83BB)
_DATE: Final = re.compile(
    r"(\d{4})[:-](0[1-9]|1[0-2])[:-](0[1-9]|[12]\d|3[01])[ T](\d\d:\d\d(?::\d\d)?)(?:\.\d+)?"
    r"([+-]\d\d:\d\d|Z)?",
    re.ASCII,
)
# When the picture was taken, when it was made, and when its file was, all that screenshots have.
_XMP_DATES: Final = ("exif:DateTimeOriginal", "photoshop:DateCreated", "xmp:CreateDate")
_ZONE: Final = re.compile(r"[+-]\d\d:\d\d|Z", re.ASCII)
_XMP_PLACE: Final = re.compile(r"(\d+),(\d+(?:\.\d+)?)(?:,(\d+(?:\.\d+)?))?([NSEW])", re.ASCII)


@dataclass(frozen=True, slots=True)
class FileTags:
    """What one file, or a photo with its sidecar, says. None where it says nothing, or nonsense.

    `rating` is from -1 (rejected) to 5. Latitude and longitude are degrees, north and east above
    zero. `taken_at` is ISO 8601 as the camera wrote it, with its offset where given.
    `has_packet`: there is XMP, so that a keyword that is missing from it was taken away. `claims`
    are what some tagd says that it has written.
    """

    keywords: Keywords = field(default_factory=dict)
    rating: int | None = None
    latitude: float | None = None
    longitude: float | None = None
    camera_make: str | None = None
    camera_model: str | None = None
    taken_at: str | None = None
    has_packet: bool = False
    claims: tuple[Claim, ...] = ()

    @property
    def by_tagd(self) -> tuple[str, ...]:
        """The names of the tags that some tagd has written."""
        return unique(each.tagging.name for each in self.claims)

    @property
    def by_person(self) -> tuple[str, ...]:
        """Those of them that a person gave or confirmed."""
        return unique(each.tagging.name for each in self.claims if each.by_person)

    def of(self, which: Field) -> tuple[str, ...]:
        """What one field holds."""
        return self.keywords.get(which, ())


def read(photo: Path, sidecar: Path | None = None) -> FileTags:
    """What the photo says, and over it what its sidecar says. Raises a PhotoError on I/O errors."""
    with translated(photo):
        inside = of_photo(read_regular(photo))
    if sidecar is None:
        return inside
    with translated(sidecar):
        return over(of_packets([read_regular(sidecar)]), inside)


def over(first: FileTags, second: FileTags) -> FileTags:
    """Both together; where both say something that can be said once, the first counts."""
    fields = {*first.keywords, *second.keywords}
    return FileTags(
        keywords={each: unique((*first.of(each), *second.of(each))) for each in fields},
        rating=_either(first.rating, second.rating),
        latitude=_either(first.latitude, second.latitude),
        longitude=_either(first.longitude, second.longitude),
        camera_make=first.camera_make or second.camera_make,
        camera_model=first.camera_model or second.camera_model,
        taken_at=first.taken_at or second.taken_at,
        has_packet=first.has_packet or second.has_packet,
        claims=(*first.claims, *second.claims),
    )


def of_photo(data: bytes) -> FileTags:
    """What is embedded in a file's bytes. Never raises on what they hold."""
    data = _telling(data)
    tags = _exif_tags(data)
    inside = over(of_packets(packets.found(data)), _of_exif(tags))
    named = {Field.WINDOWS: exif.keywords(tags), Field.IPTC: iptc.keywords(_datasets(data, tags))}
    return replace(inside, keywords={**inside.keywords, **named})


def _telling(data: bytes) -> bytes:
    """The bytes that say something: searching a picture for segments takes longer than all the
    rest."""
    try:
        return metadata(data) if recognise(data) == "JPEG" else data
    except DamagedContainer:
        return data


def of_packets(found: Iterable[bytes]) -> FileTags:
    """What XMP says. A malformed packet says nothing."""
    together = FileTags()
    for data in found:
        try:
            together = over(together, _of_packet(xmp.parse(data)))
        except xmp.MalformedPacket:
            continue
    return together


def _of_packet(packet: xmp.Packet) -> FileTags:
    text = (xmp.text_of(packet, name) for name in _XMP_DATES)
    return FileTags(
        keywords={each: values for each, values in xmp.keywords(packet).items() if each in IN_XMP},
        rating=_rating(xmp.text_of(packet, "xmp:Rating")),
        latitude=_xmp_degrees(xmp.text_of(packet, "exif:GPSLatitude")),
        longitude=_xmp_degrees(xmp.text_of(packet, "exif:GPSLongitude")),
        camera_make=xmp.text_of(packet, "tiff:Make"),
        camera_model=xmp.text_of(packet, "tiff:Model"),
        taken_at=next(filter(None, map(_date, text)), None),
        has_packet=True,
        claims=xmp.claims(packet),
    )


def _of_exif(tags: Tags) -> FileTags:
    rating = tags.get(_RATING)
    taken = _text(tags.get(_TAKEN))
    offset = _text(tags.get(_OFFSET)) or ""
    has_offset = taken is not None and _ZONE.fullmatch(offset)
    return FileTags(
        rating=_rating(str(rating.integers()[0])) if rating and rating.count else None,
        latitude=_degrees(tags, 1, 90),
        longitude=_degrees(tags, 3, 180),
        camera_make=_text(tags.get(_MAKE)),
        camera_model=_text(tags.get(_MODEL)),
        taken_at=_date(f"{taken}{offset}" if has_offset else taken),
    )


def _exif_tags(data: bytes) -> Tags:
    try:
        block = _exif_block(data)
        return all_tags(block) if block else {}
    except (DamagedContainer, CannotSplice):
        return {}


def _exif_block(data: bytes) -> bytes | None:
    kind = recognise(data)
    if data[:2] in {b"II", b"MM"}:
        return data
    if kind == "JPEG":
        return jpeg.exif(data)
    if kind in {"HEIF", "AVIF"}:
        return bmff.exif(data)
    segments = {"PNG": png.segments, "WEBP": webp.segments}.get(kind or "")
    found = segments(data) if segments else []
    blocks = (data[each.body : each.body_end] for each in found if each.kind in {"eXIf", "EXIF"})
    return next((block.removeprefix(jpeg.EXIF) for block in blocks), None)


def _datasets(data: bytes, tags: Tags) -> list[iptc.Dataset]:
    if _IPTC in tags:
        return iptc.of_block(tags[_IPTC].data)
    try:
        return iptc.datasets(jpeg.photoshop(data)) if recognise(data) == "JPEG" else []
    except DamagedContainer:
        return []


def _text(value: Value | None) -> str | None:
    return (value.text() or None) if value else None


def _date(text: str | None) -> str | None:
    match = _DATE.match(text or "")
    if match is None or match[1] == "0000":
        return None
    clock = match[4] if match[4].count(":") == 2 else f"{match[4]}:00"
    return f"{match[1]}-{match[2]}-{match[3]}T{clock}{match[5] or ''}"


def _rating(text: str | None) -> int | None:
    try:
        rating = round(float(text or ""))
    except (ValueError, OverflowError):
        return None
    return rating if -1 <= rating <= 5 else None


def _degrees(tags: Tags, reference: int, most: int) -> float | None:
    """From EXIF's three rationals: degrees, minutes, seconds."""
    side, parts = tags.get(("0.gps", reference)), tags.get(("0.gps", reference + 1))
    numbers = parts.integers() if parts is not None and parts.type == 5 else ()
    if side is None or len(numbers) != 6 or not all(numbers[1::2]):
        return None
    degrees, minutes, seconds = (numbers[at] / numbers[at + 1] for at in (0, 2, 4))
    value = degrees + minutes / 60 + seconds / 3600
    return _signed(value, side.text(), most)


def _xmp_degrees(text: str | None) -> float | None:
    """Such as 35,41.5N or 35,41,30N. Source: ISO 16684-1, GPSCoordinate."""
    match = _XMP_PLACE.fullmatch(text or "")
    if match is None:
        return None
    value = int(match[1]) + float(match[2]) / 60 + float(match[3] or 0) / 3600
    return _signed(value, match[4], 90 if match[4] in "NS" else 180)


def _signed(value: float, side: str, most: int) -> float | None:
    if value > most or side not in {"N", "S", "E", "W"}:
        return None
    return -value if side in {"S", "W"} else value


def _either(first: Number | None, second: Number | None) -> Number | None:
    return second if first is None else first
