"""Windows' keywords (XPKeywords) in a JPEG's EXIF, through piexif where that loses nothing.

piexif builds EXIF anew from what it knows. So it is asked only where every other tag is proved to
come out as it went in, and never where there are MakerNotes, whose own offsets nobody can follow.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import piexif

from tagd.containers import DamagedContainer
from tagd.containers.splice import CannotSplice, jpeg
from tagd.containers.tags import MAKER_NOTE, USER_COMMENT, XP_KEYWORDS, Tags, all_tags

if TYPE_CHECKING:
    from collections.abc import Sequence

_FIRST: Final = "0"
_CFA_PATTERN, _DEVICE_SETTINGS = 0xA302, 0xA40B


class ExifUnsafe(ValueError):
    """EXIF cannot be written here without a change to something else; says why."""


def keywords(tags: Tags) -> tuple[str, ...]:
    """What XPKeywords says."""
    value = tags.get((_FIRST, XP_KEYWORDS))
    if value is None:
        return ()
    text = value.data.decode("utf-16-le", "replace").partition("\0")[0]
    return tuple(filter(None, (each.strip() for each in text.split(";"))))


def with_keywords(data: bytes, values: Sequence[str]) -> bytes:
    """The same JPEG whose XPKeywords says this. Raises ExifUnsafe."""
    try:
        block = jpeg.exif(data)
        before = all_tags(block) if block else {}
        rebuilt = _rebuilt(block, before, values)
        after = all_tags(rebuilt) if rebuilt else {}
        if others(before) != others(after):
            raise ExifUnsafe("piexif would change another tag of its EXIF")
        if keywords(after) != tuple(values):
            raise ExifUnsafe("piexif did not write what it was given")
        return jpeg.with_exif(data, rebuilt)
    except (DamagedContainer, CannotSplice) as error:
        raise ExifUnsafe(str(error)) from error


def others(tags: Tags) -> Tags:
    """All but XPKeywords."""
    return {key: value for key, value in tags.items() if key != (_FIRST, XP_KEYWORDS)}


def _rebuilt(block: bytes | None, before: Tags, values: Sequence[str]) -> bytes | None:
    """The EXIF block with these keywords; None where nothing is left in it."""
    numbers = {number for _, number in before}
    if MAKER_NOTE in numbers:
        raise ExifUnsafe("its EXIF has MakerNotes, which piexif may break")
    if block and block.startswith(b"II") and _depends_on_byte_order(before):
        raise ExifUnsafe("its EXIF has text that depends on the byte order, which piexif turns")
    if not values and not others(before):
        return None
    try:
        parts = piexif.load(jpeg.EXIF + block) if block else {"0th": {}}
        parts["0th"].pop(XP_KEYWORDS, None)
        if values:
            parts["0th"][XP_KEYWORDS] = (";".join(values) + "\0").encode("utf-16-le")
        dumped: bytes = piexif.dump(parts)
    except Exception as error:  # piexif raises anything on what it does not know
        raise ExifUnsafe(f"piexif cannot write its EXIF ({error})") from error
    return dumped.removeprefix(jpeg.EXIF)


def _depends_on_byte_order(tags: Tags) -> bool:
    comments = [value.data for (_, number), value in tags.items() if number == USER_COMMENT]
    if any(comment.startswith(b"UNICODE") for comment in comments):
        return True
    return any(number in {_CFA_PATTERN, _DEVICE_SETTINGS} for _, number in tags)
