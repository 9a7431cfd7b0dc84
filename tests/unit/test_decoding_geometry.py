from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps

from tagd.decoding.decode import DecodeLimits, decode
from tagd.decoding.geometry import (
    Picture,
    render,
    resized_size,
    sufficient_size,
    turned,
    turned_region,
)
from tagd.domain import Geometry
from tests.photos import coffee

SIZES = [(300, 200), (200, 300), (301, 199), (97, 431), (224, 224), (255, 256), (60, 50), (17, 900)]
GEOMETRIES = [
    Geometry(256, (224, 224)),
    Geometry(235, (224, 224), "bilinear"),
    Geometry(64, (96, 80)),
    Geometry((120, 90), (120, 90)),
    Geometry((100, 150), (91, 160), "lanczos"),
    Geometry(33, (33, 33), "nearest"),
]


Pixels = np.ndarray[tuple[int, ...], np.dtype[np.uint8]]


def whole(image: Image.Image) -> Picture:
    return Picture(image, image.size, (0, 0, *image.size))


def rendered(picture: Picture, geometry: Geometry) -> Pixels:
    pixels = np.frombuffer(render(picture, geometry), np.uint8)
    return pixels.reshape(*geometry.crop, 3)


def assert_equal_but_for_rounding(ours: Pixels, theirs: Pixels) -> None:
    """By two levels of 255 at most, and less than a fifth of one on average: that much only where
    a picture is enlarged, and many levels lie in the middle of two."""
    difference = np.abs(ours.astype(int) - theirs)
    assert difference.max() <= 2
    assert difference.mean() < 0.2


@pytest.mark.parametrize("geometry", GEOMETRIES, ids=str)
def test_inputs_equal_those_of_torchvision(geometry: Geometry) -> None:
    from torchvision import transforms  # noqa: PLC0415  takes seconds, and few tests need it

    transform = transforms.Compose(
        [
            transforms.Resize(
                geometry.resize, transforms.InterpolationMode(geometry.interpolation)
            ),
            transforms.CenterCrop(geometry.crop),
        ]
    )
    for size in SIZES:
        image = coffee().resize(size)
        assert_equal_but_for_rounding(
            rendered(whole(image), geometry), np.asarray(transform(image))
        )


def test_a_photo_decoded_whole_has_torchvisions_inputs(tmp_path: Path) -> None:
    from torchvision import transforms  # noqa: PLC0415  as above

    path = tmp_path / "a.png"
    coffee().resize((401, 303)).save(path)
    geometry = Geometry(256, (224, 224))
    transform = transforms.Compose(
        [
            transforms.Resize(256, transforms.InterpolationMode.BICUBIC),
            transforms.CenterCrop(224),
        ]
    )
    pixels = decode(path, [geometry], DecodeLimits()).inputs[geometry]
    assert_equal_but_for_rounding(pixels, np.asarray(transform(Image.open(path))))


@given(st.integers(1, 4000), st.integers(1, 4000), st.sampled_from(GEOMETRIES))
def test_a_sufficient_picture_is_never_enlarged(
    width: int, height: int, geometry: Geometry
) -> None:
    enough = sufficient_size((width, height), [geometry, GEOMETRIES[0]])
    for each in (geometry, GEOMETRIES[0]):
        target = resized_size((width, height), each)
        assert target[0] <= enough[0]
        assert target[1] <= enough[1]


@pytest.mark.parametrize("orientation", range(1, 9))
def test_turning_equals_pillows(orientation: int) -> None:
    image = coffee().resize((31, 20))
    image.getexif()[0x0112] = orientation
    assert np.array_equal(
        np.asarray(turned(image, orientation)), np.asarray(ImageOps.exif_transpose(image))
    )


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_region_turns_with_its_picture(orientation: int) -> None:
    image = Image.new("RGB", (40, 30), "black")
    image.paste("white", (0, 0, 33, 28))
    left, top, right, bottom = turned_region(image.size, (0, 0, 33, 28), orientation)
    inside = np.asarray(
        turned(image, orientation).crop((int(left), int(top), int(right), int(bottom)))
    )
    assert inside.min() == 255
    assert inside.size == 33 * 28 * 3


