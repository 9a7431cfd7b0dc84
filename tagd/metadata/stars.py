"""How well a person likes a picture, as metadata of any kind write it: -1 (rejected) to 5. Pure."""

from __future__ import annotations

from typing import Final

_LONGEST: Final = 32  # characters


def of_text(text: str | None) -> int | None:
    """Read stars from XMP's number."""
    return of_number(_number(text))


def of_number(value: float | None) -> int | None:
    """Read stars from a number; None where it is none of ours."""
    return round(value) if value is not None and -1 <= value <= 5 else None  # NaN is not


def of_percent(value: float | str | None) -> int | None:
    """Read stars from Windows' percent: 1, 25, 50, 75 and 99 are one to five stars, 0 says nothing.

    >>> [of_percent(each) for each in (1, 25, 50, 75, 99)] [1, 2, 3, 4, 5]
    """
    percent = _number(value) if isinstance(value, str) else value
    return 1 + round(percent / 25) if percent is not None and 0 < percent <= 100 else None


def first(*found: int | None) -> int | None:
    """Return the first of them that says something."""
    return next((stars for stars in found if stars is not None), None)


def _number(text: str | None) -> float | None:
    try:
        return float((text or "")[:_LONGEST])
    except ValueError:
        return None
