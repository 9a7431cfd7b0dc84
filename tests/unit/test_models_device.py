"""Where a model runs, for every kind of machine, and that the reason is always said."""

from __future__ import annotations

import pytest

from tagd.errors import DeviceUnavailable
from tagd.models.runtime.device import Gpus, Wanted, choose

H200 = Gpus(build="CUDA 13.2", names=("NVIDIA H200", "NVIDIA H200"), bf16=True, driver=True)
OLD = Gpus(build="CUDA 12.8", names=("Tesla P100",), driver=True)

WITHOUT = [
    (Gpus(build=None), "this PyTorch was built without GPU support"),
    (Gpus(build=None, driver=True), "an NVIDIA driver is loaded, but this PyTorch was built"),
    (Gpus(build="CUDA 13.2"), "no GPU driver is loaded (PyTorch is ready for CUDA 13.2)"),
    (Gpus(build="CUDA 13.2", hidden=True, driver=True), "CUDA_VISIBLE_DEVICES hides every GPU"),
    (Gpus(build="CUDA 13.2", driver=True), "the NVIDIA driver is loaded, but PyTorch (CUDA 13.2)"),
    (Gpus(build="CUDA 13.2", driver=True, complaint="The driver is too old"), "is too old"),
]


@pytest.mark.parametrize("wanted", ["auto", "cuda"])
def test_a_gpu_that_is_there_is_used_in_the_precision_it_has(wanted: Wanted) -> None:
    fast, slow = choose(wanted, H200), choose(wanted, OLD)
    assert (fast.name, fast.precision, fast.reason) == ("cuda:0", "bf16", "NVIDIA H200")
    assert (slow.name, slow.precision, slow.reason) == ("cuda:0", "fp32", "Tesla P100")


@pytest.mark.parametrize(("gpus", "why"), WITHOUT)
def test_the_cpu_says_why_no_gpu_is_used(gpus: Gpus, why: str) -> None:
    device = choose("auto", gpus)
    assert (device.name, device.precision) == ("cpu", "fp32")
    assert why in device.reason


@pytest.mark.parametrize(("gpus", "why"), WITHOUT)
def test_a_gpu_that_was_asked_for_is_never_replaced(gpus: Gpus, why: str) -> None:
    with pytest.raises(DeviceUnavailable) as caught:
        choose("cuda", gpus)
    assert why in caught.value.message
    assert '"cpu"' in caught.value.hint


@pytest.mark.parametrize("gpus", [H200, OLD, Gpus(build=None)])
def test_the_cpu_is_used_when_asked_for(gpus: Gpus) -> None:
    assert choose("cpu", gpus).name == "cpu"


@pytest.mark.parametrize(("batch", "on_gpu"), [(1, 1), (4, 5), (8, 21), (256, 341), (1000, 341)])
def test_on_a_gpu_every_size_of_its_passes_keeps_its_own_memory(batch: int, on_gpu: int) -> None:
    assert choose("auto", H200).holds(batch) == on_gpu
    assert choose("cpu", H200).holds(batch) == batch
