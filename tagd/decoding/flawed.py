"""JPEGs whose data break off, or hold wrong bytes: what is there of the picture is looked at."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from PIL import Image, ImageChops

from tagd.containers.jpeg_mending import mended
from tagd.decoding.formats import Loaded, load
from tagd.decoding.geometry import Picture, turned, turned_region
from tagd.errors import TruncatedImage

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tagd.domain import Geometry

DAMAGED: Final = "damaged: bytes of its picture are wrong"
# Models see what is there alone, without the grey below it. Of a photo that lacks more than a
# quarter they would see another photo, as would be said of half a copy.
MOST_MISSING: Final = 0.25
# What libjpeg fills a picture with is 128 in each channel, which is 64 once CMYK has become RGB.
_GREYS: Final = (128, 64)
_ROUNDING: Final = 2
_BACK: Final = {6: 8, 8: 6}


def load_flawed(
    path: Path, data: bytes, geometries: Sequence[Geometry], most_pixels: int
) -> Loaded:
    """Do what `load` does, of a JPEG that is not whole, with what is wrong with it in words.

    Raises TruncatedImage where too much is missing, or whatever Pillow does.
    """
    jpeg = mended(data)
    if jpeg is None:
        return load(data, "JPEG", geometries, most_pixels)
    loaded = load(jpeg.data, "JPEG", geometries, most_pixels)
    if not jpeg.ends_early:
        return replace(loaded, flaw=DAMAGED)
    picture, orientation = loaded.picture, loaded.orientation
    stored = turned(picture.image, _BACK.get(orientation, orientation))
    rows = _rows(stored)
    missing = 1 - rows / stored.height
    if missing > MOST_MISSING:
        words = f"its data end early: the lower {missing:.0%} of the picture are missing"
        raise TruncatedImage(path, words)
    there = turned_region(stored.size, (0, 0, stored.width, rows), orientation)
    return replace(loaded, picture=_part(picture, there), flaw=_told(missing))


def _told(missing: float) -> str:
    lower = f"the lower {missing:.0%} of the picture are missing" if missing >= 0.005 else ""
    return f"its data end early: {lower or 'nothing of the picture is missing'}"


def _rows(image: Image.Image) -> int:
    """Count the rows above those that are nothing but libjpeg's grey."""
    corner = image.crop((image.width - 1, image.height - 1, image.width, image.height))
    grey = next((grey for grey in _GREYS if not _unlike(corner, grey)), None)
    if grey is None:
        return image.height
    box = _unlike(image, grey)
    return box[3] if box else 0


def _unlike(image: Image.Image, grey: int) -> tuple[int, int, int, int] | None:
    """Return the box around what is not of this grey; None where all of it is."""
    flat = Image.new("RGB", image.size, (grey, grey, grey))
    return ImageChops.difference(image, flat).point(lambda level: level > _ROUNDING).getbbox()


def _part(picture: Picture, box: tuple[float, float, float, float]) -> Picture:
    """Return the picture without what lies outside of this box, in pixels of its image."""
    left, top, right, bottom = picture.region
    kept = (max(left, box[0]), max(top, box[1]), min(right, box[2]), min(bottom, box[3]))
    size = (
        max(1, round(picture.size[0] * (kept[2] - kept[0]) / (right - left))),
        max(1, round(picture.size[1] * (kept[3] - kept[1]) / (bottom - top))),
    )
    image = picture.image.crop((int(box[0]), int(box[1]), int(box[2]), int(box[3])))
    moved = (kept[0] - box[0], kept[1] - box[1], kept[2] - box[0], kept[3] - box[1])
    return Picture(image, size, moved)
