"""What does not fit makes room, what nobody needs goes, and a GPU that goes is missed aloud."""

from __future__ import annotations

from collections.abc import Callable, Set

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from tagd.errors import DeviceUnavailable, ModelError
from tagd.models.pool import BATCH, ModelPool, PoolSettings
from tagd.models.runtime.device import Device, Wanted
from tagd.models.runtime.outputs import LOGITS, Output, Outputs
from tagd.models.runtime.placement import PROBE_SECONDS
from tagd.models.runtime.session import FakeSession
from tagd.models.zoo import registry
from tagd.models.zoo.registry import ModelFacts
from tests.support import wait_until

LITE0, LITE1, LITE2 = "efficientnet-lite0", "efficientnet-lite1", "efficientnet-lite2"
GPU, CPU = Device("cuda:0", "bf16", "a GPU"), Device("cpu", "fp32", "as told")
BLACK = {
    LITE0: np.zeros((1, 224, 224, 3), np.uint8),
    LITE2: np.zeros((1, 260, 260, 3), np.uint8),
}


def needs(*models: str, precision: str = "fp32") -> int:
    """What these models take together, in MiB."""
    return sum(registry.find(model).memory_needed_mb(precision, BATCH) for model in models)


class Machine:
    """A GPU that can be taken away, a clock that is set by hand, and what was said."""

    def __init__(self, *, gpu: bool = True) -> None:
        self.gpu = gpu
        self.now = 1000.0
        self.said: list[str] = []
        self.opened: list[tuple[str, str]] = []

    def find(self, wanted: Wanted) -> Device:
        if self.gpu and wanted != "cpu":
            return GPU
        if wanted == "cuda":
            raise DeviceUnavailable("a GPU was asked for, but none is there")
        return CPU

    def open(self, facts: ModelFacts, labels: tuple[str, ...], device: Device) -> FakeSession:
        self.opened.append((facts.id, device.name))
        return _Session(self, len(labels), device)

    def pool(
        self,
        settings: PoolSettings,
        free: Callable[[Device], int | None] = lambda _: None,
    ) -> ModelPool:
        return ModelPool(
            settings=settings,
            open_session=self.open,
            find_device=self.find,
            works=lambda _: self.gpu,
            free_mb=free,
            reclaim=lambda: None,  # collecting garbage beside torch takes a third of a second
            clock=lambda: self.now,
            say=self.said.append,
        )


class _Session(FakeSession):
    def __init__(self, machine: Machine, classes: int, device: Device) -> None:
        super().__init__(classes)
        self.device = device.name
        self._machine = machine

    def run(self, images: NDArray[np.uint8], outputs: Set[Output] = LOGITS) -> Outputs:
        if self.device != "cpu" and not self._machine.gpu:
            raise DeviceUnavailable("cuda:0 stopped working: lost")
        return super().run(images, outputs)


def test_the_least_recently_used_makes_room_within_the_budget() -> None:
    machine = Machine(gpu=False)
    pool = machine.pool(PoolSettings(memory_budget_mb=needs(LITE0, LITE2)))
    pool.get(LITE0)
    machine.now += 1
    pool.get(LITE2)
    machine.now += 1
    pool.get(LITE0)
    machine.now += 1
    pool.get(LITE1)
    assert pool.loaded() == (LITE0, LITE1)
    assert machine.said == [f"{LITE2} unloaded to make room for {LITE1}"]


def test_a_model_that_never_fits_the_budget_is_refused_and_nothing_is_unloaded() -> None:
    machine = Machine(gpu=False)
    pool = machine.pool(PoolSettings(memory_budget_mb=needs(LITE0)))
    pool.get(LITE0)
    with pytest.raises(ModelError, match=rf"{LITE2} needs about {needs(LITE2)} MB, but \[model\]"):
        pool.get(LITE2)
    assert pool.loaded() == (LITE0,)


def test_without_a_budget_what_is_free_counts() -> None:
    machine = Machine(gpu=False)
    free = {"mb": 10_000}
    pool = machine.pool(PoolSettings(), lambda _: free["mb"])
    pool.get(LITE0)
    free["mb"] = needs(LITE2) - 1
    with pytest.raises(ModelError, match=r"needs about .* on cpu, but .* are free"):
        pool.get(LITE2)
    assert pool.loaded() == ()  # it was let go in vain: the rest of the machine took the memory


@given(st.lists(st.sampled_from([LITE0, LITE1, LITE2]), max_size=12), st.integers(60, 400))
def test_what_is_loaded_never_exceeds_the_budget(asked: list[str], budget: int) -> None:
    machine = Machine(gpu=False)
    pool = machine.pool(PoolSettings(memory_budget_mb=budget))
    for model in asked:
        machine.now += 1
        if needs(model) > budget:
            with pytest.raises(ModelError):
                pool.get(model)
        else:
            assert pool.get(model).facts.id == model
            assert model in pool.loaded()
        assert needs(*pool.loaded()) <= budget


