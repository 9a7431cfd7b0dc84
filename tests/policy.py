"""What the policy's tests share: models, machines and photos to choose for."""

from __future__ import annotations

from datetime import time
from pathlib import Path
from typing import Any

from tagd.domain import PhotoFacts
from tagd.policy.context import Machine, ModelOption, PolicyContext

PATH = Path("/photos/2024/sport/a.jpg")


def option(
    model: str, top1: float | None, milliseconds: float | None, memory_mb: int = 100, **more: Any
) -> ModelOption:
    """A model on this disk, unless told otherwise."""
    known = {"fingerprint": f"of {model}", "measured": True, **more}
    return ModelOption(model, memory_mb, top1=top1, milliseconds=milliseconds, **known)


LITE0 = option("efficientnet-lite0", 74.83, 6)
LITE2 = option("efficientnet-lite2", 77.46, 14)
RESNET18 = option("resnet-18", 69.8, 20)
RESNET50 = option("resnet-50", 76.1, 50, 250)
RESNET101 = option("resnet-101", 77.4, 90, 400)
TINY = option("convnext-tiny", 82.1, 60, 300)
BASE = option("convnext-base", 83.8, 200, 700)
VIT = option("vit-base-augreg2", 85.1, 220, 800)
EVA_BASE = option("eva02-base", 88.25, 1500, 900)
EVA_LARGE = option("eva02-large", 90.05, 900, 2500)
ALL = (LITE0, LITE2, RESNET18, RESNET50, RESNET101, TINY, BASE, VIT, EVA_BASE, EVA_LARGE)


def photo(**facts: Any) -> PhotoFacts:
    """A JPEG of 12 megapixels from a Canon."""
    usual = {
        "format": "JPEG",
        "width": 4000,
        "height": 3000,
        "camera_make": "Canon",
        "camera_model": "Canon EOS R5",
    }
    return PhotoFacts(**{**usual, **facts})


def machine(*options: ModelOption, at: str = "12:00", **more: Any) -> Machine:
    """A machine with these models, by default all of them."""
    return Machine(options or ALL, at=time.fromisoformat(at), **more)


def context(there: Machine | None = None, path: Path = PATH, **of_photo: Any) -> PolicyContext:
    """A photo on a machine."""
    return PolicyContext(path, photo(**of_photo), there or machine())
