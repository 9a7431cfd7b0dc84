"""How sure a cascade's stages must be, fitted on photos whose class is known."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tagd.lab.calibrate import (
    TOLERANCE,
    UNTRIED,
    Answers,
    calibrate,
    certainties,
    fit_temperature,
    lowest_safe,
    measure,
    stopped,
)
from tagd.models.predictions import certainty
from tagd.policy.cascade import Settling

CLASSES = 5


def logits(labels: Sequence[int], sure: Sequence[float]) -> NDArray[np.float32]:
    """Rows whose best label has this probability at a temperature of 1, the rest the same each."""
    rows = np.zeros((len(labels), CLASSES), np.float32)
    for row, label, share in zip(rows, labels, sure, strict=True):
        row[label] = math.log(share * (CLASSES - 1) / (1 - share))
    return rows


def drawn(seed: int, photos: int, skill: float, scale: float = 1.0) -> NDArray[np.float32]:
    """Logits that mean what they say where `scale` is 1, for photos whose label is 0."""
    noise = np.random.default_rng(seed)
    rows = noise.gumbel(size=(photos, CLASSES))
    rows[:, 0] += skill
    return np.asarray(rows * scale, dtype=np.float32)


def answers(
    *said: NDArray[np.float32], truths: Sequence[int], ms: Sequence[float] = (1, 4, 10)
) -> Answers:
    models = tuple("abc"[: len(said)])
    return Answers(models, said, np.array(truths, np.int64), tuple(ms[: len(said)]))


def test_certainty_is_the_same_for_one_row_and_for_many() -> None:
    rows = drawn(1, 50, 2)
    for temperature in (0.5, 1.0, 1.7):
        one_by_one = [certainty(row, temperature) for row in rows]
        assert certainties(rows, temperature) == pytest.approx(one_by_one)


def test_a_temperature_undoes_what_logits_were_multiplied_by() -> None:
    truths = np.random.default_rng(3)
    rows = truths.normal(size=(4000, CLASSES)) * 2
    shares = np.exp(rows) / np.exp(rows).sum(1, keepdims=True)
    labels = np.array([truths.choice(CLASSES, p=share) for share in shares])
    for scale in (0.5, 1.0, 2.0):
        fitted = fit_temperature((rows * scale).astype(np.float32), labels)
        assert fitted == pytest.approx(scale, rel=0.06)


def test_what_the_first_model_is_sure_of_stays_with_it() -> None:
    # Right where it is at least 0.7 sure; the second model is right about everything.
    sure = [0.95, 0.9, 0.8, 0.7, 0.5, 0.4, 0.3, 0.25] * 20
    first = logits([0, 0, 0, 0, 1, 1, 1, 1] * 20, sure)
    report = calibrate(answers(first, logits([0] * 160, [0.9] * 160), truths=[0] * 160))
    [settling] = report.settlings
    assert 0.5 < settling.settles_at <= 0.7 or settling.settles_at == UNTRIED
    fitted, other, everything = report.parts
    assert fitted.photos == other.photos == 80
    assert everything.cascade.accuracy == 1.0
    assert everything.cascade.sent_on == (0.5,)
    assert everything.cascade.milliseconds == pytest.approx(1 + 0.5 * 4)
    assert everything.alone == (0.5, 1.0)


def test_a_threshold_stands_above_pictures_of_none_of_the_classes() -> None:
    photos = logits([0] * 40, [0.99, 0.95] * 20)
    none = logits([2, 3], [0.83, 0.4])
    both = np.concatenate([photos, none])
    report = calibrate(answers(both, both, truths=[0] * 40 + [-1, -1]))
    assert report.settlings[0].settles_at == pytest.approx(0.84)
    assert (report.none, report.none_settled) == (2, 0)
    without = calibrate(answers(photos, photos, truths=[0] * 40))
    assert without.settlings[0].settles_at == UNTRIED


def test_no_model_is_made_surer_than_it_says() -> None:
    timid = drawn(5, 200, 4, scale=0.3)
    report = calibrate(answers(timid, timid, truths=[0] * 200))
    assert report.fitted_temperatures[0] < 0.7
    assert report.temperatures == (1.0, 1.0)
    bold = calibrate(answers(timid * 10, timid * 10, truths=[0] * 200))
    assert bold.settlings[0].temperature == bold.fitted_temperatures[0] > 1.5


@pytest.mark.parametrize(
    ("none", "lowest"),
    [([], UNTRIED), ([0.573], 0.58), ([0.58], 0.59), ([0.1], 0.2), ([0.2, 1.0], 1.0)],
)
def test_the_lowest_safe_threshold_is_not_reached(none: list[float], lowest: float) -> None:
    assert lowest_safe(np.array(none)) == pytest.approx(lowest)


def test_each_stage_sends_on_what_it_does_not_settle() -> None:
    first = logits([0, 1, 1, 1], [0.9, 0.3, 0.3, 0.3])
    second = logits([1, 0, 1, 1], [0.9, 0.9, 0.3, 0.3])
    third = logits([1, 1, 0, 2], [0.9] * 4)
    said = answers(first, second, third, truths=[0] * 4)
    settlings = (Settling(0.8), Settling(0.8))
    assert stopped(said, settlings).tolist() == [0, 1, 2, 2]
    measured = measure(said, settlings)
    assert measured.accuracy == 0.75
    assert measured.sent_on == (0.75, 0.5)
    assert measured.milliseconds == pytest.approx(1 + 0.75 * 4 + 0.5 * 10)


def test_the_curve_goes_from_the_first_model_to_the_last() -> None:
    report = calibrate(answers(drawn(1, 300, 2), drawn(2, 300, 4), truths=[0] * 300))
    sent = [point.measured.sent_on[0] for point in report.curve]
    assert sent == sorted(sent)
    assert report.curve[-1].measured.accuracy == report.parts[-1].alone[-1]
    assert report.settlings[0].settles_at in [point.settles_at for point in report.curve]


@settings(deadline=None, max_examples=30)
@given(
    st.integers(0, 2**32 - 1),
    st.lists(st.floats(0.5, 5), min_size=2, max_size=3),
    st.integers(0, 5),
)
def test_where_it_was_fitted_it_is_as_accurate_as_the_last_model(
    seed: int, skills: list[float], none: int
) -> None:
    said = [drawn(seed + place, 60 + none, skill) for place, skill in enumerate(skills)]
    report = calibrate(answers(*said, truths=[0] * 60 + [-1] * none))
    fitted = report.parts[0]
    reached = fitted.cascade.accuracy >= fitted.alone[-1] - TOLERANCE - 1e-9
    assert reached or report.settlings[0].settles_at == 1.0
    assert report.none_settled == 0
    assert all(each.temperature >= 1 for each in report.settlings)


@pytest.mark.parametrize("photos", [0, 1])
def test_too_little_is_refused(photos: int) -> None:
    one = drawn(1, photos, 1)
    with pytest.raises(ValueError, match="two photos and two models"):
        calibrate(answers(one, one, truths=[0] * photos))
    two = drawn(1, 4, 1)
    with pytest.raises(ValueError, match="two photos and two models"):
        calibrate(answers(two, truths=[0] * 4))
