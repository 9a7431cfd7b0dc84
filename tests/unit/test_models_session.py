"""The fake that other tests rely on keeps the interface's promises."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from tagd.errors import ModelError
from tagd.models.runtime.session import FakeSession, Session, require_images


def test_it_is_a_session() -> None:
    session: Session = FakeSession(10)
    assert session.device == "fake"
    assert session.describe()


@given(
    arrays.arrays(np.uint8, st.tuples(st.integers(0, 3), st.just(4), st.just(5), st.just(3))),
    st.floats(0.2, 0.99),
)
def test_equal_pictures_get_equal_answers_with_the_confidence_asked_for(
    images: np.ndarray[tuple[int, ...], np.dtype[np.uint8]], confidence: float
) -> None:
    session = FakeSession(10, confidence=confidence)
    rows = session.run(images).logits
    assert rows.shape == (len(images), 10)
    assert rows.dtype == np.float32
    for image, row in zip(images, rows, strict=True):
        probabilities = np.exp(row) / np.exp(row).sum()
        favourite = int(image.sum(dtype=np.int64)) % 10
        assert probabilities[favourite] == pytest.approx(confidence, rel=1e-5)
        assert np.array_equal(
            FakeSession(10, confidence=confidence).run(image[None]).logits[0], row
        )
    assert session.batches == [len(images)]


def test_what_was_closed_does_not_answer() -> None:
    session = FakeSession(10)
    session.close()
    with pytest.raises(ModelError, match="closed"):
        session.run(np.zeros((1, 4, 4, 3), dtype=np.uint8))


@pytest.mark.parametrize("confidence", [0.0, 0.05, 1.0])
def test_a_confidence_that_cannot_be_is_refused(confidence: float) -> None:
    with pytest.raises(ValueError, match="above chance"):
        FakeSession(10, confidence=confidence)


@pytest.mark.parametrize(
    ("images", "size"),
    [
        (np.zeros((4, 4, 3), np.uint8), None),
        (np.zeros((1, 3, 4, 4), np.uint8), None),
        (np.zeros((1, 4, 4, 3), np.float32), None),
        (np.zeros((1, 4, 5, 3), np.uint8), (5, 4)),
    ],
)
def test_another_shape_or_type_is_refused(
    images: np.ndarray[tuple[int, ...], np.dtype[np.uint8]], size: tuple[int, int] | None
) -> None:
    with pytest.raises(ValueError, match="expected uint8 images"):
        require_images(images, size)
