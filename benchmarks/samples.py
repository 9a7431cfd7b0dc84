"""Photos to measure with, each with content of its own: duplicates would be recognised, not tagged.

Made from scikit-image's samples, or from the photos in a folder that the user names.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import skimage
from PIL import Image

LARGE = (4000, 3000)
SMALL = (500, 375)
SAMPLES = ("astronaut.png", "chelsea.png", "coffee.png", "motorcycle_left.png", "rocket.jpg")
SYNSET = re.compile(r"n\d{8}")

_KINDS = frozenset({".jpg", ".jpeg", ".png"})
_MOST_SOURCES = 12
_ENOUGH_PIXELS = 9_000_000
_SPARE = 120  # pixels that the crops are shifted within


def sources(folder: Path | None) -> list[Path]:
    """The pictures that photos are made from: the large ones of the folder, where there are any."""
    if folder is None:
        here = Path(skimage.__file__).parent / "data"
        return [here / name for name in SAMPLES]
    found = [path for path in _pictures(folder) if not SYNSET.fullmatch(path.parent.name)]
    large = [path for path in found if _pixels(path) >= _ENOUGH_PIXELS]
    chosen = (large or [path for path in found if _pixels(path)])[:_MOST_SOURCES]
    if not chosen:
        raise SystemExit(f"no JPEG and no PNG in {folder}")
    return chosen


def labelled(folder: Path | None) -> list[Path]:
    """The photos in folders that are named by a synset, such as n02123045; none without one."""
    if folder is None:
        return []
    return [path for path in _pictures(folder) if SYNSET.fullmatch(path.parent.name)]


def make(pictures: Sequence[Path], size: tuple[int, int], count: int, folder: Path) -> list[Path]:
    """`count` JPEGs of this size in `folder`, crops of the pictures with a camera's grain."""
    folder.mkdir(parents=True)
    paths: list[Path] = []
    share = -(-count // len(pictures))
    for source in pictures:
        grainy = _grainy(source, size)
        for left, top in itertools.islice(_shifts(), min(share, count - len(paths))):
            paths.append(folder / f"{len(paths):05d}.jpg")
            box = (left, top, left + size[0], top + size[1])
            grainy.crop(box).save(paths[-1], quality=92)
    return paths


def _shifts() -> Iterator[tuple[int, int]]:
    """Corners, no two the same, spread over the spare pixels."""
    for number in range(_SPARE * _SPARE):
        yield number % _SPARE, number // _SPARE


def _grainy(source: Path, size: tuple[int, int]) -> Image.Image:
    with Image.open(source) as opened:
        whole = (size[0] + _SPARE, size[1] + 2 * _SPARE)
        large = opened.convert("RGB").resize(whole, Image.Resampling.BICUBIC)
    grain = Image.effect_noise(whole, 24).convert("RGB")
    return Image.blend(large, grain, 0.1)


def _pictures(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.suffix.lower() in _KINDS)


def _pixels(path: Path) -> int:
    try:
        with Image.open(path) as image:
            return image.width * image.height
    except OSError:
        return 0  # some cameras' samples are broken, and that is what they are samples of
