"""Why something that a model said is no tag, in words. Pure; goes by the rules of `derive`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tagd.labels.contradiction import CONVINCING
from tagd.labels.rules import LEAD

if TYPE_CHECKING:
    from tagd.labels.heads import HeadRules
    from tagd.labels.hierarchy import Hierarchy
    from tagd.labels.rules import TagRules


_UNFIT = "it does not go with another everyday word here"


def why_no_tag(
    label: str,
    probability: float,
    rules: TagRules,
    hierarchy: Hierarchy,
    beside_heads: bool = False,
) -> str:
    """Why a label that was said with this probability is none of the photo's tags. The hierarchy is
    the one that these rules make, and knows the label. `beside_heads`: heads for everyday words can
    contradict it."""
    if (why := _not_wanted(label, rules)) is not None:
        return why
    if not hierarchy.may_be_tag(label):
        return "only what it is a kind of is a tag"
    why = _not_sure_enough(label, probability, rules, hierarchy)
    if not beside_heads or label in rules.thresholds or probability < rules.min_confidence:
        return why
    if probability >= CONVINCING:
        return why
    if probability < rules.sure:
        return f"{why}, or no everyday word seconds it"
    return f"everyday words contradict it, or {why}"


def _not_wanted(label: str, rules: TagRules) -> str | None:
    if label in rules.alias:
        return "[tags] alias gives another in its place"
    if label in rules.deny:
        return "[tags] deny has it"
    if rules.allow and label not in rules.allow:
        return "[tags] allow has others alone"
    return None


def why_no_word(label: str, probability: float, head: HeadRules, rules: TagRules) -> str:
    """Why a word that a head said with this probability is none of the photo's tags."""
    if (why := _not_wanted(label, rules)) is not None:
        return why
    if (asked := rules.thresholds.get(label)) is not None:
        return f"below the {asked:.2f} of [tags.thresholds]" if probability < asked else _UNFIT
    least = head.thresholds.get(label)
    if least is None:
        return "never right often enough for [taggers] precision"
    if probability < least:
        return f"below {least:.2f}, which it needs for [taggers] precision"
    return _UNFIT + f", or {_otherwise(rules)}"


def _not_sure_enough(label: str, probability: float, rules: TagRules, hierarchy: Hierarchy) -> str:
    if probability < (least := rules.thresholds.get(label, 0.0)):
        return f"below the {least:.2f} of [tags.thresholds]"
    if label in rules.thresholds:
        return _otherwise(rules)
    if probability < rules.min_confidence:
        return f"below min_confidence = {rules.min_confidence:g}"
    if label in hierarchy.wary and probability < rules.wary:
        return f"below {rules.wary:.2f}, which it needs: models say it of pictures of nothing too"
    if probability < rules.sure:
        return f"below {rules.sure:.2f}, and not {LEAD:g} times as probable as the next"
    return _otherwise(rules)


def _otherwise(rules: TagRules) -> str:
    return f"rejected or taken back, or beyond max_tags = {rules.top_k}"
