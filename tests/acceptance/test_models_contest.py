"""The session that was measured to be quicker is the one that works."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from tagd.models.contest import ONNX_RUNTIME, PYTORCH, PYTORCH_BF16, contestants, prefer
from tagd.models.pool import ModelPool, PoolSettings
from tagd.models.processor import computes_in_bf16
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
    answers = {name: model.session.logits(picture) for name, model in contestants(pool, LITE0)}
    assert {ONNX_RUNTIME, PYTORCH} <= answers.keys()
    assert (PYTORCH_BF16 in answers) is computes_in_bf16()
    assert np.abs(answers[ONNX_RUNTIME] - answers[PYTORCH]).max() < 0.02
    assert all(answer.argmax() == answers[PYTORCH].argmax() for answer in answers.values())


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
