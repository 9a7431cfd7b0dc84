"""Pages to look at: what they are called, and in which language their tags are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tagd.domain import DecodedPhoto, PhotoFacts, Signature
from tagd.lab import compare_page, shadow_page
from tagd.lab.calibrate import CascadeResult, Point
from tagd.lab.compare import Compared, Opinion
from tagd.lab.curve import apart
from tagd.lab.photos import LONGEST, SQUARE, thumbnail
from tagd.lab.shadow import Shadowed, changes

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


def test_what_changes_is_said_first_and_by_tag_last() -> None:
    one = Shadowed(Path("/photos/a.jpg"), ("cat",), ("cat", "dog"))
    same = Shadowed(Path("/photos/b.jpg"), ("cat",), ("cat",))
    text = shadow_page.page(("old", "new"), [same, one], changes([same, one]), "en")
    order = ["The tags of 1 of 2 photos change", "a.jpg", "b.jpg", "<th>tag</th>"]
    assert sorted(order, key=text.index) == order


@pytest.mark.parametrize(
    ("stored", "orientation", "shape"),
    [((4000, 3000), 1, (240, 320)), ((4000, 3000), 6, (320, 240)), ((90, 9000), 1, (320, 3))],
)
def test_a_thumbnail_has_all_of_the_picture(
    stored: tuple[int, int], orientation: int, shape: tuple[int, int]
) -> None:
    pressed = np.zeros((LONGEST, LONGEST, 3), np.uint8)
    facts = PhotoFacts("JPEG", *stored, orientation)
    photo = DecodedPhoto(Path("/a"), "a", Signature(1, 1, 1, 1), facts, {SQUARE: pressed})
    assert thumbnail(photo).shape == (*shape, 3)


def test_labels_on_the_curve_do_not_meet() -> None:
    points = [Point(0.0, CascadeResult(0.9, (0.1,), at)) for at in (0, 4, 6, 9, 50, 100)]
    assert [each.measured.milliseconds for each in apart(points)] == [0, 6, 50, 100]
