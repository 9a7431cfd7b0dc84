"""PyTorch as a `Session`. Imports torch."""

from __future__ import annotations

import mmap
import os
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from tagd.errors import DeviceUnavailable, ModelError
from tagd.models.runtime import memory
from tagd.models.runtime.buckets import bucket_of, take
from tagd.models.runtime.device import Gpus, choose
from tagd.models.runtime.from_pixels import FromPixels
from tagd.models.runtime.modes import Way
from tagd.models.runtime.outputs import LOGITS, Outputs, in_order
from tagd.models.runtime.passes import Unusable, is_out_of_memory, passes
from tagd.models.runtime.processor import processor
from tagd.models.runtime.session import require_images, require_outputs
from tagd.models.runtime.taps import Tapped, Taps, find

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Set

    from numpy.typing import NDArray

    from tagd.models.runtime.device import Device, Wanted
    from tagd.models.runtime.outputs import Output
    from tagd.models.runtime.passes import Answer, Passes, PassesMaker
    from tagd.models.zoo.preprocessing import Preprocessing

_DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16}
# In bf16 the embedded models' logits lie up to 0.55 from those in fp32 on photos, and up to 0.31 on
# the self-test's picture (160 photos, on a CPU); what fp32 leaves between kernels is under 0.001.
_TOLERANCES = {"fp32": 0.02, "bf16": 1.0}
_GPU_FAILURE = "CUDA error"  # how a plain RuntimeError of a library on the GPU begins
_NVIDIA_DRIVER = Path("/proc/driver/nvidia/version")


def _may_execute_memory() -> bool:
    """Return whether this process may make memory that it writes and then executes: a hardened
    service may not (systemd's MemoryDenyWriteExecute). Tried, since nothing else tells: the rule
    may be a filter of system calls."""
    try:
        mmap.mmap(-1, mmap.PAGESIZE, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC).close()
    except OSError:
        return False
    return True


if not _may_execute_memory():
    # oneDNN compiles its kernels, and every convolution would fail; PyTorch's own are slower.
    torch.backends.mkldnn.set_flags(False)  # type: ignore[no-untyped-call]  # PyTorch's own


