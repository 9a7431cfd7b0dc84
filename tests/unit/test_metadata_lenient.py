"""What is sound is read beside whatever is not, and in every form in which programs write it."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import piexif
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tagd.containers import fields
from tagd.containers.tags import XP_KEYWORDS
from tagd.decoding.decode import DecodeLimits, decode
from tagd.metadata import reader
from tagd.metadata.keywords import Field
from tagd.metadata.reader import DateSource, FileTags
from tests.corpus import EXIF, LIGHTROOM, SPLICED, XMP, app, chunk, directory, with_segments

Entries = list[tuple[int, int, bytes]]

TAKEN = "2024-05-06T07:08:09"
PLACE = pytest.approx((37.5, -122.25))
SOUND = (
    (0x010F, 2, b"Ada\0"),
    (0x0110, 2, b"Model 1\0"),
    (0x4746, 3, struct.pack("<H", 4)),
    (XP_KEYWORDS, 1, "garden\0".encode("utf-16-le")),
)


def rationals(*numbers: tuple[int, int], signed: bool = False) -> bytes:
    return b"".join(struct.pack("<2i" if signed else "<2I", *each) for each in numbers)


GPS: Entries = [
    (1, 2, b"N\0"),
    (2, 5, rationals((37, 1), (30, 1), (0, 1))),
    (3, 2, b"W\0"),
    (4, 5, rationals((122, 1), (15, 1), (0, 1))),
]
DETAILS: Entries = [(0x9003, 2, b"2024:05:06 07:08:09\0")]


def block(
    *more: tuple[int, int, bytes], gps: Entries = GPS, details: Entries = DETAILS, rest: int = 0
) -> bytes:
    """EXIF with these tags beside sound ones, and with `rest` for its next directory."""

    def whole(exif_at: int, gps_at: int) -> bytes:
        pointers = [(0x8769, 4, struct.pack("<I", exif_at)), (0x8825, 4, struct.pack("<I", gps_at))]
        return directory("<", 8, [*SOUND, *more, *pointers], rest)

    exif_at = 8 + len(whole(0, 0))
    first = directory("<", exif_at, details, 0)
    gps_at = exif_at + len(first)
    return b"II*\0\x08\0\0\0" + whole(exif_at, gps_at) + first + directory("<", gps_at, gps, 0)


def photo(exif: bytes) -> bytes:
    return with_segments(SPLICED["plain.jpg"], app(1, EXIF + exif))


def of_gps(*entries: tuple[int, int, bytes]) -> FileTags:
    return reader.of_photo(photo(block(gps=list(entries))))


def is_all_there(said: FileTags) -> bool:
    return (
        said.camera == (DateSource.CAMERA, "Ada", "Model 1")
        and said.taken_at == TAKEN
        and said.rating == 4
        and said.place == PLACE
        and said.of(Field.WINDOWS) == ("garden",)
    )


def of_unknown_type(exif: bytes) -> bytes:
    return exif.replace(struct.pack("<HH", 0x013B, 2), struct.pack("<HH", 0x013B, 99))


def of_far_value(exif: bytes) -> bytes:
    at = exif.index(struct.pack("<HH", 0x013B, 2)) + 8
    return exif[:at] + b"\xff\xff\xff\x7f" + exif[at + 4 :]


def of_huge_count(exif: bytes) -> bytes:
    at = exif.index(struct.pack("<HH", 0x013B, 2)) + 4
    return exif[:at] + b"\xff\xff\xff\xff" + exif[at + 4 :]


@pytest.mark.parametrize(
    "exif",
    [
        pytest.param(block(), id="none"),
        pytest.param(block((0x010F, 2, b"Ada\0")), id="doubled tag"),
        pytest.param(of_unknown_type(block((0x013B, 2, b"artist\0"))), id="unknown type"),
        pytest.param(of_far_value(block((0x013B, 2, b"artist\0"))), id="value outside"),
        pytest.param(of_huge_count(block((0x013B, 2, b"artist\0"))), id="huge count"),
        pytest.param(
            block((513, 4, struct.pack("<I", 9000)), (514, 4, struct.pack("<I", 900))),
            id="thumbnail outside",
        ),
        pytest.param(block((513, 4, struct.pack("<I", 8))), id="thumbnail without length"),
        pytest.param(block(rest=60_000), id="next directory outside"),
        pytest.param(block(rest=8), id="next directory in a circle"),
        pytest.param(
            block(details=[*DETAILS, (0x927C, 7, b"Nikon\0" + b"\xff" * 40)]), id="MakerNote"
        ),
        pytest.param(block((0x014A, 4, struct.pack("<I", 8))), id="circle of directories"),
        pytest.param(b"junk" + block(), id="junk before"),
        pytest.param(EXIF + block(), id="doubled head"),
    ],
)
def test_one_flaw_costs_no_other_tag(exif: bytes) -> None:
    assert is_all_there(reader.of_photo(photo(exif)))


@pytest.mark.parametrize("flaw", [bytes, of_unknown_type, of_far_value, of_huge_count])
def test_a_picture_is_turned_whatever_else_is_wrong(
    tmp_path: Path, flaw: Callable[[bytes], bytes]
) -> None:
    exif = block((0x013B, 2, b"artist\0"), (0x0112, 3, struct.pack("<H", 6)))
    place = tmp_path / "a.jpg"
    place.write_bytes(photo(flaw(exif)))
    assert decode(place, [], DecodeLimits()).facts.orientation == 6


def test_of_two_blocks_both_are_read_and_the_later_counts() -> None:
    first = block(gps=GPS)
    second = piexif.dump({"0th": {piexif.ImageIFD.Make: b"Bob"}})
    said = reader.of_photo(
        with_segments(SPLICED["plain.jpg"], app(1, EXIF + first), app(1, second))
    )
    assert said.camera == (DateSource.CAMERA, "Bob", "Model 1")
    assert said.place == PLACE


@pytest.mark.parametrize(
    "pointer",
    [
        (0x8769, 5, rationals((0, 0))),
        (0x8769, 12, struct.pack("<d", float("inf"))),
        (0x8769, 12, struct.pack("<d", -8.0)),
        (0x8769, 2, b"eight\0"),
        (0x8825, 4, struct.pack("<I", 8)),
        (0x8825, 4, b""),
    ],
)
def test_a_pointer_that_makes_no_sense_leads_nowhere(pointer: tuple[int, int, bytes]) -> None:
    exif = b"II*\0\x08\0\0\0" + directory("<", 8, [*SOUND, pointer], 0)
    said = reader.of_photo(photo(exif))
    assert said.rating == 4
    assert said.place is None


@given(st.binary(max_size=60), st.integers(0, 20), st.sampled_from([b"II*\0", b"MM\0+", b"II+\0"]))
def test_noise_in_place_of_tags_raises_nothing(noise: bytes, at: int, head: bytes) -> None:
    fields.fields(head + struct.pack("<I", at) + noise)
    sound = block()
    said = fields.fields(sound[: 10 + at] + noise + sound[10 + at + len(noise) :])
    for each in said.values():
        assert isinstance(each.numbers(), tuple)
        assert each.text() is None or each.text()


def test_a_cut_directory_says_what_is_left_of_it() -> None:
    exif = block()
    assert reader.of_photo(photo(exif[: 8 + 2 + 12 * 3 + 5])).rating == 4


def test_what_a_jpeg_without_an_end_says_is_read() -> None:
    data = photo(block())
    assert is_all_there(reader.of_photo(data[: len(data) * 2 // 3]))


def test_every_page_but_the_first_may_be_broken() -> None:
    assert is_all_there(reader.of_photo(block(rest=4)))


@pytest.mark.parametrize("signed", [False, True])
def test_places_as_pairs_of_numbers_of_either_kind(signed: bool) -> None:
    kind = 10 if signed else 5
    latitude = rationals((37, 1), (30, 1), (0, 0), signed=signed)
    longitude = rationals((12225, 100), signed=signed)
    said = of_gps((1, 2, b"n\0"), (2, kind, latitude), (3, 2, b"West\0"), (4, kind, longitude))
    assert said.place == PLACE


@pytest.mark.parametrize(
    ("kind", "latitude", "longitude"),
    [
        (11, struct.pack("<3f", 37, 30, 0), struct.pack("<3f", -122, -15, 0)),
        (12, struct.pack("<d", 37.5), struct.pack("<d", -122.25)),
        (10, rationals((75, 2), signed=True), rationals((-489, 4), signed=True)),
        (2, b"37.5N\0", b"122,15W\0"),
    ],
)
def test_places_as_other_numbers(kind: int, latitude: bytes, longitude: bytes) -> None:
    assert of_gps((2, kind, latitude), (4, kind, longitude)).place == PLACE


def test_no_place_comes_from_nonsense() -> None:
    zero = rationals((0, 1), (0, 1), (0, 1))
    assert of_gps((1, 2, b"N\0"), (2, 5, zero), (3, 2, b"E\0"), (4, 5, zero)).place is None
    far = rationals((200, 1), (0, 1), (0, 1))
    assert of_gps(GPS[0], GPS[1], (3, 2, b"E\0"), (4, 5, far)).place is None
    assert of_gps(GPS[0], GPS[1]).place is None
    undefined = rationals((0, 0), (0, 0), (0, 0))
    assert of_gps((1, 2, b"N\0"), (2, 5, undefined), *GPS[2:]).place is None


GPS_TIME: Entries = [
    (7, 5, rationals((10, 1), (36, 1), (13, 1))),
    (29, 2, b"2020:02:13\0"),
]


@pytest.mark.parametrize(
    ("first", "details", "gps", "expected"),
    [
        ([], [(0x9004, 2, b"2019:07:04 11:22:33\0")], [], "2019-07-04T11:22:33"),
        ([(0x9003, 2, b"2019:07:04 11:22:33\0")], [], [], "2019-07-04T11:22:33"),
        ([], [], GPS_TIME, "2020-02-13T10:36:13Z"),
        ([(0x0132, 2, b"2021:01:01 00:00:00\0")], [], GPS_TIME, "2020-02-13T10:36:13Z"),
        ([(0x0132, 2, b"2021:01:01 00:00:00\0")], [], [], "2021-01-01T00:00:00"),
        (
            [(0x0132, 2, b"2021:01:01 00:00:00\0")],
            [*DETAILS, (0x9004, 2, b"2022:01:01 00:00:00\0")],
            GPS_TIME,
            TAKEN,
        ),
        ([], [*DETAILS, (0x9010, 2, b"+09:00\0")], [], TAKEN + "+09:00"),
        ([], [*DETAILS, (0x9010, 2, b"+01:00\0"), (0x9011, 2, b"-0330\0")], [], TAKEN + "-03:30"),
        ([], [*DETAILS, (0x9011, 2, b"+99:00\0")], [], TAKEN),
        (
            [],
            [(0x9003, 2, b"2024:02:30 25:61:00\0"), (0x9004, 2, b"2019:07:04 11:22:33\0")],
            [],
            "2019-07-04T11:22:33",
        ),
    ],
)
def test_the_date_that_knows_best_counts(
    first: Entries, details: Entries, gps: Entries, expected: str
) -> None:
    assert reader.of_photo(photo(block(*first, details=details, gps=gps))).taken_at == expected


def test_windows_stars_are_read() -> None:
    exif = piexif.dump({"0th": {0x4749: 75}})
    assert reader.of_photo(with_segments(SPLICED["plain.jpg"], app(1, exif))).rating == 4


BARE = LIGHTROOM[LIGHTROOM.index(b"<x:xmpmeta") : LIGHTROOM.index(b"</x:xmpmeta>") + 12]


def dataset(number: int, value: bytes) -> bytes:
    return struct.pack(">BBBH", 0x1C, 2, number, len(value)) + value


PRESS = (
    dataset(25, b"garden") + dataset(55, b"20240506") + dataset(60, b"070809") + dataset(25, b"ab")
)


def swapped(data: bytes) -> bytes:
    return b"".join(data[at : at + 4][::-1] for at in range(0, len(data), 4))


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("kind", [1, 4, 7])
@pytest.mark.parametrize("turned", [bytes, swapped])
def test_iptc_in_a_tiff_is_read_whatever_its_type(
    order: str, kind: int, turned: Callable[[bytes], bytes]
) -> None:
    press = turned(PRESS + bytes(-len(PRESS) % 4))
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", 8)
    said = reader.of_photo(head + directory(order, 8, [(0x83BB, kind, press)], 0))
    assert said.of(Field.IPTC) == ("garden", "ab")
    assert said.taken == (DateSource.PRESS, TAKEN)


def test_sound_datasets_before_a_damaged_one_are_read() -> None:
    press = PRESS + b"\x1c\x02\x19\xff\x00rest"
    resources = b"8BIM\x04\x04\0\0" + struct.pack(">I", len(press)) + press
    said = reader.of_photo(
        with_segments(SPLICED["plain.jpg"], app(13, b"Photoshop 3.0\0" + resources))
    )
    assert said.of(Field.IPTC) == ("garden", "ab")


def profile(name: bytes, body: bytes) -> bytes:
    digits = body.hex()
    lines = "\n".join(digits[at : at + 72] for at in range(0, len(digits), 72))
    return b"\n%s\n%8d\n%s\n" % (name, len(body), lines.encode())


@pytest.mark.parametrize("kind", ["tEXt", "zTXt", "iTXt", "packed iTXt"])
def test_raw_profiles_of_a_png_are_read(kind: str) -> None:
    resources = b"8BIM\x04\x04\0\0" + struct.pack(">I", len(PRESS)) + PRESS
    plain = SPLICED["plain.png"]
    chunks = b""
    for name, body in (
        (b"exif", EXIF + block()),
        (b"iptc", resources + bytes(len(PRESS) % 2)),
        (b"xmp", BARE),
    ):
        text = profile(name, body)
        head = b"Raw profile type " + name + b"\0"
        tail = {
            "tEXt": text,
            "zTXt": b"\0" + zlib.compress(text),
            "iTXt": bytes(4) + text,
            "packed iTXt": b"\1\0\0\0" + zlib.compress(text),
        }[kind]
        chunks += chunk(kind[-4:].encode(), head + tail)
    said = reader.of_photo(plain[:33] + chunks + plain[33:])
    assert said.camera == (DateSource.CAMERA, "Ada", "Model 1")
    assert said.place == PLACE
    assert said.of(Field.IPTC) == ("garden", "ab")
    assert said.of(Field.SUBJECT) == ("Holiday", "CAT")


def test_a_raw_profile_named_after_its_segment_is_either() -> None:
    plain = SPLICED["plain.png"]
    for body in (EXIF + block(), XMP + BARE):
        text = b"Raw profile type APP1\0" + profile(b"generic", body)
        said = reader.of_photo(plain[:33] + chunk(b"tEXt", text) + plain[33:])
        assert said.rating == 4


def test_canons_and_fujis_raw_files_are_read() -> None:
    def box(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", 8 + len(body)) + kind + body

    def alone(entries: Entries) -> bytes:
        return b"II*\0\x08\0\0\0" + directory("<", 8, entries, 0)

    parts = box(b"CMT1", alone(list(SOUND))) + box(b"CMT2", alone(DETAILS))
    parts += box(b"CMT4", alone(GPS))
    canon = bytes.fromhex("85c0b687820f11e08111f4ce462b6a48")
    movie = box(b"moov", box(b"uuid", canon + parts))
    assert is_all_there(reader.of_photo(box(b"ftyp", b"crx \0\0\0\1crx isom") + movie))
    head = b"FUJIFILMCCD-RAW ".ljust(84, b"\0")
    preview = photo(block())
    raw = head + struct.pack(">2I", 100, len(preview)) + bytes(8) + preview + bytes(99)
    assert is_all_there(reader.of_photo(raw))
