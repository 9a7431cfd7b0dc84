"""What a folder or a file from elsewhere says of itself. Imports no machine-learning library.

a Hugging Face folder     config.json with `model_type`, preprocessor_config.json, weights
a folder of timm's        config.json with `architecture` and `pretrained_cfg`, weights
a weights file            says nothing; what it is has to be told
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from tagd.errors import WeightsMissing, WeightsRefused
from tagd.fs import read_regular
from tagd.models.zoo import labelset, network_options, preprocessing_config

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tagd.models.zoo.preprocessing import Preprocessing
    from tagd.models.zoo.registry import Backend

CONFIG = "config.json"
PREPROCESSOR = "preprocessor_config.json"
_LARGEST_CONFIG = 16 << 20  # bytes: the names of 20,000 classes take one
SAFETENSORS = "model.safetensors"
PICKLES = (".bin", ".pth", ".pt", ".ckpt", ".tar")  # PyTorch's own, loaded as tensors alone
_OTHERS = {
    ".h5": "TensorFlow",
    ".msgpack": "Flax",
    ".onnx": "ONNX",
    ".gguf": "GGUF",
    ".pkl": "a Python pickle, which can run code",
    ".pickle": "a Python pickle, which can run code",
    ".joblib": "a Python pickle, which can run code",
}
# What a configuration holds that no answer depends on.
_NOISE = frozenset(
    {
        "_name_or_path", "architecture", "dtype", "finetuning_task", "id2label", "label2id",
        "num_labels", "problem_type", "torch_dtype", "transformers_version",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Incoming:
    """What is known before anything is loaded. `names` are those of the outputs, in order;
    `label_set` says which they are where no names are given."""

    weights: Path
    backend: Backend | None = None
    architecture: str = ""
    config: Mapping[str, Any] | None = None
    preprocessing: Preprocessing | None = None
    names: tuple[str, ...] = ()
    label_set: str | None = None

    def told(self, backend: Backend, architecture: str) -> Incoming:
        """Return the same with an architecture that a person named."""
        return replace(self, backend=backend, architecture=architecture)


def inspect(path: Path) -> Incoming:
    """Find out what lies at `path`. Raises `WeightsMissing` and `WeightsRefused`."""
    if not path.exists():
        raise WeightsMissing(f"there is no {path}")
    if not path.is_dir():
        return Incoming(_accepted(path))
    weights = _weights_in(path)
    config = _json(path / CONFIG)
    if config is None:
        return Incoming(weights)
    if "pretrained_cfg" in config:
        return _of_timm(config, weights, path)
    if "model_type" in config:
        return _of_transformers(config, weights, path)
    raise WeightsRefused(
        f"{path / CONFIG}: neither a configuration of transformers (`model_type`) nor one of timm "
        "(`architecture` and `pretrained_cfg`)"
    )


def _of_transformers(config: Mapping[str, Any], weights: Path, folder: Path) -> Incoming:
    if "auto_map" in config:
        raise WeightsRefused(
            f"{folder}: this model needs code of its own, which tagd never runs",
            hint="Use one whose architecture is part of transformers.",
        )
    said = _json(folder / PREPROCESSOR)
    prepared = said and preprocessing_config.of_transformers(said, str(folder / PREPROCESSOR))
    return Incoming(
        weights=weights,
        backend="transformers",
        architecture=str(config["model_type"]),
        config=network_options.of_transformers(
            {key: value for key, value in config.items() if key not in _NOISE},
            str(folder / CONFIG),
        ),
        preprocessing=prepared or None,
        names=_names(config.get("id2label"), folder),
    )


def _of_timm(config: Mapping[str, Any], weights: Path, folder: Path) -> Incoming:
    origin, cfg = str(folder / CONFIG), config["pretrained_cfg"]
    if not isinstance(cfg, dict) or not isinstance(config.get("architecture"), str):
        raise WeightsRefused(f"{origin}: timm's `architecture` and `pretrained_cfg` are none")
    names = config.get("label_names") or cfg.get("label_names") or config.get("id2label")
    return Incoming(
        weights=weights,
        backend="timm",
        architecture=str(config["architecture"]),
        config=network_options.of_timm(config.get("model_args") or {}, origin),
        preprocessing=preprocessing_config.of_timm(cfg, origin),
        names=_names(names, folder),
        label_set=labelset.of_timm(cfg),
    )


def _names(names: object, folder: Path) -> tuple[str, ...]:
    return tuple(labelset.in_order(names, str(folder / CONFIG))) if names else ()


def _weights_in(folder: Path) -> Path:
    """Return the one file to be loaded: .safetensors where there is one."""
    if (folder / SAFETENSORS).is_file():
        return folder / SAFETENSORS
    files = sorted(path for path in folder.iterdir() if path.is_file())
    if any(path.name.endswith(".index.json") for path in files):
        raise WeightsRefused(f"{folder}: weights in several parts are not supported")
    for suffixes in ((".safetensors",), PICKLES):
        found = [path for path in files if path.suffix in suffixes]
        if len(found) > 1:
            raise WeightsRefused(
                f"{folder}: which of these is meant: {', '.join(path.name for path in found)}?",
                hint="Name the file.",
            )
        if found:
            return found[0]
    for path in files:
        if path.suffix in _OTHERS:
            _accepted(path)
    raise WeightsMissing(f"{folder}: no weights are in this folder")


def _accepted(path: Path) -> Path:
    if path.suffix == ".safetensors" or path.suffix in PICKLES:
        if not path.is_file():
            raise WeightsRefused(f"{path}: this is no regular file")
        return path
    kind = _OTHERS.get(path.suffix, "no weights that tagd knows")
    raise WeightsRefused(
        f"{path}: this is {kind}", hint="Use a .safetensors file, or PyTorch's own .pth or .bin."
    )


def _json(path: Path) -> dict[str, Any] | None:
    """Read what the file holds; None where there is no such file."""
    if not path.exists():
        return None
    try:
        if path.stat().st_size > _LARGEST_CONFIG:
            raise WeightsRefused(f"{path}: this is larger than any configuration")
        said = json.loads(read_regular(path))
    except RecursionError as error:
        raise WeightsRefused(f"{path}: no configuration is nested so deep") from error
    except (OSError, ValueError) as error:
        raise WeightsRefused(f"{path}: cannot be read: {error}") from error
    if not isinstance(said, dict):
        raise WeightsRefused(f"{path}: this is no configuration")
    return said
