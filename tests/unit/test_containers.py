from __future__ import annotations

import contextlib
import io
import struct
import time
from collections.abc import Callable
from functools import cache

import numpy as np
import pillow_heif
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import Image

from tagd.containers import (
    DamagedContainer,
    Segment,
    TruncatedContainer,
    bmff,
    gif,
    jpeg,
    payload_hash,
    payload_spans,
    png,
    recognise,
    require_whole,
    sniff,
    strange_picture,
    stranger,
    strict_spans,
    tiff,
    webp,
)
from tagd.containers.boxes import boxes
from tests.corpus import app, chunk
from tests.dng import dng
from tests.photos import cat, coffee
from tests.tiffs import laid_out, page

pillow_heif.register_heif_opener()

EXIF = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x0f\0\x02\0\0\0\x04tgd\0\0\0\0\0"


@cache
def encoded(name: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    cat().resize((64, 48)).save(buffer, name, **options)
    return buffer.getvalue()


def box(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", 8 + len(body)) + kind + body


def kinds(segments: list[Segment]) -> list[str]:
    return [each.kind for each in segments]


# What a file is


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (b"\xff\xd8\xff\xe1", "JPEG"),
        (b"\x89PNG\r\n\x1a\n", "PNG"),
        (b"GIF87a", "GIF"),
        (b"GIF89a", "GIF"),
        (b"RIFF\x10\0\0\0WEBPVP8 ", "WEBP"),
        (b"BM" + bytes(12) + b"\x28\0\0\0", "BMP"),
        (b"II*\0\x08\0\0\0", "TIFF"),
        (b"MM\0*\0\0\0\x08", "TIFF"),
        (b"II+\0\x08\0\0\0", "TIFF"),
        (b"II*\0\x10\0\0\0CR\x02\0", "CR2"),
        (b"\0\0\0\x18ftypcrx \0\0\0\x01crx isom", "CR3"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "HEIF"),
        (b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic", "HEIF"),
        (b"\0\0\0\x18ftypmif1\0\0\0\0mif1avif", "AVIF"),
        (b"\0\0\0\x18ftypavif\0\0\0\0avifmif1", "AVIF"),
        (b"FUJIFILMCCD-RAW 0201", "RAF"),
        (b"IIRO\x08\0\0\0", "ORF"),
        (b"IIRS\x08\0\0\0", "ORF"),
        (b"MMOR\0\0\0\x08", "ORF"),
        (b"IIU\0\x18\0\0\0", "RW2"),
        (b"\0\0\0\x0cJXL \r\n\x87\n", "JXL"),
        (b"\xff\x0aX\t", "JXL"),
        (b"BM is how this text begins, and nothing else", None),
        (b"\0\0\0\x18ftypisom\0\0\0\0isommp42", None),
        (b"RIFF\x10\0\0\0AVI LIST", None),
        (b"%!PS-Adobe-3.0 EPSF-3.0", None),
        (b"a text", None),
        (b"", None),
    ],
)
def test_a_file_is_known_by_its_head(head: bytes, name: str | None) -> None:
    assert sniff(head.ljust(32, b"\0") if head else head) == name


@pytest.mark.parametrize(("make", "name"), [("NIKON", "NEF"), ("SONY", "ARW"), ("PENTAX", "RAW")])
def test_raw_kinds_of_tiff_structure_are_told_apart_by_their_makers(make: str, name: str) -> None:
    like_dng = dng(cat().resize((64, 48)), preview=coffee().resize((64, 48)), make=make)
    # The same directory without the tag that says that it is a DNG.
    assert recognise(like_dng) == "DNG"
    assert recognise(like_dng.replace(struct.pack("<HHI", 50706, 1, 4), bytes(8))) == name
    assert recognise(encoded("TIFF")) == "TIFF"


@pytest.mark.parametrize(
    ("head", "words", "is_image"),
    [
        (b"Dear diary, today", "text", False),
        ("gr\u00fc\u00dfe".encode(), "text", False),
        (b"%PDF-1.7", "a PDF document", False),
        (b"<html><body>", "a web page or XML", False),
        (b"<?xml version='1.0'?><svg xmlns=''>", "an SVG drawing", True),
        (b"\0\0\0\x18ftypisom", "a video or another media file", False),
        (b"\0\0\0\x0cjP  \r\n", "a JPEG 2000 image", True),
        (bytes(512), "nothing but zeros", False),
        (b"\x01\x02\x03", "data of an unknown kind", False),
    ],
)
def test_strangers_are_named(head: bytes, words: str, is_image: bool) -> None:
    assert stranger(head) == (words, is_image)
    assert bool(strange_picture(head)) == is_image


# Segments


SEGMENTS: dict[str, Callable[[bytes], list[Segment]]] = {
    "JPEG": jpeg.segments,
    "PNG": png.segments,
    "WEBP": webp.segments,
    "HEIF": boxes,
    "AVIF": boxes,
    "GIF": gif.segments,
}


def tiles(data: bytes, segments: list[Segment]) -> bool:
    """Whether the segments follow one another without a gap and cover the file."""
    ends = [0, *(each.end for each in segments)]
    inside = all(each.start <= each.body <= each.body_end <= each.end for each in segments)
    return inside and ends[:-1] == [each.start for each in segments] and ends[-1] == len(data)


@pytest.mark.parametrize("name", SEGMENTS)
def test_segments_cover_the_file(name: str) -> None:
    data = encoded(name) + (b"" if name in {"HEIF", "AVIF"} else b"a trailer")
    assert tiles(data, SEGMENTS[name](data))


def test_the_segments_of_a_jpeg_are_named_and_located() -> None:
    plain = encoded("JPEG", progressive=True)
    data = plain[:2] + app(1, EXIF) + b"\xff\xff\xff" + plain[2:] + b"after the end"
    segments = jpeg.segments(data)
    assert kinds(segments)[:5] == ["SOI", "APP1", "JUNK", "APP0", "DQT"]
    assert kinds(segments).count("SCAN") == kinds(segments).count("SOS") > 5
    assert kinds(segments)[-2:] == ["EOI", "TRAILER"]
    assert data[segments[1].body : segments[1].body_end] == EXIF


@pytest.mark.parametrize("name", ["JPEG", "PNG", "WEBP"])
def test_every_shortened_file_is_truncated(name: str) -> None:
    data = encoded(name)
    parse = SEGMENTS[name]
    for length in range(12, len(data)):
        with pytest.raises(TruncatedContainer):
            parse(data[:length])


def test_a_shortened_heif_is_truncated() -> None:
    data = encoded("HEIF")
    for length in range(len(data) // 2, len(data)):
        with pytest.raises(TruncatedContainer):
            strict_spans(data[:length])


def test_a_tiff_whose_strips_are_cut_off_is_truncated() -> None:
    data = dng(cat().resize((64, 48)))
    require_whole(data, "DNG")
    with pytest.raises(TruncatedContainer):
        require_whole(data[:-10], "DNG")


# Identity


def with_metadata(name: str) -> bytes:
    """The file with metadata put in by hand, its pixels as they were."""
    data = encoded(name)
    if name == "JPEG":
        comment = b"\xff\xfe" + struct.pack(">H", 7) + b"hello"
        start = data[:2] + app(1, EXIF) + app(13, b"Photoshop 3.0\0") + comment
        return start + data[2:] + encoded("JPEG", quality=5)
    if name == "PNG":
        return data[:33] + chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0<x/>") + data[33:] + b"more"
    if name == "WEBP":
        extended = struct.pack("<I", 0x0C) + (63).to_bytes(3, "little") + (47).to_bytes(3, "little")
        added = b"EXIF" + struct.pack("<I", len(EXIF)) + EXIF + bytes(len(EXIF) % 2)
        body = b"WEBPVP8X" + struct.pack("<I", 10) + extended + data[12:] + added
        return b"RIFF" + struct.pack("<I", len(body)) + body
    # Their encoders are deterministic.
    return encoded(name, exif=EXIF)


@pytest.mark.parametrize("name", sorted(SEGMENTS.keys() - {"GIF"}))
def test_metadata_leaves_the_identity_and_pixels_change_it(name: str) -> None:
    plain, edited = encoded(name), with_metadata(name)
    assert edited != plain
    assert np.array_equal(
        np.asarray(Image.open(io.BytesIO(plain)).convert("RGB")),
        np.asarray(Image.open(io.BytesIO(edited)).convert("RGB")),
    )
    assert payload_hash(edited) == payload_hash(plain)
    assert payload_hash(encoded(name, quality=20, compress_level=1)) != payload_hash(plain)


@pytest.mark.parametrize("data", [b"GIF89a and so on", b"II*\0", b"a text", b""])
def test_what_has_no_structure_is_identified_by_all_of_its_bytes(data: bytes) -> None:
    assert payload_spans(data) == [(0, len(data))]


def test_identities_are_stable_across_releases() -> None:
    # They are stored: a change of these orphans every tag of every catalogue.
    frame = b"\xff\xc0\0\x11\x08\0\x10\0\x10\x03\x01\x22\0\x02\x11\x01\x03\x11\x01"
    picture = b"\xff\xd8" + app(0, b"JFIF\0") + frame + b"\xff\xda\0\x02data\xff\xd9"
    assert payload_hash(picture) == "8cecfc3fd9d613450af4510b940a8e25"
    assert (
        payload_hash(png.SIGNATURE + chunk(b"IHDR", b"x") + chunk(b"IEND", b""))
        == "17bf6cd693aac8827f5bbf13bf105121"
    )
    assert (
        payload_hash(b"RIFF\x10\0\0\0WEBPVP8 \x04\0\0\0data") == "a0e8cb290f93834f21a58e6f0cc1a63f"
    )
    assert payload_hash(b"GIF89a and so on") == "76dd665fea4a45f32eb1a1ad4d4b8124"
    frame = b",\0\0\0\0\1\0\1\0\0\2\1\x44\0;"
    assert payload_hash(b"GIF89a\1\0\1\0\0\0\0" + frame) == "3f2199db9540217eb002303ba61baf42"
    assert payload_hash(laid_out(page(4, b"abcd"))) == "ae9a5e151bd0c88d5fe51e764d7ebe96"
    bitmap = b"BM" + bytes(8) + b"\x36\0\0\0\x28\0\0\0" + bytes(36) + b"data"
    assert payload_hash(bitmap) == "4db1c041b604ce42ea2675a2cb95a420"


def test_adobes_transform_is_a_part_of_the_picture_only_where_it_says_something() -> None:
    def adobe(transform: int) -> bytes:
        return app(14, b"Adobe\0\x64\0\0\0\0" + bytes([transform]))

    data = encoded("JPEG")
    assert payload_hash(data[:2] + adobe(1) + data[2:]) == payload_hash(data)
    assert payload_hash(data[:2] + adobe(0) + data[2:]) != payload_hash(data)


def test_a_grid_is_identified_by_its_tiles() -> None:
    buffer = io.BytesIO()
    cat().resize((192, 128)).save(buffer, "HEIF", tile_size=64)
    data = buffer.getvalue()
    primary = bmff.primary(data)
    assert len(primary.spans) == 1 + 6
    assert primary.size == (192, 128)
    last_tile = primary.spans[-1][1] - 1
    changed = data[:last_tile] + bytes([data[last_tile] ^ 1]) + data[last_tile + 1 :]
    assert payload_hash(changed) != payload_hash(data)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_rotation_and_mirroring_of_a_container_are_read_as_an_orientation(
    orientation: int,
) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    # libavif turns the EXIF orientation into the container's own properties, and back.
    data = encoded("AVIF", exif=exif.tobytes())
    assert bmff.primary(data).orientation == orientation
    assert Image.open(io.BytesIO(data)).getexif().get(0x0112, 1) == orientation
    assert bmff.primary(data).size == (64, 48)


# Hostile bytes


def parses_or_objects(data: bytes) -> None:
    for parse in SEGMENTS.values():
        with contextlib.suppress(DamagedContainer):
            assert tiles(data, parse(data)) or not data
    for reader in (bmff.primary, tiff.first_directory, tiff.raw_kind, tiff.require_whole):
        with contextlib.suppress(DamagedContainer):
            reader(data)
    assert all(0 <= start <= end <= len(data) for start, end in payload_spans(data))
    assert len(payload_hash(data)) == 32
    assert recognise(data) is None or stranger(data)


HEADS = (
    b"",
    b"\xff\xd8\xff",
    png.SIGNATURE,
    b"RIFF\xff\0\0\0WEBP",
    b"\0\0\0\x14ftypheic\0\0\0\0heic",
    b"II*\0\x08\0\0\0",
    b"GIF89a",
    b"MM\0+\0\x08\0\0\0\0\0\0\0\0\0\x10",
)


@given(st.sampled_from(HEADS), st.binary(max_size=300))
@example(b"II*\0\xff\xff\xff\xff", b"")
@example(b"\xff\xd8", b"\xff")
def test_any_bytes_are_parsed_or_refused(head: bytes, rest: bytes) -> None:
    parses_or_objects(head + rest)


@given(
    st.sampled_from([*SEGMENTS, "TIFF", "BMP"]),
    st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), max_size=20),
    st.floats(0, 1),
)
def test_damaged_files_are_parsed_or_refused(
    name: str, changes: list[tuple[float, int]], kept: float
) -> None:
    data = bytearray(encoded(name))
    for place, value in changes:
        data[int(place * len(data))] = value
    parses_or_objects(bytes(data[: int(kept * len(data))]))


