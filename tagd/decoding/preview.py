"""From a picture to a small one that a browser shows: upright, in sRGB, as WebP."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Final

from PIL import Image, ImageCms

from tagd.decoding.protocol import MOST_PREVIEW_BYTES
from tagd.domain import Geometry

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tagd.decoding.geometry import Picture, Size

_QUALITIES: Final = (82, 60, 30)  # the next where the one before makes too many bytes
_METHOD: Final = 2  # of 0, quick, to 6, small: the files of 2 are 5 % larger than those of 4
_COLOUR_SPACE: Final = slice(16, 20)  # of an ICC profile. Source: ICC.1:2022, 7.2.8


def sufficient(edges: Sequence[int]) -> tuple[Geometry, ...]:
    """Return model inputs for which a picture is decoded as large as previews of these edges need
    it."""
    return tuple(Geometry(edge, (1, 1)) for edge in edges)


def render_preview(picture: Picture, edge: int, profile: bytes | None) -> bytes:
    """Return the picture as WebP whose longer edge has so many pixels, or as many as there are.
    `profile` is the ICC profile of its colours, None for sRGB."""
    small = picture.image.resize(
        fitted(picture.size, edge), Image.Resampling.LANCZOS, box=picture.region, reducing_gap=3.0
    )
    small = _in_srgb(small, profile)
    encoded = b""
    for quality in _QUALITIES:
        buffer = io.BytesIO()
        small.save(buffer, "WEBP", quality=quality, method=_METHOD)
        encoded = buffer.getvalue()
        if len(encoded) <= MOST_PREVIEW_BYTES:
            break
    return encoded


def fitted(size: Size, edge: int) -> Size:
    """Return the size whose longer edge is `edge`, or `size` where that is smaller."""
    longer = max(size)
    if longer <= edge:
        return size
    return max(1, round(size[0] * edge / longer)), max(1, round(size[1] * edge / longer))


def _in_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """Return it as a screen without colour management shows it. A profile that makes no sense, or
    is of other colours than the picture has by now, says nothing."""
    if profile is None or profile[_COLOUR_SPACE] != b"RGB ":
        return image
    try:
        converted = ImageCms.profileToProfile(
            image, ImageCms.ImageCmsProfile(io.BytesIO(profile)), ImageCms.createProfile("sRGB")
        )
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return image
    return image if converted is None else converted
