"""Labels that a model brings along: whose they are, and when that is not sure enough."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tagd.errors import ModelError, WeightsRefused
from tagd.models.zoo import labelset

SYNSETS = labelset.load("imagenet-1k")
LEMMAS = labelset.lemmas("imagenet-1k")


def test_there_are_words_for_every_label_of_the_set() -> None:
    assert len(LEMMAS) == len(SYNSETS) == 1000
    assert LEMMAS[0] == "tench, Tinca tinca"
    assert (SYNSETS[281], LEMMAS[281]) == ("n02123045", "tabby, tabby cat")
    assert LEMMAS[999].startswith("toilet tissue")


@pytest.mark.parametrize(
    "names",
    [
        LEMMAS,
        SYNSETS,
        [name.split(",")[0] for name in LEMMAS],
        [name.upper().replace(" ", "_") for name in LEMMAS],
    ],
)
def test_imagenets_labels_are_recognised_by_their_names(names: list[str]) -> None:
    assert labelset.recognise("mine", list(names)) == "imagenet-1k"


@pytest.mark.parametrize("names", [["ramen", "soba"], [f"plant {n}" for n in range(1000)]])
def test_other_labels_are_recognised_as_none(names: list[str]) -> None:
    assert labelset.recognise("mine", names) is None


def test_a_few_that_differ_are_refused_with_the_first() -> None:
    names = [*LEMMAS[:500], "my dog", *LEMMAS[501:]]
    with pytest.raises(WeightsRefused, match=r"999 of 1000 are, but label 500 is 'my dog'") as said:
        labelset.recognise("mine", names)
    assert "--labels imagenet-1k" in said.value.hint


def test_the_same_labels_in_another_order_are_refused() -> None:
    with pytest.raises(WeightsRefused, match="in another order"):
        labelset.recognise("mine", list(reversed(SYNSETS)))


def test_a_vocabulary_of_its_own_has_ids_of_its_own() -> None:
    [ramen, soba] = labelset.own("dishes", ["ramen", "soba"], {"ja": ["ラーメン", ""]})
    assert (ramen.id, soba.id) == ("custom:dishes/ramen", "custom:dishes/soba")
    assert (ramen.name("en"), ramen.name("ja"), ramen.name("de")) == ("ramen", "ラーメン", "ramen")
    assert soba.name("ja") == "soba"


def test_synset_ids_stand_for_themselves() -> None:
    labels = labelset.own("pets", ["n02123045", "n02099601"], {})
    assert [label.id for label in labels] == ["n02123045", "n02099601"]


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["a", ""], "label 1 has no name"),
        (["a", "LABEL_1"], "label 1 has no name"),
        (["a", "b", "a"], "two of its labels are called 'a'"),
    ],
)
def test_names_that_name_nothing_are_refused(names: list[str], said: str) -> None:
    with pytest.raises(WeightsRefused, match=said):
        labelset.own("mine", names, {})


@pytest.mark.parametrize(
    ("text", "names", "further"),
    [
        ("ramen\nsoba\n", ["ramen", "soba"], {}),
        ('["ramen", "soba"]', ["ramen", "soba"], {}),
        ('{"1": "soba", "0": "ramen"}', ["ramen", "soba"], {}),
        (
            "#en\tja\nramen\tラーメン\nsoba\n",
            ["ramen", "soba"],
            {"ja": ["ラーメン", ""]},
        ),
        ("# ja\nラーメン\n", ["ラーメン"], {"ja": ["ラーメン"]}),
    ],
)
def test_lists_of_labels_are_read(
    text: str, names: list[str], further: dict[str, list[str]]
) -> None:
    assert labelset.parse(text, "labels.txt") == (names, further)


@pytest.mark.parametrize("text", ['{"0": "a", "2": "b"}', '{"x": "a"}', "[", '{"a": }'])
def test_lists_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(WeightsRefused, match=r"labels\.txt"):
        labelset.parse(text, "labels.txt")


NAMES = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=9)


@given(st.lists(NAMES, min_size=1, max_size=8, unique=True))
def test_a_vocabulary_comes_back_as_it_was_kept(names: list[str]) -> None:
    labels = labelset.own("mine", [f"x{name}" for name in names], {"ja": [*names]})
    assert list(labelset.read(labelset.dump(labels), "labels.json")) == labels


@pytest.mark.parametrize("text", ["", "{}x", json.dumps([{"id": "a"}])])
def test_a_damaged_vocabulary_is_refused(text: str) -> None:
    with pytest.raises(ModelError, match=r"labels\.json"):
        labelset.read(text, "labels.json")
