"""Cameras' RAW files through LibRaw: the embedded preview, or else a half-size demosaic."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Final

from PIL import Image

from tagd.decoding.formats import Loaded, load, out_of_memory, too_many_pixels
from tagd.decoding.geometry import Picture, sufficient_size, turned
from tagd.errors import CorruptImage, PhotoError, TruncatedImage, UnsupportedImage
from tagd.installation import adding

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from rawpy import RawPy

    from tagd.domain import Geometry

# LibRaw's flip (dcraw's) as the EXIF orientation that does the same.
_ORIENTATIONS: Final = {0: 1, 3: 3, 5: 8, 6: 6}


def needs_extra() -> str:
    """Say why a RAW file is not read where rawpy is not installed, and what to do."""
    return f"RAW photos need rawpy: `{adding('raw')}`, then `tagd failed --retry`"


def load_raw(path: Path, data: bytes, geometries: Sequence[Geometry], most_pixels: int) -> Loaded:
    """Decode a RAW file: the embedded preview where it is large enough for every geometry, else the
    sensor's own pixels at half size.

    Raises PhotoError, or whatever Pillow does on the preview.
    """
    try:
        # Deferred: it is an optional extra, and brings NumPy along.
        import rawpy  # noqa: PLC0415
    except ImportError as error:
        raise UnsupportedImage(path, needs_extra()) from error
    try:
        with rawpy.imread(io.BytesIO(data)) as raw:
            sizes = raw.sizes
            if sizes.raw_width * sizes.raw_height > most_pixels:
                raise too_many_pixels(path, sizes.raw_width * sizes.raw_height, most_pixels)
            orientation = _ORIENTATIONS.get(sizes.flip, 1)
            preview = _preview(raw, orientation, geometries, most_pixels)
            if preview is None or not _suffices(preview, geometries):
                preview = _demosaiced(raw, orientation)
            return Loaded(preview, (sizes.width, sizes.height), orientation)
    except rawpy.LibRawError as error:
        raise _translation(path, error) from error


def _preview(
    raw: RawPy, orientation: int, geometries: Sequence[Geometry], most_pixels: int
) -> Picture | None:
    """Return the largest embedded preview, upright; None where there is none that can be read."""
    import rawpy  # noqa: PLC0415  loaded by now

    try:
        thumbnail = raw.extract_thumb()
        if isinstance(thumbnail.data, bytes):
            jpeg = thumbnail.data
            return load(jpeg, "JPEG", geometries, most_pixels, unless_told=orientation).picture
        image = turned(Image.fromarray(thumbnail.data), orientation)
    except (rawpy.LibRawError, OSError, ValueError, SyntaxError):
        return None
    return Picture(image.convert("RGB"), image.size, (0, 0, *image.size))


def _suffices(picture: Picture, geometries: Sequence[Geometry]) -> bool:
    wanted = sufficient_size(picture.size, geometries)
    return picture.size[0] >= wanted[0] and picture.size[1] >= wanted[1]


def _demosaiced(raw: RawPy, orientation: int) -> Picture:
    pixels = raw.postprocess(half_size=True, use_camera_wb=True, output_bps=8, user_flip=0)
    image = turned(Image.fromarray(pixels), orientation)
    return Picture(image, image.size, (0, 0, *image.size))


def _translation(path: Path, error: Exception) -> PhotoError:
    told = error.args[0] if error.args else ""
    words = told.decode("utf-8", "replace") if isinstance(told, bytes) else str(told)
    kind = type(error).__name__
    if "UnsufficientMemory" in kind or "TooBig" in kind or "MemPool" in kind:
        return out_of_memory(path)
    if "IOError" in kind:
        return TruncatedImage(path, "the file ends before its picture does")
    if "Unsupported" in kind:
        return UnsupportedImage(path, "a RAW file that this version of LibRaw does not read")
    return CorruptImage(path, f"LibRaw says: {words[:200]}")
