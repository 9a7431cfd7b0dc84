"""What a GPU gives: is it right, and how quick is it. Needs no network: random weights serve.

    python -m benchmarks.gpu [--device cuda] [--seconds 5]

For each model, and each way in which the daemon's session can run it: the answers against fp32 on
the CPU, forward passes a second, the time of one picture, the share of the measured bf16 matrix
rate, and memory. Then JPEGs from disk to answers, decoded by the decoder processes and, by
torchvision, on the device. With `--device cpu` the same code runs on the processor, eagerly and
with few pictures, which shows that it works and nothing else.
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
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import timm
import torch
from numpy.typing import NDArray
from torchvision.io import ImageReadMode, decode_jpeg
from torchvision.transforms.v2 import functional as transforms

from benchmarks import report, samples
from benchmarks.report import Target
from tagd.decoding.decode import DecodeLimits
from tagd.errors import DeviceUnavailable
from tagd.lab.photos import batches
from tagd.models.runtime.device import Device
from tagd.models.runtime.modes import Way
from tagd.models.runtime.torch_session import TorchSession, find_device
from tagd.models.zoo.preprocessing import Preprocessing
from tagd.models.zoo.preprocessing_config import of_timm


@dataclass(frozen=True, slots=True)
class Network:
    """`gmacs` are thousand million multiply-adds a picture; `share` of the matrix rate is to be
    reached by the best way. These are aims: no GPU has been measured yet."""

    architecture: str
    gmacs: float
    batch: int
    share: float


NETWORKS = (
    Network("resnet50", 4.1, 256, 0.15),
    Network("vit_base_patch16_224", 17.6, 256, 0.4),
    Network("convnext_tiny", 4.5, 256, 0.2),
    Network("eva02_large_patch14_448", 361.8, 64, 0.45),
)
# The answers' largest distance from fp32 on the CPU, in parts of their spread.
MOST_APART = {"fp32": 0.01, "bf16": 0.1}
DECODED = "resnet50"
PHOTOS = 256
TOGETHER = 64  # photos that are decoded and asked about at once
MATRIX = 8192
CHECKED = 8  # pictures that the answers are compared on
WARM_UP = 3


@dataclass(frozen=True, slots=True)
class Bench:
    """Where and how long to measure; `most` bounds batches where memory or time is short."""

    device: Device
    seconds: float
    most: int = 1024

    @property
    def is_gpu(self) -> bool:
        """Whether the figures say anything of speed."""
        return self.device.name != "cpu"

    @property
    def ways(self) -> Sequence[Way]:
        """Those to measure."""
        return tuple(Way) if self.is_gpu else (Way.EAGER,)

    def rate(self, once: Callable[[], object]) -> float:
        """How often a second this can be done, once warm. What it returns is on the CPU, so that
        the device has ended."""
        for _ in range(WARM_UP if self.is_gpu else 1):
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
    figures, notes = measure(bench, NETWORKS)
    what = device.reason if bench.is_gpu else "the processor, which stands in for a GPU"
    report.keep_targets("gpu", figures, f"forward passes on {what}", notes)


def measure(bench: Bench, networks: Sequence[Network]) -> tuple[list[Target], list[str]]:
    """Every figure, and what is to be said of them."""
    matrix = matrix_tflops(bench)
    figures, notes = [Target("bf16 matrix rate (TFLOP/s)", matrix)], []
    for network in networks:
        found, said = _network(bench, network, matrix)
        figures += found
        notes += said
    with tempfile.TemporaryDirectory() as folder:
        photos = samples.make(
            samples.sources(None), samples.LARGE, min(PHOTOS, 4 * bench.most), Path(folder) / "p"
        )
        figures += _end_to_end(bench, photos)
    return figures, notes


def matrix_tflops(bench: Bench) -> float:
    """What the device reaches in multiplying bf16 matrices, in 10^12 operations a second."""
    size = MATRIX if bench.is_gpu else 512
    left = torch.randn(size, size, device=bench.device.name, dtype=torch.bfloat16)

    def multiply() -> float:
        return (left @ left)[0, 0].item()

    return 2e-12 * size**3 * bench.rate(multiply)


def _network(bench: Bench, network: Network, matrix: float) -> tuple[list[Target], list[str]]:
    name, batch = network.architecture, min(network.batch, bench.most)
    built, preprocessing = _built(name)
    images = _images(preprocessing, batch)
    exact = TorchSession(built, preprocessing, Device("cpu", "fp32", "to compare with"))
    expected = exact.run(images[:CHECKED]).logits
    figures: list[Target] = []
    notes: list[str] = []
    best = 0.0
    for way in bench.ways:
        _reset_peak(bench)
        session = TorchSession(_built(name)[0], preprocessing, bench.device, way)
        apart = float(
            np.abs(session.run(images[:CHECKED]).logits - expected).max() / expected.std()
        )
        rate = bench.rate(partial(session.run, images)) * batch
        one = 1000 / bench.rate(partial(session.run, images[:1]))
        if session.way is way:
            best = max(best, rate)
            most = MOST_APART[bench.device.precision]
            figures += [
                Target(
                    f"{name}, {way}: apart from fp32 on the CPU (of the spread)", apart, most=most
                ),
                Target(f"{name}, {way}: pictures a second, {batch} at once", rate),
                Target(f"{name}, {way}: one picture (ms)", one),
                *_peak(bench, f"{name}, {way}"),
            ]
        else:
            notes.append(f"{name}: {session.describe()}")
        session.close()
    share = 2e-3 * network.gmacs * best / matrix
    aim = network.share if bench.is_gpu else None
    return [*figures, Target(f"{name}: share of the matrix rate", share, least=aim)], notes


def _end_to_end(bench: Bench, photos: Sequence[Path]) -> list[Target]:
    """12-megapixel JPEGs on disk to answers: photos a second, by where they are decoded."""
    built, preprocessing = _built(DECODED)
    way = Way.GRAPHS if bench.is_gpu else Way.EAGER
    session = TorchSession(built, preprocessing, bench.device, way)
    geometry, cores = preprocessing.geometry, len(os.sched_getaffinity(0))
    session.run(_images(preprocessing, min(TOGETHER, len(photos))))
    began = time.perf_counter()
    for outcomes in batches(
        photos, [geometry], size=TOGETHER, decoders=cores, limits=DecodeLimits()
    ):
        session.run(np.stack([each.photo.inputs[geometry] for each in outcomes if each.photo]))
    on_cpu = len(photos) / (time.perf_counter() - began)
    began = time.perf_counter()
    for start in range(0, len(photos), TOGETHER):
        some = photos[start : start + TOGETHER]
        session.run(decoded_on_device(some, preprocessing, bench.device))
    on_device = len(photos) / (time.perf_counter() - began)
    return [
        Target("photos a second, decoder processes", on_cpu),
        Target("photos a second, decoded on the device", on_device),
    ]


def decoded_on_device(
    photos: Sequence[Path], preprocessing: Preprocessing, device: Device
) -> NDArray[np.uint8]:
    """A model's inputs through torchvision's own decoder, whole scale, on the device."""
    geometry = preprocessing.geometry
    data = [torch.frombuffer(bytearray(each.read_bytes()), dtype=torch.uint8) for each in photos]
    with warnings.catch_warnings():
        # To make way for TorchCodec, which tagd does without.
        warnings.simplefilter("ignore", DeprecationWarning)
        whole = decode_jpeg(data, ImageReadMode.RGB, device=device.name)
    resize = [geometry.resize] if isinstance(geometry.resize, int) else list(geometry.resize)
    inputs = [
        transforms.center_crop(
            transforms.resize(each, resize, antialias=True), list(geometry.crop)
        ).permute(1, 2, 0)
        for each in whole
    ]
    pixels: NDArray[np.uint8] = torch.stack(inputs).cpu().numpy()
    return pixels


def _built(architecture: str) -> tuple[torch.nn.Module, Preprocessing]:
    torch.manual_seed(0)
    network: Any = timm.create_model(architecture)
    return network.eval(), of_timm(network.pretrained_cfg, architecture)


def _images(preprocessing: Preprocessing, count: int) -> NDArray[np.uint8]:
    shape = (count, *preprocessing.geometry.crop, 3)
    return np.random.default_rng(0).integers(0, 256, shape, np.uint8)


def _reset_peak(bench: Bench) -> None:
    if bench.is_gpu:
        torch.cuda.reset_peak_memory_stats()


def _peak(bench: Bench, name: str) -> list[Target]:
    """What was taken on the device at most, with what the recordings keep for themselves."""
    if not bench.is_gpu:
        return []
    return [Target(f"{name}: memory (MiB)", torch.cuda.max_memory_reserved() / 2**20)]


if __name__ == "__main__":
    main()
