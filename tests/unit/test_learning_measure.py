"""Precision and recall are estimated as unseen photos show them, and never too high where nothing
tells."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tagd.learning.measure import FEWEST, GIVES_AT, Measured, measured

NONE = np.empty(0)


def library(seed: int, apart: float, hidden: int = 15, others: int = 400) -> Measured:
    """What is measured of ten examples, with more of the same among all photos."""
    random = np.random.default_rng(seed)
    rest = np.concatenate([random.normal(-1, 0.2, others), random.normal(apart, 0.2, hidden)])
    return measured(random.normal(apart, 0.2, 10), NONE, rest, 20)


@pytest.mark.parametrize("seed", range(5))
def test_what_stands_apart_may_be_given(seed: int) -> None:
    found = library(seed, 1.0)
    assert found.may_give
    assert found.recall > 0.8
    assert found.threshold > -0.3


@pytest.mark.parametrize("seed", range(5))
def test_what_does_not_stand_apart_is_only_suggested(seed: int) -> None:
    found = library(seed, -0.7)
    assert not found.may_give
    assert found.precision < GIVES_AT


def test_rejected_photos_that_score_high_keep_it_from_being_given() -> None:
    random = np.random.default_rng(1)
    given, rest = random.normal(1, 0.2, 10), random.normal(-1, 0.2, 400)
    assert measured(given, NONE, rest, 20).may_give
    assert not measured(given, random.normal(1, 0.2, 10), rest, 20).may_give


def test_among_few_photos_nothing_may_be_given() -> None:
    random = np.random.default_rng(1)
    few = random.normal(-1, 0.2, FEWEST - 1)
    found = measured(random.normal(1, 0.2, 10), NONE, few, 20)
    assert not found.may_give


def test_only_so_many_are_suggested() -> None:
    random = np.random.default_rng(2)
    rest = random.normal(-1, 0.3, 1000)
    found = measured(random.normal(-0.9, 0.3, 5), NONE, rest, 20)
    assert (rest >= found.threshold).sum() <= 20


SCORES = st.lists(st.floats(-2, 2), min_size=2, max_size=40).map(np.array)


@settings(max_examples=200)
@given(SCORES, st.lists(st.floats(-2, 2), max_size=20).map(np.array), SCORES)
def test_whatever_the_scores_the_figures_are_shares(
    given: np.ndarray, rejected: np.ndarray, others: np.ndarray
) -> None:
    found = measured(given, rejected, others, 20)
    assert 0 <= found.precision <= 1
    assert 0 <= found.recall <= 1
    assert np.isfinite(found.threshold)
    sure = found.sure(np.sort(others))
    assert ((sure >= 0) & (sure <= 1)).all()
    assert (np.diff(sure) >= 0).all()
