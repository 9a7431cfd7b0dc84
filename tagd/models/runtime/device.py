"""Where to compute, and why there: pure, so that every kind of machine can be put to it.

`torch_session.probe` finds the facts. A GPU that stays unused is never silent: the reason stands in
`Device.reason`, and what was asked for and is not there is an error.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from tagd.errors import DeviceUnavailable
from tagd.models.runtime.buckets import BUCKETS, bucket_of, take

Wanted = Literal["auto", "cpu", "cuda"]
Precision = Literal["fp32", "bf16"]

CPU_BATCH, GPU_BATCH = 4, 16  # photos in one pass at most, where nobody asks for another number


@dataclass(frozen=True, slots=True)
class Gpus:
    """What PyTorch says of GPUs on this machine."""

    build: str | None  # what it was built for, such as "CUDA 13.2"; None: for none
    names: tuple[str, ...] = ()  # of those that can be used, in order
    bf16: bool = False  # whether the first one computes in bfloat16 itself
    hidden: bool = False  # CUDA_VISIBLE_DEVICES shows none of them
    driver: bool = False  # the kernel has an NVIDIA driver loaded
    complaint: str = ""  # what PyTorch said while it looked


@dataclass(frozen=True, slots=True)
class Device:
    """Where a session computes. `name` is what PyTorch calls it."""

    name: str  # cpu, cuda:0
    precision: Precision
    reason: str

    def batch(self, asked: int) -> int:
        """Return how many photos go into one pass at most; 0 asks for what suits the device."""
        return asked or (CPU_BATCH if self.name == "cpu" else GPU_BATCH)

    def holds(self, asked: int) -> int:
        """Return for how many pictures a session keeps memory that is given so many at once: on a
        GPU each size of its passes may be recorded, and keeps its own."""
        batch = self.batch(asked)
        if self.name == "cpu":
            return batch
        largest = bucket_of(take(batch, BUCKETS), BUCKETS)
        return sum(bucket for bucket in BUCKETS if bucket <= largest)


def choose(wanted: Wanted, gpus: Gpus) -> Device:
    """Choose the device for what was asked. Raises `DeviceUnavailable` for a GPU that cannot be
    used."""
    if wanted == "cpu":
        return Device("cpu", "fp32", "as asked")
    if gpus.names:
        precision: Precision = "bf16" if gpus.bf16 else "fp32"
        return Device("cuda:0", precision, gpus.names[0])
    missing = why_no_gpu(gpus)
    if wanted == "cuda":
        raise DeviceUnavailable(
            f"a GPU was asked for, but {missing}",
            hint='Fix that, or set device = "auto" or "cpu".',
        )
    return Device("cpu", "fp32", missing)


def why_no_gpu(gpus: Gpus) -> str:
    """Say why none can be used, in words that say what would have to change."""
    if gpus.build is None:
        beside = "an NVIDIA driver is loaded, but " if gpus.driver else ""
        return f"{beside}this PyTorch was built without GPU support"
    if gpus.hidden:
        return "CUDA_VISIBLE_DEVICES hides every GPU"
    if gpus.complaint:
        return f"PyTorch cannot use the GPU: {gpus.complaint}"
    if gpus.driver:
        return f"the NVIDIA driver is loaded, but PyTorch ({gpus.build}) finds no GPU it can use"
    return f"no GPU driver is loaded (PyTorch is ready for {gpus.build})"
