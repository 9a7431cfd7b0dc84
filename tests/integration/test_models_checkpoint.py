"""Weights that must not be used are refused with the reason, before anything is built from them."""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tagd.errors import WeightsRefused
from tagd.models.backends import timm
from tagd.models.zoo import bundled, checkpoint, labelset, registry

FACTS = registry.find("efficientnet-lite0")
LABELS = labelset.load(FACTS.label_set)
assert isinstance(FACTS.weights, registry.BundledWeights)
WEIGHTS = FACTS.weights
State = checkpoint.State


class RunsCode:
    """What a hostile checkpoint holds: code that runs when it is unpickled."""

    def __reduce__(self) -> tuple[Callable[[str], None], tuple[str]]:
        return os.mkdir, ("i-was-here",)


def saved(content: object, *, archive: bool = True) -> bytes:
    """`content` as torch saves it, as an archive or in the layout of old."""
    buffer = BytesIO()
    torch.save(content, buffer, _use_new_zipfile_serialization=archive)
    return buffer.getvalue()


@pytest.fixture(scope="module")
def state() -> State:
    """The embedded Lite0's tensors."""
    return checkpoint.read(bundled.read(WEIGHTS), "lite0")


@pytest.mark.parametrize("archive", [True, False])
def test_tensors_come_back_as_they_were_saved(archive: bool) -> None:
    tensors = {"a.weight": torch.arange(6.0).view(2, 3), "a.bias": torch.zeros(2)}
    read = checkpoint.read(saved(tensors, archive=archive), "mine")
    assert list(read) == list(tensors)
    assert all(torch.equal(read[name], tensors[name]) for name in tensors)


@pytest.mark.parametrize(
    "content",
    [
        saved({"a": torch.zeros(2), "b": RunsCode()}),
        saved({"a": torch.zeros(2), "b": RunsCode()}, archive=False),
        pickle.dumps(RunsCode(), 2),
    ],
)
def test_a_file_that_would_run_code_is_refused_and_nothing_runs(
    content: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(WeightsRefused, match=r"^mine: more than tensors .* posix\.mkdir") as caught:
        checkpoint.read(content, "mine")
    assert "weights_only" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_a_pickle_in_todays_format_is_refused_without_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(WeightsRefused, match=r"^mine: more than tensors "):
        checkpoint.read(pickle.dumps(RunsCode()), "mine")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "content",
    [b"", b"hello world", b"PK\x03\x04", saved({"a": torch.zeros(500)})[:-40]],
)
def test_a_damaged_file_is_refused(content: bytes) -> None:
    with pytest.raises(WeightsRefused, match=r"^mine: the file is damaged or no PyTorch"):
        checkpoint.read(content, "mine")


@given(st.data())
def test_no_truncation_gets_through(data: st.DataObject) -> None:
    whole = saved({"a": torch.zeros(3)}, archive=data.draw(st.booleans()))
    with pytest.raises(WeightsRefused):
        checkpoint.read(whole[: data.draw(st.integers(0, len(whole) - 1))], "mine")


@pytest.mark.parametrize("content", [[torch.zeros(2)], {"a": 1}, {1: torch.zeros(2)}])
def test_anything_but_named_tensors_is_refused(content: object) -> None:
    with pytest.raises(WeightsRefused, match="no table of named tensors"):
        checkpoint.read(saved(content), "mine")


def test_another_head_is_refused(state: State) -> None:
    names = list(state)
    ten = {**state, names[-2]: torch.zeros(10, 1280), names[-1]: torch.zeros(10)}
    with pytest.raises(WeightsRefused, match=r"\(10, 1280\), but the network's classifier.weight"):
        timm.build(FACTS, 1000, ten)


def test_a_head_without_a_label_for_each_place_is_refused(state: State) -> None:
    with pytest.raises(
        WeightsRefused, match="has 1000 outputs, but the label set imagenet-1k has 9"
    ):
        timm.build(FACTS, 9, state)


def test_missing_tensors_are_refused(state: State) -> None:
    short = dict(list(state.items())[:-2])
    with pytest.raises(WeightsRefused, match=r"\d+ tensors, but the network has \d+"):
        timm.build(FACTS, 1000, short)


def test_neighbours_of_one_shape_that_changed_places_are_refused(state: State) -> None:
    names = list(state)
    mean, variance = names.index("_bn0.running_mean"), names.index("_bn0.running_var")
    names[mean], names[variance] = names[variance], names[mean]
    with pytest.raises(WeightsRefused, match=r"running_var is .* network's bn1\.running_mean"):
        timm.build(FACTS, 1000, {name: state[name] for name in names})


def test_another_precision_is_refused(state: State) -> None:
    halved = {name: t.half() if t.is_floating_point() else t for name, t in state.items()}
    with pytest.raises(WeightsRefused, match=r"_conv_stem\.weight is float16"):
        timm.build(FACTS, 1000, halved)


def test_counters_of_learning_are_not_needed(state: State) -> None:
    without = {name: t for name, t in state.items() if not name.endswith("num_batches_tracked")}
    assert len(without) < len(state)
    network = timm.build(FACTS, 1000, without)
    assert torch.equal(network.state_dict()["classifier.bias"], state["_fc.bias"])
