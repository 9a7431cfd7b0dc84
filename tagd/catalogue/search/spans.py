"""What the values of fields say in numbers: 4, >=3, 2..4, or a place and how far around. Pure."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

RATINGS: Final = (-1, 5)  # stars: from rejected to the best
RADIUS_KM: Final = 6371.0088  # the Earth's mean radius (IUGG)
FARTHEST_KM: Final = 20_038.0  # half around the Earth

_NUMBER: Final = r"-?\d{1,9}"
_SPAN: Final = re.compile(rf"(?P<sign>[<>]=?)?(?P<low>{_NUMBER})(?:(?:\.\.|~)(?P<high>{_NUMBER}))?")
_DEGREES: Final = r"[+-]?\d{1,3}(?:\.\d{1,9})?"
_NEAR: Final = re.compile(
    rf"(?P<latitude>{_DEGREES}),(?P<longitude>{_DEGREES}),(?P<km>\d{{1,5}}(?:\.\d{{1,9}})?)(?:km)?",
    re.IGNORECASE,
)


class NoSuchValue(ValueError):
    """Text that is no such value; in words, with the forms that there are as `hint`, and what may
    have been meant as `near`."""

    def __init__(self, reason: str, hint: str = "", near: Sequence[str] = ()) -> None:
        super().__init__(reason)
        self.hint = hint
        self.near = near


def span(field: str, text: str, least: int, most: int | None) -> tuple[int, int | None]:
    """Return the least and the greatest whole number that is meant, within `least` and `most`; None
    where there is no greatest. Raises `NoSuchValue`."""
    hint = f"Write {field}:3, {field}:>=3, {field}:<3 or {field}:1..3."
    found = _SPAN.fullmatch(text)
    if found is None or (found["sign"] and found["high"]):
        raise NoSuchValue(f"{text!r} is not a number", hint)
    number = int(found["low"])
    match found["sign"]:
        case ">" | ">=" as sign:
            low, high = number + (sign == ">"), most
        case "<" | "<=" as sign:
            low, high = least, number - (sign == "<")
        case _:
            low, high = number, int(found["high"] or number)
    if low < least or (most is not None and max(low, high or low) > most):
        many = f"from {least} to {most}" if most is not None else f"{least} or more"
        raise NoSuchValue(f"{field} is {many}", hint)
    if high is not None and high < low:
        raise NoSuchValue("nothing lies there: the lower number comes first", hint)
    return low, high


def place(text: str) -> tuple[float, float, float]:
    """Return latitude and longitude in degrees, and kilometres. Raises `NoSuchValue`."""
    hint = "Write near:LATITUDE,LONGITUDE,KILOMETRES, such as near:35.68,139.77,5."
    found = _NEAR.fullmatch(text)
    if found is None:
        raise NoSuchValue(f"{text!r} is not a place and how far around it", hint)
    latitude, longitude, km = (float(found[key]) for key in ("latitude", "longitude", "km"))
    if abs(latitude) > 90 or abs(longitude) > 180 or not 0 < km <= FARTHEST_KM:
        raise NoSuchValue(
            "latitudes end at 90, longitudes at 180, and the Earth at 20,038 km", hint
        )
    return latitude, longitude, km


def km_between(latitude: float, longitude: float, other: float, across: float) -> float:
    """Return kilometres along the sphere between two places in degrees: haversines."""
    up, east = math.radians(other - latitude) / 2, math.radians(across - longitude) / 2
    both = math.cos(math.radians(latitude)) * math.cos(math.radians(other))
    square = math.sin(up) ** 2 + both * math.sin(east) ** 2
    return 2 * RADIUS_KM * math.asin(math.sqrt(min(1.0, square)))


def box(latitude: float, longitude: float, km: float) -> tuple[float, float, float, float]:
    """Return degrees between which all lies that is so near: south, north, west, east. West is
    below -180, or east above 180, where that is beyond the date line; near a pole it is all around.
    """
    up = math.degrees(km / RADIUS_KM)
    south, north = latitude - up, latitude + up
    if south <= -90 or north >= 90:
        return max(south, -90.0), min(north, 90.0), -180.0, 180.0
    ratio = math.sin(km / RADIUS_KM) / math.cos(math.radians(latitude))
    around = math.degrees(math.asin(min(1.0, ratio))) * (1 + 1e-9)
    return south, north, longitude - around, longitude + around
