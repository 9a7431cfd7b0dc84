"""One photo from its path to its identity and the models' inputs. Knows nothing of processes."""

from __future__ import annotations

import errno
import io
import os
import stat
from dataclasses import astuple, dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple

from PIL import UnidentifiedImageError

from tagd.containers import (
    RAW_FORMATS,
    DamagedContainer,
    TruncatedContainer,
    former_hashes,
    jpeg,
    payload_hash,
    recognise,
    require_whole,
    stranger,
    strict_spans,
)
from tagd.decoding import tiff_kinds
from tagd.decoding.flawed import load_flawed
from tagd.decoding.formats import Loaded, load, translated
from tagd.decoding.geometry import render
from tagd.decoding.jxl import load_jxl
from tagd.decoding.limits import DecodeLimits
from tagd.decoding.preview import render_preview, sufficient
from tagd.decoding.raw import load_raw
from tagd.decoding.unwritten_end import require_end
from tagd.domain import DecodedPhoto, Geometry, PhotoFacts, Readings, Signature
from tagd.errors import (
    FileChanged,
    FileUnreadable,
    FileVanished,
    NotAnImage,
    PhotoError,
    TooLarge,
    TruncatedImage,
    UnsupportedImage,
)
from tagd.fs import signature_of
from tagd.metadata.read_back import readings_of
from tagd.metadata.sidecar import BESIDE

__all__ = ["DecodeLimits", "ReadPhoto", "decode", "read_photo"]

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from tagd.metadata.sidecar import SidecarRule

_GONE: Final = frozenset({errno.ENOENT, errno.ENOTDIR})
# What stat.S_IFMT says of things that are no files, in words.
_NO_FILES: Final = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a FIFO",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}
# Where a JPEG behind other data is looked for, which no viewer shows; so it is only named.
_MOST_IN_FRONT: Final = 1 << 16


@dataclass(frozen=True, slots=True)
class ReadPhoto:
    """As DecodedPhoto, with inputs as plain bytes, so that a decoder process needs no NumPy."""

    photo_id: str
    signature: Signature
    facts: PhotoFacts
    inputs: Mapping[Geometry, bytes]
    readings: Readings = field(default_factory=Readings)
    former_ids: tuple[str, ...] = ()
    previews: tuple[bytes, ...] = ()


def decode(
    path: Path,
    geometries: Sequence[Geometry],
    limits: DecodeLimits,
    sidecars: SidecarRule = BESIDE,
    tried: Signature | None = None,
) -> DecodedPhoto:
    """Read a photo once, identify it, and make each model's input of it.

    `tried` is the signature that the file had when its data were found to end early: if it has not
    changed since then, nobody seems to be writing it, and what is there of its picture counts.
    Raises PhotoError.
    """
    # Deferred: decoder processes import this module and have no need of NumPy.
    import numpy as np  # noqa: PLC0415

    photo = read_photo(path, geometries, limits, sidecars, tried)
    inputs = {
        geometry: np.frombuffer(pixels, np.uint8).reshape(*geometry.crop, 3)
        for geometry, pixels in photo.inputs.items()
    }
    return DecodedPhoto(
        path,
        photo.photo_id,
        photo.signature,
        photo.facts,
        inputs,
        photo.readings,
        photo.former_ids,
    )


def read_photo(
    path: Path,
    geometries: Sequence[Geometry],
    limits: DecodeLimits,
    sidecars: SidecarRule = BESIDE,
    tried: Signature | None = None,
    *,
    previews: Sequence[int] = (),
) -> ReadPhoto:
    """Do what `decode` does, without NumPy, and with a preview for each of these longer edges in
    pixels."""
    data, signature = _read(path, limits)
    try:
        photo = _photo(path, data, geometries, limits, previews, may_lack=signature == tried)
    except PhotoError as error:
        error.signature = astuple(signature)
        error.shows = (payload_hash(data), *former_hashes(data))
        raise
    loaded = photo.loaded
    said = data if loaded.said is None else loaded.said
    readings = _readings(path, said, sidecars, photo.id)
    facts = _facts(photo.format, loaded, readings)
    former = former_hashes(data)
    return ReadPhoto(photo.id, signature, facts, photo.inputs, readings, former, photo.previews)


class _Photo(NamedTuple):
    id: str
    format: str
    loaded: Loaded
    inputs: Mapping[Geometry, bytes]
    previews: tuple[bytes, ...]


