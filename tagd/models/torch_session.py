"""PyTorch as a `Session`. Imports torch."""

from __future__ import annotations

import os
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from tagd.errors import DeviceUnavailable, ModelError
from tagd.models import executable_memory, memory
from tagd.models.device import Gpus, choose
from tagd.models.processor import processor
from tagd.models.session import require_images

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tagd.models.device import Device, Wanted
    from tagd.models.preprocessing import Preprocessing

_DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16}
# In bf16 the embedded models' logits lie up to 0.55 from those in fp32 on photos, and up to 0.31 on
# the self-test's picture (160 photos, on a CPU); what fp32 leaves between kernels is under 0.001.
_TOLERANCES = {"fp32": 0.02, "bf16": 1.0}
_GPU_FAILURE = "CUDA error"  # how a plain RuntimeError of a library on the GPU begins
_NVIDIA_DRIVER = Path("/proc/driver/nvidia/version")

if executable_memory.is_denied():
    # oneDNN compiles its kernels, and every convolution would fail; PyTorch's own are slower.
    torch.backends.mkldnn.set_flags(False)  # type: ignore[no-untyped-call]  # PyTorch's own


class TorchSession:
    """A network in evaluation mode on a device, weights in the device's precision, channels last.

    Normalisation runs on the device, in fp32.
    """

    def __init__(
        self, network: torch.nn.Module, preprocessing: Preprocessing, device: Device
    ) -> None:
        self._place = device
        self._device = torch.device(device.name)
        self._dtype = _DTYPES[device.precision]
        self._size = preprocessing.geometry.crop
        self.batch_limit: int | None = None
        self._mean = self._per_channel(preprocessing.mean)
        self._std = self._per_channel(preprocessing.std)
        self._network: torch.nn.Module | None = network.eval().requires_grad_(False)
        try:
            network.to(self._device, self._dtype).to(memory_format=torch.channels_last)
        except RuntimeError as error:
            raise self._failure(error) from error

    @property
    def device(self) -> str:
        """What PyTorch calls the device."""
        return self._place.name

    @property
    def precision(self) -> str:
        """By the device."""
        return self._place.precision

    @property
    def hardware(self) -> str:
        """The GPU's name, or the processor's."""
        if self._device.type == "cuda":
            return torch.cuda.get_device_name(self._device)
        return processor()

    @property
    def tolerance(self) -> float:
        """By the precision."""
        return _TOLERANCES[self._place.precision]

    def logits(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """See `Session`."""
        require_images(images, self._size)
        # torch warns of memory that it may not write to, as shared memory can be.
        writable = np.require(images, requirements=["C", "W"])
        answers: list[NDArray[np.float32]] = []
        done = 0
        while not answers or done < len(writable):
            part = writable[done : done + (self.batch_limit or max(1, len(writable)))]
            try:
                answers.append(self._forward(part))
            except RuntimeError as error:
                if len(part) < 2 or not _is_out_of_memory(error):
                    raise self._failure(error) from error
                self.batch_limit = len(part) // 2
            else:
                done += len(part)
                continue
            memory.reclaim()  # only now: the exception held what the failed pass had taken
        return np.concatenate(answers)

    def _forward(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        network = self._network
        if network is None:
            raise ModelError("this session has been closed")
        with torch.inference_mode():
            answer: torch.Tensor = network(self._normalised(torch.from_numpy(images)))
            return answer.float().cpu().numpy()

    def describe(self) -> str:
        """Such as "cpu, fp32, 2 threads: as asked", or "cuda:0, bf16: NVIDIA H200"."""
        threads = torch.get_num_threads()
        share = f", {threads} thread{'s' * (threads > 1)}" if self._device.type == "cpu" else ""
        return f"{self._place.name}, {self._place.precision}{share}: {self._place.reason}"

    def close(self) -> None:
        """Forget the network; a pass that is under way ends first."""
        self._network = None
        if self._device.type == "cuda":
            torch.cuda.empty_cache()

    def _per_channel(self, values: tuple[float, float, float]) -> torch.Tensor:
        return torch.tensor(values, dtype=torch.float32, device=self._device).view(1, 3, 1, 1)

    def _normalised(self, images: torch.Tensor) -> torch.Tensor:
        if self._device.type == "cuda":
            # From pinned memory the copy runs beside what the GPU is still at.
            images = images.pin_memory()
        # A permuted view of pixels is channels-last already, and stays so.
        pixels = images.to(self._device, non_blocking=True).permute(0, 3, 1, 2)
        scaled = pixels.to(torch.float32).div_(255).sub_(self._mean).div_(self._std)
        return scaled.to(self._dtype)

    def _failure(self, error: RuntimeError) -> ModelError:
        cause = str(error).strip().partition("\n")[0]
        if _is_out_of_memory(error):
            return ModelError(f"{self._place.name} is out of memory: {cause}")
        if isinstance(error, torch.AcceleratorError) or _GPU_FAILURE in cause:
            return DeviceUnavailable(f"{self._place.name} stopped working: {cause}")
        return ModelError(f"the forward pass failed on {self._place.name}: {cause}")


def _is_out_of_memory(error: RuntimeError) -> bool:
    # On a CPU it is a plain RuntimeError of the allocator's.
    return isinstance(error, torch.OutOfMemoryError) or "DefaultCPUAllocator" in str(error)


def works(device: Device) -> bool:
    """Whether the device computes at this moment."""
    try:
        return float(torch.ones(2, device=device.name).sum()) == 2
    except RuntimeError:
        return False


def find_device(wanted: Wanted) -> Device:
    """Where to compute on this machine. Raises `DeviceUnavailable`."""
    # A GPU that nobody wants is not even looked for: looking takes memory on it.
    return choose(wanted, Gpus(build=None) if wanted == "cpu" else probe())


def probe() -> Gpus:
    """What this PyTorch and this machine say of GPUs."""
    names: tuple[str, ...] = ()
    bf16 = False
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        try:
            if torch.cuda.is_available():
                names = tuple(map(torch.cuda.get_device_name, range(torch.cuda.device_count())))
                bf16 = torch.cuda.is_bf16_supported(including_emulation=False)
        except RuntimeError as error:
            names = ()
            warnings.warn(str(error), stacklevel=1)
    return Gpus(
        build=_build(),
        names=names,
        bf16=bf16,
        hidden=os.environ.get("CUDA_VISIBLE_DEVICES", "0").strip() in {"", "-1"},
        driver=_NVIDIA_DRIVER.exists(),
        complaint=" ".join(str(said[0].message).split()) if said else "",
    )


def _build() -> str | None:
    if torch.version.hip is not None:
        return f"ROCm {torch.version.hip}"
    return None if torch.version.cuda is None else f"CUDA {torch.version.cuda}"


def use_threads(threads: int | None) -> None:
    """How many threads a forward pass on the CPU takes, for the whole process.

    None leaves PyTorch's own number: the physical cores that this process may use, or
    OMP_NUM_THREADS.
    """
    if threads is not None:
        torch.set_num_threads(threads)
