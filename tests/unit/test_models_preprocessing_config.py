"""What the libraries' files say of preprocessing, and what of it is refused."""

from __future__ import annotations

from typing import Any

import pytest
import timm
from timm.data.config import resolve_data_config
from timm.data.transforms_factory import create_transform
from transformers import ConvNextImageProcessor, DeiTImageProcessor, ViTImageProcessor

from tagd.domain import Geometry
from tagd.errors import WeightsRefused
from tagd.models.zoo import registry
from tagd.models.zoo.preprocessing_config import of_timm, of_transformers

IMAGENET: dict[str, Any] = {"image_mean": [0.485, 0.456, 0.406], "image_std": [0.229, 0.224, 0.225]}
RESNET = {
    "crop_pct": 0.875,
    "do_normalize": True,
    "do_resize": True,
    "feature_extractor_type": "ConvNextFeatureExtractor",
    "resample": 3,
    "size": 224,
    **IMAGENET,
}
TIMM_ROWS = [facts.id for facts in registry.zoo().values() if facts.backend == "timm"]


@pytest.mark.parametrize(
    ("config", "geometry"),
    [
        (RESNET, Geometry(256, (224, 224), "bicubic")),
        ({**RESNET, "size": {"shortest_edge": 224}}, Geometry(256, (224, 224), "bicubic")),
        ({**RESNET, "size": {"shortest_edge": 384}}, Geometry((384, 384), (384, 384), "bicubic")),
        (
            {"size": 224, "image_processor_type": "ViTImageProcessor", "resample": 2, **IMAGENET},
            Geometry((224, 224), (224, 224), "bilinear"),
        ),
        (
            {"size": {"height": 99, "width": 88}, "resample": 0, **IMAGENET},
            Geometry((99, 88), (99, 88), "nearest"),
        ),
        (
            {
                "size": {"shortest_edge": 256},
                "do_center_crop": True,
                "crop_size": {"height": 224, "width": 200},
                **IMAGENET,
            },
            Geometry(256, (224, 200), "bilinear"),
        ),
    ],
)
def test_transformers_settings_are_understood(config: dict[str, Any], geometry: Geometry) -> None:
    assert of_transformers(config, "here").geometry == geometry


@pytest.mark.parametrize(
    ("processor", "geometry"),
    [
        (ViTImageProcessor, Geometry((224, 224), (224, 224), "bilinear")),
        (ConvNextImageProcessor, Geometry((384, 384), (384, 384), "bicubic")),
        (DeiTImageProcessor, Geometry((256, 256), (224, 224), "bicubic")),
    ],
)
def test_what_transformers_itself_writes_is_understood(processor: Any, geometry: Geometry) -> None:
    assert of_transformers(processor().to_dict(), "here").geometry == geometry


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"do_pad": True}, "do_pad = True"),
        ({"rescale_offset": True}, "rescale_offset"),
        ({"do_rescale": False}, "divided by 255"),
        ({"rescale_factor": 1 / 127.5}, "divided by 255"),
        ({"feature_extractor_type": "OddProcessor"}, "size is meant by 224"),
        ({"size": {"shortest_edge": 224, "longest_edge": 900}}, "size"),
        ({"feature_extractor_type": "CLIPImageProcessor"}, "crop_pct"),
        ({"feature_extractor_type": "CLIPImageProcessor", "crop_pct": None}, "different sizes"),
        ({"image_mean": None}, "cannot be understood"),
        ({"image_mean": [0.5]}, "cannot be understood"),
        ({"resample": 5}, "cannot be understood"),
    ],
)
def test_what_tagd_does_not_do_is_refused(change: dict[str, Any], said: str) -> None:
    with pytest.raises(WeightsRefused, match=f"^here: .*{said}"):
        of_transformers({**RESNET, **change}, "here")


def test_no_normalisation_is_one_by_nought_and_one() -> None:
    found = of_transformers({**RESNET, "do_normalize": False, "image_mean": None}, "here")
    assert (found.mean, found.std) == ((0.0, 0.0, 0.0), (1.0, 1.0, 1.0))


@pytest.mark.parametrize("model", TIMM_ROWS)
def test_timms_settings_are_those_of_its_own_transform(model: str) -> None:
    checkpoint: Any = timm.get_pretrained_cfg(registry.find(model).checkpoint)
    config = checkpoint.to_dict()
    resolve: Any = resolve_data_config
    make: Any = create_transform
    resize, crop, _, normalise = make(
        **resolve(pretrained_cfg=config), is_training=False
    ).transforms
    found = of_timm(config, "here")
    size = resize.size if isinstance(resize.size, int) else tuple(resize.size)
    assert found.geometry == Geometry(size, tuple(crop.size), resize.interpolation.value)
    assert found.mean == pytest.approx(normalise.mean.tolist())
    assert found.std == pytest.approx(normalise.std.tolist())
    # The zoo's row has another size only where its accuracy was measured at that.
    facts = registry.find(model)
    assert facts.preprocessing == found or "as top1 was measured" in facts.sources["preprocessing"]


@pytest.mark.parametrize("change", [{"crop_mode": "border"}, {"input_size": [3]}, {"mean": None}])
def test_timm_settings_that_are_not_understood_are_refused(change: dict[str, Any]) -> None:
    checkpoint: Any = timm.get_pretrained_cfg("resnet34.a1_in1k")
    with pytest.raises(WeightsRefused, match=r"^here: "):
        of_timm({**checkpoint.to_dict(), **change}, "here")