def _photo(
    path: Path,
    data: bytes,
    geometries: Sequence[Geometry],
    limits: DecodeLimits,
    previews: Sequence[int],
    *,
    may_lack: bool,
) -> _Photo:
    wanted = (*geometries, *sufficient(previews))
    try:
        name = _recognised(path, data)
        photo_id, is_sound = _identified(path, data, name, may_lack=may_lack)
        with translated(path, limits.most_pixels):
            if name == "JPEG" and not is_sound:
                loaded = load_flawed(path, data, wanted, limits.most_pixels)
            else:
                loaded = _load(path, data, name, wanted, limits)
            require_end(path, data, name)
            inputs = {
                geometry: render(loaded.picture, geometry) for geometry in dict.fromkeys(geometries)
            }
            small = [render_preview(loaded.picture, edge, loaded.profile) for edge in previews]
    except MemoryError as error:
        raise TooLarge(path, "takes more memory than a decoder may") from error
    return _Photo(photo_id, name, loaded, inputs, tuple(small))


def _read(path: Path, limits: DecodeLimits) -> tuple[bytes, Signature]:
    """Read the file's bytes, and the signature that held before and after they were read.

    They are read, not mapped: a mapped file that someone truncates kills its reader.
    """
    try:
        # Not to be kept waiting by a FIFO that nobody writes to, nor to become a terminal's own.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
        try:
            before = os.fstat(descriptor)
            _require_readable(path, before, limits)
            with io.FileIO(descriptor, closefd=False) as file:
                data = file.readall()
            after = os.fstat(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise _unreadable(path, error) from error
    signature = signature_of(before)
    if signature != signature_of(after) or len(data) != before.st_size:
        raise FileChanged(path, "changed while it was being read")
    return data, signature


def _require_readable(path: Path, status: os.stat_result, limits: DecodeLimits) -> None:
    if not stat.S_ISREG(status.st_mode):
        kind = _NO_FILES.get(stat.S_IFMT(status.st_mode), "no regular file")
        # Of the photo that was there this says nothing: it may be put back.
        raise FileVanished(path, f"not there any more, but {kind}")
    if status.st_size > limits.most_file_bytes:
        size = f"{status.st_size / 1e9:.1f} GB are"
        told = f"max_megapixels = {limits.max_megapixels:g}"
        raise TooLarge(path, f"{size} more than any picture within {told} takes")


def _unreadable(path: Path, error: OSError) -> PhotoError:
    if error.errno in _GONE:
        return FileVanished(path, "not there any more")
    if error.errno == errno.ENXIO:
        return FileVanished(path, "not there any more, but a socket or a device without a driver")
    words = os.strerror(error.errno) if error.errno else "cannot be read"
    return FileUnreadable(path, words)


def _recognised(path: Path, data: bytes) -> str:
    if not data:
        raise TruncatedImage(path, "empty file")
    name = recognise(data)
    if name is not None:
        return name
    words, is_image = stranger(data[:512])
    if is_image:
        raise UnsupportedImage(path, f"{words}, which tagd does not read")
    behind = jpeg.start_behind(data[:_MOST_IN_FRONT])
    if behind is not None:
        words = f"a JPEG begins at byte {behind}, after data of another kind"
        raise NotAnImage(path, f"not an image as it is: {words}")
    raise NotAnImage(path, f"not an image: it looks like {words}")


def _identified(path: Path, data: bytes, name: str, *, may_lack: bool) -> tuple[str, bool]:
    """Return the photo's id, and whether its structure is sound. Of a JPEG the end may be missing
    where it `may_lack` something."""
    try:
        require_whole(data, name)
        return payload_hash(data, strict_spans(data)), True
    except DamagedContainer as error:
        if isinstance(error, TruncatedContainer) and not (may_lack and name == "JPEG"):
            raise TruncatedImage(path, str(error)) from error
        # Decoders forgive more than we do; then all of its bytes are its identity.
        return payload_hash(data, [(0, len(data))]), False


def _load(
    path: Path, data: bytes, name: str, geometries: Sequence[Geometry], limits: DecodeLimits
) -> Loaded:
    if name in RAW_FORMATS or name == "RAW":
        return load_raw(path, data, geometries, limits.most_pixels)
    if name == "JXL":
        return load_jxl(path, data, geometries, limits.most_pixels)
    try:
        return load(data, name, geometries, limits.most_pixels)
    except (OSError, SyntaxError) as error:
        is_read = not isinstance(error, UnidentifiedImageError)
        kind = tiff_kinds.kind_of(data, is_read=is_read) if name == "TIFF" else None
        if kind is None:
            raise
        raise UnsupportedImage(path, f"its kind of TIFF is not supported: {kind}") from error


def _facts(name: str, loaded: Loaded, readings: Readings) -> PhotoFacts:
    return PhotoFacts(
        format=name,
        width=loaded.size[0],
        height=loaded.size[1],
        orientation=loaded.orientation,
        camera_make=readings.camera_make,
        camera_model=readings.camera_model,
        taken_at=readings.taken_at,
        flaw=loaded.flaw,
    )


def _readings(path: Path, data: bytes, rule: SidecarRule, photo_id: str) -> Readings:
    """Return what others wrote into it and beside it. What costs too much says nothing."""
    try:
        return readings_of(path, data, rule, photo_id)
    except MemoryError:
        return Readings()
