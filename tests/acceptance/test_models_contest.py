"""The session that was measured to be quicker is the one that works."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import psutil
import pytest
import torch

from tagd.models.contest import ONNX_RUNTIME, PYTORCH, PYTORCH_BF16, Stand, contestants, prefer
from tagd.models.pool import ModelPool, PoolSettings
from tagd.models.runtime.cpu_session import Graphs
from tagd.models.runtime.device import Device
from tagd.models.runtime.modes import Way
from tagd.models.runtime.processor import computes_in_bf16
from tagd.models.runtime.quickest import Quickest
from tagd.models.selftest import rings

LITE0 = "efficientnet-lite0"


@pytest.fixture
def pool(warm_cache: Path, tmp_path: Path) -> Iterator[ModelPool]:
    graphs = shutil.copytree(warm_cache / "tagd" / "graphs", tmp_path / "graphs")
    settings = PoolSettings(device="cpu", graphs=graphs)
    with closing(ModelPool(settings=settings)) as pool:
        yield pool


def test_every_session_of_a_cpu_stands_and_says_the_same(pool: ModelPool) -> None:
    picture = rings(pool.geometry_of(LITE0).crop)[None]
    answers = {name: model.session.run(picture).logits for name, model in contestants(pool, LITE0)}
    assert {ONNX_RUNTIME, PYTORCH} <= answers.keys()
    assert (PYTORCH_BF16 in answers) is computes_in_bf16()
    assert np.abs(answers[ONNX_RUNTIME] - answers[PYTORCH]).max() < 0.02
    assert all(answer.argmax() == answers[PYTORCH].argmax() for answer in answers.values())


@pytest.mark.parametrize(("gmacs", "shared"), [(0.4, 0), (40.0, 3), (None, 3)])
def test_only_large_models_have_a_pass_divided_among_threads(
    pool: ModelPool, gmacs: float | None, shared: int
) -> None:
    facts = pool.facts_of(LITE0).model_copy(update={"gmacs": gmacs})
    graphs = Graphs(pool.opening.graphs or Path(), None, print)
    before = psutil.Process().num_threads()
    session = graphs.open(facts, pool.fingerprint_of(LITE0), pool.device(), threads=4)
    assert session is not None
    with closing(session):
        assert psutil.Process().num_threads() - before == shared


def test_the_quickest_exact_session_is_used_from_then_on(pool: ModelPool) -> None:
    identity = pool.fingerprint_of(LITE0)
    try:
        rates = {ONNX_RUNTIME: 100.0, PYTORCH: 120.0, PYTORCH_BF16: 300.0}
        assert prefer(pool, identity, rates) == PYTORCH
        assert ONNX_RUNTIME not in pool.get(LITE0).session.describe()
    finally:
        pool.unload(LITE0)
        assert prefer(pool, identity, {ONNX_RUNTIME: 200.0, PYTORCH: 120.0}) == ONNX_RUNTIME
    assert ONNX_RUNTIME in pool.get(LITE0).session.describe()


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")
def test_a_way_that_cannot_be_gone_here_is_not_measured(pool: ModelPool) -> None:
    said: list[str] = []
    opening = replace(pool.opening, say=said.append)
    facts, labels = pool.facts_of(LITE0), pool.labels_of(LITE0)
    stand = Stand(opening, facts, labels, pool.fingerprint_of(LITE0))
    assert stand.in_way(Way.GRAPHS, pool.device()) is None
    assert "not CUDA graphs, since" in said[0]
    eager = stand.in_way(Way.EAGER, pool.device())
    assert eager is not None
    eager.close()


def test_what_was_measured_counts_on_the_same_hardware(tmp_path: Path) -> None:
    here, other = (Device("cuda:0", "bf16", name) for name in ("NVIDIA H200", "NVIDIA L4"))
    kept = Quickest.of(tmp_path / "graphs", "f" * 64, here)
    assert kept.read() is None
    assert Way.on_gpu(kept.read()) is Way.GRAPHS
    for way in Way:
        kept.write(way.session)
        assert Way.on_gpu(kept.read()) is way
    assert Quickest.of(tmp_path / "graphs", "f" * 64, other).read() is None
    assert Quickest.of(tmp_path / "graphs", "e" * 64, here).read() is None
    kept.path.write_text("[]")
    assert kept.read() is None


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("flags\t\t: fpu avx512_bf16 amx\n", True),
        ("Features\t: fp asimd bf16\n", True),
        ("flags\t\t: fpu avx512f\n", False),
        ("", False),
    ],
)
def test_whether_a_processor_computes_in_bf16(said: str, expected: bool, tmp_path: Path) -> None:
    (tmp_path / "cpuinfo").write_text(said)
    assert computes_in_bf16(tmp_path / "cpuinfo") is expected
