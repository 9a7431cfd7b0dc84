"""timm's architectures. Imports torch and timm.

`import timm` costs what torch does once more (1.3 s and 190 MB, warm), nearly all of it torchvision
and, through that, torch's compiler; importing a part of timm alone brings the same along.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import timm
import torch

from tagd.errors import WeightsRefused
from tagd.models.backends.base import refuse_head, refuse_larger, refuse_unknown
from tagd.models.zoo import checkpoint, preprocessing_config
from tagd.models.zoo.registry import BundledWeights

if TYPE_CHECKING:
    from tagd.models.zoo.checkpoint import State
    from tagd.models.zoo.preprocessing import Preprocessing
    from tagd.models.zoo.registry import ModelFacts

IMAGENET = 1000  # classes, where the head does not tell
HEADS = ("head.fc", "head", "classifier", "fc", "last_linear", "classif")  # of all families here


def build(facts: ModelFacts, classes: int, state: State) -> torch.nn.Module:
    """See `Backend`. Embedded weights go by other names than timm's, in the same order."""
    refuse_unknown("timm", facts.architecture, timm.is_model(facts.architecture))
    outputs = _outputs(state) or IMAGENET
    network = _empty(facts, outputs, state)
    if isinstance(facts.weights, BundledWeights):
        state = checkpoint.fit_by_position(state, network.state_dict(), origin=facts.id)
    elif not network.state_dict().keys() <= state.keys():
        state = _renamed(network, state)
    checkpoint.fit(network, state, origin=facts.id)
    refuse_head(facts, outputs, classes)
    return network


def usual_preprocessing(architecture: str) -> Preprocessing | None:
    """See `Backend`: that of the weights that timm takes by default."""
    refuse_unknown("timm", architecture, timm.is_model(architecture))
    found: Any = timm.get_pretrained_cfg(architecture)
    return None if found is None else preprocessing_config.of_timm(found.to_dict(), architecture)


def _empty(facts: ModelFacts, outputs: int, state: State) -> torch.nn.Module:
    options: dict[str, Any] = dict(facts.config)
    if options:
        with torch.device("meta"):
            refuse_larger(facts, _made(facts, outputs, options), state)
    return _made(facts, outputs, options)


def _made(facts: ModelFacts, outputs: int, options: dict[str, Any]) -> torch.nn.Module:
    try:
        network: torch.nn.Module = timm.create_model(
            facts.architecture, pretrained=False, num_classes=outputs, **options
        )
    except Exception as error:  # what makes no sense shows as any error while a network is built
        raise WeightsRefused(
            f"{facts.id}: timm cannot build {facts.architecture} as its configuration says: "
            f"{type(error).__name__}: {str(error)[:200]}"
        ) from error
    return network


def _outputs(state: State) -> int | None:
    """Count the classes that the weights tell apart, by the length of the head's bias."""
    found = (state.get(f"{head}.bias") for head in HEADS)
    return next((len(bias) for bias in found if bias is not None and bias.ndim == 1), None)


def _renamed(network: torch.nn.Module, state: State) -> State:
    """Return the weights under the names of this timm, where they were saved by their authors or by
    an older one: most families have a function that knows how."""
    module = sys.modules[type(network).__module__]
    rename = getattr(module, "checkpoint_filter_fn", None) or getattr(module, "_filter_fn", None)
    if rename is None:
        return state
    try:
        renamed: State = rename(dict(state), network)
    except TypeError:
        renamed = rename(dict(state))
    except (KeyError, ValueError, RuntimeError, IndexError):
        return state  # not what it knows; what is wrong is said by `fit`
    return renamed
