"""Photos of every kind that keywords are written into, each with what others keep in it.

MakerNotes are opaque bytes with offsets of their own, as the makers' are.
"""

from __future__ import annotations

import hashlib
import io
import struct
import zlib
from collections.abc import Iterator
from functools import cache
from typing import Any

import pillow_heif
from PIL import Image, ImageCms

from tests.photos import cat, coffee

SMALL = (64, 48)
EXIF, XMP = b"Exif\0\0", b"http://ns.adobe.com/xap/1.0/\0"
EXTENSION = b"http://ns.adobe.com/xmp/extension/\0"
MAKERS = {
    "canon": b"",
    "nikon": b"Nikon\0\x02\x10\0\0MM\0*\0\0\0\x08",
    "fujifilm": b"FUJIFILM\x0c\0\0\0",
    "olympus": b"OLYMP\0\x01\0",
    "sony": b"SONY DSC \0\0\0",
    "panasonic": b"Panasonic\0\0\0",
    "apple": b"Apple iOS\0\0\x01MM",
    "pentax": b"AOC\0MM",
}
LIGHTROOM = (
    b"""<?xpacket begin="\xef\xbb\xbf" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/" x:xmptk="Adobe XMP Core 7.0-c000">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about=""
    xmlns:xmp="http://ns.adobe.com/xap/1.0/"
    xmlns:crs="http://ns.adobe.com/camera-raw-settings/1.0/"
    xmlns:dc="http://purl.org/dc/elements/1.1/"
    xmlns:xmpMM="http://ns.adobe.com/xap/1.0/mm/"
    xmlns:stEvt="http://ns.adobe.com/xap/1.0/sType/ResourceEvent#"
   xmp:CreatorTool="Adobe Photoshop Lightroom 6.0"
   xmp:Rating="4"
   crs:Exposure2012="+0.35">
   <dc:subject>
    <rdf:Bag>
     <rdf:li>Holiday</rdf:li>
     <rdf:li>CAT</rdf:li>
    </rdf:Bag>
   </dc:subject>
   <xmpMM:History>
    <rdf:Seq>
     <rdf:li stEvt:action="saved" stEvt:changed="/"/>
    </rdf:Seq>
   </xmpMM:History>
  </rdf:Description>
 </rdf:RDF>
</x:xmpmeta>
"""
    + b" " * 400
    + b'<?xpacket end="w"?>'
)


def encoded(image: Image.Image, kind: str, **options: Any) -> bytes:
    """The picture as a file of this kind."""
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


@cache
def small(mode: str = "RGB") -> Image.Image:
    """Chelsea, small."""
    return cat().resize(SMALL).convert(mode)


def app(number: int, body: bytes) -> bytes:
    """A JPEG segment."""
    return bytes([0xFF, 0xE0 + number]) + struct.pack(">H", 2 + len(body)) + body


