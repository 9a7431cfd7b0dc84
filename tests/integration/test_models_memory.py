"""Out of memory, and memory that is given back: with real networks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import psutil
import pytest
import torch

from tagd.errors import ModelError
from tagd.models.acquire.adopt import AdoptRequest, adopt
from tagd.models.pool import ModelPool, PoolSettings
from tagd.models.runtime import memory
from tagd.models.runtime.device import Device
from tagd.models.runtime.processor import processor
from tagd.models.runtime.torch_session import TorchSession, works
from tagd.models.zoo import registry
from tagd.models.zoo.shelf import Shelf
from tests import models

FACTS = registry.find("mobilenet-v4-conv-small")
CPU = Device("cpu", "fp32", "as told")


class Tight(torch.nn.Module):
    """A network on a device whose memory holds `fits` pictures."""

    def __init__(self, inner: torch.nn.Module, fits: int, error: RuntimeError) -> None:
        super().__init__()
        self.inner, self.fits, self.error = inner, fits, error
        self.seen: list[int] = []

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        self.seen.append(len(images))
        if len(images) > self.fits:
            raise self.error
        answer: torch.Tensor = self.inner(images)
        return answer


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory"),
        RuntimeError(
            "[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried 9 bytes"
        ),
    ],
)
def test_out_of_memory_halves_the_batch_and_remembers(error: RuntimeError) -> None:
    plain = models.network(FACTS)
    tight = Tight(plain, 3, error)
    session = TorchSession(tight, FACTS.preprocessing, CPU)
    images = models.pictures(FACTS, 7)
    expected = models.exact(plain, FACTS, images)
    np.testing.assert_allclose(
        session.run(images).logits, expected, atol=1e-4 * float(np.ptp(expected))
    )
    assert tight.seen == [7, 3, 3, 1]
    assert session.batch_limit == 3
    session.run(images)
    assert tight.seen[4:] == [3, 3, 1]  # it did not try seven again


def test_one_picture_that_does_not_fit_is_said() -> None:
    tight = Tight(models.network(FACTS), 0, torch.OutOfMemoryError("CUDA out of memory"))
    session = TorchSession(tight, FACTS.preprocessing, CPU)
    with pytest.raises(ModelError, match="cpu is out of memory: CUDA"):
        session.run(models.pictures(FACTS, 4))
    assert tight.seen == [4, 2, 1]


def test_the_processor_has_a_name_and_works() -> None:
    assert processor()
    assert works(CPU)
    assert not works(Device("cuda:99", "fp32", "not there"))


def test_a_gpu_that_does_not_answer_says_nothing_of_its_memory() -> None:
    gone = Device("cuda:99", "fp32", "not there")
    assert memory.free_mb(gone) is None
    assert memory.whole_mb(gone) is None


def test_free_memory_is_the_kernels_less_a_containers_limit(tmp_path: Path) -> None:
    meminfo = tmp_path / "meminfo"
    meminfo.write_text("MemTotal: 9000000 kB\nMemAvailable: 2048000 kB\n")
    assert memory.free_mb(CPU, meminfo, tmp_path) == 2000
    (tmp_path / "memory.max").write_text("1073741824\n")
    (tmp_path / "memory.current").write_text("943718400\n")
    (tmp_path / "memory.stat").write_text("anon 1\ninactive_file 104857600\n")
    assert memory.free_mb(CPU, meminfo, tmp_path) == 224
    (tmp_path / "memory.max").write_text("max\n")
    assert memory.free_mb(CPU, meminfo, tmp_path) == 2000
    assert memory.free_mb(CPU, tmp_path / "none", tmp_path) is None


def test_the_whole_memory_is_the_same_whoever_takes_it(tmp_path: Path) -> None:
    meminfo = tmp_path / "meminfo"
    meminfo.write_text("MemTotal: 8192000 kB\nMemAvailable: 2048000 kB\n")
    assert memory.whole_mb(CPU, meminfo, tmp_path) == 8000
    (tmp_path / "memory.max").write_text(f"{1000 * 2**20}\n")
    assert memory.whole_mb(CPU, meminfo, tmp_path) == 1000
    (tmp_path / "memory.max").write_text("max\n")
    assert memory.whole_mb(CPU, meminfo, tmp_path) == 8000
    assert memory.whole_mb(CPU, tmp_path / "none", tmp_path) is None


@pytest.mark.slow
def test_unloading_gives_the_memory_back(tmp_path: Path) -> None:
    facts = registry.find("alexnet")
    source = models.save(models.network(facts), facts, tmp_path / "alexnet")
    adopt(AdoptRequest(source, facts.id), Shelf(tmp_path / "models"))
    pool = ModelPool(settings=PoolSettings("cpu", folder=tmp_path / "models"))
    memory.reclaim()
    before = psutil.Process().memory_info().rss
    pool.get(facts.id).session.run(models.pictures(facts))
    loaded = psutil.Process().memory_info().rss
    pool.unload(facts.id)
    after = psutil.Process().memory_info().rss
    assert loaded - before > 200 * 2**20
    assert after - before < 0.25 * (loaded - before)
