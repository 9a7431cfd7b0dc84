"""When a picture was taken, as metadata of any kind write it, in ISO 8601. Pure.

Nothing that is on no calendar and no clock comes out: where the time makes no sense the day stays,
as PhotoPrism has it, and where the day does not, nothing is said.
"""

from __future__ import annotations

import re
from calendar import monthrange
from itertools import takewhile
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

_LONGEST: Final = 64  # characters; a date with all that may follow has half of them
_DATE: Final = re.compile(
    r"(?P<year>\d{4})(?:[:\-/.](?P<month>\d\d?)(?:[:\-/.](?P<day>\d\d?))?)?(?=[T\s]|$)"
    r"(?:[T\s]\s{0,3}(?P<hour>\d\d?):(?P<minute>\d\d?)(?::(?P<second>\d\d?))?(?:[.,]\d*)?"
    r"\s?(?P<zone>[-+Zz][\d:]*)?)?",
    re.ASCII,
)
_ZONE: Final = re.compile(r"([+-])(\d\d?)(?::?(\d\d))?", re.ASCII)
_FARTHEST: Final = 14 * 60  # minutes; the Line Islands
_PRESS_DATE: Final = re.compile(r"(\d{4})(\d\d)(\d\d)", re.ASCII)
_PRESS_TIME: Final = re.compile(r"(\d\d)(\d\d)(\d\d)([+-]\d{4})?", re.ASCII)


def iso(text: str | None, *zones: str | None) -> str | None:
    """ISO 8601 as far as it is said: a year, a month, a day, or seconds with their offset.

    `zones` are what else may say the offset: the first that makes sense counts. EXIF's colons,
    single digits, and blanks in place of a time are understood.

    >>> iso("2024:5:6 7:08:09", "+0900")
    '2024-05-06T07:08:09+09:00'
    >>> iso("2024:05:06 25:61:00")
    '2024-05-06'
    """
    match = _DATE.match((text or "")[:_LONGEST].strip())
    day = _day(match["year"], match["month"], match["day"]) if match else None
    if match is None or day is None or match["day"] is None or match["hour"] is None:
        return day
    hour, minute, second = (int(match[name] or 0) for name in ("hour", "minute", "second"))
    if hour > 23 or minute > 59 or second > 59:
        return day
    offset = next(filter(None, map(_offset, (match["zone"], *zones))), "")
    return f"{day}T{hour:02}:{minute:02}:{second:02}{offset}"


def of_gps(date: str | None, clock: Sequence[float]) -> str | None:
    """Read a moment from GPS's date, and hours, minutes and seconds, in UTC."""
    numbers = [int(number) for number in clock[:3] if 0 <= number < 60]  # NaN is not
    return iso(f"{date or ''} {':'.join(map(str, numbers))}" if len(numbers) == 3 else date, "Z")


def of_press(date: str, clock: str) -> str | None:
    """Read a moment from IPTC's CCYYMMDD, in which 00 is an unknown month or day, and
    HHMMSS±HHMM."""
    day, time = _PRESS_DATE.match(date), _PRESS_TIME.match(clock)
    if day is None:
        return iso(f"{date} {clock}")
    known = "-".join(takewhile(lambda part: part != "00", day.groups()))
    if time is None:
        return iso(known)
    return iso(f"{known}T{time[1]}:{time[2]}:{time[3]}", time[4])


def _day(year: str, month: str | None, day: str | None) -> str | None:
    """Return the day, or as much of it as is said, where it is on the calendar."""
    if year == "0000" or not 1 <= int(month or 1) <= 12:
        return None
    if not 1 <= int(day or 1) <= monthrange(int(year), int(month or 1))[1]:
        return None
    return "-".join((year, *(f"{int(part):02}" for part in (month, day) if part)))


def _offset(zone: str | None) -> str | None:
    text = (zone or "").strip()
    if text in {"Z", "z"}:
        return "Z"
    match = _ZONE.fullmatch(text)
    if match is None:
        return None
    hours, minutes = int(match[2]), int(match[3] or 0)
    is_sound = minutes < 60 and hours * 60 + minutes <= _FARTHEST
    return f"{match[1]}{hours:02}:{minutes:02}" if is_sound else None
