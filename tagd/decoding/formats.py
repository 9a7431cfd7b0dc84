"""Pillow, given exactly the formats that we mean, and its errors in our words."""

from __future__ import annotations

import io
import math
import re
import warnings
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final

# Imported by name, so that Pillow does not import every plugin it has.
from PIL import (
    AvifImagePlugin,
    BmpImagePlugin,
    ExifTags,
    GifImagePlugin,
    Image,
    ImageFile,
    JpegImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    UnidentifiedImageError,
    WebPImagePlugin,
)

from tagd.containers import DamagedContainer, bmff, bmff_mending, jpeg, png
from tagd.decoding.colours import to_rgb
from tagd.decoding.geometry import (
    Picture,
    Size,
    sufficient_size,
    turned,
    turned_region,
    turned_size,
)
from tagd.errors import CorruptImage, PhotoError, TooLarge, TruncatedImage, UnsupportedImage
from tagd.metadata import blocks

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from tagd.domain import Geometry

# The plugins register themselves; named here so that no one takes the imports for unused.
PLUGINS: Final = (
    AvifImagePlugin,
    BmpImagePlugin,
    GifImagePlugin,
    JpegImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)
# One thread a decoder: there are as many decoders as the machine has cores for.
AvifImagePlugin.DEFAULT_MAX_THREADS = 1

# Formats whose plugins turn the pixels themselves.
_UPRIGHT: Final = frozenset({"TIFF", "HEIF"})
_WITH_EXIF: Final = frozenset({"JPEG", "PNG", "WEBP"})
# How much larger than the input a picture at a lower scale must be. Close to the input's own size,
# where the picture is small and quickly decoded anyway, the lower scale's filter would show.
_MARGIN: Final = 1.25
_KEPT: Final = frozenset({"APP14", "SIGNATURE"})  # no picture, and yet needed to see it
# What Pillow raises on a file that it does not read.
_FAILURES: Final = (
    *(OSError, ValueError, SyntaxError, ArithmeticError, LookupError),
    RuntimeError,  # libavif's
)
_PIXELS: Final = re.compile(r"\((\d+) pixels\)")
_END_OF_DATA: Final = re.compile(r"(?i)truncat|end of (file|data)|premature|unexpected end")


@dataclass(frozen=True, slots=True)
class Loaded:
    """A picture with what its file says of it; `size` is that stored, before orientation. `said` is
    the file within the file that says more of it, where there is one; `flaw` is what is wrong with
    it, in words; `profile` the ICC profile of its colours."""

    picture: Picture
    size: Size
    orientation: int
    said: bytes | None = None
    flaw: str | None = None
    profile: bytes | None = None


def load(
    data: bytes,
    name: str,
    geometries: Sequence[Geometry],
    most_pixels: int,
    *,
    unless_told: int = 1,
) -> Loaded:
    """Decode at the smallest scale at which every geometry has the pixels that it wants.

    `unless_told` is the orientation of a picture that says nothing of it.
    Raises whatever Pillow does: see `translated`.
    """
    try:
        return _load(data, data, name, geometries, most_pixels, unless_told=unless_told)
    except _FAILURES:
        # Pillow reads metadata while it opens or decodes a file, and gives up where they are broken
        # or large. That is no reason not to look at the picture.
        # So it is with what an AVIF tells otherwise than its library takes it.
        plain = bmff_mending.mended(data) if name == "AVIF" else _without_metadata(data, name)
        if plain is None:
            raise
    return _load(plain, data, name, geometries, most_pixels, unless_told=unless_told)


def _load(
    data: bytes,
    whole: bytes,
    name: str,
    geometries: Sequence[Geometry],
    most_pixels: int,
    *,
    unless_told: int,
) -> Loaded:
    """Do what `load` does; `whole` is the file that `data` is the picture of."""
    with _opened(data, name, most_pixels) as image:
        orientation = _orientation(whole, name, image) or unless_told
        to_apply = 1 if name in _UPRIGHT else orientation
        full = image.size
        wanted = sufficient_size(turned_size(full, to_apply), geometries)
        # JPEG decodes at 1/2, 1/4 or 1/8; HEIF takes an embedded thumbnail; others decline.
        drafted = image.draft(None, turned_size(_with_margin(wanted), to_apply))
        # All at once: by default libjpeg is fed 64 KiB at a time, and is slow near the end of each.
        image.decodermaxblock = len(data)
        image.load()
        if drafted is None:
            full = image.size  # a TIFF is upright only now
        region = (0, 0, *image.size) if drafted is None else drafted[1]
        picture = Picture(
            image=to_rgb(turned(image, to_apply)),
            size=turned_size(full, to_apply),
            region=turned_region(image.size, region, to_apply),
        )
    stored = full if name not in _UPRIGHT else turned_size(full, orientation)
    return Loaded(picture, stored, orientation, profile=_profile(image))


