"""torchvision's architectures. Imports torch and torchvision."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from torchvision import models

from tagd.domain import Geometry
from tagd.errors import WeightsRefused
from tagd.models.backends.base import refuse_head, refuse_unknown
from tagd.models.zoo import checkpoint
from tagd.models.zoo.preprocessing import Preprocessing

if TYPE_CHECKING:
    import torch

    from tagd.models.zoo.checkpoint import State
    from tagd.models.zoo.registry import ModelFacts

HEADS = ("fc", "classifier.6", "classifier.1", "classifier.3", "heads.head", "head", "classifier.2")
AUXILIARY = ("aux1.", "aux2.", "AuxLogits.")  # heads that only help to learn


def build(facts: ModelFacts, classes: int, state: State) -> torch.nn.Module:
    """See `Backend`. Heads that only help to learn are left out."""
    refuse_unknown("torchvision", facts.architecture, _has(facts.architecture))
    kept = {name: tensor for name, tensor in state.items() if not name.startswith(AUXILIARY)}
    biases = (kept.get(f"{head}.bias") for head in HEADS)
    outputs = next((len(bias) for bias in biases if bias is not None), classes)
    make = models.get_model_builder(facts.architecture)
    options = {"weights": None, "num_classes": outputs, **facts.config, **_quick(make)}
    try:
        network: torch.nn.Module = make(**options)
    except (TypeError, ValueError) as error:
        raise WeightsRefused(
            f"{facts.id}: torchvision cannot build {facts.architecture} as its configuration says: "
            f"{error}"
        ) from error
    checkpoint.fit(network, kept, origin=facts.id)
    refuse_head(facts, outputs, classes)
    return network


def usual_preprocessing(architecture: str) -> Preprocessing | None:
    """See `Backend`: that of the weights that torchvision recommends."""
    refuse_unknown("torchvision", architecture, _has(architecture))
    how: Any = models.get_model_weights(architecture)["DEFAULT"].transforms()
    (resize,), (crop,) = how.resize_size, how.crop_size
    geometry = Geometry(resize, (crop, crop), how.interpolation.value)
    return Preprocessing(geometry, tuple(how.mean), tuple(how.std))


def _has(architecture: str) -> bool:
    return architecture in models.list_models(module=models)


def _quick(make: object) -> dict[str, bool]:
    """GoogLeNet draws weights for seconds, which are replaced anyway."""
    constructor = inspect.getmodule(make)
    is_inception = constructor is not None and constructor.__name__.endswith(
        ("googlenet", "inception")
    )
    return {"aux_logits": False, "init_weights": False} if is_inception else {}
