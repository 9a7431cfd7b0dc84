"""Windows' keywords come and go, and nothing else in the EXIF block ever moves."""

from __future__ import annotations

import struct
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tagd.containers import DamagedContainer
from tagd.containers.splice import CannotSplice, jpeg, tiff
from tagd.containers.tags import MAKER_NOTE, XP_KEYWORDS, all_tags
from tagd.metadata import exif
from tagd.metadata.verify import harm
from tests.corpus import (
    EXIF,
    MAKERS,
    SPLICED,
    app,
    directory,
    encoded,
    maker_note,
    small,
    with_segments,
)
from tests.corpus import exif as exif_block
from tests.metadata import needs_exiftool, needs_exiv2, told_by_exiftool

WORDS = ("cat", "コーヒー ☕")


def photo(block: bytes) -> bytes:
    return with_segments(SPLICED["plain.jpg"], app(1, EXIF + block))


@st.composite
def blocks(draw: st.DrawFn) -> bytes:
    """EXIF as programs leave it: the first directory behind the others, its entries in any order,
    MakerNotes that point at themselves, a thumbnail, odd lengths, no last offset."""
    order = draw(st.sampled_from("<>"))
    maker = MAKERS[draw(st.sampled_from(sorted(MAKERS)))]
    at = 8 + draw(st.integers(0, 5))
    note = maker_note(maker, at, order)
    details = at + len(note)
    row = struct.pack(order + "HHHII", 1, MAKER_NOTE, 7, len(note), at) + bytes(4)
    thumbnail = draw(st.binary(max_size=9))
    second = details + len(row)
    entries = [(0x0201, 4, second + 30), (0x0202, 4, len(thumbnail))]
    packed = [(tag, kind, struct.pack(order + "I", value)) for tag, kind, value in entries]
    body = bytes(at - 8) + note + row + directory(order, second, packed, 0) + thumbnail
    rows = draw(st.dictionaries(st.integers(1, 0xFFFF), st.binary(min_size=1, max_size=9)))
    mine = [(tag, 7, value) for tag, value in rows.items() if tag not in {0x8769, 0x8825, 0xA005}]
    mine = [each for each in mine if each[0] not in {XP_KEYWORDS, 0x014A, 273, 324, 513}]
    mine.append((0x8769, 4, struct.pack(order + "I", details)))
    start = 8 + len(body)
    following = second if thumbnail else 0
    first = directory(order, start, draw(st.permutations(mine)), following)
    if not following and all(len(value) <= 4 for _, _, value in mine) and draw(st.booleans()):
        first = first[:-4]  # as cameras do that have no second directory
    else:
        first += draw(st.binary(max_size=3))
    mark = b"II*\0" if order == "<" else b"MM\0*"
    return mark + struct.pack(order + "I", start) + body + first


@given(blocks(), st.lists(st.text("abcねこ🐈", min_size=1), min_size=1, unique=True))
def test_any_block_takes_keywords_again_and_again_and_gives_its_own_bytes_back(
    block: bytes, words: list[str]
) -> None:
    before = photo(block)
    once = exif.with_keywords(before, words)
    again = exif.with_keywords(exif.with_keywords(once, WORDS), words)
    assert again == once, "what was appended earlier is replaced, never added to"
    written = jpeg.exif(once)
    assert written is not None
    assert written[8 : len(block)] == block[8:], "nothing moves"
    assert exif.others(all_tags(written)) == all_tags(block)
    assert exif.keywords(all_tags(written)) == tuple(words)
    assert harm(before, once) is None
    assert exif.with_keywords(once, ()) == before


@pytest.mark.parametrize("name", ["plain.jpg", "unicode-little.jpg", "canon-big.jpg"])
def test_what_was_written_is_taken_off_to_the_byte(name: str) -> None:
    written = exif.with_keywords(SPLICED[name], WORDS)
    block = jpeg.exif(written)
    assert block is not None
    assert exif.keywords(all_tags(block)) == WORDS
    assert exif.with_keywords(written, ()) == SPLICED[name]


