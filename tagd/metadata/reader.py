"""What a photo and its sidecar say: keywords of every kind, rating, place, camera, time.

Reading is lenient where writing is strict: what is damaged says nothing, and costs nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import IntEnum
from typing import TYPE_CHECKING, Final, NamedTuple, TypeVar

from tagd.containers.fields import EXIF, FIRST, GPS
from tagd.containers.tags import XP_KEYWORDS
from tagd.fs import read_regular
from tagd.metadata import blocks, dates, exif, iptc, places, provenance, stars, xmp, xmp_reading
from tagd.metadata.begun import without
from tagd.metadata.file_calls import translated
from tagd.metadata.keywords import Field, unique
from tagd.metadata.places import EAST_WEST, NORTH_SOUTH

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from tagd.containers.fields import Entry, Fields
    from tagd.metadata.iptc import Dataset
    from tagd.metadata.keywords import Claim, Keywords
    from tagd.metadata.places import Place

_MAKE, _MODEL, _RATING, _PERCENT = 0x010F, 0x0110, 0x4746, 0x4749
# When the picture was taken, when it was made one of numbers, and when its file was changed, each
# with the tag of its offset.
_TAKEN, _DIGITIZED, _CHANGED = (0x9003, 0x9011), (0x9004, 0x9012), (0x0132, 0x9010)
_OFFSET = _CHANGED[1]  # meant for that alone, and often the only one that is there
_LATITUDE, _LONGITUDE, _GPS_TIME, _GPS_DATE = 2, 4, 7, 29
_XMP_DATES: Final = (
    "photoshop:DateCreated",
    "exif:DateTimeOriginal",
    "exif:DateTimeDigitized",
    "xmp:CreateDate",  # all that screenshots have
)
_XMP_PERCENTS: Final = ("MicrosoftPhoto:Rating", "Microsoft:Rating")
# IPTC's own dates, each with its time.
_CREATED, _SCANNED = ((2, 55), (2, 60)), ((2, 62), (2, 63))
_MOST_TEXT: Final = 1 << 16  # characters of a field's keywords together
_LONGEST: Final = 1000  # characters of one


class DateSource(IntEnum):
    """Who says when, or with what, a picture was taken; the lower, the better it knows."""

    CAMERA = 0  # EXIF
    XMP = 1  # also of a sidecar
    PRESS = 2  # IPTC
    SATELLITE = 3  # GPS, whose clock may have stood still
    FILE = 4  # when it was last changed: all that scanners and old cameras tell


class Camera(NamedTuple):
    """A camera, and who says so."""

    source: DateSource
    make: str | None
    model: str | None


# What is said once, with the source first.
Said = TypeVar("Said", Camera, tuple[DateSource, str])


@dataclass(frozen=True, slots=True)
class FileTags:
    """What one file, or a photo with its sidecar, says. None where it says nothing, or nonsense.

    `rating` is from -1 (rejected) to 5, `place` latitude and longitude in degrees. `taken` is who
    says when, and ISO 8601 as the camera wrote it, as much of it as is known, with its offset where
    given. `has_packet`: there is XMP, so that a keyword that is missing from it was taken away, but
    where it `is_damaged`.
    `claims` are what some tagd says that it has written.
    """

    keywords: Keywords = field(default_factory=dict)
    rating: int | None = None
    place: Place | None = None
    camera: Camera | None = None
    taken: tuple[DateSource, str] | None = None
    has_packet: bool = False
    is_damaged: bool = False
    claims: tuple[Claim, ...] = ()

    @property
    def taken_at(self) -> str | None:
        """ISO 8601, as `taken` has it."""
        return self.taken[1] if self.taken else None

    @property
    def by_tagd(self) -> tuple[str, ...]:
        """Return the names of the tags that some tagd has written."""
        return unique(claim.tagging.name for claim in self.claims)

    @property
    def by_person(self) -> tuple[str, ...]:
        """Return those of them that a person gave or confirmed."""
        return unique(claim.tagging.name for claim in self.claims if claim.by_person)

    def of(self, which: Field) -> tuple[str, ...]:
        """Return what one field holds."""
        return self.keywords.get(which, ())


def read(photo: Path, sidecar: Path | None = None) -> FileTags:
    """Read what the photo says, and over it what its sidecar says. Raises a PhotoError on I/O
    errors."""
    with translated(photo):
        inside = of_photo(read_regular(photo))
    if sidecar is None:
        return inside
    with translated(sidecar):
        return over(of_packets([packet_of(sidecar)]), inside)


def packet_of(sidecar: Path) -> bytes:
    """Read the bytes of a sidecar; of one that is larger than any honest one so many that nothing
    is read from it. Raises OSError."""
    return read_regular(sidecar, most=xmp.MOST_BYTES + 1)


def over(first: FileTags, second: FileTags) -> FileTags:
    """Both together. Where both say something that can be said once, the first counts; for camera
    and time who knows better does."""
    fields = {*first.keywords, *second.keywords}
    return FileTags(
        keywords={field: unique((*first.of(field), *second.of(field))) for field in fields},
        rating=second.rating if first.rating is None else first.rating,
        place=first.place or second.place,
        camera=_better(first.camera, second.camera),
        taken=_better(first.taken, second.taken),
        has_packet=first.has_packet or second.has_packet,
        is_damaged=first.is_damaged or second.is_damaged,
        claims=(*first.claims, *second.claims),
    )


def of_photo(data: bytes) -> FileTags:
    """Read what is embedded in a file's bytes. Never raises on what they hold."""
    found = blocks.of_file(data)
    press = [dataset for block in found.press for dataset in iptc.found_in(block)]
    inside = over(of_packets(found.packets), _of_exif(found.fields))
    named = {
        Field.WINDOWS: _within_bounds(_windows(found.fields)),
        Field.IPTC: _within_bounds(iptc.keywords(press)),
    }
    return replace(
        inside,
        keywords={**inside.keywords, **named},
        taken=_better(inside.taken, _of_press(press)),
    )


