"""From what a model said to the tags of a photo. Pure.

Probabilities are summed up the hierarchy: tiger cat 0.39, Egyptian cat 0.36 and tabby 0.17 make
cat 0.92. The tags are the labels that are sure enough, and what they are kinds of.

Chosen on 320 photos of ImageNet's classes with EfficientNet-Lite0, settled at 0.6, then Lite2, both
at temperature 1 (2026-11-21; halves agree within two points):

    photos with a tag 96.3%, of all tags right 98.0%, of each photo's most specific 95.8%,
    photos with their exact class 83.8%; no class on nine pictures of none of them

- Lite2 was trained with smoothed labels and says less than it knows: of the best answers between
  0.2 and 0.4, 73% are right (27 of 37), and all ten with four times the probability of the next.
  So a clear lead counts as much as a high probability.
  On everyday photos such a lead is right 6 times and wrong 6 times, so that beside heads for
  everyday words it counts only where one of them sees the same.
- On pictures of nothing its answers reach 0.38, which keeps `SURE` at 0.4; a few classes answer to
  noise, stripes or lines of text with far more (`wary` in `data/display.tsv` has the measurement).
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Mapping
from operator import itemgetter
from typing import TYPE_CHECKING, Final

from tagd.domain import Tag, Tags
from tagd.labels.contradiction import seconded, unbelieved
from tagd.labels.rules import LEAD, TagRules

if TYPE_CHECKING:
    from collections.abc import Collection

    from tagd.domain import Predictions
    from tagd.labels.hierarchy import Hierarchy

_DEFAULT = TagRules()
_NOTHING: Final[Mapping[str, float]] = {}


def derive(
    predictions: Predictions,
    rules: TagRules,
    hierarchy: Hierarchy,
    heads: Mapping[str, float] = _NOTHING,
) -> Tags:
    """Derive the tags of a photo, the most confident first; of equals the most specific first.

    The hierarchy is the one that these rules make (`own.under`). `heads`: how probable the labels
    of everyday words are, where heads have told; what contradicts them does not count.
    """
    said = probabilities(predictions)
    if heads:
        doubted = unbelieved(said, heads, hierarchy) - rules.thresholds.keys()
        said = {label: said[label] for label in said if label not in doubted}
    summed = sum_up(said, hierarchy)
    chosen = {each for each in _choose(said, summed, rules, hierarchy) if rules.permits(each)}
    if heads:
        chosen = _beside(heads, chosen, summed, rules, hierarchy)
    if not rules.ancestors:
        chosen = most_specific(chosen, hierarchy)
    kept = best(chosen, summed, rules.top_k, hierarchy)
    return Tags(predictions.photo_id, sorted_tags(kept, summed, hierarchy))


def _beside(
    heads: Mapping[str, float],
    chosen: Collection[str],
    summed: Mapping[str, float],
    rules: TagRules,
    hierarchy: Hierarchy,
) -> set[str]:
    """Return those that are worth giving beside what heads tell: what only leads needs a head that
    sees the same, and a word that nobody searches for comes only with what it is a kind of."""
    kept = {
        label
        for label in chosen
        if label in rules.thresholds
        or summed[label] >= rules.sure
        or seconded(label, heads, hierarchy)
    }
    explained = {above for label in kept for above in hierarchy.shown_above(label)}
    return kept - (hierarchy.dull - explained - rules.thresholds.keys())


def sorted_tags(
    labels: Collection[str], confidence: Mapping[str, float], hierarchy: Hierarchy
) -> tuple[Tag, ...]:
    """Return the labels as tags, the most confident first; of equals the most specific first."""
    first = sorted(labels, key=lambda each: (-confidence[each], -_depth(each, hierarchy), each))
    return tuple(Tag(each, confidence[each]) for each in first)


def probabilities(predictions: Predictions) -> dict[str, float]:
    """Return the probability of each label that is kept, best first: a softmax over all that were
    said."""
    shift = predictions.log_sum_exp
    logits: list[float] = predictions.logits.tolist()
    return {
        label: math.exp(logit - shift) if logit < shift else 1.0
        for label, logit in zip(predictions.labels, logits, strict=True)
    }


def sum_up(said: Mapping[str, float], hierarchy: Hierarchy) -> dict[str, float]:
    """Return the probability of each label, and of each above it that may be a tag: the sum over
    the distinct labels at or below it, which no second way up counts twice. At most 1, and never
    less than that of anything below."""
    summed: dict[str, float] = {}
    for label, probability in said.items():
        # All in one order, a label's own too: then rounding cannot put a part above its whole.
        for each in (label, *hierarchy.shown_above(label)):
            summed[each] = summed.get(each, 0.0) + probability
    return {label: min(1.0, p) for label, p in summed.items()}


def _choose(
    said: Mapping[str, float], summed: Mapping[str, float], rules: TagRules, hierarchy: Hierarchy
) -> set[str]:
    """Return all labels that are sure enough, however many. Stricter rules never choose more."""
    least = min(rules.sure, _DEFAULT.sure, *rules.thresholds.values())
    likely = {label: probability for label, probability in summed.items() if probability >= least}
    leaves = _leaves(said, likely, rules, hierarchy)
    above = {each for leaf in leaves for each in hierarchy.shown_above(leaf)}
    kinds = {label: likely[label] for label in likely.keys() & hierarchy.shown}
    above |= _sure_enough(kinds, rules, hierarchy)
    if above & hierarchy.broad:
        by_default = _leaves(said, likely, _DEFAULT, hierarchy)
        above -= hierarchy.broad & _occupied(kinds, by_default, hierarchy)
    least, asked = rules.min_confidence, rules.thresholds
    return {each for each in leaves | above if summed[each] >= asked.get(each, least)}


def _leaves(
    said: Mapping[str, float], likely: Mapping[str, float], rules: TagRules, hierarchy: Hierarchy
) -> set[str]:
    """Return the model's own labels that are sure enough, or lead all others clearly."""
    heard = {label: likely[label] for label in likely.keys() & said.keys()}
    found = {
        label for label in _sure_enough(heard, rules, hierarchy) if hierarchy.may_be_tag(label)
    }
    voices = _under_one_name(said, rules.alias)
    best, second = heapq.nlargest(2, (*voices.items(), ("", 0.0), ("", 0.0)), key=itemgetter(1))
    leads = best[1] >= max(rules.min_confidence, LEAD * second[1])
    if (
        leads
        and best[0] in voices
        and best[0] not in hierarchy.wary
        and hierarchy.may_be_tag(best[0])
    ):
        found.add(best[0])
    return found


