"""What a picture's EXIF says about it, read through Pillow. Broken metadata costs no tags."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from PIL import ExifTags, Image

if TYPE_CHECKING:
    from collections.abc import Mapping

_DATE: Final = re.compile(r"(\d{4})[:\-/.](\d\d)[:\-/.](\d\d)[ T](\d\d):(\d\d):(\d\d)", re.ASCII)
_OFFSET: Final = re.compile(r"[+-]\d\d:\d\d|Z", re.ASCII)
_LONGEST: Final = 100


@dataclass(frozen=True, slots=True)
class ExifFacts:
    """The tags that tagd has a use for; None where absent or nonsense."""

    orientation: int | None = None
    camera_make: str | None = None
    camera_model: str | None = None
    taken_at: str | None = None


def exif_facts(image: Image.Image) -> ExifFacts:
    """What an open picture says about itself."""
    try:
        return _facts(image.getexif())
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001  Pillow's readers raise anything on bytes that are no EXIF
        return ExifFacts()


def raw_facts(data: bytes) -> ExifFacts:
    """What a RAW file of TIFF's structure says about itself."""
    try:
        exif = Image.Exif()
        # Olympus and Panasonic have numbers of their own where TIFF has 42.
        big = data[:2] == b"MM"
        exif.load((b"MM\0*" if big else b"II*\0") + data[4:])
        return _facts(exif)
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001  as above
        return ExifFacts()


def _facts(exif: Image.Exif) -> ExifFacts:
    orientation = exif.get(ExifTags.Base.Orientation)
    details = exif.get_ifd(ExifTags.IFD.Exif)
    return ExifFacts(
        orientation=orientation if orientation in range(1, 9) else None,
        camera_make=_text(exif.get(ExifTags.Base.Make)),
        camera_model=_text(exif.get(ExifTags.Base.Model)),
        taken_at=_taken_at(details),
    )


def _text(value: object) -> str | None:
    if not isinstance(value, str):
        return None
    text = "".join(each for each in value if each.isprintable()).strip()
    return text[:_LONGEST] or None


def _taken_at(details: Mapping[int, object]) -> str | None:
    """ISO 8601 as the camera wrote it, with its offset where given."""
    date = _DATE.match(str(details.get(ExifTags.Base.DateTimeOriginal, "")))
    if date is None or date[1] == "0000":
        return None
    year, month, day, hour, minute, second = date.groups()
    if not ("01" <= month <= "12" and "01" <= day <= "31"):
        return None
    offset = _OFFSET.match(str(details.get(ExifTags.Base.OffsetTimeOriginal, "")))
    taken_at = f"{year}-{month}-{day}T{hour}:{minute}:{second}"
    return taken_at + offset[0] if offset else taken_at
