"""Pages to look at: what they are called, and in which language their tags are."""

from __future__ import annotations

from pathlib import Path

import pytest

from tagd.lab import compare_page, shadow_page
from tagd.lab.calibrate import Measured, Point
from tagd.lab.compare import Compared, Opinion
from tagd.lab.curve import apart

TENCH = "n01440764"


def compared(*models: str) -> Compared:
    said = [Opinion(model, 4.7, ((TENCH, 0.9),), 12.0) for model in models]
    return Compared(Path("/photos/a.jpg"), tuple(said), None, "" if models else "not an image")


@pytest.mark.parametrize(
    ("photos", "title"),
    [
        ([compared("a", "b")], "1 photo: a, b"),
        ([compared(), compared("a")], "2 photos: a"),
        ([compared()], "1 photo: no model"),
    ],
)
def test_a_comparison_says_what_is_in_it(photos: list[Compared], title: str) -> None:
    text = compare_page.page(photos, str, "en")
    assert f"<title>{title}</title>" in text


def test_signs_are_drawn_as_the_tags_language_has_them() -> None:
    names = {TENCH: "骨"}  # drawn otherwise in Chinese
    assert '<html lang="ja">' in compare_page.page([compared("a")], names.__getitem__, "ja")
    assert '<html lang="ja">' in shadow_page.page(("a", "b"), [], [], "ja")


def test_labels_on_the_curve_do_not_meet() -> None:
    points = [Point(0.0, Measured(0.9, (0.1,), at)) for at in (0, 4, 6, 9, 50, 100)]
    assert [each.measured.milliseconds for each in apart(points)] == [0, 6, 50, 100]
