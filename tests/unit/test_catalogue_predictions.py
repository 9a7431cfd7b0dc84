"""How predictions are packed."""

from __future__ import annotations

import json
import math
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tagd.catalogue.tagging import predictions
from tests.catalogue import LABELS
from tests.catalogue import predictions as said_of

PAIRS = st.lists(
    st.tuples(st.integers(0, 2**32 - 1), st.floats(width=32, allow_nan=False)), max_size=64
)


@given(PAIRS)
def test_what_is_packed_comes_back(pairs: list[tuple[int, float]]) -> None:
    ids = [label for label, _ in pairs]
    logits = np.array([logit for _, logit in pairs], dtype=np.float32)
    packed = predictions.pack(ids, logits)
    assert packed == b"".join(struct.pack("<If", *pair) for pair in pairs), "the documented layout"
    found, again = predictions.unpack(packed)
    assert list(found) == ids
    assert np.array_equal(again, logits)


def test_only_the_best_are_kept() -> None:
    said = said_of("1" * 32, count=100)
    row = predictions.row_of(said, {label: number for number, label in enumerate(LABELS)}, 7)
    ids, logits = predictions.unpack(row["logits"])
    assert ids == tuple(range(64))
    assert logits[0] == 9
    assert len(row["logits"]) == 512
    best = json.loads(row["best"])
    assert [label for label, _ in best] == list(LABELS[:5])
    assert best[0][1] == pytest.approx(math.exp(9 - 9.5), abs=1e-6)
    assert (row["model_id"], row["log_sum_exp"]) == (7, 9.5)


def test_a_model_may_know_fewer_labels() -> None:
    said = said_of("1" * 32, count=2)
    row = predictions.row_of(said, dict.fromkeys(LABELS, 1), 1)
    assert len(row["logits"]) == 16
    assert len(json.loads(row["best"])) == 2
