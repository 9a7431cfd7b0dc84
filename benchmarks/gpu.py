"""What a GPU gives: is it right, and how quick is it. Needs no network: random weights serve.

    python -m benchmarks.gpu [--device cuda] [--seconds 5]

For each model: the answers against fp32 on the CPU, forward passes a second as the daemon runs them
and compiled, the share of the measured bf16 matrix rate, and memory. Then JPEGs from disk to
answers, decoded by the decoder processes and, where torchvision can, on the device. With
`--device cpu` the same code runs on the processor, which shows that it works and nothing else.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import timm
import torch
from numpy.typing import NDArray
from torchvision.io import ImageReadMode, decode_jpeg
from torchvision.transforms.v2 import functional as transforms

from benchmarks import report, samples
from tagd.errors import DeviceUnavailable
from tagd.lab.photos import batches
from tagd.models.device import Device
from tagd.models.preprocessing import Preprocessing
from tagd.models.preprocessing_config import of_timm
from tagd.models.torch_session import TorchSession, find_device
from tagd.pipeline.decode import DecodeLimits

# Architecture, thousand million multiply-adds a picture, batch.
MODELS = (
    ("resnet50", 4.1, 256),
    ("vit_base_patch16_224", 17.6, 256),
    ("convnext_tiny", 4.5, 256),
    ("eva02_large_patch14_448", 361.8, 64),
)
DECODED = "resnet50"
PHOTOS = 256
MATRIX = 8192
CHECKED = 8  # pictures that the answers are compared on
WARM_UP = 3


@dataclass(frozen=True, slots=True)
class Bench:
    """Where and how long to measure; `most` bounds batches where memory or time is short."""

    device: Device
    seconds: float
    most: int = 1024

    def rate(self, once: Callable[[], object]) -> float:
        """How often a second this can be done, once warm. What it returns is on the CPU, so that
        the device has ended."""
        for _ in range(WARM_UP):
            once()
        took: list[float] = []
        while not took or sum(took) < self.seconds:
            began = time.perf_counter()
            once()
            took.append(time.perf_counter() - began)
        return 1 / statistics.median(took)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda")
    parser.add_argument("--seconds", type=float, default=5.0)
    arguments = parser.parse_args()
    try:
        device = find_device(arguments.device)
    except DeviceUnavailable as error:
        report.keep(
            "gpu", {"gpu": f"none could be had: {error.message}"}, "forward passes on a GPU"
        )
        return
    bench = Bench(device, arguments.seconds, 1024 if device.name != "cpu" else 2)
    report.keep("gpu", measure(bench, MODELS), f"forward passes on {device.reason}")


def measure(bench: Bench, models: Sequence[tuple[str, float, int]]) -> dict[str, object]:
    """Every figure, by name."""
    matrix = matrix_tflops(bench)
    figures: dict[str, object] = {"device": bench.device.reason, "matrix_tflops": round(matrix, 2)}
    for architecture, gmacs, batch in models:
        figures |= _model(bench, architecture, gmacs, min(batch, bench.most), matrix)
    with tempfile.TemporaryDirectory() as folder:
        photos = samples.make(
            samples.sources(None), samples.LARGE, min(PHOTOS, 4 * bench.most), Path(folder) / "p"
        )
        figures |= _end_to_end(bench, photos)
    return figures


def matrix_tflops(bench: Bench) -> float:
    """What the device reaches in multiplying bf16 matrices, in 10^12 operations a second."""
    size = MATRIX if bench.device.name != "cpu" else 512
    left = torch.randn(size, size, device=bench.device.name, dtype=torch.bfloat16)

    def multiply() -> float:
        return (left @ left)[0, 0].item()

    return 2e-12 * size**3 * bench.rate(multiply)


def _model(
    bench: Bench, architecture: str, gmacs: float, batch: int, matrix: float
) -> dict[str, object]:
    network, preprocessing = _network(architecture)
    images = _images(preprocessing, batch)
    exact = TorchSession(network, preprocessing, Device("cpu", "fp32", "to compare with"))
    expected = exact.logits(images[:CHECKED])
    session = TorchSession(_network(architecture)[0], preprocessing, bench.device)
    _reset_peak(bench.device)
    forward = bench.rate(lambda: session.logits(images)) * batch
    answers = session.logits(images[:CHECKED])
    spread = float(np.abs(answers - expected).max() / expected.std())
    compiled = _compiled(bench, network, preprocessing, batch)
    best = max(forward, compiled if isinstance(compiled, float) else 0.0)
    return {
        f"{architecture}: apart from fp32 on the CPU, of the spread": round(spread, 4),
        f"{architecture}: images a second": round(forward, 1),
        f"{architecture}: images a second, compiled": compiled,
        f"{architecture}: share of the matrix rate": round(2e-3 * gmacs * best / matrix, 3),
        f"{architecture}: memory (MiB)": _peak_mib(bench.device),
    }


def _compiled(
    bench: Bench, network: torch.nn.Module, preprocessing: Preprocessing, batch: int
) -> float | str:
    """Images a second through torch.compile, which uses CUDA graphs for a batch of one shape; where
    it cannot compile, why."""
    place = bench.device.name
    # As the session's precision has it.
    kind = torch.bfloat16 if bench.device.precision == "bf16" else torch.float32
    pixels = torch.randn(batch, 3, *preprocessing.geometry.crop, device=place, dtype=kind)
    pixels = pixels.to(memory_format=torch.channels_last)
    moved = network.to(place, kind).to(memory_format=torch.channels_last)
    try:
        compiled: Any = torch.compile(moved, mode="reduce-overhead")
        with torch.inference_mode():
            return round(bench.rate(lambda: compiled(pixels).float().cpu()) * batch, 1)
    except Exception as error:  # noqa: BLE001  compilers raise anything; the reason is the figure
        return f"cannot be compiled: {str(error).strip().partition(chr(10))[0][:120]}"


def _end_to_end(bench: Bench, photos: Sequence[Path]) -> dict[str, object]:
    """12-megapixel JPEGs on disk to answers: photos a second, by where they are decoded."""
    network, preprocessing = _network(DECODED)
    session = TorchSession(network, preprocessing, bench.device)
    geometry, cores = preprocessing.geometry, len(os.sched_getaffinity(0))
    began = time.perf_counter()
    for outcomes in batches(photos, [geometry], size=64, decoders=cores, limits=DecodeLimits()):
        session.logits(np.stack([each.photo.inputs[geometry] for each in outcomes if each.photo]))
    on_cpu = len(photos) / (time.perf_counter() - began)
    began = time.perf_counter()
    for photo in photos:
        session.logits(decoded_on_device(photo, preprocessing, bench.device)[None])
    on_device = len(photos) / (time.perf_counter() - began)
    return {
        "photos a second, decoder processes": round(on_cpu, 1),
        "photos a second, decoded on the device": round(on_device, 1),
    }


def decoded_on_device(
    photo: Path, preprocessing: Preprocessing, device: Device
) -> NDArray[np.uint8]:
    """A model's input through torchvision's own decoder, whole scale, on the device."""
    geometry = preprocessing.geometry
    data = torch.frombuffer(bytearray(photo.read_bytes()), dtype=torch.uint8)
    with warnings.catch_warnings():
        # To make way for TorchCodec, which tagd does without.
        warnings.simplefilter("ignore", DeprecationWarning)
        whole = decode_jpeg(data, ImageReadMode.RGB, device=device.name)
    resize = [geometry.resize] if isinstance(geometry.resize, int) else list(geometry.resize)
    resized = transforms.resize(whole, resize, antialias=True)
    cropped = transforms.center_crop(resized, list(geometry.crop))
    pixels: NDArray[np.uint8] = cropped.permute(1, 2, 0).contiguous().cpu().numpy()
    return pixels


def _network(architecture: str) -> tuple[torch.nn.Module, Preprocessing]:
    torch.manual_seed(0)
    network: Any = timm.create_model(architecture)
    return network.eval(), of_timm(network.pretrained_cfg, architecture)


def _images(preprocessing: Preprocessing, count: int) -> NDArray[np.uint8]:
    shape = (count, *preprocessing.geometry.crop, 3)
    return np.random.default_rng(0).integers(0, 256, shape, np.uint8)


def _reset_peak(device: Device) -> None:
    if device.name != "cpu":
        torch.cuda.reset_peak_memory_stats()


def _peak_mib(device: Device) -> float | str:
    if device.name == "cpu":
        return "only a GPU says"
    return round(torch.cuda.max_memory_allocated() / 2**20, 1)


if __name__ == "__main__":
    main()
