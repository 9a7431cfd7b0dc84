"""JPEG XL through libjxl, which is an optional extra."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from PIL import Image

from tagd.containers import DamagedContainer, jxl
from tagd.decoding.colours import to_rgb
from tagd.decoding.formats import Loaded, load, too_many_pixels
from tagd.decoding.geometry import Picture
from tagd.errors import CorruptImage, TruncatedImage, UnsupportedImage
from tagd.installation import adding

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tagd.domain import Geometry


def needs_extra() -> str:
    """Say why JPEG XL is not read where its plugin is not installed, and what to do."""
    return f"JPEG XL needs pillow-jxl-plugin: `{adding('jxl')}`, then `tagd failed --retry`"


def load_jxl(path: Path, data: bytes, geometries: Sequence[Geometry], most_pixels: int) -> Loaded:
    """Decode a JPEG XL. One that was made of a JPEG without loss is that JPEG again, metadata and
    all. Raises PhotoError, or whatever Pillow does."""
    try:
        # Deferred: it is an optional extra.
        from pillow_jxl import Decoder  # noqa: PLC0415
    except ImportError as error:
        raise UnsupportedImage(path, needs_extra()) from error
    _require_small(path, data, most_pixels)
    try:
        # No threads of its own: there are as many decoders as the machine has cores for.
        is_jpeg, told, pixels, *_ = Decoder(num_threads=0)(data)
    except RuntimeError as error:  # all that libjxl says: its words help nobody
        raise TruncatedImage(path, "it is damaged, or ends before its picture does") from error
    if is_jpeg:
        return replace(load(pixels, "JPEG", geometries, most_pixels), said=pixels)
    # Animations are decoded frame by frame; the first one counts. Upright already.
    mode = "F" if told.mode.startswith("F") else told.mode
    image = to_rgb(Image.frombytes(mode, (told.width, told.height), pixels))
    return Loaded(Picture(image, image.size, (0, 0, *image.size)), image.size, 1)


def _require_small(path: Path, data: bytes, most_pixels: int) -> None:
    """Before anything is decoded: it is all decoded at once."""
    try:
        width, height = jxl.size(data)
    except DamagedContainer as error:
        raise CorruptImage(path, f"its header makes no sense: {error}") from error
    if width * height > most_pixels:
        raise too_many_pixels(path, width * height, most_pixels)
