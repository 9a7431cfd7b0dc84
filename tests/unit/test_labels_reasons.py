"""Why something that was said is no tag: it agrees with what `derive` makes of the same."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tagd.labels.derive import derive
from tagd.labels.hierarchy import Hierarchy
from tagd.labels.reasons import why_no_tag
from tagd.labels.rules import TagRules
from tests.labels import predicted

SHIPPED = Hierarchy.load()
ESPRESSO, TENCH, ENVELOPE = "n07920052", "n01440764", "n03291819"
NOT_SURE = TagRules()


@pytest.mark.parametrize(
    ("probability", "rules", "said"),
    [
        (0.35, NOT_SURE, "below 0.40, and not 4 times"),
        (0.15, NOT_SURE, "below min_confidence = 0.2"),
        (0.45, replace(NOT_SURE, min_confidence=0.5), "below min_confidence = 0.5"),
        (
            0.45,
            replace(NOT_SURE, thresholds={ESPRESSO: 0.7}),
            "below the 0.70 of [tags.thresholds]",
        ),
        (0.9, replace(NOT_SURE, deny=frozenset({ESPRESSO})), "deny"),
        (0.9, replace(NOT_SURE, allow=frozenset({TENCH})), "allow has others"),
        (0.9, replace(NOT_SURE, alias={ESPRESSO: TENCH}), "alias"),
        (0.9, NOT_SURE, "max_tags = 10"),
    ],
)
def test_each_rule_says_that_it_was_it(probability: float, rules: TagRules, said: str) -> None:
    assert said in why_no_tag(ESPRESSO, probability, rules, SHIPPED)


def test_a_class_that_is_said_of_nothing_too_needs_more() -> None:
    [wary, *_] = sorted(SHIPPED.wary)
    assert "pictures of nothing" in why_no_tag(wary, 0.5, NOT_SURE, SHIPPED)


@pytest.mark.parametrize(
    ("probability", "said"),
    [
        (0.15, "below min_confidence"),
        (0.3, "no everyday word seconds it"),
        (0.8, "everyday words contradict it"),
        (0.95, "rejected or taken back"),
    ],
)
def test_everyday_words_can_be_the_reason(probability: float, said: str) -> None:
    why = why_no_tag(TENCH, probability, NOT_SURE, SHIPPED, beside_heads=True)
    assert said in why
    assert ("contradict" in why) == (probability == 0.8)


@given(st.floats(0.01, 0.99), st.floats(0, 1), st.floats(0.1, 1))
def test_what_is_no_tag_for_want_of_certainty_is_said_so(
    probability: float, least: float, threshold: float
) -> None:
    """Two classes as likely as each other, so that neither leads."""
    probability /= 2
    assume(probability not in {least, threshold})  # what is rounded on the way decides there
    for rules in (
        replace(NOT_SURE, min_confidence=least),
        replace(NOT_SURE, thresholds={ESPRESSO: threshold}),
    ):
        said = predicted({ESPRESSO: probability, TENCH: probability})
        is_tag = ESPRESSO in {tag.label for tag in derive(said, rules, SHIPPED).tags}
        assert is_tag is not why_no_tag(ESPRESSO, probability, rules, SHIPPED).startswith("below")
