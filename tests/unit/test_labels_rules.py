"""The rules as a value: what is asked of a label, and the hash that notices changes."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import fields
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tagd.labels.rules import SURE, WARY, TagRules

PROBABILITY = st.floats(0, 1)


def test_the_defaults_are_the_measured_ones() -> None:
    assert TagRules().sure == SURE
    assert TagRules().wary == pytest.approx(WARY)


def test_from_sure_on_the_minimum_is_what_counts() -> None:
    assert TagRules(min_confidence=0.9).sure == TagRules(min_confidence=0.9).wary == 0.9


def test_a_low_minimum_asks_for_little() -> None:
    assert TagRules(min_confidence=0.05).sure == pytest.approx(0.1)


@given(PROBABILITY, PROBABILITY)
def test_a_higher_minimum_never_asks_for_less(one: float, other: float) -> None:
    low, high = TagRules(min_confidence=min(one, other)), TagRules(min_confidence=max(one, other))
    assert low.sure <= high.sure
    assert low.wary <= high.wary
    assert low.min_confidence <= low.sure <= low.wary <= 1


OTHER_TAGS = [
    TagRules(min_confidence=0.3),
    TagRules(top_k=3),
    TagRules(ancestors=False),
    TagRules(thresholds={"a": 0.3}),
    TagRules(allow=frozenset({"a"})),
    TagRules(deny=frozenset({"a"})),
    TagRules(alias={"a": "b"}),
    TagRules(parents={"a": ("b",)}),
]
OTHER_NAMES = [TagRules(language="ja"), TagRules(prefix="auto/"), TagRules(names={"a": "b"})]


@pytest.mark.parametrize("changed", OTHER_TAGS, ids=str)
def test_any_change_changes_the_digest(changed: TagRules) -> None:
    assert changed.digest() != TagRules().digest()


@pytest.mark.parametrize("changed", OTHER_NAMES, ids=str)
def test_other_names_change_the_names_digest_alone(changed: TagRules) -> None:
    assert changed.digest() == TagRules().digest()
    assert changed.names_digest() != TagRules().names_digest()


def test_every_rule_is_noticed() -> None:
    """A new rule belongs in one of the two lists above."""
    tried = {
        rule.name
        for changed in (*OTHER_TAGS, *OTHER_NAMES)
        for rule in fields(TagRules)
        if getattr(changed, rule.name) != getattr(TagRules(), rule.name)
    }
    assert tried == {rule.name for rule in fields(TagRules)}


def test_the_order_in_which_rules_are_written_does_not_matter() -> None:
    one = TagRules(deny=frozenset("abcdefgh"), alias={"a": "b", "c": "d"})
    other = TagRules(deny=frozenset("hgfedcba"), alias={"c": "d", "a": "b"})
    assert one.digest() == other.digest()


def test_the_digest_is_the_same_in_another_process() -> None:
    program = (
        "from tagd.labels.rules import TagRules;"
        "print(TagRules(top_k=7, deny=frozenset('abcdef')).digest())"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == TagRules(top_k=7, deny=frozenset("fedcba")).digest()


@pytest.mark.parametrize(
    "wrong",
    [{"min_confidence": 1.5}, {"min_confidence": -1}, {"top_k": 0}, {"thresholds": {"a": 2.0}}],
)
def test_nonsense_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        TagRules(**wrong)
