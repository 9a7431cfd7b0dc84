"""What a library does for tagd: it builds a network with given weights. One Protocol, for three.

Imports torch, and with `open_session` the library that the model needs, and only that one.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Protocol, cast

from tagd.errors import ModelError, WeightsRefused
from tagd.models.runtime.modes import Way
from tagd.models.runtime.torch_session import TorchSession
from tagd.models.zoo import bundled, checkpoint, store
from tagd.models.zoo.registry import BundledWeights, FileWeights
from tagd.models.zoo.shelf import absent

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import torch

    from tagd.models.runtime.device import Device
    from tagd.models.zoo.checkpoint import State
    from tagd.models.zoo.preprocessing import Preprocessing
    from tagd.models.zoo.registry import Backend as Library
    from tagd.models.zoo.registry import ModelFacts


_SPARE = 1_000_000  # numbers


class Backend(Protocol):
    """A module that knows one library's architectures and the names of their tensors."""

    def build(self, facts: ModelFacts, classes: int, state: State) -> torch.nn.Module:
        """Build the network with these weights: (N, 3, height, width) to logits of (N, classes).

        Raises `WeightsRefused` when the weights do not fit the architecture, or there is no such
        architecture in the library.
        """

    def usual_preprocessing(self, architecture: str) -> Preprocessing | None:
        """Return how the library prepares pictures for this architecture, unless told otherwise;
        None where it does not say. Raises `WeightsRefused` for an architecture that it has not."""


def open_session(
    facts: ModelFacts,
    labels: Sequence[str],
    device: Device,
    way: Way = Way.EAGER,
    say: Callable[[str], None] = lambda _: None,
) -> TorchSession:
    """Read, check and load the model's weights, to be run in this way.

    Raises `WeightsMissing`, `WeightsRefused`, and `DeviceUnavailable` where the device fails.
    """
    built = network(facts, labels, read(facts))
    return TorchSession(built, facts.preprocessing, device, way, say)


def read(facts: ModelFacts) -> State:
    """Read the model's tensors, out of a file that is the one that its facts name.

    Raises `WeightsMissing` and `WeightsRefused`.
    """
    match facts.weights:
        case BundledWeights() as weights:
            return checkpoint.read(bundled.read(weights), origin=facts.id)
        case FileWeights() as weights:
            return checkpoint.read_file(store.verify(weights), origin=facts.id)
    raise absent(facts)


def network(facts: ModelFacts, labels: Sequence[str], state: State) -> torch.nn.Module:
    """Build the network with these weights, its head checked to have one place a label.

    Raises `WeightsRefused`, and `ModelError` when the library cannot be imported.
    """
    return load(facts.backend).build(facts, len(labels), state).eval()


def load(library: Library) -> Backend:
    """Import the library's own module, only now: each takes seconds. Raises `ModelError`."""
    try:
        return cast("Backend", import_module(f"tagd.models.backends.{library}"))
    except (ImportError, OSError) as error:
        raise ModelError(
            f"{library} cannot be imported: {error}",
            hint="Reinstall torch and what builds on it, in versions that go together.",
        ) from error


def refuse_unknown(library: Library, architecture: str, is_there: bool) -> None:
    """Raise `WeightsRefused` unless the library has this architecture."""
    if not is_there:
        raise WeightsRefused(f"{library} has no architecture {architecture!r}")


def refuse_larger(facts: ModelFacts, network: torch.nn.Module, state: State) -> None:
    """Raise `WeightsRefused` where the network, on no device yet, is far larger than its weights:
    to make it would take what its configuration says, and not what is there."""
    wanted = sum(each.numel() for each in network.parameters())
    given = sum(each.numel() for each in state.values())
    if wanted > 2 * given + _SPARE:
        raise WeightsRefused(
            f"{facts.id}: the configuration says {wanted / 1e6:.1f} M numbers, and the file has "
            f"{given / 1e6:.1f} M: the weights belong to another architecture"
        )


def refuse_head(facts: ModelFacts, outputs: int, labels: int) -> None:
    """Raise `WeightsRefused` unless the head has one output a label."""
    if outputs != labels:
        raise WeightsRefused(
            f"{facts.id}: the head has {outputs} outputs, but the label set {facts.label_set} has "
            f"{labels} labels"
        )
