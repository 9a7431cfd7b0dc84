"""From a head's probabilities to tags: tables of cases, and what holds for any prediction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given as generated
from hypothesis import strategies as st

from tagd.labels import own
from tagd.labels.everyday import labels as everyday_labels
from tagd.labels.heads import HeadRules, given
from tagd.labels.hierarchy import Hierarchy
from tagd.labels.rules import TagRules
from tests.labels import predicted

LABELS = everyday_labels()
ROOMS = frozenset(LABELS[word] for word in ("kitchen", "bedroom", "bathroom", "living room"))
WRITING = frozenset(LABELS[word] for word in ("document", "receipt", "sign", "screenshot"))
HEAD = HeadRules(
    thresholds=dict.fromkeys(LABELS.values(), 0.5),
    only_with={LABELS["text"]: WRITING},
    one_of=(ROOMS, frozenset({LABELS["receipt"], LABELS["handwriting"]})),
    not_beside={LABELS["animal"]: frozenset({LABELS["people"]})},
)
ALONE = TagRules(ancestors=False)
SHIPPED = Hierarchy.load()


def words(
    said: Mapping[str, float],
    rules: TagRules = ALONE,
    head: HeadRules = HEAD,
    seconded: frozenset[str] = frozenset(),
) -> list[str]:
    """The tags that follow, as words where they are such."""
    by_label = {label: word for word, label in LABELS.items()}
    predictions = predicted({LABELS.get(word, word): p for word, p in said.items()})
    hierarchy = own.under(rules, SHIPPED).knowing(predictions.labels)
    tags = given(predictions, head, rules, hierarchy, seconded.__contains__).tags
    return [by_label.get(tag.label, tag.label) for tag in tags]


def test_each_word_has_a_probability_of_its_own() -> None:
    assert words({"beach": 0.9, "sunset": 0.8, "dog": 0.49}) == ["beach", "sunset"]
    assert words({}) == []
    never = replace(HEAD, thresholds={LABELS["beach"]: 0.5})
    assert words({"beach": 0.9, "sunset": 1.0}, head=never) == ["beach"]


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"text": 0.9}, []),
        ({"text": 0.9, "sign": 0.4}, []),
        ({"text": 0.9, "sign": 0.6}, ["text", "sign"]),
        ({"receipt": 0.7, "handwriting": 0.8}, ["handwriting"]),
        (
            {"kitchen": 0.7, "bedroom": 0.6, "living room": 0.8, "beach": 0.6},
            ["living room", "beach"],
        ),
        ({"people": 0.9, "animal": 0.8}, ["people"]),
        ({"animal": 0.8}, ["animal"]),
    ],
)
def test_words_go_by_what_stands_beside_them(
    said: Mapping[str, float], expected: list[str]
) -> None:
    assert words(said) == expected


def test_what_a_word_needs_beside_it_must_be_given_itself() -> None:
    without = replace(HEAD, one_of=(frozenset({LABELS["sign"], LABELS["receipt"]}),))
    only = replace(without, only_with={LABELS["text"]: frozenset({LABELS["sign"]})})
    assert words({"text": 0.9, "sign": 0.6, "receipt": 0.7}, head=only) == ["receipt"]


def test_the_classifier_may_second_an_animal_beside_people() -> None:
    both = {"people": 0.9, "animal": 0.8}
    assert words(both, seconded=frozenset({LABELS["animal"]})) == ["people", "animal"]


def test_a_person_outranks_the_heads_thresholds() -> None:
    asked = replace(ALONE, thresholds={LABELS["beach"]: 0.95, LABELS["dog"]: 0.1})
    assert words({"beach": 0.9, "dog": 0.2}, asked) == ["dog"]


def test_min_confidence_is_the_classifiers() -> None:
    strict = replace(ALONE, min_confidence=1.0)
    assert words({"beach": 0.6}, strict) == ["beach"]


def test_allow_deny_alias_and_parents_hold() -> None:
    said = {"beach": 0.9, "dog": 0.8}
    assert words(said, replace(ALONE, allow=frozenset({LABELS["dog"]}))) == ["dog"]
    assert words(said, replace(ALONE, deny=frozenset({LABELS["dog"]}))) == ["beach", "animal"]
    renamed = replace(ALONE, alias={LABELS["dog"]: "own:Rex", LABELS["beach"]: "own:Rex"})
    assert words(said, renamed) == ["own:Rex"]
    asked = replace(renamed, thresholds={"own:Rex": 0.85})
    assert words({"dog": 0.8}, asked) == []
    above = TagRules(parents={LABELS["dog"]: ("own:pets",)})
    assert "own:pets" in words(said, above)


def test_a_word_comes_with_what_it_is_a_kind_of() -> None:
    assert set(words({"child": 0.7}, TagRules())) == {"child", "people"}
    assert words({"child": 0.7, "people": 0.9}, TagRules()) == ["people", "child"]
    assert words({"child": 0.7, "people": 0.9}) == ["child"]
    doubtful = TagRules(thresholds={LABELS["people"]: 0.8})
    assert words({"child": 0.7}, doubtful) == ["child"]


def test_a_word_does_not_bring_what_nobody_searches_for() -> None:
    fruit, produce = "n07705931", "n07705711"
    assert produce in Hierarchy.load().shown_above(fruit)
    tags = given(predicted({fruit: 0.9}), HeadRules({fruit: 0.5}), TagRules(), Hierarchy.load())
    assert [tag.label for tag in tags.tags] == [fruit]


def test_the_most_useful_are_kept() -> None:
    three = {"child": 0.7, "people": 0.9, "beach": 0.8}
    assert words(three, TagRules(top_k=2)) == ["beach", "child"]


@generated(
    st.dictionaries(st.sampled_from(sorted(LABELS)), st.floats(0.01, 1), max_size=12),
    st.integers(1, 12),
    st.booleans(),
)
def test_whatever_is_said(said: dict[str, float], top_k: int, ancestors: bool) -> None:
    rules = TagRules(top_k=top_k, ancestors=ancestors)
    found = words(said, rules)
    assert len(found) == len(set(found)) <= top_k
    assert len(set(found) & {"kitchen", "bedroom", "bathroom", "living room"}) <= 1
    if not ancestors:
        assert {word for word in found if word in said} == set(found), "nothing is made up"
        assert all(said[word] >= 0.49 for word in found)


@generated(st.dictionaries(st.sampled_from(sorted(LABELS)), st.floats(0.01, 1), max_size=12))
def test_higher_thresholds_never_choose_more(said: dict[str, float]) -> None:
    rules = TagRules(top_k=64)
    low, high = (HeadRules(dict.fromkeys(LABELS.values(), least)) for least in (0.5, 0.8))
    assert set(words(said, rules, high)) <= set(words(said, rules, low))
