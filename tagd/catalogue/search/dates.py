"""Years, months and days as queries have them, and the moments between which they lie. Pure."""

from __future__ import annotations

import re
from calendar import monthrange
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tagd.catalogue.search.query import TakenTerm

NEVER, FOR_EVER = 1, 10**14  # 0 is a photo that does not say when it was taken

_DATE = re.compile(r"(\d{4})(?:-(\d\d)(?:-(\d\d))?)?", re.ASCII)


# What people write for it: 2024年6月1日, 2024/6/1, 2024-6-1.
_WRITTEN = re.compile(r"(\d{4})(?:年|[/-])(?:(\d{1,2})(?:月|[/-])?(?:(\d{1,2})日?)?)?", re.ASCII)


class NoSuchDate(ValueError):
    """Text that is not a year, month or day, or a range that ends before it begins."""


def iso(text: str) -> str:
    """Return a year, a month or a day as queries have it, however it is written; what is none of
    them as it is."""
    found = _WRITTEN.fullmatch(text)
    return "-".join(part.zfill(2) for part in found.groups() if part) if found else text


def bounds(taken: TakenTerm) -> tuple[int, int]:
    """The first moment of a range and the first after it, as `file.taken` has moments."""
    if taken.first is None and taken.last is None:
        raise NoSuchDate("a range needs a beginning or an end")
    start = NEVER if taken.first is None else _span(taken.first)[0]
    end = FOR_EVER if taken.last is None else _span(taken.last)[1]
    if end <= start:
        raise NoSuchDate(f"{taken.last} is before {taken.first}")
    return start, end


def _span(text: str) -> tuple[int, int]:
    """A year's, a month's or a day's first moment, and the first that no clock shows after it."""
    found = _DATE.fullmatch(text)
    if found is None:
        raise NoSuchDate(f"{text!r} is not a year, month or day")
    year, month, day = (None if part is None else int(part) for part in found.groups())
    assert year is not None
    if month is None:
        return _moment(year, 0, 0), _moment(year + 1, 0, 0)
    if not 1 <= month <= 12:
        raise NoSuchDate(f"there is no month {month:02}")
    if day is None:
        return _moment(year, month, 0), _moment(year, month + 1, 0)
    if year < 1 or not 1 <= day <= monthrange(year, month)[1]:
        raise NoSuchDate(f"{year:04}-{month:02} has no day {day:02}")
    return _moment(year, month, day), _moment(year, month, day + 1)


def _moment(year: int, month: int, day: int) -> int:
    return ((year * 100 + month) * 100 + day) * 1_000_000
