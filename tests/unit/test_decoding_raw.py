from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from tagd import installation
from tagd.decoding.decode import DecodeLimits, decode
from tagd.domain import DecodedPhoto, Geometry
from tagd.errors import PermanentPhotoError, TooLarge, TruncatedImage, UnsupportedImage
from tests.dng import dng
from tests.photos import cat, coffee

INPUT = Geometry((96, 144), (96, 144))
PICTURE = cat().resize((450, 300), Image.Resampling.LANCZOS)
LIMITS = DecodeLimits()


def decoded(data: bytes, folder: Path, limits: DecodeLimits = LIMITS) -> DecodedPhoto:
    path = folder / "IMG_0001.dng"
    path.write_bytes(data)
    return decode(path, [INPUT], limits)


def difference(photo: DecodedPhoto, picture: Image.Image) -> float:
    wanted = np.asarray(picture.resize((144, 96))).astype(int)
    return float(np.abs(photo.inputs[INPUT] - wanted).mean())


def test_without_a_preview_the_sensors_pixels_are_used(tmp_path: Path) -> None:
    photo = decoded(dng(PICTURE), tmp_path)
    # LibRaw brightens as it sees fit; the picture is the same.
    assert difference(photo, PICTURE) < 40
    assert difference(photo, coffee()) > 50
    assert photo.facts.format == "DNG"
    assert (photo.facts.width, photo.facts.height) == (450, 300)
    assert (photo.facts.camera_make, photo.facts.camera_model) == ("tagd", "Test 1")


def test_the_embedded_preview_is_used_where_it_is_large_enough(tmp_path: Path) -> None:
    preview = coffee().resize((300, 200))
    assert difference(decoded(dng(PICTURE, preview=preview), tmp_path), preview) < 5
    thumbnail = coffee().resize((60, 40))
    assert difference(decoded(dng(PICTURE, preview=thumbnail), tmp_path), PICTURE) < 40


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_preview_and_sensor_are_turned_alike(orientation: int, tmp_path: Path) -> None:
    preview = PICTURE.resize((300, 200))
    with_preview = decoded(dng(PICTURE, preview=preview, orientation=orientation), tmp_path)
    upright = preview.copy()
    upright.getexif()[0x0112] = orientation
    upright = ImageOps.exif_transpose(upright)
    assert difference(with_preview, upright) < 5
    without = decoded(dng(PICTURE, orientation=orientation), tmp_path)
    assert difference(without, upright) < 40
    assert with_preview.facts.orientation == without.facts.orientation == orientation


def test_without_the_extra_the_reason_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "rawpy", None)  # as if it were not installed
    with pytest.raises(UnsupportedImage) as caught:
        decoded(dng(PICTURE), tmp_path)
    assert f"`{installation.adding('raw')}`" in caught.value.reason


@pytest.mark.parametrize(
    "head",
    [
        b"FUJIFILMCCD-RAW 0201FF383501",
        b"IIRO\x08\0\0\0",
        b"IIU\0\x18\0\0\0",
        b"\0\0\0\x18ftypcrx \0\0\0\x01crx isom",
        b"II*\0\x10\0\0\0CR\x02\0",
    ],
)
def test_a_raw_head_without_a_picture_is_refused(head: bytes, tmp_path: Path) -> None:
    with pytest.raises((PermanentPhotoError, TruncatedImage)):
        decoded(head + bytes(2000), tmp_path)


def test_a_raw_file_that_is_cut_off_is_truncated(tmp_path: Path) -> None:
    with pytest.raises(TruncatedImage):
        decoded(dng(PICTURE)[:-1000], tmp_path)


def test_a_sensor_of_more_megapixels_than_allowed(tmp_path: Path) -> None:
    with pytest.raises(TooLarge, match="max_megapixels"):
        decoded(dng(PICTURE), tmp_path, DecodeLimits(max_megapixels=0.1))