def chunk(kind: bytes, body: bytes) -> bytes:
    """A PNG chunk."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def exif(
    order: str = "<", *, maker: str = "", thumbnail: bytes = b"", comment: bytes = b""
) -> bytes:
    """An EXIF block as cameras write it: two directories, MakerNotes, and a thumbnail."""
    mark = b"II*\0" if order == "<" else b"MM\0*"
    first: list[tuple[int, int, bytes]] = [
        (0x010F, 2, (maker or "tagd").encode() + b"\0"),
        (0x0110, 2, b"Test 1\0"),
        (0x0112, 3, struct.pack(order + "H", 6)),
        (0x011A, 5, struct.pack(order + "2I", 72, 1)),
    ]
    details = [
        (0x829A, 5, struct.pack(order + "2I", 1, 125)),
        (0x9003, 2, b"2024:05:06 07:08:09\0"),
    ]
    if comment:
        details.append((0x9286, 7, comment))
    place = 8 + _size([*first, (0x8769, 4, bytes(4))])
    if maker:
        at = (
            place
            + 2
            + 12 * (len(details) + 1)
            + 4
            + sum(len(v) for _, _, v in details if len(v) > 4)
        )
        details.append((0x927C, 7, maker_note(MAKERS[maker], at, order)))
    details.sort()
    sub = directory(order, place, details, 0)
    behind = place + len(sub) if thumbnail else 0
    first.append((0x8769, 4, struct.pack(order + "I", place)))
    block = mark + struct.pack(order + "I", 8) + directory(order, 8, first, behind) + sub
    if thumbnail:
        start = behind + 2 + 12 * 2 + 4
        entries = [
            (0x0201, 4, struct.pack(order + "I", start)),
            (0x0202, 4, struct.pack(order + "I", len(thumbnail))),
        ]
        block += directory(order, behind, entries, 0) + thumbnail
    return block


def maker_note(head: bytes, at: int, order: str) -> bytes:
    """A directory of one value, found by its offset from the start of the EXIF block."""
    value = b"opaque, and found from afar\0"
    start = at + len(head) + 2 + 12 + 4
    entry = struct.pack(order + "HHII", 1, 7, len(value), start)
    return head + struct.pack(order + "H", 1) + entry + bytes(4) + value


def _size(entries: list[tuple[int, int, bytes]]) -> int:
    return 6 + 12 * len(entries) + sum(len(value) for _, _, value in entries if len(value) > 4)


def directory(order: str, at: int, entries: list[tuple[int, int, bytes]], following: int) -> bytes:
    """A TIFF directory at this place, its values behind it."""
    widths = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 7: 1, 10: 8, 11: 4, 12: 8}
    rows, values = b"", b""
    behind = at + 2 + 12 * len(entries) + 4
    for tag, kind, value in entries:
        rows += struct.pack(order + "HHI", tag, kind, len(value) // widths[kind])
        if len(value) <= 4:
            rows += value.ljust(4, b"\0")
        else:
            rows += struct.pack(order + "I", behind + len(values))
            values += value
    return (
        struct.pack(order + "H", len(entries)) + rows + struct.pack(order + "I", following) + values
    )


def with_segments(jpeg: bytes, *segments: bytes) -> bytes:
    """The JPEG with these segments first."""
    return jpeg[:2] + b"".join(segments) + jpeg[2:]


def iptc(*keywords: bytes, utf8: bool = True) -> bytes:
    """An APP13 with IPTC, and another of Photoshop's resources beside it."""
    block = b"\x1c\x01\x5a\0\x03\x1b%G" if utf8 else b""
    block += b"\x1c\x02\x78\0\x07caption" + b"\x1c\x02\x00\0\x02\0\x04"
    for each in keywords:
        block += b"\x1c\x02\x19" + struct.pack(">H", len(each)) + each
    block += b"\0" * (len(block) % 2)
    resource = b"8BIM\x04\x04\0\0" + struct.pack(">I", len(block)) + block
    other = b"8BIM\x03\xed\0\0" + struct.pack(">I", 16) + bytes(range(16))
    return app(13, b"Photoshop 3.0\0" + other + resource)


def extended_xmp() -> tuple[bytes, bytes]:
    """A standard packet that names an extended one, and that one's segments, in two portions."""
    far = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description xmlns:GDepth="http://ns.google.com/photos/1.0/depthmap/" GDepth:Data="'  # noqa: E501
    far += b"QUJD" * 20_000 + b'"/></rdf:RDF></x:xmpmeta>'
    guid = hashlib.md5(far).hexdigest().upper().encode()
    note = (
        b'xmlns:xmpNote="http://ns.adobe.com/xmp/note/" xmpNote:HasExtendedXMP="'
        + guid
        + b'"\n   xmp:CreatorTool'
    )
    main = LIGHTROOM.replace(b"xmp:CreatorTool", note, 1)
    segments = b""
    for at in (0, 60_000):
        head = EXTENSION + guid + struct.pack(">II", len(far), at)
        segments += app(1, head + far[at : at + 60_000])
    return main, segments


def mpf(jpeg: bytes, second: bytes, *, before: bytes = b"") -> bytes:
    """A JPEG with a second picture behind it, found by its distance from the index."""
    size = 4 + 4 + 82  # marker and length, MPF mark, the index
    at_index = 2 + len(before) + 4 + 4
    total = len(jpeg) + len(before) + size
    entries = struct.pack(">IIIHH", 0x030000, total, 0, 0, 0)
    entries += struct.pack(">IIIHH", 0, len(second), total - at_index, 0, 0)
    index = b"MM\0*" + struct.pack(">I", 8) + struct.pack(">H", 3)
    index += struct.pack(">HHI4s", 0xB000, 7, 4, b"0100") + struct.pack(">HHII", 0xB001, 4, 1, 2)
    index += struct.pack(">HHII", 0xB002, 7, 32, 50) + bytes(4) + entries
    return with_segments(jpeg, before, app(2, b"MPF\0" + index)) + second


def samsung(*parts: bytes) -> bytes:
    """Samsung's trailer: its parts, and a directory that measures back to them."""
    body, entries = b"".join(parts), b""
    for number, part in enumerate(parts):
        distance = len(body) - len(b"".join(parts[:number]))
        entries += struct.pack("<HHII", 0, 0x0A30, distance, len(part))
    directory = b"SEFH" + struct.pack("<II", 106, len(parts)) + entries
    return body + directory + struct.pack("<I", len(directory)) + b"SEFT"


