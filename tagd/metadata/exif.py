"""Windows' keywords (XPKeywords) in a JPEG's EXIF, where no other byte of it has to move.

A new block is piexif's. One that is there is never built anew: its first directory is copied behind
it, so that MakerNotes, whose own offsets nobody can follow, stay where and what they are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import piexif

from tagd.containers import DamagedContainer
from tagd.containers.splice import CannotSplice, jpeg, tiff
from tagd.containers.tags import XP_KEYWORDS, Tags, all_tags

if TYPE_CHECKING:
    from collections.abc import Sequence

_FIRST: Final = "0"


class ExifUnsafe(ValueError):
    """EXIF cannot be written here without a change to something else; says why."""


def keywords(tags: Tags) -> tuple[str, ...]:
    """Return what XPKeywords says."""
    value = tags.get((_FIRST, XP_KEYWORDS))
    return () if value is None else of_value(value.data)


def of_value(data: bytes) -> tuple[str, ...]:
    """Return what an XPKeywords of these bytes says."""
    text = data.decode("utf-16-le", "replace").partition("\0")[0]
    return tuple(filter(None, (keyword.strip() for keyword in text.split(";"))))


def with_keywords(data: bytes, values: Sequence[str]) -> bytes:
    """Return the same JPEG whose XPKeywords says this; without what an earlier call has put there,
    where it said so before that. Raises ExifUnsafe."""
    try:
        block = jpeg.exif(data)
        changed = _changed(block, tuple(values))
        before, after = (all_tags(exif) if exif else {} for exif in (block, changed))
        if others(before) != others(after) or keywords(after) != tuple(values):
            raise ExifUnsafe("its EXIF would not say the same as before")
        return jpeg.with_exif(data, changed)
    except (DamagedContainer, CannotSplice) as error:
        raise ExifUnsafe(str(error)) from error


def others(tags: Tags) -> Tags:
    """Return all but XPKeywords."""
    return {key: value for key, value in tags.items() if key != (_FIRST, XP_KEYWORDS)}


def _changed(block: bytes | None, values: tuple[str, ...]) -> bytes | None:
    """Return the EXIF block with these keywords; None where nothing is left in it."""
    encoded = (";".join(values) + "\0").encode("utf-16-le") if values else None
    if block is None or not others(all_tags(block)):
        return _anew(encoded) if encoded else None
    original = tiff.without_appended(block, XP_KEYWORDS)
    if keywords(all_tags(original)) == values:
        return original
    return tiff.with_tag(original, XP_KEYWORDS, encoded)


def _anew(encoded: bytes) -> bytes:
    dumped: bytes = piexif.dump({"0th": {XP_KEYWORDS: encoded}})
    return dumped.removeprefix(jpeg.EXIF)
