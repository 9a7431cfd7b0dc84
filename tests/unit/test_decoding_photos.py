from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pillow_heif
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageOps

from tagd import fs
from tagd.containers import payload_hash
from tagd.decoding.decode import decode
from tagd.decoding.formats import load
from tagd.domain import Geometry
from tests.decoding import INPUT, LIMITS, PICTURE, decoded
from tests.photos import cat, coffee

pillow_heif.register_heif_opener()


def pixels(path: Path) -> NDArray[Any]:
    return decoded(path).inputs[INPUT].astype(int)


def expected(image: Image.Image) -> NDArray[Any]:
    """The input by way of a lossless file."""
    fitted = ImageOps.fit(image, (64, 64)) if image.size == (64, 64) else image
    short = min(fitted.size)
    size = tuple(int(64 * each / short) for each in fitted.size)
    resized = fitted.resize((size[0], size[1]), Image.Resampling.BICUBIC)
    left, top = round((size[0] - 56) / 2), round((size[1] - 56) / 2)
    return np.asarray(resized.crop((left, top, left + 56, top + 56))).astype(int)


def near(one: NDArray[Any], other: NDArray[Any], mean: float = 3.0) -> bool:
    return float(np.abs(one - other).mean()) < mean


EXPECTED = expected(PICTURE)


