"""What the tests of models share: networks built by the libraries alone, and saved in their way."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import timm
import torch
import torchvision
from numpy.typing import NDArray
from safetensors.torch import save_file
from transformers import AutoConfig, AutoModelForImageClassification, ViTImageProcessor

from tagd.models.zoo import registry
from tagd.models.zoo.registry import BundledWeights, ModelFacts

EMBEDDED = ("efficientnet-lite0", "efficientnet-lite1", "efficientnet-lite2")
SMALLEST = registry.find("pvt-v2-b0")
SPREAD = 8.0  # of the logits, once a head is scaled
LIBRARY: Any = AutoModelForImageClassification
DISHES = ["ramen", "soba", "miso soup"]


def embedded_weights(model: str) -> BundledWeights:
    """Where the weights of an embedded model are."""
    weights = registry.find(model).weights
    assert isinstance(weights, BundledWeights)
    return weights


def network(facts: ModelFacts, classes: int = 1000, seed: int = 0) -> Any:
    """The architecture with random weights, from its real configuration, by its library alone."""
    torch.manual_seed(seed)
    config: dict[str, Any] = dict(facts.config)
    match facts.backend:
        case "timm":
            return timm.create_model(facts.architecture, num_classes=classes, **config).eval()
        case "torchvision":
            if facts.architecture == "googlenet":
                config["init_weights"] = False  # what torchvision draws takes a minute
            make: Any = getattr(torchvision.models, facts.architecture)
            return make(weights=None, num_classes=classes, **config).eval()
        case "transformers":
            kind = config.pop("model_type")
            made = AutoConfig.for_model(kind, num_labels=classes, **config)
            return LIBRARY.from_config(made).eval()


def pictures(facts: ModelFacts, count: int = 2) -> NDArray[np.uint8]:
    """Pictures of noise, of the size that the model takes."""
    noise = np.random.default_rng(1)
    return noise.integers(0, 256, (count, *facts.input_size, 3), dtype=np.uint8)


def prepared(facts: ModelFacts, images: NDArray[np.uint8]) -> torch.Tensor:
    """The very tensor that the network is to see."""
    mean = torch.tensor(facts.preprocessing.mean).view(1, 3, 1, 1)
    std = torch.tensor(facts.preprocessing.std).view(1, 3, 1, 1)
    return (torch.from_numpy(images.copy()).permute(0, 3, 1, 2).float() / 255 - mean) / std


def exact(built: Any, facts: ModelFacts, images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The logits of the library itself."""
    with torch.inference_mode():
        said = built(prepared(facts, images))
    logits: NDArray[np.float32] = getattr(said, "logits", said).numpy()
    return logits


def exact_embedding(
    built: Any, facts: ModelFacts, images: NDArray[np.uint8]
) -> NDArray[np.float32]:
    """What the library gives its last layer: asked for it where it can be, else overheard."""
    given: list[torch.Tensor] = []
    hook = _head(built).register_forward_pre_hook(lambda _, inputs: given.append(inputs[0]))
    with torch.inference_mode():
        shown = prepared(facts, images)
        if facts.backend == "timm":
            given.append(built.forward_head(built.forward_features(shown), pre_logits=True))
        else:
            built(shown)
    hook.remove()
    embedding: NDArray[np.float32] = given[-1].numpy()
    return embedding


def scale_head(built: Any, facts: ModelFacts) -> None:
    """Scale the last layer so that the logits of a picture spread by `SPREAD`: with random weights
    they spread by anything from 0.0005 to 7e12, where a comparison says nothing."""
    head = _head(built)
    spread = float(np.ptp(exact(built, facts, pictures(facts))[0]))
    with torch.no_grad():
        for tensor in head.parameters():
            tensor.mul_(SPREAD / spread)


def disturb(built: Any) -> None:
    """Other weights: the first layer's a quarter larger, and the head's those of other classes."""
    first = next(tensor for tensor in built.parameters() if tensor.ndim > 1)
    with torch.no_grad():
        first.mul_(1.25)
        for tensor in _head(built).parameters():
            tensor.copy_(tensor.roll(1, 0))


def _head(built: Any) -> torch.nn.Linear:
    """The last layer; not one that only helps to learn."""
    return [
        layer
        for name, layer in built.named_modules()
        if isinstance(layer, torch.nn.Linear) and not name.startswith(("aux", "AuxLogits"))
    ][-1]


def save(built: Any, facts: ModelFacts, folder: Path) -> Path:
    """The network in its library's own format; returns what is to be imported."""
    folder.mkdir(parents=True, exist_ok=True)
    match facts.backend:
        case "timm":
            path = folder / "model.safetensors"
            save_file({name: t.contiguous() for name, t in built.state_dict().items()}, path)
            return path
        case "torchvision":
            path = folder / f"{facts.architecture}.pth"
            torch.save(built.state_dict(), path)
            return path
        case "transformers":
            built.save_pretrained(folder)
            return folder


def save_dishes(folder: Path) -> Path:
    """A small ViT with classes of its own, as a Hugging Face folder."""
    config = AutoConfig.for_model(
        "vit",
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        image_size=64,
        id2label=dict(enumerate(DISHES)),
        label2id={name: place for place, name in enumerate(DISHES)},
    )
    torch.manual_seed(3)
    LIBRARY.from_config(config).save_pretrained(folder)
    ViTImageProcessor(size={"height": 64, "width": 64}).save_pretrained(folder)
    return folder


def timms_folder(folder: Path, classes: int, **said: object) -> Path:
    """A network that is surest of its last class but one, as timm saves it for the hub."""
    built: Any = timm.create_model("mobilenetv4_conv_small", num_classes=classes)
    with torch.no_grad():
        built.classifier.weight.zero_()
        built.classifier.bias[-2] = 20
    folder.mkdir()
    save_file(dict(built.state_dict()), folder / "model.safetensors")
    cfg: Any = timm.get_pretrained_cfg("mobilenetv4_conv_small.e2400_r224_in1k")
    cfg = {**cfg.to_dict(), "num_classes": classes, "tag": "in21k"}
    config = {"architecture": "mobilenetv4_conv_small", "pretrained_cfg": cfg, **said}
    (folder / "config.json").write_text(json.dumps(config))
    return folder
