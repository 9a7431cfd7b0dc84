"""One interface for whatever runs a network, and a fake that tests may rely on."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Protocol

import numpy as np

from tagd.errors import ModelError
from tagd.models.runtime.outputs import EVERYTHING, LOGITS, Output, Outputs

if TYPE_CHECKING:
    from collections.abc import Set

    from numpy.typing import NDArray


class Session(Protocol):
    """A loaded network on a device. One thread calls it at a time."""

    @property
    def device(self) -> str:
        """Where it computes, such as "cpu" or "cuda:0"."""

    @property
    def precision(self) -> str:
        """What it computes in: "fp32", or one of half the size such as "bf16"."""

    @property
    def hardware(self) -> str:
        """What the device is, such as "NVIDIA H200" or a processor's name."""

    @property
    def batch_limit(self) -> int | None:
        """The most images that a forward pass takes, once more of them have not fitted the memory;
        `run` divides what is more. None: as many as come."""

    @batch_limit.setter
    def batch_limit(self, most: int | None) -> None: ...

    @property
    def tolerance(self) -> float:
        """Return how far a logit may stand from the exact one by this session's arithmetic
        alone."""

    @property
    def outputs(self) -> frozenset[Output]:
        """Return what this network can be asked for; logits always."""

    def run(self, images: NDArray[np.uint8], outputs: Set[Output] = LOGITS) -> Outputs:
        """Answer RGB images of (N, height, width, 3), N may be 0, with these outputs; logits are
        always among them.

        Raises `ValueError` on another shape or type, and `ModelError` when the device fails or the
        network has no such output.
        """

    def describe(self) -> str:
        """Device, precision and why there, for people."""

    def close(self) -> None:
        """Give the memory back; `run` raises `ModelError` from then on."""


class FakeSession:
    """Answers without a network: a picture's favourite class is the sum of its values, modulo the
    number of classes, and gets `confidence`; the others share the rest.

    So equal pictures get equal answers, and a black one is class 0. Features are the pixels,
    channels first and between 0 and 1, and the embedding is their mean. `batches` holds the sizes
    of what was asked, in order.
    """

    device = "fake"
    precision = "fp32"
    hardware = "none"
    tolerance = 0.0
    batch_limit: int | None = None
    outputs = EVERYTHING

    def __init__(self, classes: int, *, confidence: float = 0.9) -> None:
        if classes < 2 or not 1 / classes <= confidence < 1:
            raise ValueError("at least two classes, and a confidence above chance and under 1")
        self._classes = classes
        self._lead = math.log(confidence * (classes - 1) / (1 - confidence))
        self.batches: list[int] = []
        self.closed = False

    def run(self, images: NDArray[np.uint8], outputs: Set[Output] = LOGITS) -> Outputs:
        """See the class."""
        require_images(images)
        if self.closed:
            raise ModelError("this session has been closed")
        self.batches.append(len(images))
        favourites = images.sum(axis=(1, 2, 3), dtype=np.int64) % self._classes
        rows = np.zeros((len(images), self._classes), dtype=np.float32)
        rows[np.arange(len(images)), favourites] = self._lead
        features = images.transpose(0, 3, 1, 2).astype(np.float32) / np.float32(255)
        return Outputs(
            logits=rows,
            embedding=features.mean(axis=(2, 3)) if Output.EMBEDDING in outputs else None,
            features=features if Output.FEATURES in outputs else None,
        )

    def describe(self) -> str:
        """Describe it."""
        return "a fake that computes nothing"

    def close(self) -> None:
        """Remember that it was closed."""
        self.closed = True


def require_images(images: NDArray[np.uint8], size: tuple[int, int] | None = None) -> None:
    """Raise `ValueError` unless these are `uint8` images of (N, height, width, 3), of this size."""
    wanted = "(N, height, width, 3)" if size is None else f"(N, {size[0]}, {size[1]}, 3)"
    fits = images.ndim == 4 and images.shape[3] == 3 and images.dtype == np.uint8
    if not fits or (size is not None and images.shape[1:3] != size):
        raise ValueError(f"expected uint8 images {wanted}, got {images.dtype} {images.shape}")


def require_outputs(wanted: Set[Output], there: Set[Output]) -> None:
    """Raise `ModelError` unless all of the `wanted` outputs are there."""
    if missing := wanted - there:
        raise ModelError(f"this network has no {' and no '.join(sorted(missing))} to give")
