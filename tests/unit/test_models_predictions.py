"""A row of logits becomes what is kept of it."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from tagd.errors import ModelError
from tagd.models.pool import LoadedModel
from tagd.models.predictions import KEPT, log_sum_exp, predictions_of
from tagd.models.runtime.session import FakeSession
from tagd.models.zoo import labelset, registry

Row = np.ndarray[tuple[int, ...], np.dtype[np.float32]]

FACTS = registry.find("efficientnet-lite0")
LABELS = labelset.load(FACTS.label_set)
MODEL = LoadedModel(FACTS, FACTS.fingerprint or "", LABELS, FakeSession(1000))
rows = arrays.arrays(np.float32, 1000, elements=st.floats(-80, 80, width=32))


@given(rows)
def test_the_best_are_kept_with_their_labels_downwards(row: Row) -> None:
    said = predictions_of("ab" * 16, MODEL, row)
    assert (said.photo_id, said.model) == ("ab" * 16, "efficientnet-lite0")
    assert said.fingerprint == FACTS.fingerprint
    assert len(said.labels) == len(set(said.labels)) == len(said.logits) == KEPT
    assert sorted(row, reverse=True)[:KEPT] == list(said.logits)
    for label, logit in zip(said.labels, said.logits, strict=True):
        assert row[LABELS.index(label)] == logit


@given(rows)
def test_probabilities_are_those_of_the_whole_softmax(row: Row) -> None:
    said = predictions_of("", MODEL, row)
    exact = np.exp(row.astype(np.float64) - row.max())
    exact /= exact.sum()
    best = np.sort(exact)[::-1][:KEPT]
    assert said.probabilities() == pytest.approx(best, rel=1e-9, abs=1e-12)
    assert said.best_probability == said.probabilities()[0]
    assert sum(said.probabilities()) <= 1 + 1e-9


@given(st.floats(-(2.0**100), 2.0**100, width=32))
def test_the_log_sum_exp_neither_overflows_nor_vanishes(value: float) -> None:
    row = np.full(1000, value, dtype=np.float32)
    assert log_sum_exp(row) == pytest.approx(float(row[0]) + math.log(1000), rel=1e-12, abs=1e-9)


def test_equal_logits_stand_in_the_order_of_the_labels() -> None:
    said = predictions_of("", MODEL, np.zeros(1000, dtype=np.float32))
    assert said.labels == LABELS[:KEPT]
    assert said.best_probability == pytest.approx(0.001)


def test_what_is_kept_does_not_hold_the_batch_in_memory() -> None:
    batch = np.zeros((16, 1000), dtype=np.float32)
    said = predictions_of("", MODEL, batch[3])
    assert not np.shares_memory(said.logits, batch)
    assert said.logits.base is None


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_logit_that_is_no_number_is_refused(value: float) -> None:
    row = np.zeros(1000, dtype=np.float32)
    row[500] = value
    with pytest.raises(ModelError, match="efficientnet-lite0 answered with something that is no"):
        predictions_of("", MODEL, row)


@pytest.mark.parametrize("shape", [(999,), (1, 1000), (1001,)])
def test_a_row_of_another_length_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="1000 logits expected"):
        predictions_of("", MODEL, np.zeros(shape, dtype=np.float32))
