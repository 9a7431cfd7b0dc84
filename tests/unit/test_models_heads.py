"""Heads are read without pickle, refused where they are not what they should be, and bound to the
base model that they were fitted on."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tagd.errors import WeightsRefused
from tagd.models.runtime.heads import Head
from tests.heads import WIDTH, save_head

UP = np.eye(2, WIDTH, dtype=np.float32)  # one row for each of two words


def row(numbers: object) -> NDArray[np.float32]:
    return np.array(numbers, dtype=np.float32)


WORDS = {"beach": 8 * UP[0], "snow": 8 * UP[1]}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return save_head(tmp_path / "everyday-efficientnet-lite0.npz", WORDS)


def test_a_head_says_how_probable_each_word_is(path: Path) -> None:
    head = Head.load(path)
    assert (head.name, head.base) == ("everyday-efficientnet-lite0", "efficientnet-lite0")
    assert head.words == ("beach", "snow")
    assert head.labels == ("own:beach", "own:snow")
    sure = head.probabilities(np.concatenate([UP, np.zeros((1, WIDTH), np.float32)]))
    likely, unlikely = 1 / (1 + math.exp(-4)), 1 / (1 + math.exp(4))
    expected = [[likely, unlikely], [unlikely, likely], [unlikely, unlikely]]
    assert sure == pytest.approx(np.array(expected), rel=1e-3)
    assert sure.dtype == np.float32
    assert head.probabilities(np.empty((0, WIDTH), np.float32)).shape == (0, 2)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])  # it is only read
@given(st.floats(0.01, 1000))
def test_how_long_an_embedding_is_does_not_matter(path: Path, length: float) -> None:
    head = Head.load(path)
    one, other = (head.probabilities(scale * UP) for scale in (1, length))
    assert other == pytest.approx(one, rel=1e-4)


def test_probabilities_are_calibrated(tmp_path: Path) -> None:
    tilted = row([[0.5, 1], [2, 0]])
    head = Head.load(save_head(tmp_path / "head.npz", WORDS, calibration=tilted))
    [sure] = head.probabilities(UP[:1])
    assert sure.tolist() == pytest.approx([1 / (1 + math.exp(-3)), 1 / (1 + math.exp(8))], rel=1e-3)


def test_thresholds_go_by_precision_and_leave_out_what_never_reaches_it(tmp_path: Path) -> None:
    never = row([[0.3, 0.5, math.nan], [0.2, 0.4, 0.6]])
    head = Head.load(save_head(tmp_path / "head.npz", WORDS, thresholds=never))
    assert head.thresholds_at(0.9) == pytest.approx({"own:beach": 0.5, "own:snow": 0.4})
    assert head.thresholds_at(0.95) == pytest.approx({"own:snow": 0.6})
    with pytest.raises(ValueError, match="not in"):
        head.thresholds_at(0.5)


def test_a_changed_base_model_refuses_the_head(path: Path) -> None:
    head = Head.load(path)
    head.require("f" * 64)
    with pytest.raises(WeightsRefused, match="another efficientnet-lite0") as refused:
        head.require("e" * 64)
    assert "Reinstall" in refused.value.hint


@pytest.mark.parametrize(
    "changed",
    [
        {"bias": row([0, 0])},
        {"calibration": row([[1, 1], [1, 0]])},
        {"labels": ["own:beach", "own:sea"]},
    ],
    ids=["bias", "calibration", "labels"],
)
def test_the_fingerprint_changes_with_what_makes_other_probabilities(
    path: Path, tmp_path: Path, changed: dict[str, Any]
) -> None:
    before = Head.load(path).fingerprint
    labels = changed.pop("labels", ())
    assert Head.load(
        save_head(tmp_path / "a.npz", WORDS, labels=labels, **changed)
    ).fingerprint != (before)


def test_thresholds_and_rules_leave_the_fingerprint(path: Path, tmp_path: Path) -> None:
    rules = {"only_with": {"beach": ["snow"]}}
    other = save_head(tmp_path / "other.npz", WORDS, rules=rules, thresholds=(0.1, 0.2, 0.3))
    assert Head.load(other).fingerprint == Head.load(path).fingerprint
    assert Head.load(other).about["rules"] == rules


@pytest.mark.parametrize(
    ("wrong", "what"),
    [
        ({"bias": np.zeros(3, np.float32)}, "bias is"),
        ({"weights": np.zeros((3, WIDTH), np.float16)}, "weights is"),
        ({"weights": np.full((2, WIDTH), math.nan, np.float16)}, "no number"),
        ({"words": np.array(["beach"])}, "words is"),
        ({"about": np.array("no JSON")}, "about is no JSON"),
        ({"about": np.array("{}")}, "does not name its base"),
        ({"labels": np.array([{}, {}], dtype=object)}, "cannot be used"),
    ],
)
def test_what_is_no_head_is_refused(tmp_path: Path, wrong: dict[str, Any], what: str) -> None:
    path = save_head(tmp_path / "head.npz", WORDS)
    with np.load(path, allow_pickle=False) as arrays:
        kept = dict(arrays)
    np.savez_compressed(path, allow_pickle=True, **(kept | wrong))
    with pytest.raises(WeightsRefused, match=f"{re.escape(str(path))}.*{what}"):
        Head.load(path)


@pytest.mark.parametrize("content", [None, b"", b"PK\x03\x04 cut off", b"no zip"])
def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "head.npz"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(WeightsRefused, match="the head cannot be used"):
        Head.load(path)


def test_embeddings_of_another_width_are_refused(path: Path) -> None:
    with pytest.raises(ValueError, match="takes"):
        Head.load(path).probabilities(np.zeros((1, 7), np.float32))