def _heif_of_empty_extents() -> bytes:
    # Each item has 65,535 extents that take no bytes at all.
    item = struct.pack(">HHH", 1, 0, 0xFFFF)
    iloc = box(b"iloc", bytes(4) + b"\0\0" + struct.pack(">H", 0xFFFF) + item * 0xFFFF)
    meta = box(b"meta", bytes(4) + box(b"pitm", bytes(4) + b"\0\x01") + iloc)
    return box(b"ftyp", b"heic\0\0\0\0heic") + meta


def _heif_of_equal_extents() -> bytes:
    # One item, whose every extent is the whole file.
    extents = struct.pack(">II", 0, 0) * 0xFFFF
    item = struct.pack(">HHH", 1, 0, 0xFFFF) + extents
    iloc = box(b"iloc", bytes(4) + b"\x44\0\0\x01" + item)
    meta = box(b"meta", bytes(4) + box(b"pitm", bytes(4) + b"\0\x01") + iloc)
    return box(b"ftyp", b"heic\0\0\0\0heic") + meta


def _tiff_of_equal_tags() -> bytes:
    count = 0xFFFF
    rows = struct.pack("<HHII", 273, 4, 150_000, 8) * count
    return b"II*\0\x08\0\0\0" + struct.pack("<H", count) + rows


