"""How right answers are, by hand and by properties."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tagd.errors import ModelError
from tagd.lab import examples
from tagd.lab.metrics import calibration_error, tag_quality, top_k

ABOVE = {"tabby": ["cat", "animal"], "cat": ["animal"], "dog": ["animal"]}


def above(label: str) -> list[str]:
    return ABOVE.get(label, [])


def test_top_k_counts_what_is_among_the_first() -> None:
    ranked = [["a", "b", "c"], ["b", "a", "c"], ["c", "b", "a"], ["b", "c"]]
    truths = ["a", "a", "a", "a"]
    assert top_k(ranked, truths, 1) == 0.25
    assert top_k(ranked, truths, 2) == 0.5
    assert top_k(ranked, truths, 3) == 0.75
    assert top_k([], [], 1) == 0


def test_the_calibration_error_is_the_gap_between_sureness_and_rightness() -> None:
    assert calibration_error([0.9] * 10, [True] * 9 + [False]) == pytest.approx(0)
    assert calibration_error([0.9] * 10, [False] * 10) == pytest.approx(0.9)
    # Two bins, each off by 0.2 one way and the other: they do not make up for each other.
    assert calibration_error([0.3, 0.8] * 10, [True, True] * 10) == pytest.approx(0.45)
    assert calibration_error([1.0], [True]) == 0
    assert calibration_error([], []) == 0


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans())))
def test_the_calibration_error_is_a_share(answers: list[tuple[float, bool]]) -> None:
    confidences, right = [c for c, _ in answers], [r for _, r in answers]
    assert 0 <= calibration_error(confidences, right) <= 1 + 1e-9


def test_a_tag_is_right_when_it_is_the_class_or_above_it() -> None:
    tags = [{"tabby", "cat", "animal"}, {"dog", "animal"}, {"cat"}, set()]
    found = tag_quality(tags, ["tabby"] * 4, above)
    assert found.tagged == 0.75
    assert found.tags_right == pytest.approx(5 / 6)  # dog alone is wrong
    assert found.specific_right == pytest.approx(2 / 3)  # tabby, dog, cat
    assert found.exact == 0.25


@pytest.mark.parametrize(
    ("kind", "label"),
    [
        ("n1", "n1"),
        ("Tabby", "n1"),
        ("tiger_cat", "n2"),
        ("mouser", "n2"),
        ("crane", None),
        ("no such thing", None),
    ],
)
def test_a_class_is_found_by_id_name_or_synonym(kind: str, label: str | None) -> None:
    names = {"n1": "tabby", "n2": "tiger cat", "n3": "crane", "n4": "crane"}
    synonyms = {"mouser": {"n2", "n9"}}
    found = examples.label_of(kind, names, names.__getitem__, lambda word: synonyms.get(word, ()))
    assert found == label


def test_examples_are_photos_in_folders_of_their_class(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    folder = tmp_path_factory.mktemp("examples")
    for name in ("cat/a.jpg", "cat/deep/b.jpg", "dog/c.jpg", "stray.jpg", "dog/.hidden"):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    found = examples.examples_in(folder, lambda path: not path.name.startswith("."))
    assert [(each.path.name, each.kind) for each in found] == [
        ("a.jpg", "cat"),
        ("b.jpg", "cat"),
        ("c.jpg", "dog"),
    ]
    with pytest.raises(ModelError, match="no photos in folders named by their class"):
        examples.examples_in(folder, lambda _: False)