def _jpegs() -> Iterator[tuple[str, bytes]]:
    plain = encoded(small(), "JPEG")
    thumbnail = encoded(small().resize((16, 12)), "JPEG")
    icc = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    yield "plain.jpg", plain
    yield "progressive.jpg", encoded(small(), "JPEG", progressive=True)
    yield "grey.jpg", encoded(small("L"), "JPEG")
    yield "cmyk-adobe.jpg", encoded(small("CMYK"), "JPEG")
    yield "restarts.jpg", encoded(small(), "JPEG", restart_marker_blocks=4)
    yield "444.jpg", encoded(small(), "JPEG", subsampling=0)
    yield "icc.jpg", encoded(small(), "JPEG", icc_profile=icc)
    yield "icc-parts.jpg", encoded(small(), "JPEG", icc_profile=icc + bytes(80_000))
    yield "comment.jpg", encoded(small(), "JPEG", comment=b"grandma's garden")
    for order, name in (("<", "little"), (">", "big")):
        yield f"exif-{name}.jpg", with_segments(plain, app(1, EXIF + exif(order)))
        unicode = exif(order, comment=b"UNICODE\0" + "ねこ".encode("utf-16-be"))
        yield f"unicode-{name}.jpg", with_segments(plain, app(1, EXIF + unicode))
        block = exif(order, thumbnail=thumbnail)
        yield f"thumbnail-{name}.jpg", with_segments(plain, app(1, EXIF + block))
        for maker in MAKERS:
            block = exif(order, maker=maker, thumbnail=thumbnail)
            yield f"{maker}-{name}.jpg", with_segments(plain, app(1, EXIF + block))
    main, extension = extended_xmp()
    yield "lightroom.jpg", with_segments(plain, app(1, XMP + LIGHTROOM))
    yield "extended.jpg", with_segments(plain, app(1, XMP + main), extension)
    yield "mpf.jpg", mpf(plain, thumbnail)
    block = app(1, EXIF + exif(maker="sony"))
    yield "mpf-exif.jpg", mpf(plain, thumbnail, before=block)
    yield "mpf-xmp.jpg", mpf(plain, thumbnail, before=block + app(1, XMP + LIGHTROOM))
    roomy = LIGHTROOM.replace(b" " * 400, b" " * 4000)
    yield "mpf-roomy.jpg", mpf(with_segments(plain, app(1, XMP + roomy)), thumbnail)
    yield "motion.jpg", with_segments(plain, block) + b"\0\0\0\x18ftypmp42" + bytes(300)
    yield (
        "mpf-roomy-padded.jpg",
        mpf(with_segments(plain, app(1, XMP + roomy)), thumbnail) + bytes(40),
    )
    yield "samsung.jpg", with_segments(plain, block) + bytes(20) + samsung(b"video", b"name")
    yield "padded.jpg", plain + bytes(350)
    yield "stray.jpg", plain + b"\x14"
    yield "junk.jpg", plain[:20] + b"\0\0junk" + plain[20:]
    yield "iptc.jpg", with_segments(plain, iptc("猫".encode()))
    yield "iptc-ascii.jpg", with_segments(plain, iptc(b"old", utf8=False))


def _pngs() -> Iterator[tuple[str, bytes]]:
    plain = encoded(small(), "PNG")
    head, rest = plain[:33], plain[33:]
    packed = b"XML:com.adobe.xmp\0\1\0\0\0" + zlib.compress(LIGHTROOM)
    yield "plain.png", plain
    yield "grey16.png", encoded(small("L").convert("I;16"), "PNG")
    yield "alpha.png", encoded(small("RGBA"), "PNG")
    yield "palette.png", encoded(small("P"), "PNG", transparency=3)
    yield "exif.png", encoded(small(), "PNG", exif=EXIF + exif())
    yield "text.png", head + chunk(b"tEXt", b"Title\0garden") + rest
    yield "itxt.png", head + chunk(b"iTXt", b"Title\0\0\0en\0\0" + "庭".encode()) + rest
    lightroom = chunk(b"iTXt", b"XML:com.adobe.xmp\0" + bytes(4) + LIGHTROOM)
    yield "lightroom.png", head + lightroom + rest
    yield "packed.png", head + chunk(b"iTXt", packed) + rest
    yield (
        "animated.png",
        encoded(small(), "PNG", save_all=True, append_images=[coffee().resize(SMALL)]),
    )
    yield "padded.png", plain + bytes(350)
    yield "apple.png", head + chunk(b"iDOT", bytes(28)) + rest


def _webps() -> Iterator[tuple[str, bytes]]:
    more: dict[str, Any] = {"save_all": True, "append_images": [coffee().resize(SMALL)]}
    yield "lossy.webp", encoded(small(), "WEBP")
    yield "lossless.webp", encoded(small(), "WEBP", lossless=True)
    yield "alpha.webp", encoded(small("RGBA"), "WEBP")
    yield "lossless-alpha.webp", encoded(small("RGBA"), "WEBP", lossless=True)
    yield "animated.webp", encoded(small(), "WEBP", **more)
    yield "exif.webp", encoded(small(), "WEBP", exif=exif())
    yield "lightroom.webp", encoded(small(), "WEBP", xmp=LIGHTROOM, exif=exif())


