"""The image classifiers of transformers. Imports torch and transformers.

Nothing here asks the network: weights and configuration are given.
"""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

import torch
from transformers import CONFIG_MAPPING, AutoModelForImageClassification, PretrainedConfig
from transformers.utils import logging

from tagd.errors import WeightsRefused
from tagd.models.backends.base import refuse_head, refuse_larger

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tagd.models.zoo.checkpoint import State
    from tagd.models.zoo.preprocessing import Preprocessing
    from tagd.models.zoo.registry import ModelFacts

_quiet: Any = logging
_quiet.set_verbosity_error()
_quiet.disable_progress_bar()
_known: Any = CONFIG_MAPPING
_COMMON = inspect.signature(PretrainedConfig).parameters.keys()
_auto: Any = AutoModelForImageClassification


class Logits(torch.nn.Module):
    """A classifier of transformers, whose answer is its logits alone."""

    def __init__(self, classifier: torch.nn.Module) -> None:
        super().__init__()
        self.classifier = classifier

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        """Compute (N, 3, height, width) to (N, classes)."""
        logits: torch.Tensor = self.classifier(pixel_values=pixels).logits
        return logits


def build(facts: ModelFacts, classes: int, state: State) -> torch.nn.Module:
    """See `Backend`. transformers itself knows tensors by the names of its older versions."""
    config = configuration(facts, _outputs(state) or classes)
    try:
        with torch.device("meta"):
            empty = _auto.from_config(config)
        refuse_larger(facts, empty, state)
        kind: Any = type(empty)
        network, report = kind.from_pretrained(
            None,
            config=config,
            state_dict=dict(state),
            output_loading_info=True,
            dtype=torch.float32,
        )
    except WeightsRefused:
        raise
    except Exception as error:  # what makes no sense shows as any error while a network is built
        raise WeightsRefused(
            f"{facts.id}: transformers cannot load it: {_first_line(error)}"
        ) from error
    _refuse_partial(facts, report)
    refuse_head(facts, config.num_labels, classes)
    return Logits(network)


def usual_preprocessing(architecture: str) -> Preprocessing | None:
    """See `Backend`: transformers keeps that beside the weights alone."""
    del architecture
    nowhere: Preprocessing | None = None
    return nowhere


def configuration(facts: ModelFacts, outputs: int) -> Any:
    """Build transformers' own configuration. Raises `WeightsRefused` for what is none it knows."""
    try:
        kind = _known[facts.architecture]
        return kind(num_labels=outputs, **_declared(kind, facts.config))
    except Exception as error:  # as above
        raise WeightsRefused(
            f"{facts.id}: transformers has no image classifier {facts.architecture!r} with this "
            f"configuration: {_first_line(error)}"
        ) from error


def _declared(kind: Any, said: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the architecture's own configuration has a place for. What any of them has, such
    as how attention is computed and by whose kernels, is no part of a network."""
    own = inspect.signature(kind).parameters.keys() - _COMMON
    found = {}
    for key, value in said.items():
        part = kind.sub_configs.get(key)
        if key in own and part is not None and isinstance(value, dict):
            found[key] = _declared(part, value)
        elif key in own and not isinstance(value, dict):
            found[key] = value
    return found


def _outputs(state: State) -> int | None:
    biases = (state.get(f"{head}.bias") for head in ("classifier", "classifier.1", "head"))
    return next((len(bias) for bias in biases if bias is not None), None)


def _refuse_partial(facts: ModelFacts, report: dict[str, Any]) -> None:
    for what, key in (("lacks", "missing_keys"), ("has too many: ", "unexpected_keys")):
        if names := sorted(map(str, report[key])):
            raise WeightsRefused(
                f"{facts.id}: the file {what} {names[0]} ({len(names)} tensors): "
                "the weights belong to another architecture"
            )
    if wrong := sorted(report["mismatched_keys"], key=str):
        raise WeightsRefused(
            f"{facts.id}: {wrong[0][0]} is {tuple(wrong[0][1])}, but the network's is "
            f"{tuple(wrong[0][2])}: the weights belong to another architecture or other classes"
        )


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0][:200]