def of_packets(found: Iterable[bytes]) -> FileTags:
    """Read what XMP says. What nothing can be made of says nothing."""
    together, room = FileTags(), xmp.MOST_BYTES
    for data in found:
        room -= len(data)
        if room < 0:
            break
        try:
            together = over(together, _of_packet(xmp_reading.read(data)))
        except xmp.MalformedPacket:
            together = replace(together, is_damaged=True)
    return together


def _of_packet(packet: xmp.Packet) -> FileTags:
    said = xmp.texts(packet)

    def text(name: str) -> str | None:
        return said.get(xmp.qualified(name))

    latitude, longitude = (
        places.of_text(text(f"exif:GPS{name}"), text(f"exif:GPS{name}Ref"), sides)
        for name, sides in (("Latitude", NORTH_SOUTH), ("Longitude", EAST_WEST))
    )
    percents = (stars.of_percent(text(name)) for name in _XMP_PERCENTS)
    copies = provenance.copies(packet)  # they say nothing by themselves
    return FileTags(
        keywords={
            which: _within_bounds(without(keywords, copies[which]))
            for which, keywords in xmp.keywords(packet).items()
        },
        rating=stars.first(stars.of_text(text("xmp:Rating")), *percents),
        place=places.place(latitude, longitude),
        camera=_camera(DateSource.XMP, text("tiff:Make"), text("tiff:Model")),
        taken=_taken(DateSource.XMP, *map(dates.iso, map(text, _XMP_DATES))),
        has_packet=True,
        is_damaged=packet.is_mended,
        claims=provenance.claims(packet),
    )


def _of_exif(said: Fields) -> FileTags:
    def text(tag: int, *directories: str) -> str | None:
        entries = (said.get((directory, tag)) for directory in directories or (FIRST,))
        return next(filter(None, (entry.text() for entry in entries if entry)), None)

    def date(tag: int, offset: int) -> str | None:
        zones = (text(tag, EXIF) for tag in (offset, _OFFSET))
        return dates.iso(text(tag, EXIF, FIRST), *zones)

    rating, percent = (_numbers(said.get((FIRST, tag)))[:1] for tag in (_RATING, _PERCENT))
    latitude, longitude = (
        _degrees(said.get((GPS, tag)), text(tag - 1, GPS), sides)
        for tag, sides in ((_LATITUDE, NORTH_SOUTH), (_LONGITUDE, EAST_WEST))
    )
    clock = _numbers(said.get((GPS, _GPS_TIME)))
    return FileTags(
        rating=stars.first(*map(stars.of_number, rating), *map(stars.of_percent, percent)),
        place=places.place(latitude, longitude),
        camera=_camera(DateSource.CAMERA, text(_MAKE), text(_MODEL)),
        taken=_taken(DateSource.CAMERA, date(*_TAKEN), date(*_DIGITIZED))
        or _taken(DateSource.SATELLITE, dates.of_gps(text(_GPS_DATE, GPS), clock))
        or _taken(DateSource.FILE, date(*_CHANGED)),
    )


def _of_press(found: list[Dataset]) -> tuple[DateSource, str] | None:
    told = ([iptc.text_of(found, dataset) for dataset in pair] for pair in (_CREATED, _SCANNED))
    return _taken(DateSource.PRESS, *(dates.of_press(*pair) for pair in told))


def _windows(said: Fields) -> tuple[str, ...]:
    value = said.get((FIRST, XP_KEYWORDS))
    return exif.of_value(value.data[: 2 * _MOST_TEXT]) if value else ()  # in UTF-16


def _numbers(value: Entry | None) -> tuple[float, ...]:
    return value.numbers() if value else ()


def _degrees(value: Entry | None, side: str | None, sides: str) -> float | None:
    numbers = _numbers(value)
    if value is None or numbers:
        return places.degrees(numbers, side, sides)
    return places.of_text(value.text(), side, sides)


def _camera(source: DateSource, make: str | None, model: str | None) -> Camera | None:
    return Camera(source, make or None, model or None) if make or model else None


def _taken(source: DateSource, *said: str | None) -> tuple[DateSource, str] | None:
    """Return the first of them; or of those that say the same the one that says most."""
    told = list(filter(None, said))
    alike = [moment for moment in told if moment.startswith(told[0])]
    return (source, max(alike, key=len)) if told else None


def _better(first: Said | None, second: Said | None) -> Said | None:
    """Return of both the one whose source knows better, else the first."""
    if first is None or second is None:
        return first or second
    return second if second[0] < first[0] else first


def _within_bounds(values: Iterable[str]) -> tuple[str, ...]:
    """Return those of the keywords that are no longer than keywords are, alone and together."""
    kept, room = [], _MOST_TEXT
    for value in values:
        room -= len(value) + 1
        if room < 0:
            break
        if len(value) <= _LONGEST:
            kept.append(value)
    return tuple(kept)