def _heifs() -> Iterator[tuple[str, bytes]]:
    icc = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for kind, ending in (("HEIF", "heic"), ("AVIF", "avif")):
        yield f"plain.{ending}", _heif("RGB", kind)
        yield f"alpha.{ending}", _heif("RGBA", kind)
        yield f"icc.{ending}", _heif("RGB", kind, icc_profile=icc)
        yield f"exif.{ending}", _heif("RGB", kind, exif=EXIF + exif(maker="apple"))
        yield f"full.{ending}", _heif("RGB", kind, exif=EXIF + exif(), xmp=LIGHTROOM)
    more: dict[str, Any] = {"exif": EXIF + exif(maker="canon"), "icc_profile": icc}
    yield "grid.heic", _heif("RGB", "HEIF", tile_size=64, size=(192, 128), **more)
    several: dict[str, Any] = {"save_all": True, "append_images": [coffee().resize(SMALL)]}
    yield "several.heic", _heif("RGB", "HEIF", **several)
    yield "thumbnail.heic", _heif("RGB", "HEIF", thumbnail=32, size=(192, 128))
    yield "motion.heic", _heif("RGB", "HEIF") + struct.pack(">I4s", 308, b"mpvd") + bytes(300)


def _heif(mode: str, kind: str, *, size: tuple[int, int] = SMALL, **options: Any) -> bytes:
    pillow_heif.register_heif_opener()
    picture = cat().resize(size).convert(mode)
    picture.info.clear()  # the sample has XMP of its own
    if mode == "RGBA":
        picture.putalpha(Image.linear_gradient("L").resize(size))
    if "thumbnail" in options:
        file = pillow_heif.from_pillow(picture)
        file.info["thumbnails"] = [options.pop("thumbnail")]
        buffer = io.BytesIO()
        file.save(buffer)
        return buffer.getvalue()
    return encoded(picture, kind, **options)


def _tiffs() -> Iterator[tuple[str, bytes]]:
    more: dict[str, Any] = {"save_all": True, "append_images": [coffee().resize(SMALL)]}
    yield "plain.tif", encoded(small(), "TIFF")
    yield "lzw.tif", encoded(small(), "TIFF", compression="tiff_lzw")
    yield "deflate.tif", encoded(small("L"), "TIFF", compression="tiff_adobe_deflate")
    yield "pages.tif", encoded(small(), "TIFF", **more)
    yield "pages-xmp.tif", _tiff_of_pages(LIGHTROOM, LIGHTROOM.replace(b"Holiday", b"Travel!"))
    yield "pages-xmp-behind.tif", _tiff_of_pages(None, LIGHTROOM)
    yield "private.tif", _tiff_with_private_data()
    yield "lightroom.tif", _tiff_of_pages(LIGHTROOM)
    yield "lightroom-big.tif", _tiff_of_pages(LIGHTROOM, order=">")


def _tiff_of_pages(*packets: bytes | None, order: str = "<") -> bytes:
    """Gray pages, each with its packet: the pictures first and in a row, as ImageJ has them."""
    size = SMALL[0] * SMALL[1]
    pictures = b"".join(bytes([17 * number % 256]) * size for number in range(len(packets)))
    data = struct.pack(f"{order}2sHI", b"II" if order == "<" else b"MM", 42, 8 + len(pictures))
    data += pictures

    def number(value: int) -> bytes:
        return struct.pack(order + "I", value)

    for page, packet in enumerate(packets):
        rows = [
            (256, 4, number(SMALL[0])),
            (257, 4, number(SMALL[1])),
            (258, 3, struct.pack(order + "H", 8)),
            (259, 3, struct.pack(order + "H", 1)),
            (262, 3, struct.pack(order + "H", 1)),
            (271, 2, b"Test 1\0"),
            (273, 4, number(8 + page * size)),
            (277, 3, struct.pack(order + "H", 1)),
            (278, 4, number(SMALL[1])),
            (279, 4, number(size)),
            *([(700, 1, packet)] if packet else []),
        ]
        length = len(directory(order, len(data), rows, 0))
        following = len(data) + length if page + 1 < len(packets) else 0
        data += directory(order, len(data), rows, following)
    return data


def _tiff_with_private_data() -> bytes:
    """A tag says where bytes lie that nobody else knows of, as makers do."""
    data = _tiff_of_pages(None)
    pointing = data[8:].replace(b"Test 1\0", struct.pack("<I", len(data)) + b"at\0")
    return data[:8] + pointing + b"!" * 99


SPLICED: dict[str, bytes] = dict((*_jpegs(), *_pngs(), *_webps(), *_heifs(), *_tiffs()))
