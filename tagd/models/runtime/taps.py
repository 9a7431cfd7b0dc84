"""Taps on a network: what its last linear layer is given, and the map that was pooled for it.

Where they are is found out by one pass, the same for timm, transformers and torchvision: the last
linear layer with an output for each class, and the last module before it whose answer has places.
Imports torch.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from tagd.models.runtime.outputs import Output

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch.utils.hooks import RemovableHandle


@dataclass(frozen=True, slots=True)
class Taps:
    """Names of modules; None where the network has no such place."""

    head: str | None
    features: str | None

    @property
    def outputs(self) -> frozenset[Output]:
        """What can be had."""
        there = {Output.EMBEDDING: self.head, Output.FEATURES: self.features}
        return frozenset({Output.LOGITS, *(output for output, name in there.items() if name)})


class Tapped(torch.nn.Module):
    """A network that answers with these outputs, in their order, as a tuple.

    Its hooks stay: a compiler and a recorder see the same modules with each pass. Several may share
    one network, and each hears its own passes alone.
    """

    def __init__(self, network: torch.nn.Module, taps: Taps, outputs: Sequence[Output]) -> None:
        super().__init__()
        self.network = network
        self._outputs = tuple(outputs)
        self._seen: dict[Output, torch.Tensor] = {}
        self._is_passing = False
        if Output.EMBEDDING in self._outputs and taps.head is not None:
            network.get_submodule(taps.head).register_forward_pre_hook(self._before_head)
        if Output.FEATURES in self._outputs and taps.features is not None:
            network.get_submodule(taps.features).register_forward_hook(self._after_features)

    def forward(self, pixels: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Answer pictures of (N, 3, height, width)."""
        self._is_passing = True
        try:
            logits = self.network(pixels)
            seen = {**self._seen, Output.LOGITS: logits}
        finally:
            self._is_passing = False
            self._seen.clear()
        return tuple(seen[output] for output in self._outputs)

    def _before_head(self, _: torch.nn.Module, given: tuple[torch.Tensor, ...]) -> None:
        if self._is_passing:
            self._seen[Output.EMBEDDING] = given[0]

    def _after_features(self, _: torch.nn.Module, __: object, answer: object) -> None:
        said = _tensor(answer)
        if self._is_passing and said is not None:
            self._seen[Output.FEATURES] = said


def find(network: torch.nn.Module, pixels: torch.Tensor) -> Taps:
    """Return where the network's taps are, by one pass of `pixels`, (N, 3, height, width)."""
    heads: list[tuple[str, tuple[int, ...], int]] = []
    maps: list[tuple[str, int]] = []  # name, how many heads had been passed

    def watch(name: str, module: torch.nn.Module) -> RemovableHandle:
        def after(_: torch.nn.Module, given: tuple[object, ...], answer: object) -> None:
            said = _tensor(answer)
            if said is None:
                return
            if isinstance(module, torch.nn.Linear) and isinstance(given[0], torch.Tensor):
                heads.append((name, tuple(given[0].shape), module.out_features))
            if _has_places(said, len(pixels)):
                maps.append((name, len(heads)))

        return module.register_forward_hook(after)

    hooks = [watch(name, module) for name, module in network.named_modules() if name]
    try:
        with torch.inference_mode():
            logits = network(pixels)
    finally:
        for hook in hooks:
            hook.remove()
    classes = logits.shape[-1]
    head = next(
        (
            (name, at)
            for at, (name, shape, outputs) in reversed(list(enumerate(heads)))
            if outputs == classes and len(shape) == 2
        ),
        None,
    )
    if head is None:
        return Taps(None, None)
    before = [name for name, passed in maps if passed <= head[1]]
    return Taps(head[0], before[-1] if before else None)


def _tensor(answer: object) -> torch.Tensor | None:
    """Return the tensor of a module's answer, the first of several."""
    if isinstance(answer, torch.Tensor):
        return answer
    if isinstance(answer, tuple | list) and answer:
        return _tensor(answer[0])
    if (hidden := getattr(answer, "last_hidden_state", None)) is not None:
        return _tensor(hidden)
    return None


def _has_places(answer: torch.Tensor, pictures: int) -> bool:
    """Return whether these are several values a channel: (N, C, H, W), (N, H, W, C) or (N, tokens,
    C)."""
    if answer.ndim not in {3, 4} or len(answer) != pictures:
        return False
    sides = answer.shape[1:-1] if answer.ndim == 3 else sorted(answer.shape[1:])[:2]
    return max(sides) > 1
