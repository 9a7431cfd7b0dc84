"""A person's rules at work: own names and hierarchies, single thresholds, what may be a tag."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tagd.labels import own
from tagd.labels.derive import derive, probabilities, sum_up
from tagd.labels.hierarchy import Hierarchy
from tagd.labels.rules import TagRules
from tagd.labels.wording import Wording, read
from tests.labels import predicted

SHIPPED = Hierarchy.load()
TABBY, TIGER_CAT, EGYPTIAN = "n02123045", "n02123159", "n02124075"
CAT, ANIMAL, DOG, MAMMAL = "n02121808", "n00015388", "n02084071", "n01861778"
CHIHUAHUA, PUG, TOY_DOG = "n02085620", "n02110958", "n02085374"
ENVELOPE, ESPRESSO, TENCH = "n03291819", "n07920052", "n01440764"
SUNGLASS, SUNGLASSES = "n04355933", "n04356056"
MINKA, OURS = "own:Minka", "own:our dogs"


def ruled(wording: Wording, plain: TagRules | None = None) -> TagRules:
    rules, faults = read(wording, plain or TagRules())
    assert faults == []
    return rules


def tags(
    of: Mapping[str, float], wording: Wording, plain: TagRules | None = None
) -> dict[str, Any]:
    rules = ruled(wording, plain)
    derived = derive(predicted(of), rules, own.under(rules, SHIPPED))
    return {tag.label: pytest.approx(tag.confidence) for tag in derived.tags}


def test_a_single_tag_may_need_more_or_less() -> None:
    found = {TABBY: 0.5, ESPRESSO: 0.3, TENCH: 0.2}
    assert TABBY in tags(found, Wording())
    assert TABBY not in tags(found, Wording(thresholds={"tabby": 0.6}))
    assert CAT in tags(found, Wording(thresholds={"tabby": 0.6}))
    assert ESPRESSO not in tags(found, Wording())
    assert ESPRESSO in tags(found, Wording(thresholds={"espresso": 0.3 - 1e-6}))
    assert ENVELOPE in tags({ENVELOPE: 0.5}, Wording(thresholds={"envelope": 0.45}))


def test_a_clear_lead_does_not_count_where_a_person_said_how_sure() -> None:
    found = {ESPRESSO: 0.3, TENCH: 0.01}
    assert ESPRESSO in tags(found, Wording())
    assert ESPRESSO not in tags(found, Wording(thresholds={"espresso": 0.4}))


def test_a_threshold_holds_for_an_ancestor_too() -> None:
    assert ANIMAL not in tags({TABBY: 0.8}, Wording(thresholds={"animal": 0.9}))
    assert TABBY in tags({TABBY: 0.8}, Wording(thresholds={"animal": 0.9}))


def test_denied_tags_are_not_given_and_their_kin_is() -> None:
    assert set(tags({TABBY: 0.9}, Wording(deny=["cat"]))) == {TABBY, ANIMAL}
    assert set(tags({TABBY: 0.9}, Wording(deny=["tabby"]))) == {CAT, ANIMAL}
    only = TagRules(ancestors=False)
    assert set(tags({TABBY: 0.9}, Wording(deny=["tabby"]), only)) == {CAT}


def test_only_allowed_tags_are_given() -> None:
    assert set(tags({TABBY: 0.9}, Wording(allow=["cat", "dog"]))) == {CAT}
    assert tags({ESPRESSO: 0.9}, Wording(allow=["cat", "dog"])) == {}
    assert set(tags({TABBY: 0.9}, Wording(allow=["cat", "animal"], deny=["animal"]))) == {CAT}


def test_many_under_one_name_are_as_probable_as_all_together() -> None:
    minka = Wording(alias={"tabby": "Minka", "tiger cat": "Minka"})
    assert tags({TABBY: 0.3, TIGER_CAT: 0.3, ESPRESSO: 0.3}, minka) == {
        MINKA: 0.6,
        CAT: 0.6,
        ANIMAL: 0.6,
    }
    assert tags({TABBY: 0.9, TIGER_CAT: 0.05}, minka)[MINKA] == 0.95
    assert TABBY not in tags({TABBY: 0.9}, minka)


def test_two_of_one_name_lead_together() -> None:
    one = Wording(alias={SUNGLASS: SUNGLASSES})
    found = {SUNGLASS: 0.16, SUNGLASSES: 0.15, TENCH: 0.02}
    assert SUNGLASSES not in tags(found, Wording())
    assert tags(found, one)[SUNGLASSES] == 0.31
    assert SUNGLASS not in tags(found, one)


def test_an_alias_is_as_specific_as_what_it_stands_for() -> None:
    minka = Wording(alias={"tabby": "Minka"})
    assert set(tags({TABBY: 0.9}, minka, TagRules(ancestors=False))) == {MINKA}
    assert set(tags({TABBY: 0.9}, minka, TagRules(top_k=1))) == {MINKA}


def test_a_known_tag_may_take_others_in() -> None:
    assert set(tags({TABBY: 0.9}, Wording(alias={"tabby": "cat"}))) == {CAT, ANIMAL}
    assert DOG in tags({TABBY: 0.9}, Wording(alias={"tabby": "dog"}))


def test_an_alias_of_what_answers_to_anything_needs_as_much() -> None:
    post = Wording(alias={"envelope": "post"})
    assert ENVELOPE in SHIPPED.wary
    assert "own:post" not in tags({ENVELOPE: 0.55}, post)
    assert "own:post" in tags({ENVELOPE: 0.65}, post)


def test_parents_of_ones_own_come_beside_wordnets() -> None:
    ours = Wording(parents={"Chihuahua": ["our dogs"], "pug": ["our dogs", "wrinkles"]})
    assert {CHIHUAHUA, OURS, DOG, ANIMAL} <= set(tags({CHIHUAHUA: 0.9}, ours))
    assert "own:wrinkles" in tags({PUG: 0.9}, ours)
    assert "own:wrinkles" not in tags({CHIHUAHUA: 0.9}, ours)


def test_probabilities_are_summed_up_ones_own_hierarchy() -> None:
    ours = Wording(parents={"Chihuahua": ["our dogs"], "pug": ["our dogs"]})
    found = {CHIHUAHUA: 0.3, PUG: 0.3, ESPRESSO: 0.3}
    assert tags(found, ours)[OURS] == 0.6
    assert set(tags(found, ours, TagRules(ancestors=False))) == {OURS}, "our dogs are dogs"


def test_ones_own_tags_may_stand_under_known_ones_and_under_each_other() -> None:
    family = Wording(
        parents={"Rex": ["our dogs"], "our dogs": ["our pets"], "our cats": ["our pets"]},
        alias={"Chihuahua": "Rex", "tabby": "our cats"},
    )
    assert {"own:Rex", OURS, "own:our pets", DOG} <= set(tags({CHIHUAHUA: 0.9}, family))
    assert tags({CHIHUAHUA: 0.45, TABBY: 0.45}, family)["own:our pets"] == 0.9
    assert DOG not in tags({TABBY: 0.9}, family)


def test_a_class_that_something_stands_under_is_still_a_tag() -> None:
    assert TABBY in tags({TABBY: 0.9}, Wording(parents={"Minka": ["tabby"]}))


def test_the_shipped_hierarchy_is_left_alone() -> None:
    before = dict(SHIPPED.parents), SHIPPED.shown_above(TABBY), SHIPPED.shown
    tags({TABBY: 0.9}, Wording(alias={"tabby": "Minka"}, parents={"cat": ["ours"]}))
    assert (dict(SHIPPED.parents), SHIPPED.shown_above(TABBY), SHIPPED.shown) == before
    assert own.under(TagRules(deny=frozenset({CAT})), SHIPPED) is SHIPPED


WORDS = ["tabby", "tiger cat", "cat", "Chihuahua", "pug", "dog", "espresso", "animal", "a", "b"]
NAMES = st.sampled_from(WORDS)
WORDINGS = st.builds(
    Wording,
    thresholds=st.dictionaries(NAMES, st.floats(0, 1), max_size=3),
    allow=st.lists(NAMES, max_size=3, unique=True),
    deny=st.lists(NAMES, max_size=3, unique=True),
    alias=st.dictionaries(NAMES, NAMES, max_size=3),
    parents=st.dictionaries(NAMES, st.lists(NAMES, max_size=2), max_size=3),
)
FOUND = st.dictionaries(
    st.sampled_from([TABBY, TIGER_CAT, EGYPTIAN, CHIHUAHUA, PUG, ESPRESSO, ENVELOPE, TENCH]),
    st.floats(0, 0.12),
    max_size=8,
).map(lambda found: {label: probability + 1e-6 for label, probability in found.items()})
BOOST = st.sampled_from([1.0, 2.0, 8.0])


@given(FOUND, BOOST, WORDINGS)
def test_whatever_the_rules_they_are_kept(
    found: dict[str, float], boost: float, wording: Wording
) -> None:
    rules, faults = read(wording, TagRules())
    if faults:
        return
    hierarchy = own.under(rules, SHIPPED)
    one = predicted({label: min(1.0, p * boost) / 8 for label, p in found.items()})
    derived = derive(one, rules, hierarchy)
    assert derive(one, rules, own.under(rules, SHIPPED)) == derived
    given_labels = {tag.label for tag in derived.tags}
    assert not given_labels & (rules.deny | rules.alias.keys())
    assert not rules.allow or given_labels <= rules.allow
    for tag in derived.tags:
        assert tag.confidence >= rules.thresholds.get(tag.label, rules.min_confidence)
    summed = sum_up(probabilities(one), hierarchy)
    for label, probability in summed.items():
        assert probability <= 1
        assert all(summed[above] >= probability for above in hierarchy.shown_above(label))