class TorchSession:
    """A network in evaluation mode on a device, weights in the device's precision, channels last.

    `uint8` pixels are copied to the device, and normalised there in fp32. Where the network cannot
    be run in the way asked for, it is run eagerly, and `say` is told why.
    """

    def __init__(
        self,
        network: torch.nn.Module,
        preprocessing: Preprocessing,
        device: Device,
        way: Way = Way.EAGER,
        say: Callable[[str], None] = lambda _: None,
        *,
        make_passes: PassesMaker = passes,
    ) -> None:
        self._place = device
        self._preprocessing = preprocessing
        self._device = torch.device(device.name)
        self._size = preprocessing.geometry.crop
        self._say = say
        self._make_passes = make_passes
        self._why_eager = ""
        self.way = way
        self.batch_limit: int | None = None
        self._network: torch.nn.Module | None = network.eval().requires_grad_(False)
        self._taps: Taps | None = None
        self._runs: dict[tuple[Output, ...], Passes] = {}
        try:
            network.to(self._device, self._dtype).to(memory_format=torch.channels_last)
            self._copies = _stream(self._device) if self._is_gpu else None
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
        return torch.cuda.get_device_name(self._device) if self._is_gpu else processor()

    @property
    def tolerance(self) -> float:
        """By the precision."""
        return _TOLERANCES[self._place.precision]

    @property
    def outputs(self) -> frozenset[Output]:
        """What the network has, found out by one pass when it is first asked for."""
        return self._found.outputs

    def run(self, images: NDArray[np.uint8], outputs: Set[Output] = LOGITS) -> Outputs:
        """See `Session`."""
        require_images(images, self._size)
        wanted = in_order(outputs)
        # torch warns of memory that it may not write to, as shared memory can be.
        writable = np.require(images, requirements=["C", "W"])
        try:
            with torch.inference_mode():
                # Only here the device is waited for: while it computes one pass, the pictures of
                # the next are copied.
                columns = zip(*self._answers(writable, wanted), strict=True)
                arrays = [torch.cat(column).cpu().numpy() for column in columns]
        except RuntimeError as error:
            raise self._failure(error) from error
        return Outputs(**dict(zip(wanted, arrays, strict=True)))

    def _answers(self, images: NDArray[np.uint8], outputs: tuple[Output, ...]) -> Iterator[Answer]:
        """Yield the outputs of pass after pass, at least one."""
        done = 0
        while True:
            run = self._passes(outputs)
            part = images[done : done + take(len(images) - done, run.buckets, self.batch_limit)]
            answer = self._pass(run, part)
            if answer is None:
                memory.reclaim()  # only now: the exception held what the failed pass had taken
                continue
            yield answer
            done += len(part)
            if done == len(images):
                return

    def _passes(self, outputs: tuple[Output, ...]) -> Passes:
        """Return the network as it answers with these outputs, in the way that it is run in."""
        if self._network is None:
            raise ModelError("this session has been closed")
        if outputs not in self._runs:
            # Who wants logits alone pays for no pass that looks for the rest.
            where = Taps(None, None) if set(outputs) == LOGITS else self._found
            require_outputs(set(outputs), where.outputs)
            tapped = Tapped(self._network, where, outputs)
            whole = FromPixels(tapped, self._preprocessing, self._dtype).eval().to(self._device)
            self._runs[outputs] = self._make_passes(self.way, whole, self._device, self.tolerance)
        return self._runs[outputs]

    @property
    def _found(self) -> Taps:
        if self._network is None:
            raise ModelError("this session has been closed")
        if self._taps is None:
            blank = torch.zeros((1, 3, *self._size), dtype=self._dtype, device=self._device)
            self._taps = find(self._network, blank)
        return self._taps

    @property
    def _dtype(self) -> torch.dtype:
        return _DTYPES[self._place.precision]

    def _pass(self, run: Passes, part: NDArray[np.uint8]) -> Answer | None:
        """Return the outputs; None where it is to be tried again with fewer pictures, or
        eagerly."""
        try:
            return run(self._on_device(part))
        except Unusable as error:
            self._run_eagerly(str(error))
        except RuntimeError as error:
            if not is_out_of_memory(error):
                raise
            if len(part) > 1:
                self.batch_limit = bucket_of(len(part), run.buckets) // 2
            elif self.way is not Way.EAGER:
                self._run_eagerly("there is no memory for it")
            else:
                raise
        return None

    def _run_eagerly(self, reason: str) -> None:
        self._why_eager = f"; not {self.way}, since {reason}"
        self._say(f"PyTorch runs a model eagerly on {self.device}{self._why_eager}")
        self.way = Way.EAGER
        self._runs.clear()

    def _on_device(self, images: NDArray[np.uint8]) -> torch.Tensor:
        if self._copies is None:
            return torch.from_numpy(images)
        # From pinned memory, and on a stream of its own, the copy runs beside what the GPU is at.
        pinned = torch.from_numpy(images).pin_memory()
        with torch.cuda.stream(self._copies):
            pixels = pinned.to(self._device, non_blocking=True)
        computing = torch.cuda.current_stream(self._device)
        computing.wait_stream(self._copies)
        pixels.record_stream(computing)  # its memory is not given to another copy before that
        return pixels

    def describe(self) -> str:
        """Such as "cpu, fp32, 2 threads: as asked", or "cuda:0, bf16, CUDA graphs: NVIDIA H200"."""
        way = "" if self.way is Way.EAGER else f", {self.way}"
        threads = torch.get_num_threads()
        share = "" if self._is_gpu else f", {threads} thread{'s' * (threads > 1)}"
        where = f"{self._place.name}, {self._place.precision}{way}{share}"
        return f"{where}: {self._place.reason}{self._why_eager}"

    def close(self) -> None:
        """Forget the network; a pass that is under way ends first."""
        self._network = None
        self._runs.clear()
        if self._is_gpu:
            memory.reclaim()

    @property
    def _is_gpu(self) -> bool:
        return self._device.type == "cuda"

    def _failure(self, error: RuntimeError) -> ModelError:
        cause = str(error).strip().partition("\n")[0]
        if is_out_of_memory(error):
            return ModelError(f"{self._place.name} is out of memory: {cause}")
        if isinstance(error, torch.AcceleratorError) or _GPU_FAILURE in cause:
            return DeviceUnavailable(f"{self._place.name} stopped working: {cause}")
        return ModelError(f"the forward pass failed on {self._place.name}: {cause}")


def _stream(device: torch.device) -> torch.cuda.Stream:
    return torch.cuda.Stream(device)  # type: ignore[no-untyped-call]  # PyTorch's own


def works(device: Device) -> bool:
    """Return whether the device computes at this moment."""
    try:
        return float(torch.ones(2, device=device.name).sum()) == 2
    except RuntimeError:
        return False


def find_device(wanted: Wanted) -> Device:
    """Find where to compute on this machine. Raises `DeviceUnavailable`."""
    # A GPU that nobody wants is not even looked for: looking takes memory on it.
    return choose(wanted, Gpus(build=None) if wanted == "cpu" else probe())


def probe() -> Gpus:
    """Find out what this PyTorch and this machine say of GPUs."""
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
    """Set how many threads a forward pass on the CPU takes, for the whole process.

    None leaves PyTorch's own number: the physical cores that this process may use, or
    OMP_NUM_THREADS.
    """
    if threads is not None:
        torch.set_num_threads(threads)
