"""From probabilities to tags: tables of cases, and what holds for any prediction."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tagd.domain import Predictions
from tagd.labels.contradiction import CONVINCING, unbelieved
from tagd.labels.derive import derive, probabilities, sum_up
from tagd.labels.hierarchy import Hierarchy, read
from tagd.labels.rules import TagRules
from tests.labels import predicted

if TYPE_CHECKING:
    from collections.abc import Mapping

SHIPPED, AFRESH = Hierarchy.load(), read()
TABBY, TIGER_CAT, EGYPTIAN = "n02123045", "n02123159", "n02124075"
CAT, FELINE, MAMMAL, ANIMAL = "n02121808", "n02120997", "n01861778", "n00015388"
ESPRESSO, COFFEE, DRINK, FOOD = "n07920052", "n07929519", "n07881800", "n00021265"
LYNX, WEASEL, OTTER, BIRD = "n02127052", "n02441942", "n02444819", "n01503061"
PROJECTOR, ENVELOPE, TENCH, DEVICE = "n04009552", "n03291819", "n01440764", "n03183080"
GRAND_PIANO, PIANO, KEYS = "n03452741", "n03928116", "n03614532"


def labels(of: Mapping[str, float], rules: TagRules | None = None) -> list[str]:
    return [tag.label for tag in derive(predicted(of), rules or TagRules(), SHIPPED).tags]


def test_cats_add_up_to_a_cat() -> None:
    tags = derive(
        predicted({TIGER_CAT: 0.39, EGYPTIAN: 0.36, TABBY: 0.17}), TagRules(), SHIPPED
    ).tags
    assert [tag.label for tag in tags] == [CAT, ANIMAL]
    assert tags[0].confidence == pytest.approx(0.92)


def test_a_sure_class_comes_with_what_it_is_a_kind_of() -> None:
    assert set(labels({ESPRESSO: 0.95})) == {ESPRESSO, COFFEE, DRINK, FOOD}
    assert labels({ESPRESSO: 0.95})[0] == ESPRESSO, "of equals the most specific first"


def test_two_subjects_give_two_tags() -> None:
    assert {ESPRESSO, TABBY} <= set(labels({ESPRESSO: 0.48, TABBY: 0.45}))


def test_nothing_likely_gives_nothing() -> None:
    assert labels({ESPRESSO: 0.15, TABBY: 0.12, ENVELOPE: 0.1}) == []
    assert labels({}) == []


def test_a_clear_lead_settles_a_class_that_is_not_sure() -> None:
    assert PROJECTOR in labels({PROJECTOR: 0.29, TENCH: 0.03})
    assert PROJECTOR not in labels({PROJECTOR: 0.29, TENCH: 0.1})
    assert PROJECTOR not in labels({PROJECTOR: 0.19, TENCH: 0.01})


def test_a_class_that_answers_to_anything_needs_more() -> None:
    assert ENVELOPE in SHIPPED.wary
    assert ENVELOPE not in labels({ENVELOPE: 0.55, TENCH: 0.01})
    assert ENVELOPE in labels({ENVELOPE: 0.65})


def test_a_broad_word_comes_only_where_nothing_below_is_likely() -> None:
    assert labels({WEASEL: 0.35, OTTER: 0.3}) == ["n02441326", ANIMAL]
    assert labels({WEASEL: 0.35, LYNX: 0.35}) == [MAMMAL, ANIMAL]
    assert labels({TABBY: 0.3, LYNX: 0.3}) == [FELINE, ANIMAL]
    assert MAMMAL not in labels({TABBY: 0.9})


def test_stricter_rules_do_not_bring_a_broad_word_in() -> None:
    found = {TIGER_CAT: 0.35, TABBY: 0.3, LYNX: 0.3}
    assert labels(found) == [ANIMAL, CAT]
    assert labels(found, TagRules(min_confidence=0.9)) == [ANIMAL]


def test_two_ways_up_count_once() -> None:
    summed = sum_up({GRAND_PIANO: 0.4, "n04515003": 0.3}, SHIPPED)
    assert summed[PIANO] == summed[KEYS] == summed["n03800933"] == pytest.approx(0.7)


def test_without_ancestors_only_the_most_specific_stay() -> None:
    assert labels({ESPRESSO: 0.95}, TagRules(ancestors=False)) == [ESPRESSO]
    assert labels({TIGER_CAT: 0.39, EGYPTIAN: 0.36}, TagRules(ancestors=False)) == [CAT]


def test_top_k_keeps_the_most_specific() -> None:
    assert labels({ESPRESSO: 0.95}, TagRules(top_k=1)) == [ESPRESSO]
    assert set(labels({ESPRESSO: 0.95}, TagRules(top_k=2))) == {ESPRESSO, COFFEE}
    assert set(labels({ESPRESSO: 0.48, TABBY: 0.45}, TagRules(top_k=2))) == {ESPRESSO, TABBY}


def test_a_low_minimum_gives_many_tags_and_a_high_one_few() -> None:
    found = {TABBY: 0.5, ESPRESSO: 0.2, PROJECTOR: 0.12}
    assert {TABBY, ESPRESSO, PROJECTOR} <= set(labels(found, TagRules(min_confidence=0.05)))
    assert labels(found, TagRules(min_confidence=0.95)) == []


def test_labels_of_ones_own_model_are_tags_of_their_own() -> None:
    assert labels({"our car": 0.8}) == ["our car"]


def test_a_model_that_says_dog_itself_is_understood() -> None:
    assert labels({"n02084071": 0.5, "n02085620": 0.2}) == ["n02084071", ANIMAL]
    assert labels({"n03575240": 0.9}) == [], "instrumentality is no tag, whoever says so"


MENU, WEBSITE, DOCUMENT, VOLCANO = "n07565083", "n06359193", "n06470073", "n09472597"
MOUNTAIN, STRUCTURE, CLOTHING, DOG = "n09359803", "n04341686", "n03051540", "n02084071"
BALL_GOWN = "n03534580"


def beside(of: Mapping[str, float], heads: Mapping[str, float], **rules: Any) -> list[str]:
    tags = derive(predicted(of), TagRules(**rules), SHIPPED, heads).tags
    return [tag.label for tag in tags]


def test_text_is_a_document_whatever_class_it_looks_like() -> None:
    assert DOCUMENT in labels({MENU: 0.35, WEBSITE: 0.3})
    assert DOCUMENT in labels({MENU: 0.8})


def test_a_class_that_heads_see_nothing_of_needs_more() -> None:
    assert labels({VOLCANO: 0.77}) == [VOLCANO, MOUNTAIN, "n09287968"]
    assert beside({VOLCANO: 0.77}, {MOUNTAIN: 0.01}) == []
    assert VOLCANO in beside({VOLCANO: 0.95}, {MOUNTAIN: 0.01})
    assert VOLCANO in beside({VOLCANO: 0.77}, {MOUNTAIN: 0.3})
    assert VOLCANO in beside({VOLCANO: 0.77}, {DOG: 0.01}), "a head that knows no mountains"
    assert VOLCANO in beside({VOLCANO: 0.77}, {MOUNTAIN: 0.01}, thresholds={VOLCANO: 0.5})


def test_breeds_do_not_add_up_to_a_dog_that_heads_see_nothing_of() -> None:
    poodles = {"n02113712": 0.15, "n02113799": 0.15, "n02113624": 0.15}
    assert DOG in labels(poodles)
    assert beside(poodles, {DOG: 0.01, ANIMAL: 0.4}) == []
    assert DOG in beside(poodles, {DOG: 0.6, ANIMAL: 0.7})


def test_kinds_of_documents_count_beside_heads_only_where_they_are_certain() -> None:
    assert beside({MENU: 0.8}, {DOCUMENT: 0.99}) == []
    assert MENU in beside({MENU: 0.95}, {DOCUMENT: 0.99})


def test_a_lead_counts_beside_heads_where_one_sees_the_same() -> None:
    assert beside({PROJECTOR: 0.29, TENCH: 0.03}, {DOG: 0.2}) == []
    assert TABBY in beside({TABBY: 0.3}, {CAT: 0.8})
    assert TABBY not in beside({TABBY: 0.3}, {CAT: 0.3})


def test_what_nobody_searches_for_comes_beside_heads_only_with_a_kind_of_it() -> None:
    inside = {"n02699494": 0.3, "n02788148": 0.3}  # an altar and a banister
    assert STRUCTURE in labels(inside)
    assert beside(inside, {DOG: 0.2}) == []
    assert CLOTHING in beside({BALL_GOWN: 0.9}, {DOG: 0.2})


CHOICE = [*SHIPPED.classes[:400:7], *SHIPPED.classes[400::11], CAT, "n02084071", "our car", DEVICE]


@st.composite
def predictions(draw: st.DrawFn) -> Predictions:
    """What a model may say: up to 64 logits of any size, the rest of the probability unsaid."""
    kept = draw(st.lists(st.sampled_from(CHOICE), max_size=64, unique=True))
    raw = draw(st.lists(st.floats(-20, 20, width=32), min_size=len(kept), max_size=len(kept)))
    logits = np.sort(np.array(raw, dtype=np.float32))[::-1]
    rest = draw(st.floats(-20, 20))
    lse = float(np.logaddexp.reduce([*logits.astype(np.float64), rest]))
    return Predictions("0" * 32, "a-model", "f", tuple(kept), logits, lse)


RULES = st.builds(
    TagRules, min_confidence=st.floats(0, 1), top_k=st.integers(1, 12), ancestors=st.booleans()
)


@given(predictions())
def test_sums_never_exceed_one_and_never_fall_going_up(each: Predictions) -> None:
    summed = sum_up(probabilities(each), SHIPPED)
    assert all(0 <= probability <= 1 for probability in summed.values())
    for label, probability in summed.items():
        assert all(summed[above] >= probability for above in SHIPPED.shown_above(label))


@given(predictions())
def test_a_sum_is_that_of_the_distinct_labels_below(each: Predictions) -> None:
    found = probabilities(each)
    summed = sum_up(found, SHIPPED)
    for label in summed.keys() & SHIPPED.shown:
        below = {label, *SHIPPED.descendants(label)}
        assert summed[label] == pytest.approx(sum(found[one] for one in found.keys() & below))


@given(predictions(), RULES)
def test_deriving_twice_is_deriving_once(each: Predictions, rules: TagRules) -> None:
    once = derive(each, rules, SHIPPED)
    assert derive(each, rules, SHIPPED) == once
    assert derive(each, rules, AFRESH) == once, "nothing that came before matters"


@given(predictions(), RULES)
def test_tags_are_few_sure_enough_and_in_order(each: Predictions, rules: TagRules) -> None:
    tags = derive(each, rules, SHIPPED).tags
    confidences = [tag.confidence for tag in tags]
    assert len(tags) <= rules.top_k
    assert confidences == sorted(confidences, reverse=True)
    assert all(rules.min_confidence <= one <= 1 for one in confidences)
    assert len({tag.label for tag in tags}) == len(tags)
    assert all(SHIPPED.may_be_tag(tag.label) for tag in tags)


@given(predictions(), st.floats(0, 1), st.floats(0, 1))
def test_a_higher_minimum_never_adds_tags(each: Predictions, one: float, other: float) -> None:
    everything = TagRules(top_k=1000)
    many = derive(each, replace(everything, min_confidence=min(one, other)), SHIPPED)
    few = derive(each, replace(everything, min_confidence=max(one, other)), SHIPPED)
    assert set(few.tags) <= set(many.tags)


@given(predictions())
def test_with_a_thing_come_the_kinds_that_it_is_of(each: Predictions) -> None:
    found = {tag.label for tag in derive(each, TagRules(top_k=1000), SHIPPED).tags}
    for label in found:
        assert found >= {above for above in SHIPPED.shown_above(label) if above in SHIPPED.tags}


def test_rounding_never_puts_a_dog_above_an_animal() -> None:
    assert 0.4 + 0.2 + 0.3 > 0.2 + 0.3 + 0.4, "the order of a sum matters to its last digit"
    summed = sum_up({"n02085620": 0.2, "n02085782": 0.3, "n02084071": 0.4}, SHIPPED)
    assert summed["n02084071"] == summed[ANIMAL]


def test_rounding_never_makes_more_than_certainty() -> None:
    assert sum_up({TIGER_CAT: 0.7, TABBY: 0.4}, SHIPPED)[CAT] == 1.0


HEADS = st.dictionaries(st.sampled_from([CAT, ANIMAL, DOG, FOOD, MOUNTAIN]), st.floats(0, 1))


@given(predictions(), HEADS)
def test_heads_take_tags_away_and_bring_none(each: Predictions, heads: Mapping[str, float]) -> None:
    alone = {tag.label: tag.confidence for tag in derive(each, TagRules(top_k=99), SHIPPED).tags}
    found = derive(each, TagRules(top_k=99), SHIPPED, heads).tags
    assert {tag.label for tag in found} <= alone.keys() | SHIPPED.broad
    assert all(tag.confidence <= alone.get(tag.label, 1.0) for tag in found)


@given(predictions(), HEADS)
def test_only_what_is_hardly_there_is_denied(each: Predictions, heads: Mapping[str, float]) -> None:
    said = probabilities(each)
    denied = unbelieved(said, heads, SHIPPED)
    assert all(said[label] < CONVINCING for label in denied)
    assert not unbelieved(said, dict.fromkeys(heads, 1.0), SHIPPED)
