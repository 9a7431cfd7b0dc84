"""Which sidecar is a photo's: `photo.jpg.xmp` or `photo.xmp`.

The short name is Adobe's, made for RAW. Where a RAW file and a JPEG share a stem it is the RAW
file's, and the JPEG's sidecar is found by its full name only. So no two photos ever share one.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

RAW_SUFFIXES: Final = frozenset(
    {".3fr", ".arw", ".cr2", ".cr3", ".crw", ".dcr", ".dng", ".erf", ".iiq", ".kdc", ".mef", ".mos"}
    | {".mrw", ".nef", ".nrw", ".orf", ".pef", ".raf", ".raw", ".rw2", ".rwl", ".sr2", ".srf"}
    | {".srw", ".x3f"}
)
_PICTURE_SUFFIXES: Final = frozenset(
    {".avif", ".bmp", ".gif", ".heic", ".heif", ".hif", ".jpe", ".jpeg", ".jpg", ".jxl", ".mov"}
    | {".mp4", ".png", ".tif", ".tiff", ".webp"}
)


class SidecarName(StrEnum):
    """How a new sidecar is named."""

    FULL = "photo.jpg.xmp"  # darktable, digiKam, Immich, PhotoPrism
    SHORT = "photo.xmp"  # Lightroom, Bridge, Capture One


@dataclass(frozen=True, slots=True)
class SidecarRule:
    """Where sidecars lie: beside the photos, or in `folder`, where the tree below `root` is
    mirrored. `folder` and `root` are given together."""

    name: SidecarName = SidecarName.FULL
    folder: Path | None = None
    root: Path | None = None

    def place_of(self, photo: Path) -> Path:
        """The folder that the photo's sidecar lies in."""
        if self.folder is None or self.root is None:
            return photo.parent
        return self.folder / photo.parent.relative_to(self.root)


def find(photo: Path, rule: SidecarRule) -> Path | None:
    """The sidecar that the photo has, of either name; None where it has none."""
    place = rule.place_of(photo)
    for name in (photo.name, photo.stem):
        for ending in (".xmp", ".XMP"):
            # Whether it may be is asked last: that takes a look for every other kind of picture.
            found = place / (name + ending)
            if found.is_file() and (name == photo.name or _may_be_short(photo)):
                return found
    return None


def choose(photo: Path, rule: SidecarRule) -> Path:
    """The sidecar that the photo has, or the one that it should get."""
    found = find(photo, rule)
    if found is not None:
        return found
    is_short = rule.name is SidecarName.SHORT and _may_be_short(photo)
    return rule.place_of(photo) / ((photo.stem if is_short else photo.name) + ".xmp")


def _may_be_short(photo: Path) -> bool:
    """Whether no other picture of the same stem can lay claim to `photo.xmp`."""
    own = photo.suffix.lower()
    rivals = RAW_SUFFIXES if own in RAW_SUFFIXES else RAW_SUFFIXES | _PICTURE_SUFFIXES
    spellings = (spelling for each in rivals - {own} for spelling in (each, each.upper()))
    return not any(photo.with_suffix(spelling).exists() for spelling in spellings)