def _sure_enough(probable: Mapping[str, float], rules: TagRules, hierarchy: Hierarchy) -> set[str]:
    """Return those as probable as the rules ask by themselves."""
    sure, wary, thresholds = rules.sure, rules.wary, rules.thresholds
    return {
        label
        for label, probability in probable.items()
        if probability >= thresholds.get(label, wary if label in hierarchy.wary else sure)
    }


def _under_one_name(said: Mapping[str, float], alias: Mapping[str, str]) -> Mapping[str, float]:
    """Return what was said, with the labels that a person has under one name as one."""
    if said.keys().isdisjoint(alias):
        return said
    merged: dict[str, float] = {}
    for label, probability in said.items():
        name = alias.get(label, label)
        merged[name] = merged.get(name, 0.0) + probability
    return merged


def _occupied(
    kinds: Mapping[str, float], leaves: Collection[str], hierarchy: Hierarchy
) -> set[str]:
    """Return the labels with something likely below them: by the default rules, whichever are in
    force, as a broad label must not come in when stricter rules drop what is below it."""
    sure = _DEFAULT.sure
    likely = {label for label, probability in kinds.items() if probability >= sure}
    return {above for each in likely.union(leaves) for above in hierarchy.shown_above(each)}


def most_specific(chosen: Collection[str], hierarchy: Hierarchy) -> set[str]:
    """Return those with none of the chosen below them."""
    return set(chosen) - {above for each in chosen for above in hierarchy.shown_above(each)}


def best(
    chosen: Collection[str], summed: Mapping[str, float], most: int, hierarchy: Hierarchy
) -> list[str]:
    """Return the most useful of the chosen, the best first: the most specific by their confidence,
    then what they are kinds of, the nearest first."""
    specific = most_specific(chosen, hierarchy)
    return sorted(
        chosen,
        key=lambda each: (
            each not in specific,
            0 if each in specific else -_depth(each, hierarchy),
            -summed[each],
            each,
        ),
    )[:most]


def _depth(label: str, hierarchy: Hierarchy) -> int:
    return len(hierarchy.shown_above(label))
