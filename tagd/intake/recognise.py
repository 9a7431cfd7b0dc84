"""Which files of a photo folder are taken.

Endings that are known to be photos are taken whatever they hold: a text file named .jpg is a broken
photo, and its owner wants to know. Endings that are known to be something else (films, sidecars,
text, databases) are left alone without a look. Any other, or none, is decided by the first bytes;
and pictures of a kind that tagd does not read are counted.
"""

from __future__ import annotations

import os
import stat
from collections import Counter, OrderedDict
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from tagd import installation
from tagd.containers import sniff, strange_picture

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

    from tagd.domain import Signature

HEAD = 512  # bytes: an SVG begins with XML
MOST_REMEMBERED = 100_000


def _endings(words: str) -> frozenset[str]:
    return frozenset(words.split())


PHOTOS = _endings("""
    jpg jpeg jpe jfif jif png apng webp gif bmp dib tif tiff heic heif hif avif
    cr2 cr3 nef nrw arw dng raf orf rw2
""")
FILMS_AND_SOUND = _endings("""
    mp4 m4v mov avi mkv webm mpg mpeg mts m2ts wmv flv 3gp 3g2 lrv thm insv braw vob ogv
    mp3 m4a aac flac wav ogg opus wma aif aiff amr mid
""")
SIDECARS_AND_DATA = _endings("""
    xmp pp3 dop cos cot cop on1 aae ctg vrd acr nksc arp xml json yaml yml toml ini cfg conf plist
    lrcat lrprev lrcat-data lrcat-wal lrcat-shm db db3 sqlite sqlite3 db-wal db-shm db-journal
    xmp_orphan lock log bak url webloc desktop lnk gpx kml kmz nmea
""")
DOCUMENTS = _endings("""
    txt md rst rtf csv tsv html htm css js ts py sh bat pdf doc docx odt xls xlsx ods ppt pptx odp
    epub eps ai ps icc icm cube ics vcf srt sub vtt
""")
ARCHIVES = _endings("""
    zip tar gz tgz bz2 xz zst 7z rar iso dmg exe msi dll so jar apk deb rpm torrent sha1 sha256 md5
    par2 sfv
""")
OTHERS = FILMS_AND_SOUND | SIDECARS_AND_DATA | DOCUMENTS | ARCHIVES


class Ending(StrEnum):
    """What a file's name says about it."""

    PHOTO = "photo"  # taken
    OTHER = "other"  # left alone
    UNKNOWN = "unknown"  # its first bytes decide


def ending_of(name: str) -> Ending:
    """Return what the part after the last dot says, ignoring case. `name` may be a whole path."""
    _, dot, suffix = name.rpartition("/")[2].rpartition(".")
    if not dot:
        return Ending.UNKNOWN
    suffix = suffix.lower()
    if suffix in PHOTOS:
        return Ending.PHOTO
    return Ending.OTHER if suffix in OTHERS else Ending.UNKNOWN


def is_sidecar(path: Path) -> bool:
    """Return whether the name is that of an XMP file, which goes with a photo, and no hidden
    one."""
    return path.suffix.lower() == ".xmp" and not path.name.startswith(".")


def head_of(path: Path) -> bytes:
    """Read the first bytes of a regular file, empty for anything else. Never waits for a FIFO's
    writer.

    Raises `OSError`.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return b""
        return os.read(descriptor, HEAD)
    finally:
        os.close(descriptor)


@dataclass(frozen=True, slots=True)
class _LeftAlone:
    signature: Signature
    picture: str | None  # how it is called, where it is a picture all the same


class Recogniser:
    """Decides by content where the name does not, and remembers what it left alone, so that a
    rescan opens no file that has not changed. Used by several threads."""

    def __init__(self, most: int = MOST_REMEMBERED) -> None:
        self._left_alone: OrderedDict[Path, _LeftAlone] = OrderedDict()
        self._most = most
        self._reads_jxl = installation.has("pillow_jxl")

    def left_alone(self, path: Path, signature: Signature) -> bool:
        """Return whether the content of this very version was looked at before and was no photo."""
        known = self._left_alone.get(path)
        return known is not None and known.signature == signature

    def unread(self) -> Mapping[str, int]:
        """Count the pictures that tagd does not read, by kind, the most first."""
        kinds = (file.picture for file in tuple(self._left_alone.values()))
        return dict(Counter(filter(None, kinds)).most_common())

    def forget_but(self, met: Collection[Path], top: Path) -> None:
        """Note that a scan of all below `top` met only these of what is left alone there."""
        for path in tuple(self._left_alone):
            if path not in met and path.is_relative_to(top):
                self._left_alone.pop(path, None)

    def forget(self, path: Path) -> None:
        """Forget a file that is there no more, or not under this name."""
        self._left_alone.pop(path, None)

    def is_photo(self, path: Path, signature: Signature) -> bool:
        """Return whether to take the file, opening it only where its ending is not known.

        What cannot be read and is not called a photo either is left alone.
        """
        ending = ending_of(os.fspath(path))
        if ending is not Ending.UNKNOWN:
            return ending is Ending.PHOTO
        if self.left_alone(path, signature):
            return False
        try:
            head = head_of(path)
        except OSError:
            head = b""
        kind = sniff(head)
        if kind == "JXL" and not self._reads_jxl:
            self._remember(path, _LeftAlone(signature, "JPEG XL"))
        elif kind is None:
            self._remember(path, _LeftAlone(signature, strange_picture(head)))
        else:
            self._left_alone.pop(path, None)
            return True
        return False

    def _remember(self, path: Path, left: _LeftAlone) -> None:
        self._left_alone[path] = left
        if len(self._left_alone) > self._most:
            self._left_alone.popitem(last=False)