def _profile(image: Image.Image) -> bytes | None:
    profile = image.info.get("icc_profile")
    return profile if isinstance(profile, bytes) else None


def _with_margin(size: Size) -> Size:
    return math.ceil(size[0] * _MARGIN), math.ceil(size[1] * _MARGIN)


def _opened(data: bytes, name: str, most_pixels: int) -> ImageFile.ImageFile:
    if name == "HEIF":
        _register_heif()
    Image.MAX_IMAGE_PIXELS = most_pixels
    return Image.open(io.BytesIO(data), formats=(name,))


def _without_metadata(data: bytes, name: str) -> bytes | None:
    """Return the picture of a JPEG or PNG alone; None where there is nothing to leave out."""
    container = {"JPEG": jpeg, "PNG": png}.get(name)
    if container is None:
        return None
    try:
        segments = container.segments(data)
    except DamagedContainer:
        return None
    kept = [
        segment
        for segment in segments
        if segment.kind in _KEPT or not container.is_metadata(segment)
    ]
    if len(kept) == len(segments):
        return None
    return b"".join(data[segment.start : segment.end] for segment in kept)


@cache
def _register_heif() -> None:
    # Deferred: libheif takes 5 MB and 20 ms, and most libraries hold no HEIF.
    import pillow_heif  # noqa: PLC0415

    pillow_heif.register_heif_opener(
        thumbnails=True, depth_images=False, aux_images=False, decode_threads=1
    )


def _orientation(data: bytes, name: str, image: Image.Image) -> int | None:
    if name == "HEIF":
        # A HEIF's EXIF orientation is a memory of the camera's; its own properties are in force.
        try:
            return bmff.primary(data).orientation
        except DamagedContainer:
            return 1
    try:
        said = image.getexif().get(ExifTags.Base.Orientation)
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001  Pillow's readers raise anything on bytes that are no EXIF
        said = None
    if said is None and name in _WITH_EXIF:
        # Pillow gives up where a value lies outside of the file.
        said = blocks.of_file(data).orientation
    return said if said in range(1, 9) else None


@contextmanager
def translated(path: Path, most_pixels: int) -> Iterator[None]:
    """Turn what Pillow and the libraries below it raise into the photo's error."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            yield
        except PhotoError:
            raise
        except MemoryError as error:
            raise out_of_memory(path) from error
        except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
            told = _PIXELS.search(str(error))
            raise too_many_pixels(path, int(told[1]) if told else 0, most_pixels) from error
        except Exception as error:  # Pillow's plugins raise anything on bytes that make no sense
            raise _translation(path, error) from error


def too_many_pixels(path: Path, pixels: int, most_pixels: int) -> TooLarge:
    """Make the error for a picture beyond `max_megapixels`."""
    size = f"{pixels / 1e6:.3g} megapixels are" if pixels else "its pixels are"
    return TooLarge(path, f"{size} more than max_megapixels = {most_pixels / 1e6:g}")


def out_of_memory(path: Path) -> TooLarge:
    """Make the error for a picture that does not fit into a decoder."""
    return TooLarge(path, "takes more memory than a decoder may, which follows from max_megapixels")


def _translation(path: Path, error: Exception) -> PhotoError:
    words = " ".join(str(error).split())[:200]
    if isinstance(error, EOFError) or _END_OF_DATA.search(words):
        return TruncatedImage(path, "the file ends before its picture does")
    if "memory" in words.lower():
        return out_of_memory(path)
    if isinstance(error, UnidentifiedImageError) or not words:
        return CorruptImage(path, "its header makes no sense")
    if words.startswith("Conversion from YUV"):
        return UnsupportedImage(path, "an AVIF whose colours are coded as libavif does not read")
    if words.startswith("Unsupported"):
        return UnsupportedImage(path, f"its kind is not supported: {words}")
    return CorruptImage(path, words)
