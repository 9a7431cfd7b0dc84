"""Real photos for the tests: the samples that scikit-image ships, and small ones made here."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import skimage
from PIL import Image

SAMPLES = Path(skimage.__file__).parent / "data"


@cache
def coffee() -> Image.Image:
    """A cup of espresso."""
    return Image.open(SAMPLES / "coffee.png").convert("RGB")


@cache
def cat() -> Image.Image:
    """Chelsea, a tabby."""
    return Image.open(SAMPLES / "chelsea.png").convert("RGB")


@cache
def astronaut() -> Image.Image:
    """A portrait of Eileen Collins."""
    return Image.open(SAMPLES / "astronaut.png").convert("RGB")


@cache
def page() -> Image.Image:
    """A page of printed text."""
    return Image.open(SAMPLES / "page.png").convert("RGB")


def distinct(count: int, folder: Path, size: tuple[int, int] = (300, 200)) -> list[Path]:
    """`count` JPEGs in `folder`, each a crop of coffee or cat with content of its own."""
    paths = []
    for number in range(count):
        source = coffee() if number % 2 else cat()
        left, top = number % 97, number // 97
        crop = source.crop((left, top, left + size[0], top + size[1]))
        paths.append(folder / f"{number:05d}.jpg")
        crop.save(paths[-1], quality=85)
    return paths


def large(count: int, folder: Path) -> list[Path]:
    """`count` JPEGs of twelve megapixels in `folder`, with the grain of a photo, each different."""
    coffee_large = coffee().resize((4100, 3100), Image.Resampling.LANCZOS)
    grain = Image.effect_noise(coffee_large.size, 24).convert("RGB")
    grainy = Image.blend(coffee_large, grain, 0.12)
    paths = []
    for number in range(count):
        paths.append(folder / f"large-{number:04d}.jpg")
        left, top = number % 97, number // 97
        grainy.crop((left, top, left + 4000, top + 3000)).save(paths[-1], quality=90)
    return paths
