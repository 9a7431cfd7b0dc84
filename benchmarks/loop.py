"""What people run instead: open, transform and classify one photo after the other.

    python -m benchmarks.loop PHOTO…

timm's own transform on the whole picture, and PyTorch on every core, with the embedded weights of
EfficientNet-Lite0. Prints JSON: photos a second once warm, and each photo's best class by its
place, in the order of the arguments.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from typing import Any

import torch
from PIL import Image
from timm.data.config import resolve_data_config
from timm.data.transforms_factory import create_transform

from benchmarks.rates import MODEL
from tagd.models.backends import base
from tagd.models.zoo import registry
from tagd.models.zoo.shelf import Shelf

config_of: Any = resolve_data_config
transform_of: Any = create_transform


def classify(paths: Sequence[str]) -> tuple[float, list[int]]:
    """Photos a second, and the place of each photo's best class."""
    facts = registry.find(MODEL)
    network = base.network(facts, Shelf().labels_of(facts), base.read(facts)).eval()
    transform = transform_of(**config_of({}, model=network), is_training=False)
    answers = []
    with torch.inference_mode():
        for _ in range(3):
            network(torch.zeros(1, 3, *facts.preprocessing.geometry.crop))
        began = time.perf_counter()
        for path in paths:
            with Image.open(path) as photo:
                picture = transform(photo.convert("RGB"))
            answers.append(int(network(picture[None]).softmax(-1).topk(5).indices[0, 0]))
        seconds = time.perf_counter() - began
    return len(paths) / seconds, answers


if __name__ == "__main__":
    rate, best = classify(sys.argv[1:])
    print(json.dumps({"photos_a_second": rate, "best": best}))
