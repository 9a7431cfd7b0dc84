"""Which sidecar is a photo's: `photo.jpg.xmp` or `photo.xmp`.

The short name is Adobe's, made for RAW. Where a RAW file and a JPEG share a stem it is the RAW
file's, and the JPEG's sidecar is found by its full name only. So no two photos ever share one.
"""

from __future__ import annotations

import errno
import stat
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

RAW_SUFFIXES: Final = frozenset(
    {".3fr", ".arw", ".cr2", ".cr3", ".crw", ".dcr", ".dng", ".erf", ".iiq", ".kdc", ".mef", ".mos"}
    | {".mrw", ".nef", ".nrw", ".orf", ".pef", ".raf", ".raw", ".rw2", ".rwl", ".sr2", ".srf"}
    | {".srw", ".x3f"}
)
_NOT_THERE: Final = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG})
_PICTURE_SUFFIXES: Final = frozenset(
    {".avif", ".bmp", ".gif", ".heic", ".heif", ".hif", ".jpe", ".jpeg", ".jpg", ".jxl", ".mov"}
    | {".mp4", ".png", ".tif", ".tiff", ".webp"}
)


def _spellings(suffixes: frozenset[str]) -> frozenset[str]:
    return frozenset().union(*((each, each.upper(), each.title()) for each in suffixes))


# As cameras and programs spell them: to list a folder of 10,000 files would take far longer.
_RAW_SPELLINGS: Final = _spellings(RAW_SUFFIXES)
_ALL_SPELLINGS: Final = _spellings(RAW_SUFFIXES | _PICTURE_SUFFIXES)


class SidecarName(StrEnum):
    """How a new sidecar is named."""

    FULL = "photo.jpg.xmp"  # darktable, digiKam, Immich, PhotoPrism
    SHORT = "photo.xmp"  # Lightroom, Bridge, Capture One


@dataclass(frozen=True, slots=True)
class SidecarRule:
    """Where sidecars lie: beside the photos, or in `folder`, below the whole path of their photo,
    so that no two photos share one."""

    name: SidecarName = SidecarName.FULL
    folder: Path | None = None

    def mirror_of(self, place: Path) -> Path:
        """The folder for the sidecars of the photos in this one, an absolute path."""
        return place if self.folder is None else self.folder / place.relative_to(place.anchor)

    def beside(self, sidecar: Path) -> Path:
        """Where a sidecar would lie if it lay beside its photo."""
        if self.folder is None or not sidecar.is_relative_to(self.folder):
            return sidecar
        return Path(sidecar.anchor) / sidecar.relative_to(self.folder)


BESIDE: Final = SidecarRule()


def find(photo: Path, rule: SidecarRule) -> Path | None:
    """The sidecar that the photo has, of either name; None where it has none."""
    place = rule.mirror_of(photo.parent)
    for name in (photo.name, photo.stem):
        for ending in (".xmp", ".XMP"):
            # Whether it may be is asked last: that takes a look for every other kind of picture.
            found = place / (name + ending)
            if _is_file(found) and (name == photo.name or _may_be_short(photo)):
                return found
    return None


def of(photo: Path, rule: SidecarRule) -> list[Path]:
    """All sidecars that the photo has: the one that `find` finds, and before any other its word
    counts; and one that other programs keep beside the photo, where tagd's lie elsewhere."""
    found = (find(photo, each) for each in dict.fromkeys((rule, BESIDE)))
    return list(dict.fromkeys(filter(None, found)))


def choose(photo: Path, rule: SidecarRule) -> Path:
    """The sidecar that the photo has, or the one that it should get."""
    found = find(photo, rule)
    if found is not None:
        return found
    is_short = rule.name is SidecarName.SHORT and _may_be_short(photo)
    return rule.mirror_of(photo.parent) / ((photo.stem if is_short else photo.name) + ".xmp")


def _is_file(path: Path) -> bool:
    """Whether there is one. Nothing has a name that is too long. Raises OSError where nobody can
    tell."""
    try:
        return stat.S_ISREG(path.stat().st_mode)
    except OSError as error:
        if error.errno in _NOT_THERE:
            return False
        raise


def _may_be_short(photo: Path) -> bool:
    """Whether no other picture of the same stem can lay claim to `photo.xmp`."""
    is_raw = photo.suffix.lower() in RAW_SUFFIXES
    rivals = _RAW_SPELLINGS if is_raw else _ALL_SPELLINGS
    return not any(_is_another(photo.with_suffix(each), photo) for each in rivals - {photo.suffix})


def _is_another(picture: Path, photo: Path) -> bool:
    """Whether there is one that is not the photo itself, as it is by another spelling where the
    file system knows no case."""
    try:
        return not picture.samefile(photo)
    except OSError:
        return False
