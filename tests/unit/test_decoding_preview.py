"""Previews as decoders make them: upright, in sRGB, within their size."""

from __future__ import annotations

import io
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageCms

from tagd.decoding.decode import DecodeLimits, read_photo
from tagd.decoding.preview import fitted
from tests.photos import coffee


def preview(path: Path, edge: int = 240) -> Image.Image:
    photo = read_photo(path, (), DecodeLimits(), previews=(edge,))
    return Image.open(io.BytesIO(photo.previews[0]), formats=["WEBP"]).convert("RGB")


@given(st.integers(1, 50_000), st.integers(1, 50_000), st.integers(16, 4096))
def test_a_preview_is_never_larger_than_asked_nor_than_the_photo(
    width: int, height: int, edge: int
) -> None:
    small = fitted((width, height), edge)
    assert max(small) == min(edge, max(width, height))
    assert min(small) >= 1


def test_it_is_upright(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned clockwise
    coffee().save(tmp_path / "turned.jpg", exif=exif)
    small = preview(tmp_path / "turned.jpg")
    assert small.size == (160, 240)
    upright = coffee().transpose(Image.Transpose.ROTATE_270).resize((160, 240))
    assert distance(small, upright) < distance(small, upright.rotate(180))


def test_colours_of_another_profile_become_those_of_a_screen(tmp_path: Path) -> None:
    srgb, lab = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
    profile = bytearray(ImageCms.ImageCmsProfile(srgb).tobytes())
    # The red and blue primaries change places: a profile as no camera has it, which one can see.
    profile[:] = profile.replace(b"rXYZ", b"tmp!").replace(b"bXYZ", b"rXYZ")
    profile[:] = profile.replace(b"tmp!", b"bXYZ")
    red = Image.new("RGB", (64, 64), (255, 0, 0))
    red.save(tmp_path / "swapped.png", icc_profile=bytes(profile))
    red.save(tmp_path / "plain.png")
    red.save(tmp_path / "other.png", icc_profile=ImageCms.ImageCmsProfile(lab).tobytes())
    red.save(tmp_path / "broken.png", icc_profile=bytes(profile[:200]))
    assert is_about(preview(tmp_path / "swapped.png"), (0, 0, 255))
    for name in ("plain", "other", "broken"):
        assert is_about(preview(tmp_path / f"{name}.png"), (255, 0, 0)), name


def is_about(image: Image.Image, colour: tuple[int, int, int]) -> bool:
    middle = image.getpixel((image.width // 2, image.height // 2))
    assert isinstance(middle, tuple)
    return all(abs(have - want) < 12 for have, want in zip(middle, colour, strict=True))


def distance(one: Image.Image, other: Image.Image) -> int:
    pairs = zip(one.tobytes(), other.convert("RGB").tobytes(), strict=True)
    return sum(abs(a - b) for a, b in pairs)
