"""What others wrote into a photo or its sidecar: read from the bytes that are decoded anyway, and
taken from a decoder process, which nobody trusts.
"""

from __future__ import annotations

import contextlib
from itertools import product
from typing import TYPE_CHECKING, Any, Final

from tagd.domain import Place, Readings
from tagd.metadata import reader, sidecar
from tagd.metadata.keywords import Field, levels
from tagd.metadata.sidecar import BESIDE
from tagd.text import LONGEST_NAME, tag_name

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from pathlib import Path

    from tagd.metadata.reader import FileTags
    from tagd.metadata.sidecar import SidecarRule

MOST_TEXT: Final = 6000  # characters of all keywords together; what is beyond is not read
_LONGEST: Final = 100  # characters of the name of a camera


def readings_of(
    path: Path, data: bytes, rule: SidecarRule = BESIDE, content: str | None = None
) -> Readings:
    """Return what the photo with these bytes, and its sidecars, say. `content` is who the photo is,
    None where that is not known. Never raises."""
    return _together(reader.of_photo(data), *_sidecars(path, rule, content))


def readings_at(path: Path, rule: SidecarRule, content: str | None = None) -> Readings:
    """Return what the photo at this path and its sidecars say. Raises a PhotoError on I/O
    errors."""
    return _together(reader.read(path), *_sidecars(path, rule, content))


def said_at(path: Path, place: Place, rule: SidecarRule, content: str | None = None) -> FileTags:
    """Return what one of the two places says. Raises a PhotoError on I/O errors of the photo."""
    return reader.read(path) if place is Place.EMBEDDED else _sidecars(path, rule, content)[0]


def _together(inside: FileTags, beside: FileTags, sidecars: Sequence[Path]) -> Readings:
    keywords = {}
    if inside.has_packet or any(inside.keywords.values()):
        keywords[Place.EMBEDDED] = _by_name(inside)
    if beside.has_packet:
        keywords[Place.SIDECAR] = _by_name(beside)
    places = ((Place.EMBEDDED, inside), (Place.SIDECAR, beside))
    both = reader.over(beside, inside)
    latitude, longitude = both.place or (None, None)
    return Readings(
        keywords=keywords,
        by_tagd=both.by_tagd,
        by_person=both.by_person,
        damaged=frozenset(place for place, found in places if found.is_damaged),
        rating=both.rating,
        latitude=latitude,
        longitude=longitude,
        camera_make=_short(both.camera.make) if both.camera else None,
        camera_model=_short(both.camera.model) if both.camera else None,
        taken_at=both.taken_at,
        sidecars=tuple(sidecars),
    )


def pack(readings: Readings, path: Path, rule: SidecarRule) -> dict[str, Any]:
    """Pack what was read of the photo at this path for JSON, and no longer than a message may be.
    Camera and time are left out: they are among the photo's facts by then."""
    room = MOST_TEXT
    keywords: dict[str, dict[str, list[str]]] = {place: {} for place in readings.keywords}
    # First the field by which what was taken away is judged: who keeps many keywords in deep
    # hierarchies has taken none away.
    for name, place in product(map(str, Field), readings.keywords):
        values = readings.keywords[place].get(name)
        if values is not None:
            texts, room = _within(_tagds_first(Field(name), values, readings.by_tagd), room)
            if texts or not values:  # what there is no room for was not taken away
                keywords[place][name] = texts
    by_tagd, _ = _within(readings.by_tagd, MOST_TEXT // 4)
    by_person, _ = _within(readings.by_person, MOST_TEXT // 4)
    return {
        "keywords": keywords,
        "by_tagd": by_tagd,
        "by_person": by_person,
        "damaged": sorted(readings.damaged),
        "rating": readings.rating,
        "latitude": readings.latitude,
        "longitude": readings.longitude,
        "sidecars": [
            number
            for number, place in enumerate(sidecar.places(path, rule))
            if place in readings.sidecars
        ],
    }


def unpack(fields: dict[str, Any], path: Path, rule: SidecarRule) -> Readings:
    """Unpack what `pack` made, with every value checked. Raises ValueError."""
    places = sidecar.places(path, rule)
    try:
        return Readings(
            keywords={
                Place(place): {
                    str(Field(name)): _texts(values) for name, values in keywords.items()
                }
                for place, keywords in fields["keywords"].items()
            },
            by_tagd=_texts(fields["by_tagd"]),
            by_person=_texts(fields["by_person"]),
            damaged=frozenset(map(Place, _texts(fields["damaged"]))),
            rating=_whole(fields["rating"]),
            latitude=_degrees(fields["latitude"], 90),
            longitude=_degrees(fields["longitude"], 180),
            sidecars=tuple(places[_number(number, len(places))] for number in fields["sidecars"]),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError("not what a decoder says") from error


def _sidecars(
    path: Path, rule: SidecarRule, content: str | None
) -> tuple[FileTags, Sequence[Path]]:
    """Return what its sidecars say together, and which they are; those that cannot be read say
    nothing."""
    packets: dict[Path, bytes] = {}
    with contextlib.suppress(OSError):
        for place in sidecar.of(path, rule, content):
            packets[place] = reader.packet_of(place)
    return reader.of_packets(packets.values()), list(packets)


def _by_name(found: FileTags) -> dict[str, tuple[str, ...]]:
    # Deleting the last keyword leaves only the other fields, and who says that tagd wrote this one.
    is_written = any(Field.SUBJECT in claim.fields for claim in found.claims)
    kept = {Field.SUBJECT} if is_written else set[Field]()
    return {
        str(name): keywords for name, keywords in found.keywords.items() if keywords or name in kept
    }


def _tagds_first(which: Field, values: Sequence[str], by_tagd: Collection[str]) -> list[str]:
    """Return the values, each no longer than tells that it is too long; where there is little room
    for them, those that tagd wrote before others, or they would look taken away."""
    leaves = [levels(which, value)[-1] for value in values]
    fit = [
        (leaf[: LONGEST_NAME + 1] if len(leaf) > LONGEST_NAME else value, leaf)
        for value, leaf in zip(values, leaves, strict=True)
    ]
    if sum(len(value) for value, _ in fit) > MOST_TEXT // 2:
        fit.sort(key=lambda pair: pair[1] not in by_tagd)
    return [value for value, _ in fit]


def _within(values: Iterable[str], room: int) -> tuple[list[str], int]:
    kept = []
    for value in values:
        room -= len(value) + 4
        if room < 0:
            break
        kept.append(value)
    return kept, max(0, room)


def _texts(values: Any) -> tuple[str, ...]:
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise ValueError("no list of texts")
    return tuple(filter(None, map(tag_name, values)))


def _short(text: str | None) -> str | None:
    shown = "".join(letter for letter in text or "" if letter.isprintable()).strip()
    return shown[:_LONGEST] or None


def _whole(value: Any) -> int | None:
    if value is None or (type(value) is int and -1 <= value <= 5):
        return value
    raise ValueError("no rating")


def _number(value: Any, most: int) -> int:
    if type(value) is int and 0 <= value < most:
        return value
    raise ValueError("no place of a sidecar")


def _degrees(value: Any, most: int) -> float | None:
    if value is None:
        return None
    if type(value) in {int, float} and -most <= value <= most:
        return float(value)
    raise ValueError("no degrees")
