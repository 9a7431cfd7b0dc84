"""Loaded once, handed out many times."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from tagd.errors import ModelUnknown, WeightsMissing
from tagd.models.pool import ModelPool
from tagd.models.runtime.device import Device, Wanted
from tagd.models.runtime.session import FakeSession
from tagd.models.zoo.registry import ModelFacts

LITE0, LITE2 = "efficientnet-lite0", "efficientnet-lite2"
SECONDS = 10


class Loads:
    """Opens fakes, counts them, and waits with each until it is let go on."""

    def __init__(self, *, waiting: bool = False) -> None:
        self.opened: list[str] = []
        self.sessions: list[FakeSession] = []
        self.begun = threading.Event()
        self.may_end = threading.Event()
        if not waiting:
            self.may_end.set()

    def __call__(self, facts: ModelFacts, labels: tuple[str, ...], _: Device) -> FakeSession:
        self.opened.append(facts.id)
        self.begun.set()
        assert self.may_end.wait(SECONDS)
        self.sessions.append(FakeSession(len(labels)))
        return self.sessions[-1]


def on_cpu(_: Wanted) -> Device:
    """A machine without a GPU."""
    return Device("cpu", "fp32", "as told")


def test_what_is_loaded_is_handed_out_again() -> None:
    loads = Loads()
    pool = ModelPool(open_session=loads, find_device=on_cpu)
    first, again = pool.get(LITE0), pool.get(LITE0)
    assert first is again
    assert loads.opened == [LITE0]
    assert pool.loaded() == (LITE0,)


def test_a_loaded_model_is_what_the_pool_says_without_loading() -> None:
    pool = ModelPool(open_session=Loads(), find_device=on_cpu)
    loaded = pool.get(LITE2)
    assert loaded.geometry == pool.geometry_of(LITE2)
    assert loaded.labels == pool.labels_of(LITE2)
    assert loaded.fingerprint == pool.fingerprint_of(LITE2)
    assert loaded.session.run(np.zeros((2, 260, 260, 3), np.uint8)).logits.shape == (2, 1000)


def test_threads_that_ask_at_once_get_one_load() -> None:
    loads = Loads(waiting=True)
    pool = ModelPool(open_session=loads, find_device=on_cpu)
    together = threading.Barrier(8)

    def ask() -> object:
        together.wait(SECONDS)
        return pool.get(LITE0)

    with ThreadPoolExecutor(8) as threads:
        answers = [threads.submit(ask) for _ in range(8)]
        assert loads.begun.wait(SECONDS)
        loads.may_end.set()
        got = {id(answer.result(SECONDS)) for answer in answers}
    assert len(got) == 1
    assert loads.opened == [LITE0]


def test_a_model_in_memory_does_not_wait_for_another_ones_load() -> None:
    loads = Loads()
    pool = ModelPool(open_session=loads, find_device=on_cpu)
    pool.get(LITE0)
    loads.begun.clear()
    loads.may_end.clear()
    with ThreadPoolExecutor(1) as threads:
        slow = threads.submit(pool.get, LITE2)
        assert loads.begun.wait(SECONDS)
        assert pool.get(LITE0).facts.id == LITE0
        assert not slow.done()
        loads.may_end.set()
        assert slow.result(SECONDS).facts.id == LITE2


def test_a_load_that_failed_is_tried_anew() -> None:
    tries = []

    def open_session(facts: ModelFacts, labels: tuple[str, ...], _: Device) -> FakeSession:
        tries.append(facts.id)
        if len(tries) == 1:
            raise WeightsMissing("not on this disk")
        return FakeSession(len(labels))

    pool = ModelPool(open_session=open_session, find_device=on_cpu)
    with pytest.raises(WeightsMissing):
        pool.get(LITE0)
    assert pool.loaded() == ()
    assert pool.get(LITE0).facts.id == LITE0


def test_what_was_unloaded_is_loaded_again_and_its_user_may_finish() -> None:
    loads = Loads()
    pool = ModelPool(open_session=loads, find_device=on_cpu)
    in_use = pool.get(LITE0)
    assert pool.unload(LITE0)
    assert not pool.unload(LITE0)
    assert pool.loaded() == ()
    in_use.session.run(np.zeros((1, 224, 224, 3), np.uint8))
    assert pool.get(LITE0) is not in_use
    assert loads.opened == [LITE0, LITE0]


def test_closing_closes_every_session() -> None:
    loads = Loads()
    pool = ModelPool(open_session=loads, find_device=on_cpu)
    pool.get(LITE0), pool.get(LITE2)
    pool.close()
    assert pool.loaded() == ()
    assert [session.closed for session in loads.sessions] == [True, True]


def test_an_unknown_model_is_unknown_whatever_is_asked_of_it() -> None:
    pool = ModelPool(open_session=Loads(), find_device=on_cpu)
    for ask in (pool.get, pool.geometry_of, pool.labels_of, pool.fingerprint_of):
        with pytest.raises(ModelUnknown):
            ask("resnet-9000")


def test_no_threads_are_refused() -> None:
    with pytest.raises(ValueError, match="threads must be at least 1"):
        ModelPool(threads=0)
