"""Where a picture was taken, as metadata of any kind write it, in degrees. Pure.

Lenient as ExifTool is, with two exceptions: what is outside of the globe is no place, nor is 0, 0,
which cameras write that do not know where they are.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

Place = tuple[float, float]  # latitude and longitude, north and east above zero

NORTH_SOUTH, EAST_WEST = "NS", "EW"
_MOST: Final = {NORTH_SOUTH: 90, EAST_WEST: 180}
_LONGEST: Final = 64  # characters
_SIDE: Final = re.compile(r"(?i)\A[NSEW]|[NSEW](?:orth|outh|ast|est)?\Z")
_DEGREES: Final = re.compile(r"(?i)deg(?:rees?)?")
_BETWEEN: Final = re.compile(r"[,;°º'\"′″]")
_NUMBER: Final = re.compile(r"[+-]?\d{1,9}(?:\.\d*)?(?:[eE][+-]?\d{1,2})?", re.ASCII)


def place(latitude: float | None, longitude: float | None) -> Place | None:
    """Both together, where both are said."""
    if latitude is None or longitude is None or latitude == longitude == 0:
        return None
    return latitude, longitude


def degrees(parts: Sequence[float], side: str | None, sides: str) -> float | None:
    """Convert from degrees, minutes and seconds, of which the last may be left out, or be NaN.

    `side` is as the file has it (N, n, North), `sides` what it may be. Where nobody says, the sign
    of the degrees does.
    """
    letter = (side or "").strip()[:1].upper()
    is_coarse = len(parts) > 1 and math.isnan(parts[1]) and not parts[0] % 1
    if not parts or math.isnan(parts[0]) or is_coarse or letter not in sides:
        return None
    known = [0.0 if math.isnan(part) else part for part in parts[:3]]
    value = sum(abs(part) / unit for part, unit in zip(known, (1, 60, 3600), strict=False))
    if not value <= _MOST[sides]:
        return None
    is_negative = letter == sides[1] if letter else min(known) < 0
    return -value if is_negative else value


def of_text(text: str | None, side: str | None, sides: str) -> float | None:
    """Read degrees from text, such as 35,41.5N, 35,41,30N (ISO 16684-1, GPSCoordinate), 35.65 N or
    -35.65.

    `side` is what is said of it elsewhere, and counts where the text itself says nothing.
    """
    told = (text or "").strip()
    if len(told) > _LONGEST:
        return None
    bare = _DEGREES.sub(" ", told)
    letters = [match[0].upper() for match in _SIDE.finditer(bare)]
    numbers = _BETWEEN.sub(" ", _SIDE.sub(" ", bare)).split()
    if len(letters) > 1 or len(numbers) > 3 or not all(map(_NUMBER.fullmatch, numbers)):
        return None
    return degrees([float(number) for number in numbers], letters[0] if letters else side, sides)