def test_the_keywords_of_others_come_back_too() -> None:
    theirs = "garden\0".encode("utf-16-le")
    before = photo(tiff.with_tag(exif_block(maker="canon"), XP_KEYWORDS, theirs)[:-12])
    joined = exif.with_keywords(before, ("garden", "cat"))
    assert exif.with_keywords(joined, ("garden",)) == before


def test_what_another_program_changed_since_is_not_taken_off() -> None:
    block = jpeg.exif(exif.with_keywords(photo(exif_block(maker="nikon")), WORDS))
    assert block is not None
    upright = struct.pack("<HHIHH", 0x0112, 3, 1, 1, 0)
    behind = block.rindex(struct.pack("<HHIHH", 0x0112, 3, 1, 6, 0))
    turned = block[:behind] + upright + block[behind + len(upright) :]
    undone = jpeg.exif(exif.with_keywords(photo(turned), ()))
    assert undone is not None
    assert all_tags(undone)["0", 0x0112].integers() == (1,)
    assert not exif.keywords(all_tags(undone))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (SPLICED["canon-big.jpg"] + SPLICED["plain.jpg"], "distance from the start"),
        (photo(exif_block() + bytes(65_000)), "65,533 bytes"),
        (photo(b"II*\0\xff\xff\0\0"), "ends before"),
        (photo(b"MM\0+\0\x08\0\0" + struct.pack(">QQHHQQQ", 16, 1, 271, 2, 1, 0, 0)), "BigTIFF"),
    ],
)
def test_keywords_are_left_out_with_a_reason(data: bytes, reason: str) -> None:
    with pytest.raises(exif.ExifUnsafe, match=reason):
        exif.with_keywords(data, ("cat",) * 100)


def test_makernotes_that_have_moved_are_harm() -> None:
    block = exif_block(maker="canon")
    start = block.index(struct.pack("<HHI", MAKER_NOTE, 7, len(maker_note(b"", 0, "<")))) + 8
    at = int.from_bytes(block[start : start + 4], "little")
    moved = block[:start] + struct.pack("<I", len(block)) + block[start + 4 :]
    moved += block[at : at + len(maker_note(b"", 0, "<"))]
    assert all_tags(moved) == all_tags(block)
    assert harm(photo(block), photo(moved)) == "its MakerNotes have moved"


@given(st.binary(max_size=200), st.binary(max_size=20))
def test_hostile_blocks_raise_nothing_else(noise: bytes, value: bytes) -> None:
    for head in (b"II*\0\x08\0\0\0", b"MM\0*\0\0\0\x08"):
        block = head + noise + b"tagd" + noise[:8]
        assert tiff.without_appended(block, XP_KEYWORDS) == block
        try:
            tiff.with_tag(block, XP_KEYWORDS, value)
        except (DamagedContainer, CannotSplice):
            continue


@needs_exiftool
@needs_exiv2
def test_other_programs_read_makernotes_and_keywords_as_they_were(tmp_path: Path) -> None:
    thumbnail = encoded(small().resize((16, 12)), "JPEG")
    for order in "<>":
        for maker in MAKERS:
            block = exif_block(order, maker=maker, thumbnail=thumbnail)
            place = tmp_path / f"{maker}{'<>'.index(order)}.jpg"
            place.write_bytes(photo(block))
    before = told_by_exiftool(tmp_path.iterdir(), "-u", "-EXIF:all", "-MakerNotes:all")
    for place in tmp_path.iterdir():
        place.write_bytes(exif.with_keywords(place.read_bytes(), WORDS))
        said = subprocess.run(["exiv2", "-PEkt", place], capture_output=True, text=True, check=True)
        told = dict(line.split(None, 1) for line in said.stdout.splitlines())
        assert told["Exif.Image.XPKeywords"].startswith("cat;コーヒー ☕")
    after = told_by_exiftool(tmp_path.iterdir(), "-u", "-EXIF:all", "-MakerNotes:all")
    for name, told in after.items():
        assert told.pop("IFD0:XPKeywords") == "cat;コーヒー ☕", name
        assert told == before[name], name
