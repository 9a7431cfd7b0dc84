"""From a picture to a model's input: resize and centred crop, as torchvision's. The inputs of a
picture that was decoded at full scale equal torchvision's, but for rounding between two levels.

Source: torchvision.transforms.functional (`resize`, `center_crop`) on PIL images.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from PIL import Image

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tagd.domain import Geometry

Size = tuple[int, int]  # width, height
Box = tuple[float, float, float, float]  # left, top, right, bottom

_RESAMPLING: Final = {
    "nearest": Image.Resampling.NEAREST,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
}
# The EXIF orientations as Pillow's transpositions, as in PIL.ImageOps.exif_transpose.
_TRANSPOSITIONS: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
# A picture decoded at a lower scale is ragged at its right and lower edge, by (right, lower). Where
# the two end up: as (left, top, right, bottom).
_RAGGED: Final = {
    1: (None, None, 0, 1),
    2: (0, None, None, 1),
    3: (0, 1, None, None),
    4: (None, 1, 0, None),
    5: (None, None, 1, 0),
    6: (1, None, None, 0),
    7: (1, 0, None, None),
    8: (None, 0, 1, None),
}
# A strip of 1 by 100,000 pixels, resized whole, would fill the memory only to be cropped.
_MOST_RESIZED: Final = 4096 * 4096
# The widest filter's, Lanczos's, in pixels of whichever scale is the smaller.
_REACH: Final = 3


@dataclass(frozen=True, slots=True)
class Picture:
    """A decoded picture, upright and RGB, perhaps at a lower scale than the one stored.

    `size` is that of the whole upright picture in the file; `region` is where it lies in `image`.
    """

    image: Image.Image
    size: Size
    region: Box


def turned_size(size: Size, orientation: int) -> Size:
    """Return the size of a picture after its EXIF orientation has been applied, or the other way
    round."""
    return (size[1], size[0]) if orientation >= 5 else size


def turned(image: Image.Image, orientation: int) -> Image.Image:
    """Return the picture as the EXIF orientation says that it is to be seen."""
    method = _TRANSPOSITIONS.get(orientation)
    return image if method is None else image.transpose(method)


def turned_region(size: Size, region: Box, orientation: int) -> Box:
    """Return where `region`, at the upper left of a picture of `size`, lies after it has been
    turned."""
    ragged = (size[0] - region[2], size[1] - region[3])
    left, top, right, bottom = (0.0 if at is None else ragged[at] for at in _RAGGED[orientation])
    width, height = turned_size(size, orientation)
    return (left, top, width - right, height - bottom)


def resized_size(size: Size, geometry: Geometry) -> Size:
    """Return the size that torchvision's Resize gives a picture of `size`."""
    if not isinstance(geometry.resize, int):
        height, width = geometry.resize
        return width, height
    short, long = sorted(size)
    new_long = int(geometry.resize * long / short)
    return (geometry.resize, new_long) if size[0] <= size[1] else (new_long, geometry.resize)


def sufficient_size(size: Size, geometries: Sequence[Geometry]) -> Size:
    """Return the smallest size at which a picture of `size` is still as large as every input wants
    it."""
    wanted = [resized_size(size, geometry) for geometry in geometries]
    return max((1, *(size[0] for size in wanted))), max((1, *(size[1] for size in wanted)))


def render(picture: Picture, geometry: Geometry) -> bytes:
    """Render the model input: crop height * crop width * 3 bytes, row by row, RGB."""
    target = resized_size(picture.size, geometry)
    crop = _crop_box(target, geometry.crop)
    resampling = _RESAMPLING[geometry.interpolation]
    part = _part(picture, target, crop)
    if target[0] * target[1] <= _MOST_RESIZED and not _looks_the_same(
        part, picture, target, resampling
    ):
        resized = picture.image.resize(target, resampling, box=picture.region)
        # Pillow fills with black what a crop takes from outside.
        return resized.crop(crop).tobytes()
    resized = picture.image.crop(part.source).resize(part.size, resampling, box=part.box)
    whole = Image.new("RGB", (crop[2] - crop[0], crop[3] - crop[1]))
    whole.paste(resized, part.place)
    return whole.tobytes()


def _crop_box(size: Size, crop: tuple[int, int]) -> tuple[int, int, int, int]:
    left, top = _crop_start(size[0], crop[1]), _crop_start(size[1], crop[0])
    return left, top, left + crop[1], top + crop[0]


def _crop_start(length: int, crop: int) -> int:
    return round((length - crop) / 2.0) if crop <= length else -((crop - length) // 2)


@dataclass(frozen=True, slots=True)
class _Part:
    """What a crop keeps of a resized picture: made of `box` in the pixels `source` of the picture,
    `size` large, and in the crop at `place`."""

    source: tuple[int, int, int, int]
    box: Box
    size: Size
    place: tuple[int, int]


def _part(picture: Picture, target: Size, crop: tuple[int, int, int, int]) -> _Part:
    left, top, right, bottom = picture.region
    across, down = (right - left) / target[0], (bottom - top) / target[1]
    kept = (max(crop[0], 0), max(crop[1], 0), min(crop[2], target[0]), min(crop[3], target[1]))
    box = (
        left + kept[0] * across,
        top + kept[1] * down,
        min(left + kept[2] * across, right),
        min(top + kept[3] * down, bottom),
    )
    # With what a filter sees around it.
    beside, above = (math.ceil(_REACH * max(scale, 1.0)) + 1 for scale in (across, down))
    source = (
        max(math.floor(box[0]) - beside, 0),
        max(math.floor(box[1]) - above, 0),
        min(math.ceil(box[2]) + beside, picture.image.width),
        min(math.ceil(box[3]) + above, picture.image.height),
    )
    return _Part(
        source=source,
        box=(box[0] - source[0], box[1] - source[1], box[2] - source[0], box[3] - source[1]),
        size=(kept[2] - kept[0], kept[3] - kept[1]),
        place=(kept[0] - crop[0], kept[1] - crop[1]),
    )


def _looks_the_same(
    part: _Part, picture: Picture, target: Size, resampling: Image.Resampling
) -> bool:
    """Return whether resizing this part alone equals resizing all of it, but for the rounding of
    floats. Levels are rounded between the two directions, so these have to come in the same order;
    and of two pixels that are equally near, rounding decides which one is the nearest."""
    source = (part.source[2] - part.source[0], part.source[3] - part.source[1])
    same_order = _is_height_first(source, part.size) == _is_height_first(picture.image.size, target)
    return same_order and resampling is not Image.Resampling.NEAREST


def _is_height_first(size: Size, target: Size) -> bool:
    """Return whether Pillow, from version 13 on, begins with the height; before that, it always
    began with the width. Source: libImaging/Resample.c."""
    narrower, lower = size[0] - target[0], size[1] - target[1]
    return lower > max(0, 2 * narrower)
