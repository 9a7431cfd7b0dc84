"""Pictures whose end is zeros, as a copy leaves them that has made room and is not done."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pillow_heif
import pytest
from PIL import Image

from tagd.decoding.decode import DecodeLimits, decode
from tagd.decoding.unwritten_end import require_end
from tagd.errors import TruncatedImage
from tests.photos import cat

pillow_heif.register_heif_opener()

ROUGH: dict[str, Any] = {"lossless": True, "quality": 0, "method": 0}
KINDS = [
    ("WEBP", {"quality": 80}),
    ("WEBP", {"quality": 80, "method": 0}),
    ("WEBP", {"lossless": True, "method": 0}),
    ("WEBP", ROUGH),
    ("HEIF", {}),
]


def saved(image: Image.Image, kind: str, options: dict[str, Any]) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def shows_something(data: bytes) -> bool:
    with Image.open(io.BytesIO(data)) as image:
        image.load()
    return True


@pytest.mark.parametrize(("kind", "options"), KINDS)
@pytest.mark.parametrize("share", [0.5, 0.8])
def test_half_a_picture_and_zeros_is_not_taken_for_a_picture(
    kind: str, options: dict[str, Any], share: float, tmp_path: Path
) -> None:
    photo = tmp_path / "photo"
    data = saved(cat().resize((900, 600)), kind, options)
    photo.write_bytes(data)
    decode(photo, (), DecodeLimits())
    written = int(len(data) * share)
    unwritten = data[:written] + bytes(len(data) - written)
    assert shows_something(unwritten), "which is why it has to be noticed"
    photo.write_bytes(unwritten)
    with pytest.raises(TruncatedImage, match="zeros"):
        decode(photo, (), DecodeLimits())


def plain(colour: tuple[int, int, int]) -> Image.Image:
    return Image.new("RGB", (4000, 3000), colour)


def dark_below() -> Image.Image:
    pixels = np.zeros((1500, 2000, 3), np.uint8)
    pixels[:60] = np.random.default_rng(0).integers(0, 255, (60, 2000, 3))
    return Image.fromarray(pixels)


@pytest.mark.parametrize(
    "image", [plain((0, 0, 0)), plain((255, 255, 255)), plain((128, 7, 200)), dark_below()]
)
@pytest.mark.parametrize(("kind", "options"), [*KINDS, ("WEBP", {"quality": 5}), ("AVIF", {})])
def test_sound_pictures_of_little_are_taken(
    image: Image.Image, kind: str, options: dict[str, Any]
) -> None:
    if kind != "WEBP":  # the others' encoders take seconds for so many pixels
        image = image.resize((image.width // 4, image.height // 4))
    require_end(Path("a"), saved(image, kind, options), kind)


def test_zeros_are_said_in_sound_pictures_too() -> None:
    """Or the test above says nothing."""
    assert saved(dark_below(), "WEBP", ROUGH).endswith(bytes(50_000))
    assert saved(plain((0, 0, 0)), "WEBP", {"quality": 80}).endswith(bytes(512))