def _tiff_of_overlapping_directories() -> bytes:
    """Ever so many parts, each of which would be a directory of ever so many tags."""
    parts = b"".join(struct.pack("<I", at) for at in range(200_000, 400_000))
    row = struct.pack("<HHII", 330, 4, len(parts) // 4, 26)
    return b"II*\0\x08\0\0\0\1\0" + row + bytes(4) + parts


@pytest.mark.parametrize(
    "data",
    [
        b"\xff\xd8" + b"\xff\x00" * 500_000,
        b"\xff\xd8" + b"\xff\xe0\0\x02" * 250_000,
        b"\xff\xd8" + b"\xff\xda\0\x02" * 250_000,
        png.SIGNATURE + chunk(b"IDAT", b"") * 100_000,
        b"RIFF\0\0\0\x40WEBP" + b"VP8 \0\0\0\0" * 150_000,
        b"\0\0\0\x0cftypheic" + b"\0\0\0\x08free" * 150_000,
        _heif_of_empty_extents(),
        _heif_of_equal_extents(),
        _tiff_of_equal_tags(),
        _tiff_of_overlapping_directories(),
        b"GIF89a\1\0\1\0\0\0\0" + b"\x21\xfe\0" * 150_000,
    ],
    ids=lambda data: f"{data[:8].hex()}-{len(data)}",
)
def test_files_made_to_waste_time_waste_little(data: bytes) -> None:
    """Measured by a loop over as many bytes, on whatever machine this is: the slowest takes 150
    times as long, and what looks at everything again and again would take 100,000 times."""
    loop = cpu_seconds(lambda: [None for _ in data])
    assert cpu_seconds(lambda: (payload_hash(data), recognise(data))) < 2_000 * loop


def cpu_seconds(work: Callable[[], object]) -> float:
    before = time.process_time()
    work()
    return time.process_time() - before