def test_what_nobody_asked_for_is_unloaded() -> None:
    machine = Machine(gpu=False)
    pool = machine.pool(PoolSettings(idle_unload_seconds=600))
    pool.get(LITE0)
    machine.now += 500
    pool.get(LITE2)
    assert pool.sweep() == ()
    machine.now += 100
    assert pool.sweep() == (LITE0,)
    assert pool.loaded() == (LITE2,)
    machine.now += 500
    assert pool.sweep() == (LITE2,)
    assert machine.said[-1] == f"{LITE2} unloaded: nobody asked for it"
    pool.close()


def test_the_pool_unloads_by_itself() -> None:
    pool = ModelPool(
        settings=PoolSettings(idle_unload_seconds=0.01),
        open_session=Machine(gpu=False).open,
        find_device=lambda _: CPU,
    )
    pool.get(LITE0)
    wait_until(lambda: not pool.loaded(), what="the model is unloaded")
    assert pool.get(LITE0).facts.id == LITE0  # and comes back when it is asked for
    pool.close()


def test_a_gpu_that_goes_is_an_error_that_says_how_to_go_on() -> None:
    machine = Machine()
    pool = machine.pool(PoolSettings(device="auto"))
    session = pool.get(LITE0).session
    assert session.device == "cuda:0"
    machine.gpu = False
    with pytest.raises(DeviceUnavailable, match="stopped working") as said:
        session.run(BLACK[LITE0])
    assert "allow_cpu_fallback" in said.value.hint
    assert pool.loaded() == ()
    assert "waiting for it" in machine.said[0]
    with pytest.raises(DeviceUnavailable):
        pool.get(LITE2)
    assert [device for _, device in machine.opened] == ["cuda:0"]  # the CPU never stood in


def test_where_it_is_allowed_the_cpu_stands_in_and_the_gpu_is_asked_for_again() -> None:
    machine = Machine()
    pool = machine.pool(PoolSettings(device="auto", allow_cpu_fallback=True))
    session = pool.get(LITE0).session
    pool.get(LITE2)
    machine.gpu = False
    assert session.run(BLACK[LITE0]).logits.shape == (1, 1000)
    assert session.device == "cpu"
    assert "on the CPU meanwhile" in machine.said[0]
    assert pool.get(LITE2).session.device == "cpu"
    assert len(machine.said) == 1  # said once, not for each model

    machine.now += PROBE_SECONDS + 1
    assert pool.get(LITE0).session.device == "cpu"  # asked for, and still away
    machine.gpu = True
    assert pool.get(LITE0).session.device == "cpu"  # not asked for at every photo
    machine.now += PROBE_SECONDS + 1
    assert pool.get(LITE0).session.device == "cuda:0"
    assert machine.said[-1] == "cuda:0 is back and used again"
    assert pool.get(LITE2).session.device == "cuda:0"


def test_a_gpu_that_goes_while_nothing_is_on_it_is_replaced_where_that_is_allowed() -> None:
    machine = Machine()

    def open_session(facts: ModelFacts, labels: tuple[str, ...], device: Device) -> FakeSession:
        if device.name != "cpu":
            raise DeviceUnavailable("cuda:0 stopped working: lost")
        return machine.open(facts, labels, device)

    for allowed in (True, False):
        pool = ModelPool(
            settings=PoolSettings(allow_cpu_fallback=allowed),
            open_session=open_session,
            find_device=machine.find,  # it is listed still
            free_mb=lambda _: None,
            say=machine.said.append,
        )
        if allowed:
            assert pool.get(LITE0).session.device == "cpu"
        else:
            with pytest.raises(DeviceUnavailable, match="lost") as said:
                pool.get(LITE0)
            assert "allow_cpu_fallback" in said.value.hint
    assert [each.partition(";")[0] for each in machine.said] == ["cuda:0 stopped working: lost"] * 2


def test_a_gpu_that_is_listed_but_does_not_compute_is_not_back() -> None:
    machine = Machine()
    computes = {"now": False}
    pool = ModelPool(
        settings=PoolSettings(device="cuda", allow_cpu_fallback=True),
        open_session=machine.open,
        find_device=machine.find,
        works=lambda _: computes["now"],
        free_mb=lambda _: None,
        clock=lambda: machine.now,
    )
    machine.gpu = False
    assert pool.get(LITE0).session.device == "cpu"
    machine.gpu = True
    machine.now += PROBE_SECONDS + 1
    assert pool.get(LITE0).session.device == "cpu"
    computes["now"] = True
    machine.now += PROBE_SECONDS + 1
    assert pool.get(LITE0).session.device == "cuda:0"


def test_a_machine_without_a_gpu_is_no_loss() -> None:
    machine = Machine(gpu=False)
    pool = machine.pool(PoolSettings(device="auto"))
    assert pool.get(LITE0).session.device == "cpu"
    assert machine.said == []


def test_the_batch_that_fitted_is_remembered_when_the_model_comes_back() -> None:
    pool = Machine().pool(PoolSettings())
    pool.get(LITE0).session.batch_limit = 3
    assert pool.unload(LITE0)
    assert pool.get(LITE0).session.batch_limit == 3
    assert pool.get(LITE2).session.batch_limit is None
