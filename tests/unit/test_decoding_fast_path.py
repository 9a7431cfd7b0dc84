"""What a model gets to see is what timm's and transformers' own transforms would show it.

Whatever is decoded whole equals theirs but for rounding: by two levels of 255 at most, and by
`WHOLE_MEAN` on average (of 320 photos one value in 8,000 differed, by one level). Where a JPEG is
decoded at a lower scale, pixels differ by `DRAFT_MEAN` levels on average at most; the measured
agreement of the answers is in benchmarks/.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import timm
from numpy.typing import NDArray
from PIL import Image, ImageOps
from timm.data.config import resolve_data_config
from timm.data.transforms_factory import create_transform
from transformers.models.convnext.image_processing_pil_convnext import ConvNextImageProcessorPil
from transformers.models.vit.image_processing_pil_vit import ViTImageProcessorPil

from tagd.decoding.decode import DecodeLimits, decode
from tagd.models.zoo.preprocessing import Preprocessing
from tagd.models.zoo.preprocessing_config import of_timm, of_transformers
from tests.photos import cat, coffee

config_of: Any = resolve_data_config
transform_of: Any = create_transform

WHOLE_MOST, WHOLE_MEAN = 2.001, 0.02
DRAFT_MEAN = 1.5

Picture = Callable[[Path], Image.Image]
Floats = NDArray[np.float32]


def tiny(path: Path) -> Image.Image:
    picture = coffee().resize((3, 2))
    picture.save(path, "PNG")
    return picture


def small(path: Path) -> Image.Image:
    coffee().resize((500, 375)).save(path, "JPEG", quality=90)
    return Image.open(path)


def panorama(path: Path) -> Image.Image:
    coffee().resize((4200, 300)).save(path, "JPEG", quality=90)
    return Image.open(path)


def tower(path: Path) -> Image.Image:
    cat().resize((61, 2100)).save(path, "JPEG", quality=90)
    return Image.open(path)


def cmyk(path: Path) -> Image.Image:
    coffee().convert("CMYK").save(path, "TIFF")
    return Image.open(path).convert("RGB")


def gray(path: Path) -> Image.Image:
    cat().convert("L").save(path, "PNG")
    return Image.open(path).convert("RGB")


def sixteen_bits(path: Path) -> Image.Image:
    """The libraries would clip these to white; what they mean is the upper eight bits."""
    levels = np.asarray(cat().convert("L"))
    Image.fromarray(levels.astype(np.uint16) * 257).save(path, "PNG")
    return Image.fromarray(levels).convert("RGB")


def transparent(path: Path) -> Image.Image:
    """The libraries would show what is hidden behind; a person sees it on paper."""
    picture = coffee().convert("RGBA")
    picture.paste((255, 0, 255, 0), (0, 0, 200, 200))
    picture.save(path, "PNG")
    on_paper = coffee().copy()
    on_paper.paste("white", (0, 0, 200, 200))
    return on_paper


def turned(path: Path) -> Image.Image:
    exif = Image.Exif()
    exif[0x0112] = 6
    coffee().save(path, "JPEG", quality=90, exif=exif)
    return ImageOps.exif_transpose(Image.open(path))


WHOLE: tuple[Picture, ...] = (
    tiny,
    small,
    panorama,
    tower,
    cmyk,
    gray,
    sixteen_bits,
    transparent,
    turned,
)


def of_timms(architecture: str) -> tuple[Preprocessing, Callable[[Image.Image], Floats]]:
    """What tagd makes of timm's settings, and timm's own transform."""
    network: Any = timm.create_model(architecture)
    transform = transform_of(**config_of({}, model=network), is_training=False)
    ours = of_timm(network.pretrained_cfg, architecture)
    return ours, lambda picture: np.asarray(transform(picture.convert("RGB")))


def of_transformers_own(processor: Any) -> tuple[Preprocessing, Callable[[Image.Image], Floats]]:
    """As `of_timms`, for an image processor of transformers."""
    ours = of_transformers(processor.to_dict(), "here")

    def transform(picture: Image.Image) -> Floats:
        told = processor(picture.convert("RGB"), return_tensors="np")
        values: Floats = told["pixel_values"][0]
        return values

    return ours, transform


@pytest.fixture(
    scope="module",
    params=["tf_efficientnet_lite0", "resnet18", "vit", "convnext"],
)
def transforms(
    request: pytest.FixtureRequest,
) -> tuple[Preprocessing, Callable[[Image.Image], Floats]]:
    match request.param:
        case "vit":
            return of_transformers_own(ViTImageProcessorPil())
        case "convnext":
            return of_transformers_own(ConvNextImageProcessorPil(size={"shortest_edge": 224}))
    return of_timms(request.param)


def seen(path: Path, preprocessing: Preprocessing) -> Floats:
    """What a network is given by tagd, as (3, height, width)."""
    pixels = decode(path, [preprocessing.geometry], DecodeLimits()).inputs[preprocessing.geometry]
    mean, std = np.array(preprocessing.mean), np.array(preprocessing.std)
    normalised: Floats = ((pixels / 255 - mean) / std).transpose(2, 0, 1).astype(np.float32)
    return normalised


def levels(difference: Floats, preprocessing: Preprocessing) -> Floats:
    """How far normalised values are apart, in levels of 255."""
    apart: Floats = 255 * np.abs(difference) * np.array(preprocessing.std).reshape(3, 1, 1)
    return apart


@pytest.mark.parametrize("picture", WHOLE, ids=lambda each: each.__name__)
def test_odd_pictures_look_as_the_librarys_own_transform_shows_them(
    picture: Picture,
    transforms: tuple[Preprocessing, Callable[[Image.Image], Floats]],
    tmp_path: Path,
) -> None:
    preprocessing, transform = transforms
    theirs = transform(picture(tmp_path / "picture"))
    apart = levels(seen(tmp_path / "picture", preprocessing) - theirs, preprocessing)
    assert apart.max() < WHOLE_MOST
    assert apart.mean() < WHOLE_MEAN


def test_a_huge_photo_at_a_lower_scale_looks_nearly_the_same(
    transforms: tuple[Preprocessing, Callable[[Image.Image], Floats]], tmp_path: Path
) -> None:
    preprocessing, transform = transforms
    coffee().resize((4000, 3000), Image.Resampling.BICUBIC).save(tmp_path / "a.jpg", quality=92)
    theirs = transform(Image.open(tmp_path / "a.jpg"))
    apart = levels(seen(tmp_path / "a.jpg", preprocessing) - theirs, preprocessing)
    assert 0 < apart.mean() < DRAFT_MEAN