# Formats and colours


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("JPEG", {"quality": 95}),
        ("JPEG", {"quality": 95, "progressive": True}),
        ("PNG", {}),
        ("WEBP", {"quality": 95}),
        ("WEBP", {"lossless": True}),
        ("BMP", {}),
        ("TIFF", {}),
        ("TIFF", {"compression": "tiff_lzw"}),
        ("TIFF", {"compression": "jpeg", "quality": 95}),
        ("HEIF", {"quality": 90}),
        ("AVIF", {"quality": 90}),
    ],
    ids=str,
)
def test_formats(name: str, options: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "named-otherwise.txt"
    PICTURE.save(path, name, **options)
    photo = decoded(path)
    assert near(photo.inputs[INPUT].astype(int), EXPECTED)
    assert photo.facts.format == name
    assert (photo.facts.width, photo.facts.height) == PICTURE.size
    assert photo.photo_id == payload_hash(path.read_bytes())
    assert photo.signature == fs.signature_of(path.stat())


def test_a_palette_picture(tmp_path: Path) -> None:
    PICTURE.quantize(64).save(tmp_path / "a.gif")
    PICTURE.quantize(64).save(tmp_path / "a.png")
    assert near(pixels(tmp_path / "a.gif"), EXPECTED, 8)
    assert near(pixels(tmp_path / "a.png"), EXPECTED, 8)


def test_a_grayscale_picture(tmp_path: Path) -> None:
    PICTURE.convert("L").save(tmp_path / "a.jpg", quality=95)
    assert near(pixels(tmp_path / "a.jpg"), expected(PICTURE.convert("L").convert("RGB")))


def test_an_inverted_cmyk_jpeg_as_adobe_writes_it(tmp_path: Path) -> None:
    PICTURE.convert("CMYK").save(tmp_path / "a.jpg", quality=95)
    assert b"Adobe" in (tmp_path / "a.jpg").read_bytes()
    assert near(pixels(tmp_path / "a.jpg"), EXPECTED, 6)


@pytest.mark.parametrize("ending", ["png", "tif"])
def test_sixteen_bits_are_scaled_and_not_clipped(ending: str, tmp_path: Path) -> None:
    gray = np.asarray(PICTURE.convert("L"))
    Image.fromarray(gray.astype(np.uint16) * 257).save(tmp_path / f"a.{ending}")
    assert near(pixels(tmp_path / f"a.{ending}"), expected(PICTURE.convert("L").convert("RGB")), 1)


@pytest.mark.parametrize(("scale", "kind"), [(1 / 255, "f4"), (1.0, "f4"), (1 << 22, "i4")])
def test_floating_point_and_long_integers_are_scaled(
    scale: float, kind: str, tmp_path: Path
) -> None:
    gray = np.asarray(ImageOps.autocontrast(PICTURE.convert("L")))
    Image.fromarray((gray.astype("f8") * scale).astype(kind)).save(tmp_path / "a.tif")
    wanted = expected(Image.fromarray(gray).convert("RGB"))
    assert near(pixels(tmp_path / "a.tif"), wanted, 1)


@pytest.mark.parametrize("name", ["PNG", "WEBP", "AVIF", "HEIF", "TIFF"])
def test_what_is_transparent_is_white(name: str, tmp_path: Path) -> None:
    alpha = Image.new("L", PICTURE.size, 255)
    alpha.paste(0, (0, 0, 75, 100))
    picture = PICTURE.copy()
    picture.putalpha(alpha)
    picture.save(tmp_path / "a", name, lossless=True, quality=100)
    wanted = PICTURE.copy()
    wanted.paste("white", (0, 0, 75, 100))
    assert near(pixels(tmp_path / "a"), expected(wanted))


def test_the_transparent_colour_of_a_palette_is_white(tmp_path: Path) -> None:
    Image.new("P", (80, 80), 0).save(tmp_path / "a.gif", transparency=0)
    Image.new("RGB", (80, 80), (9, 9, 9)).save(tmp_path / "a.png", transparency=(9, 9, 9))
    assert pixels(tmp_path / "a.gif").min() == 255
    assert pixels(tmp_path / "a.png").min() == 255


@pytest.mark.parametrize("ending", ["gif", "png", "webp", "tif"])
def test_of_several_frames_the_first_counts(ending: str, tmp_path: Path) -> None:
    path = tmp_path / f"a.{ending}"
    frames = [Image.new("RGB", PICTURE.size, "red"), Image.new("RGB", PICTURE.size, "blue")]
    PICTURE.save(path, save_all=True, append_images=frames, quality=95)
    assert near(pixels(path), EXPECTED, 8)


def test_a_jpeg_with_a_second_picture_behind_the_first(tmp_path: Path) -> None:
    PICTURE.save(tmp_path / "a.jpg", "MPO", save_all=True, append_images=[cat().resize((150, 100))])
    assert near(pixels(tmp_path / "a.jpg"), EXPECTED, 5)
    assert decoded(tmp_path / "a.jpg").facts.format == "JPEG"


@pytest.mark.parametrize("name", ["TIFF", "HEIF", "AVIF", "PNG", "WEBP"])
@pytest.mark.parametrize("orientation", [1, 3, 6, 7])
def test_orientation_whoever_applies_it(name: str, orientation: int, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    PICTURE.save(tmp_path / "a", name, exif=exif.tobytes(), quality=95)
    picture = PICTURE.copy()
    picture.getexif()[0x0112] = orientation
    photo = decoded(tmp_path / "a")
    assert near(photo.inputs[INPUT].astype(int), expected(ImageOps.exif_transpose(picture)))
    assert photo.facts.orientation == orientation
    assert (photo.facts.width, photo.facts.height) == PICTURE.size


# Scale


def test_a_large_jpeg_is_decoded_at_a_lower_scale(tmp_path: Path) -> None:
    large = coffee().resize((1600, 1204), Image.Resampling.BICUBIC)
    large.save(tmp_path / "a.jpg", quality=92)
    large.save(tmp_path / "a.png", compress_level=1)
    difference = np.abs(pixels(tmp_path / "a.jpg") - pixels(tmp_path / "a.png"))
    assert difference.mean() < 1.5
    data = (tmp_path / "a.jpg").read_bytes()
    for geometries, size in (
        ([INPUT], (200, 151)),
        ([INPUT, Geometry(300, (300, 300))], (800, 602)),
        ([Geometry(1100, (64, 64))], (1600, 1204)),
        ([Geometry((64, 900), (64, 900))], (1600, 1204)),
    ):
        assert load(data, "JPEG", geometries, 10**8).picture.image.size == size


def test_what_a_lower_scale_adds_at_the_edges_is_left_out(tmp_path: Path) -> None:
    exif = Image.Exif()
    for orientation, region in ((1, (0, 0, 200.125, 150.875)), (3, (0.875, 0.125, 201, 151))):
        exif[0x0112] = orientation
        coffee().resize((1601, 1207)).save(tmp_path / "a.jpg", exif=exif)
        picture = load((tmp_path / "a.jpg").read_bytes(), "JPEG", [INPUT], 10**8).picture
        assert picture.size == (1601, 1207)
        assert picture.image.size == (201, 151)
        assert picture.region == region


def test_an_embedded_thumbnail_of_a_heif_is_used_where_it_is_large_enough(tmp_path: Path) -> None:
    large = coffee().resize((600, 400))
    large.info["thumbnails"] = [180]
    large.save(tmp_path / "a.heic", "HEIF")
    data = (tmp_path / "a.heic").read_bytes()
    for geometry, size in ((INPUT, (180, 120)), (Geometry(160, (160, 160)), (600, 400))):
        loaded = load(data, "HEIF", [geometry], 10**8)
        assert loaded.picture.image.size == size
        assert loaded.size == (600, 400)
    assert near(pixels(tmp_path / "a.heic"), expected(large), 10)


def test_each_geometry_gets_its_input(tmp_path: Path) -> None:
    PICTURE.save(tmp_path / "a.png")
    geometries = [INPUT, Geometry((50, 70), (50, 70), "bilinear"), INPUT]
    photo = decode(tmp_path / "a.png", geometries, LIMITS)
    assert {each.shape for each in photo.inputs.values()} == {(56, 56, 3), (50, 70, 3)}
    assert not decode(tmp_path / "a.png", [], LIMITS).inputs


# Facts


def test_what_the_exif_says(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x010F], exif[0x0110] = "Canon\0  ", "EOS 5D\x07"
    exif.get_ifd(0x8769).update({0x9003: "2019:03:21 11:04:22", 0x9011: "+09:00"})
    PICTURE.save(tmp_path / "a.jpg", exif=exif)
    facts = decoded(tmp_path / "a.jpg").facts
    assert (facts.camera_make, facts.camera_model) == ("Canon", "EOS 5D")
    assert facts.taken_at == "2019-03-21T11:04:22+09:00"


@pytest.mark.parametrize("taken", ["0000:00:00 00:00:00", "2019:13:41 11:04:22", "soon", ""])
def test_a_date_that_is_none_is_left_out(taken: str, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0x9003] = taken
    PICTURE.save(tmp_path / "a.jpg", exif=exif)
    assert decoded(tmp_path / "a.jpg").facts.taken_at is None


@pytest.mark.parametrize(
    "segment",
    [
        b"Exif\0\0II*\0\xff\xff\xff\xff",
        b"Exif\0\0MM\0*\0\0\0\x08\0\xff",
        b"Exif\0\0" + b"\xff" * 60,
        b"MPF\0II*\0\xff\xff\xff\xff",
        b"http://ns.adobe.com/xap/1.0/\0<x",
    ],
)
@pytest.mark.parametrize("marker", [b"\xff\xe1", b"\xff\xe2"])
def test_broken_metadata_costs_no_tags(segment: bytes, marker: bytes, tmp_path: Path) -> None:
    PICTURE.save(tmp_path / "a.jpg", quality=95)
    data = (tmp_path / "a.jpg").read_bytes()
    length = (len(segment) + 2).to_bytes(2, "big")
    (tmp_path / "a.jpg").write_bytes(data[:2] + marker + length + segment + data[2:])
    assert near(pixels(tmp_path / "a.jpg"), EXPECTED)
    assert decoded(tmp_path / "a.jpg").photo_id == payload_hash(data)


def test_a_name_that_is_not_utf8(tmp_path: Path) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.png"))
    PICTURE.save(path, "PNG")
    assert decoded(path).path == path
