"""JPEGs that viewers show although their data break off, or hold wrong bytes."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from tagd.containers import jpeg
from tagd.containers.jpeg_mending import mended
from tagd.containers.segments import DamagedContainer
from tagd.decoding.decode import decode
from tagd.domain import DecodedPhoto
from tagd.errors import TruncatedImage
from tagd.fs import signature_of
from tagd.metadata.edit import Wish, edit_photo
from tagd.metadata.keywords import TagRecord
from tests.decoding import INPUT, LIMITS
from tests.photos import cat

ORIENTATION = 0x0112
KINDS: list[dict[str, Any]] = [
    {},
    {"progressive": True},
    {"restart_marker_rows": 1},
    {"subsampling": 0},
]


def encoded(image: Image.Image, orientation: int = 1, **options: Any) -> bytes:
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=85, exif=exif.tobytes(), **options)
    return buffer.getvalue()


def settled(path: Path, data: bytes) -> DecodedPhoto:
    """As the file is decoded once it has stood still."""
    path.write_bytes(data)
    return decode(path, [INPUT], LIMITS, tried=signature_of(path.stat()))


def unlike(one: DecodedPhoto, other: DecodedPhoto) -> float:
    """The mean difference of two inputs, in levels."""
    first, second = (photo.inputs[INPUT].astype(int) for photo in (one, other))
    return float(np.abs(first - second).mean())


@pytest.mark.parametrize("options", KINDS)
def test_what_lacks_its_end_marker_alone_is_seen_whole(
    options: dict[str, Any], tmp_path: Path
) -> None:
    whole = encoded(cat(), **options)
    sound = settled(tmp_path / "whole.jpg", whole)
    photo = settled(tmp_path / "photo.jpg", whole[:-2])
    assert unlike(photo, sound) == 0
    assert sound.facts.flaw is None
    assert "nothing of the picture is missing" in str(photo.facts.flaw)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_what_is_missing_at_the_end_is_not_looked_at(orientation: int, tmp_path: Path) -> None:
    image = cat()
    data = encoded(image, orientation)
    cut = data[: int(len(data) * 0.85)]
    photo = settled(tmp_path / "photo.jpg", cut)
    assert photo.facts.flaw is not None
    missing = int(photo.facts.flaw.partition("lower ")[2].partition("%")[0]) / 100
    assert 0.05 < missing < 0.25
    assert (photo.facts.width, photo.facts.height) == image.size
    upper = image.crop((0, 0, image.width, round(image.height * (1 - missing))))
    expected = settled(tmp_path / "upper.jpg", encoded(upper, orientation))
    assert unlike(photo, expected) < 10
    assert unlike(photo, settled(tmp_path / "whole.jpg", data)) > unlike(photo, expected)


@pytest.mark.parametrize("mode", ["L", "CMYK"])
def test_in_other_colours_it_is_seen_too_that_half_is_missing(mode: str, tmp_path: Path) -> None:
    data = encoded(cat().convert(mode))
    with pytest.raises(TruncatedImage, match="are missing"):
        settled(tmp_path / "photo.jpg", data[: len(data) // 2])


@pytest.mark.parametrize("zeros", [False, True], ids=["cut", "zeros"])
def test_half_a_copy_is_never_taken_for_a_photo(zeros: bool, tmp_path: Path) -> None:
    data = encoded(cat())
    half = data[: len(data) // 2]
    with pytest.raises(TruncatedImage, match="missing"):
        settled(tmp_path / "photo.jpg", half + bytes(len(data) - len(half)) * zeros)


def test_zeros_at_the_end_are_no_part_of_the_picture(tmp_path: Path) -> None:
    data = encoded(cat())
    photo = settled(tmp_path / "photo.jpg", data[:-3000] + bytes(3000))
    assert "lower" in str(photo.facts.flaw)


def test_what_may_still_be_written_waits(tmp_path: Path) -> None:
    photo = tmp_path / "photo.jpg"
    photo.write_bytes(encoded(cat())[:-2])
    with pytest.raises(TruncatedImage):
        decode(photo, [INPUT], LIMITS)
    before = signature_of(photo.stat())
    photo.write_bytes(encoded(cat())[:-1])
    with pytest.raises(TruncatedImage):
        decode(photo, [INPUT], LIMITS, tried=before)


@pytest.mark.parametrize("options", KINDS[:2])
@pytest.mark.parametrize("code", [0x01, 0x41, 0xC0, 0xC4, 0xD8, 0xDA, 0xDB, 0xDF, 0xE1, 0xFE, 0xFF])
def test_a_wrong_byte_that_looks_like_a_marker_costs_no_more_than_another(
    code: int, options: dict[str, Any], tmp_path: Path
) -> None:
    whole = encoded(cat(), **options)
    at = len(whole) * 2 // 3
    data = whole[:at] + bytes([0xFF, code]) + whole[at + 2 :]
    path = tmp_path / "photo.jpg"
    path.write_bytes(data)
    photo = decode(path, [INPUT], LIMITS)
    assert "damaged" in str(photo.facts.flaw)
    assert unlike(photo, settled(tmp_path / "whole.jpg", whole)) < 40


def test_nothing_is_written_into_what_is_flawed() -> None:
    whole = encoded(cat())
    middle = len(whole) // 2
    wish = Wish((TagRecord(("cat",), "model", "", 0.9, ""),))
    for data in (whole[:-2], whole[:middle] + b"\xff\x41" + whole[middle + 2 :]):
        with pytest.raises(DamagedContainer):
            edit_photo(data, wish, None)


@settings(deadline=None, max_examples=60)
@given(data=st.data())
def test_whatever_becomes_of_a_jpeg_what_is_mended_is_one(data: st.DataObject) -> None:
    whole = bytearray(encoded(cat().resize((64, 48)), progressive=data.draw(st.booleans())))
    for _ in range(data.draw(st.integers(0, 6))):
        whole[data.draw(st.integers(2, len(whole) - 1))] = data.draw(st.integers(0, 255))
    cut = bytes(whole[: data.draw(st.integers(2, len(whole)))])
    found = mended(cut)
    if found is not None:
        jpeg.segments(found.data)