@pytest.mark.parametrize("size", [(40_000, 3), (2, 30_000), (1, 70_000)])
def test_a_strip_costs_no_more_than_its_crop(size: tuple[int, int]) -> None:
    # Resized whole, these would take 2.6 GB and more.
    gradient = Image.linear_gradient("L")
    along = gradient if size[1] > size[0] else gradient.transpose(Image.Transpose.ROTATE_90)
    image = along.resize(size).convert("RGB")
    pixels = rendered(whole(image), Geometry(256, (224, 224)))
    middle = np.asarray(image)[size[1] // 2, size[0] // 2]
    assert np.abs(pixels.astype(int) - middle).max() <= 2


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("geometry", GEOMETRIES[:5], ids=str)
def test_resizing_a_part_equals_resizing_all_but_for_rounding(
    geometry: Geometry, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    picture = whole(coffee().resize(size))
    expected = rendered(picture, geometry).astype(int)
    monkeypatch.setattr("tagd.decoding.geometry._MOST_RESIZED", 0)
    difference = np.abs(rendered(picture, geometry) - expected)
    # Which direction Pillow resizes first, and so what it rounds and clips, depends on the sizes.
    assert difference.max() <= 16
    assert difference.mean() < 0.3


@settings(deadline=None, max_examples=50)
@given(st.integers(20, 700), st.integers(20, 700), st.sampled_from(GEOMETRIES))
def test_pictures_of_every_shape_look_as_if_they_were_resized_whole(
    width: int, height: int, geometry: Geometry
) -> None:
    image = coffee().resize((width, height))
    resized = image.resize(
        resized_size(image.size, geometry), Image.Resampling[geometry.interpolation.upper()]
    )
    assert_equal_but_for_rounding(rendered(whole(image), geometry), cropped(resized, geometry))


def cropped(image: Image.Image, geometry: Geometry) -> Pixels:
    """The middle, as torchvision's center_crop has it."""
    from torchvision import transforms  # noqa: PLC0415  as above

    middle: Pixels = np.asarray(transforms.CenterCrop(geometry.crop)(image))
    return middle


def test_a_picture_at_a_lower_scale_is_resized_as_one_of_that_size() -> None:
    reduced = coffee().resize((500, 333))
    pixels = rendered(Picture(reduced, (4000, 2664), (0, 0, 500, 333)), GEOMETRIES[0])
    assert_equal_but_for_rounding(pixels, rendered(whole(reduced), GEOMETRIES[0]))


@settings(deadline=None, max_examples=50)
@given(st.integers(1, 90), st.integers(1, 90), st.sampled_from([*GEOMETRIES, Geometry(8, (90, 3))]))
def test_inputs_have_the_size_that_was_asked_for(
    width: int, height: int, geometry: Geometry
) -> None:
    pixels = render(whole(coffee().resize((width, height))), geometry)
    assert len(pixels) == geometry.crop[0] * geometry.crop[1] * 3


def test_every_orientation_of_a_photo_gives_the_same_input(tmp_path: Path) -> None:
    # At full scale and at a lower one: turned on its head or not, the picture is the same.
    for size, orientation in itertools.product([(200, 150), (1203, 907)], range(1, 9)):
        upright = coffee().resize(size, Image.Resampling.LANCZOS)
        stored = ImageOps.exif_transpose(_oriented(upright, _INVERSE[orientation]))
        exif = Image.Exif()
        exif[0x0112] = orientation
        path = tmp_path / f"{orientation}.jpg"
        stored.save(path, exif=exif, quality=95, subsampling=0)
        geometry = Geometry(128, (112, 112))
        photo = decode(path, [geometry], DecodeLimits())
        expected = rendered(whole(upright), geometry)
        difference = np.abs(photo.inputs[geometry].astype(int) - expected)
        assert difference.mean() < 2, (size, orientation)
        assert photo.facts.orientation == orientation
        assert (photo.facts.width, photo.facts.height) == stored.size


_INVERSE = {1: 1, 2: 2, 3: 3, 4: 4, 5: 5, 6: 8, 7: 7, 8: 6}


def _oriented(image: Image.Image, orientation: int) -> Image.Image:
    copy = image.copy()
    copy.getexif()[0x0112] = orientation
    return copy
