"""A head is fitted exactly, always the same way, and as well as scikit-learn fits one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tagd.learning import head as heads
from tagd.learning.head import Examples, fit, scores

WIDTH = 24


def photos(
    seed: int, count: int, shift: float, first: int
) -> list[tuple[int, NDArray[np.float32]]]:
    """Photos that look alike: rows about a place of their own, by row id."""
    random = np.random.default_rng(seed)
    rows = np.abs(random.normal(size=(count, WIDTH)))
    rows[:, 0] += shift
    return [(first + number, row.astype(np.float32)) for number, row in enumerate(rows)]


def examples(seed: int, count: int = 6, rejected: int = 3, shift: float = 3.0) -> Examples:
    return Examples(
        photos(seed, count, shift, 1),
        photos(seed + 1, rejected, shift / 3, 1000),
        photos(seed + 2, 80, 0.0, 2000),
    )


@settings(max_examples=25)
@given(st.integers(0, 1000), st.randoms(use_true_random=False))
def test_the_order_of_examples_changes_nothing(seed: int, random: object) -> None:
    parts = examples(seed)
    before = fit(parts)
    shuffled = [list(part) for part in (parts.given, parts.rejected, parts.background)]
    for part in shuffled:
        random.shuffle(part)  # type: ignore[attr-defined]
    after = fit(Examples(*shuffled))
    assert before.head.weights.tobytes() == after.head.weights.tobytes()
    assert before.head.bias == after.head.bias
    assert before.given.tobytes() == after.given.tobytes()
    assert before.background == after.background


def test_leave_one_out_is_what_leaving_one_out_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    parts = examples(5)
    # One fit alone, and the weight of one example and the centre as with all of them.
    monkeypatch.setattr(heads, "LIKE", -1e9)
    whole = fit(parts)
    for number in range(len(parts.given)):
        rest = [each for place, each in enumerate(parts.given) if place != number]
        share = heads.SHARES[0] * len(rest) / len(parts.given)
        monkeypatch.setattr(heads, "SHARES", (share, *heads.SHARES[1:]))
        alone = fit(Examples(rest, parts.rejected, parts.background))
        monkeypatch.undo()
        monkeypatch.setattr(heads, "LIKE", -1e9)
        [[score]] = scores(parts.given[number][1][None], [alone.head])
        assert whole.given[number] == pytest.approx(score, abs=1e-4)


def test_what_was_given_scores_above_what_was_not() -> None:
    fitted = fit(examples(3))
    assert fitted.given.min() > np.quantile(list(fitted.background.values()), 0.95)


def test_it_scores_many_heads_at_once_as_each_alone() -> None:
    some, others = fit(examples(1)).head, fit(examples(9)).head
    rows = np.stack([row for _, row in photos(4, 50, 1.0, 0)])
    together = scores(rows, [some, others])
    assert np.allclose(together[:, 0], scores(rows, [some])[:, 0], atol=1e-5)
    assert np.allclose(together[:, 1], scores(rows, [others])[:, 0], atol=1e-5)


def test_the_length_of_an_embedding_says_nothing() -> None:
    fitted = fit(examples(2)).head
    rows = np.stack([row for _, row in photos(4, 20, 1.0, 0)])
    assert np.allclose(scores(rows, [fitted]), scores(rows * 7, [fitted]), atol=1e-5)


@pytest.mark.parametrize("parts", [Examples([], [], []), examples(1, count=1)])
def test_too_few_are_refused(parts: Examples) -> None:
    with pytest.raises(ValueError, match="tell apart"):
        fit(parts)


def test_photos_like_the_examples_are_no_background() -> None:
    parts = examples(7, shift=6.0)
    more = photos(70, 8, 6.0, 5000)  # of the same, which nobody has judged
    fitted = fit(Examples(parts.given, parts.rejected, [*parts.background, *more]))
    kept = {photo for photo, _ in more} & fitted.background.keys()
    assert len(kept) <= 2


def test_it_ranks_as_well_as_logistic_regression() -> None:
    linear_model = pytest.importorskip("sklearn.linear_model")
    metrics = pytest.importorskip("sklearn.metrics")
    ours, theirs = [], []
    for seed in range(12):
        parts = examples(seed, shift=1.5)
        unseen = [*photos(seed + 500, 40, 1.5, 0), *photos(seed + 600, 160, 0.0, 1000)]
        rows = np.stack([row for _, row in unseen])
        truth = np.repeat([1, 0], [40, 160])
        ours.append(metrics.average_precision_score(truth, scores(rows, [fit(parts).head])[:, 0]))
        seen = [*parts.given, *parts.rejected, *parts.background]
        fitted = linear_model.LogisticRegression(class_weight="balanced").fit(
            np.stack([row / np.linalg.norm(row) for _, row in seen]),
            np.repeat([1, 0], [len(parts.given), len(seen) - len(parts.given)]),
        )
        of_length_one = rows / np.linalg.norm(rows, axis=1, keepdims=True)
        theirs.append(
            metrics.average_precision_score(truth, fitted.decision_function(of_length_one))
        )
    assert np.mean(ours) > np.mean(theirs) - 0.05
