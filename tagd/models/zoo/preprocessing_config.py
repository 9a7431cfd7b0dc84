"""What the libraries' own files say of preprocessing, as `Preprocessing`. Pure.

A setting that would change the pixels in a way that tagd's decoders do not is refused: a picture
prepared otherwise than in training gives wrong tags, and no error.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Literal

from tagd.domain import Geometry
from tagd.errors import WeightsRefused
from tagd.models.zoo.preprocessing import Preprocessing

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Triple = tuple[float, float, float]
Interpolation = Literal["nearest", "bilinear", "bicubic", "lanczos"]

_RESAMPLE: Mapping[int, Interpolation] = {0: "nearest", 1: "lanczos", 2: "bilinear", 3: "bicubic"}
_NAMED: Mapping[str, Interpolation] = {name: name for name in _RESAMPLE.values()}
# Whose plain number for `size` means the shortest edge; of these alone it is known.
_SHORTEST = ("ConvNext", "CLIP", "Bit")
_SQUARE = ("ViT", "DeiT", "Beit")
_LEAST_SHARE = 0.1  # of a picture's side that is left of it by a crop
_LARGEST = 4096  # pixels a side
_WHOLE_FROM = 384  # ConvNext gives up the aspect, and crops nothing, from this size on
# Settings that prepare pixels in ways of their own, and the values that do not.
_STRANGE: Mapping[str, object] = {
    "do_pad": False,
    "do_flip_channel_order": False,
    "do_color_quantize": False,
    "do_thumbnail": False,
    "do_align_long_axis": False,
    "rescale_offset": False,
    "include_top": False,
    "do_reduce_labels": False,
}


def of_timm(config: Mapping[str, Any], origin: str) -> Preprocessing:
    """Read it from timm's `pretrained_cfg`, for the size that it was trained at."""
    try:
        _, height, width = config["input_size"]
        share = float(config.get("crop_pct") or 0.875)
        if not _LEAST_SHARE <= share <= 1:
            raise WeightsRefused(f"{origin}: crop_pct {share} is not one that tagd knows")
        mode = config.get("crop_mode") or "center"
        resize = (math.floor(height / share), math.floor(width / share))
        if mode not in {"center", "squash"}:
            raise WeightsRefused(f"{origin}: crop_mode {mode!r} is not one that tagd knows")
        return _bounded(
            Geometry(
                resize=resize if mode == "squash" or height != width else resize[0],
                crop=(height, width),
                interpolation=_NAMED[config.get("interpolation") or "bicubic"],
            ),
            (_triple(config["mean"]), _triple(config["std"])),
            origin,
        )
    except (KeyError, TypeError, ValueError, ArithmeticError) as error:
        raise WeightsRefused(f"{origin}: pretrained_cfg cannot be understood: {error!r}") from error


def of_transformers(config: Mapping[str, Any], origin: str) -> Preprocessing:
    """Read it from transformers' `preprocessor_config.json`."""
    for key, harmless in _STRANGE.items():
        if config.get(key, harmless) not in {harmless, None}:
            raise WeightsRefused(f"{origin}: {key} = {config[key]!r} is not something tagd does")
    if config.get("do_rescale") is False or not _is_255th(config.get("rescale_factor", 1 / 255)):
        raise WeightsRefused(f"{origin}: pixels that are not divided by 255 are not what tagd does")
    try:
        return _bounded(_geometry(config, origin), _normalisation(config), origin)
    except (KeyError, TypeError, ValueError, ArithmeticError) as error:
        raise WeightsRefused(f"{origin}: cannot be understood: {error!r}") from error


def _bounded(
    geometry: Geometry, normalisation: tuple[Triple, Triple], origin: str
) -> Preprocessing:
    """Both, unless one picture would take more memory than many photos do."""
    sides = geometry.resize if isinstance(geometry.resize, tuple) else (geometry.resize,)
    for side in (*sides, *geometry.crop):
        if not isinstance(side, int) or not 0 < side <= _LARGEST:
            raise WeightsRefused(f"{origin}: pictures of {side!r} pixels a side are not taken")
    return Preprocessing(geometry, *normalisation)


def _geometry(config: Mapping[str, Any], origin: str) -> Geometry:
    interpolation = _RESAMPLE[config.get("resample", 2)]
    kind = str(config.get("image_processor_type") or config.get("feature_extractor_type") or "")
    size = config["size"]
    if isinstance(size, int):
        if not kind.startswith((*_SHORTEST, *_SQUARE)):
            raise WeightsRefused(f"{origin}: which size is meant by {size} cannot be told")
        square = {"height": size, "width": size}
        size = {"shortest_edge": size} if kind.startswith(_SHORTEST) else square
    resize: int | tuple[int, int]
    if set(size) == {"height", "width"}:
        resize = (size["height"], size["width"])
    elif set(size) == {"shortest_edge"}:
        resize = size["shortest_edge"]
    else:
        raise WeightsRefused(f"{origin}: size {size!r} is not one that tagd knows")
    if kind.startswith("ConvNext") and isinstance(resize, int):
        return _convnext(resize, config.get("crop_pct"), interpolation)
    if config.get("crop_pct") is not None:
        raise WeightsRefused(f"{origin}: crop_pct of {kind or 'an unnamed kind'} is not known")
    crop = _crop(config, resize)
    if crop is None:
        raise WeightsRefused(f"{origin}: pictures of different sizes cannot go through together")
    return Geometry(resize, crop, interpolation)


def _convnext(size: int, share: float | None, interpolation: Interpolation) -> Geometry:
    if size >= _WHOLE_FROM:
        return Geometry((size, size), (size, size), interpolation)
    return Geometry(int(size / (share or 224 / 256)), (size, size), interpolation)


def _crop(config: Mapping[str, Any], resize: int | tuple[int, int]) -> tuple[int, int] | None:
    """Height and width after the crop; None where they would depend on the picture."""
    if not config.get("do_center_crop"):
        return None if isinstance(resize, int) else resize
    crop = config["crop_size"]
    return (crop, crop) if isinstance(crop, int) else (crop["height"], crop["width"])


def _normalisation(config: Mapping[str, Any]) -> tuple[Triple, Triple]:
    if config.get("do_normalize") is False:
        return (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)
    return _triple(config["image_mean"]), _triple(config["image_std"])


def _triple(values: Sequence[float]) -> Triple:
    red, green, blue = map(float, values)
    return red, green, blue


def _is_255th(factor: float) -> bool:
    return math.isclose(factor, 1 / 255, rel_tol=1e-6)
