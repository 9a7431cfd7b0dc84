"""What a file is, by its content: names and endings are not believed."""

from __future__ import annotations

import re
from typing import Final

# The RAW kinds, each with the program's own name for it. TIFF-based ones share the head of a TIFF
# and are told apart by their tags (see `tagd.containers.recognise`).
RAW_FORMATS: Final = frozenset({"CR2", "CR3", "NEF", "ARW", "DNG", "RAF", "ORF", "RW2"})
FORMATS: Final = (
    frozenset({"JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "HEIF", "AVIF", "JXL"}) | RAW_FORMATS
)

_STARTS: Final = (
    (b"\xff\xd8\xff", "JPEG"),
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"GIF87a", "GIF"),
    (b"GIF89a", "GIF"),
    (b"FUJIFILMCCD-RAW", "RAF"),
    (b"IIRO", "ORF"),
    (b"IIRS", "ORF"),
    (b"MMOR", "ORF"),
    (b"IIU\0", "RW2"),
    (b"II*\0", "TIFF"),
    (b"MM\0*", "TIFF"),
    (b"II+\0", "TIFF"),  # BigTIFF
    (b"MM\0+", "TIFF"),
    (b"\0\0\0\x0cJXL \r\n\x87\n", "JXL"),
    (b"\xff\x0a", "JXL"),
)
# Brands of ISO 14496-12 file types (registered at mp4ra.org); mif1 and msf1 say nothing of the
# codec, so that the brands after them decide.
_BRANDS: Final = {
    b"avif": "AVIF",
    b"avis": "AVIF",
    b"heic": "HEIF",
    b"heix": "HEIF",
    b"heim": "HEIF",
    b"heis": "HEIF",
    b"hevc": "HEIF",
    b"hevx": "HEIF",
    b"hevm": "HEIF",
    b"hevs": "HEIF",
    b"crx ": "CR3",
}
_NEUTRAL_BRANDS: Final = frozenset({b"mif1", b"msf1"})
_DIB_HEADERS: Final = frozenset({12, 16, 40, 52, 56, 64, 108, 124})

# What people put among their photos, for a reason that tells them what they have there; and how the
# pictures among it are called where they are counted.
_STRANGERS: Final = (
    (b"\0\0\0\x0cjP  ", "a JPEG 2000 image", "JPEG 2000"),
    (b"\xff\x4f\xff\x51", "a JPEG 2000 image", "JPEG 2000"),
    (b"8BPS", "a Photoshop document", "Photoshop"),
    (b"gimp xcf", "a GIMP document", "GIMP"),
    (b"FOVb", "a Sigma RAW image", "Sigma RAW"),
    (b"\0\0\x01\0", "an icon", "icons"),
    (b"DDS ", "a texture (DDS)", "DDS"),
    (b"\x76\x2f\x31\x01", "an OpenEXR image", "OpenEXR"),
    (b"%PDF", "a PDF document", ""),
    (b"%!PS", "a PostScript document", ""),
    (b"\xc5\xd0\xd3\xc6", "a PostScript document", ""),
    (b"PK\x03\x04", "a ZIP archive or an office document", ""),
    (b"\x1f\x8b", "a gzip archive", ""),
    (b"7z\xbc\xaf", "a 7-Zip archive", ""),
    (b"Rar!", "a RAR archive", ""),
    (b"\x1aE\xdf\xa3", "a video (Matroska or WebM)", ""),
    (b"\0\0\x01\xba", "a video (MPEG)", ""),
    (b"\x7fELF", "a program", ""),
    (b"MZ", "a program", ""),
    (b"ID3", "an audio file", ""),
    (b"OggS", "an audio file", ""),
    (b"SQLite format 3", "an SQLite database", ""),
)
_MARKUP: Final = re.compile(rb"(?i)\A(?:\xef\xbb\xbf)?\s*<(?:!doctype html|html|svg|\?xml)")
_NOT_TEXT: Final = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")


def sniff(head: bytes) -> str | None:
    """Return the format that a file begins with (32 bytes or more of it), or None when it is none
    of ours.

    TIFF-based RAW files other than CR2 come out as TIFF: only their tags tell them apart.
    """
    for start, name in _STARTS:
        if head.startswith(start):
            # Canon marks its TIFF-based RAW right behind the TIFF header.
            return "CR2" if name == "TIFF" and head[8:10] == b"CR" else name
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "WEBP"
    if head[4:8] == b"ftyp":
        return _sniff_brands(head)
    # Two letters alone would make an image of many a text.
    if head.startswith(b"BM") and int.from_bytes(head[14:18], "little") in _DIB_HEADERS:
        return "BMP"
    return None


def _sniff_brands(head: bytes) -> str | None:
    major = head[8:12]
    if major not in _NEUTRAL_BRANDS:
        return _BRANDS.get(major)
    # A longer list than this is no honest file's.
    end = min(int.from_bytes(head[:4], "big"), len(head), 256)
    compatible = {head[at : at + 4] for at in range(16, end - 3, 4)}
    for brand, name in _BRANDS.items():
        if brand in compatible:
            return name
    return "HEIF"


def stranger(head: bytes) -> tuple[str, bool]:
    """Describe what `sniff` does not know, in words, and whether it is an image.

    Takes the first 512 bytes or so.
    """
    for start, words, picture in _STRANGERS:
        if head.startswith(start):
            return words, bool(picture)
    if _is_svg(head):
        return "an SVG drawing", True
    return _no_image(head), False


def strange_picture(head: bytes) -> str | None:
    """Name a picture that `sniff` does not know, such as Photoshop; None for anything else."""
    found = (picture for start, _, picture in _STRANGERS if head.startswith(start))
    return "SVG" if _is_svg(head) else next(found, "") or None


def _is_svg(head: bytes) -> bool:
    return _MARKUP.match(head) is not None and b"<svg" in head.lower()


def _no_image(head: bytes) -> str:
    if head[4:8] == b"ftyp":
        return "a video or another media file"
    if head.startswith(b"RIFF"):
        return "an audio or video file (RIFF)"
    if _MARKUP.match(head):
        return "a web page or XML"
    if not head.strip(b"\0"):
        return "nothing but zeros"
    return "data of an unknown kind" if _NOT_TEXT.search(head) else "text"
