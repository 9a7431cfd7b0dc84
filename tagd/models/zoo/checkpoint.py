"""Tensors out of a checkpoint file that must not run code, laid onto a network.

Imports torch.
"""

from __future__ import annotations

import pickle
import warnings
from io import BytesIO
from typing import TYPE_CHECKING

import safetensors.torch
import torch
from safetensors import SafetensorError

from tagd.errors import WeightsMissing, WeightsRefused

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

# A counter that batch normalisation keeps while it learns; older checkpoints have none.
_LEARNING_ONLY = "num_batches_tracked"

State = dict[str, torch.Tensor]
_INNER = ("state_dict", "model")  # under which trainers keep the tensors beside what else they keep
# What training on several GPUs, torch.compile, Lightning, or transformers around a network of
# timm's put before each name, one around the other.
_WRAPPERS = ("module.", "_orig_mod.", "model.", "net.", "timm_model.")
_LIGHTNING = "pytorch-lightning_version"
_POINTER = b"version https://git-lfs.github.com/spec/"


def read_file(path: Path, origin: str) -> State:
    """Read the named tensors of a .safetensors file, or of a PyTorch checkpoint as `read` takes it.

    Raises `WeightsMissing`, and `WeightsRefused` naming `origin`.
    """
    try:
        _refuse_pointer(path, origin)
        if path.suffix == ".safetensors":
            return _unwrapped(safetensors.torch.load_file(path))
        return read(path.read_bytes(), origin)
    except SafetensorError as error:
        raise WeightsRefused(
            f"{origin}: the file is damaged or no .safetensors: {_cause(error)}"
        ) from error
    except OSError as error:
        raise WeightsMissing(
            f"{path}: the weights cannot be read: {error.strerror or error}"
        ) from error


def _refuse_pointer(path: Path, origin: str) -> None:
    with path.open("rb") as file:
        if file.read(len(_POINTER)) == _POINTER:
            raise WeightsRefused(
                f"{origin}: this is a pointer of Git LFS, and not the weights",
                hint="Fetch them where the file came from: git lfs pull",
            )


def read(content: bytes, origin: str) -> State:
    """Read the named tensors of a PyTorch checkpoint, on the CPU.

    Raises `WeightsRefused` naming `origin` when it is damaged, wants to run code, or holds anything
    but tensors.
    """
    try:
        # Of a pickle in a newer format torch warns, in words for its own developers.
        with warnings.catch_warnings(action="ignore"):
            state = torch.load(BytesIO(content), map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise WeightsRefused(
            f"{origin}: more than tensors is in this file, and loading it could run code: "
            f"{_cause(error)}",
            hint="Use a file that holds the weights alone, best a .safetensors.",
        ) from error
    except Exception as error:  # damage shows as nearly any error while it is unpickled
        raise WeightsRefused(
            f"{origin}: the file is damaged or no PyTorch checkpoint: {_cause(error)}"
        ) from error
    is_lightnings = isinstance(state, dict) and _LIGHTNING in state
    for inner in _INNER:
        if isinstance(state, dict) and isinstance(state.get(inner), dict):
            state = state[inner]
    if not isinstance(state, dict) or not all(
        isinstance(name, str) and isinstance(tensor, torch.Tensor) for name, tensor in state.items()
    ):
        raise WeightsRefused(f"{origin}: no table of named tensors is in this file")
    return _unwrapped(_networks_own(state) if is_lightnings else state)


def _networks_own(state: State) -> State:
    """Return the network's tensors, without what Lightning keeps of losses and metrics beside
    them."""
    for wrapper in _WRAPPERS:
        if own := {name: tensor for name, tensor in state.items() if name.startswith(wrapper)}:
            return own
    return state


def _unwrapped(state: State) -> State:
    found = dict(state)
    while found:
        shared = (
            wrapper for wrapper in _WRAPPERS if all(name.startswith(wrapper) for name in found)
        )
        if (wrapper := next(shared, None)) is None:
            return found
        found = {name.removeprefix(wrapper): tensor for name, tensor in found.items()}
    return found


def fit(network: torch.nn.Module, state: State, origin: str) -> None:
    """Give the network these tensors, every one and no other, each under its name.

    Raises `WeightsRefused` naming the first that is missing, too many or of another shape.
    """
    wanted = network.state_dict()
    # Counters of learning say nothing of an answer; old checkpoints have none, others too many.
    missing = [name for name in wanted if name not in state and _counts(name)]
    surplus = [name for name in state if name not in wanted and _counts(name)]
    if missing or surplus:
        what = f"lacks {missing[0]}" if missing else f"has {surplus[0]}, which the network has not"
        raise WeightsRefused(
            f"{origin}: the file {what} ({len(missing)} tensors missing, {len(surplus)} too many): "
            "the weights belong to another architecture"
        )
    for name, tensor in state.items():
        if name in wanted and tensor.shape != wanted[name].shape:
            raise WeightsRefused(
                f"{origin}: {name} is {tuple(tensor.shape)}, but the network's is "
                f"{tuple(wanted[name].shape)}: the weights belong to another architecture or other "
                "classes"
            )
    network.load_state_dict({**wanted, **{n: t for n, t in state.items() if n in wanted}})


def fit_by_position(state: Mapping[str, torch.Tensor], target: State, origin: str) -> State:
    """Return `state` under the names of `target`, a network's own state, where both hold the same
    tensors in the same order under other names.

    Each pair must agree in shape, type and the last part of its name (weight, bias, running_mean),
    which tells apart neighbours of one shape. Raises `WeightsRefused` naming the first pair that
    does not.
    """
    given = [(name, tensor) for name, tensor in state.items() if _counts(name)]
    wanted = [(name, tensor) for name, tensor in target.items() if _counts(name)]
    if len(given) != len(wanted):
        raise WeightsRefused(
            f"{origin}: {len(given)} tensors, but the network has {len(wanted)}: "
            "the weights belong to another architecture"
        )
    fitted = {name: tensor for name, tensor in target.items() if not _counts(name)}
    for (source, tensor), (name, place) in zip(given, wanted, strict=True):
        if _signature(source, tensor) != _signature(name, place):
            raise WeightsRefused(
                f"{origin}: {source} is {_describe(tensor)}, but the network's {name} is "
                f"{_describe(place)}: the weights belong to another architecture or other classes"
            )
        fitted[name] = tensor
    return fitted


def _counts(name: str) -> bool:
    return not name.endswith(_LEARNING_ONLY)


def _signature(name: str, tensor: torch.Tensor) -> tuple[str, torch.Size, torch.dtype]:
    return name.rpartition(".")[2], tensor.shape, tensor.dtype


def _describe(tensor: torch.Tensor) -> str:
    return f"{str(tensor.dtype).removeprefix('torch.')} {tuple(tensor.shape)}"


def _cause(error: Exception) -> str:
    """Return the line of torch's message that says what it met; the first alone is advice to trust
    it."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    telling = (line for line in lines if "GLOBAL" in line or "Unsupported" in line)
    line = next(telling, lines[0] if lines else "it ends too early")
    return f"{type(error).__name__}: {line[:200]}"
