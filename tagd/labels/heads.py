"""From what a head said of a photo to its tags. Pure.

A head's words are told apart from each other, and each has a probability of its own, from which on
it is a tag. Rules about words that come beside others travel with the head.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from tagd.domain import Tags
from tagd.labels.derive import best, most_specific, probabilities, sorted_tags

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from tagd.domain import Predictions
    from tagd.labels.hierarchy import Hierarchy
    from tagd.labels.rules import TagRules

Labels = frozenset[str]


@dataclass(frozen=True, slots=True)
class HeadRules:
    """When the words of a head are tags; by label id.

    `thresholds`: from which probability on; a word without one is none unless a person gives it
    one. `only_with`: a word that is a tag only with one of these. `one_of`: of these the surest
    alone. `not_beside`: a word that is no tag with one of these, unless the classifier says it too.
    `labels`: all that the head knows.
    """

    thresholds: Mapping[str, float]
    only_with: Mapping[str, Labels] = field(default_factory=dict)
    one_of: tuple[Labels, ...] = ()
    not_beside: Mapping[str, Labels] = field(default_factory=dict)
    labels: Labels = frozenset()

    @classmethod
    def read(
        cls, thresholds: Mapping[str, float], said: Mapping[str, Any], labels: Mapping[str, str]
    ) -> HeadRules:
        """Return the rules that a head `said` in its words, whose `labels` are given; words that it
        lacks are passed over."""

        def known(words: Collection[str]) -> Labels:
            return frozenset(labels[word] for word in words if word in labels)

        only_with, not_beside = (
            {labels[word]: known(others) for word, others in table.items() if word in labels}
            for table in (said.get("only_with", {}), said.get("not_beside", {}))
        )
        one_of = tuple(map(known, said.get("one_of", ())))
        return cls(thresholds, only_with, one_of, not_beside, frozenset(labels.values()))

    def probabilities(self, predictions: Predictions) -> dict[str, float]:
        """Return how probable each word of the head is; nothing where that was too little to be
        kept."""
        return dict.fromkeys(self.labels, 0.0) | probabilities(predictions)

    def digest(self) -> str:
        """Return a hash, the same in every process, of all of it."""
        text = json.dumps(asdict(self), sort_keys=True, default=sorted)  # a set, in one order
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def given(
    predictions: Predictions,
    head: HeadRules,
    rules: TagRules,
    hierarchy: Hierarchy,
    seconds: Callable[[str], bool] = lambda _: False,
) -> Tags:
    """Return the tags that follow from what a head said, the most confident first. `seconds` tells
    whether the classifier says a label too. The hierarchy is the one that the rules make
    (`own.under`)."""
    said = probabilities(predictions)
    likely = {label: p for label, p in said.items() if p >= _least(label, head, rules)}
    called: dict[str, float] = {}
    for label in _beside_each_other(likely, head, seconds):
        name = rules.alias.get(label, label)
        called[name] = max(called.get(name, 0.0), likely[label])
    sure = _with_kinds(called, rules, hierarchy)
    chosen = {label for label in sure if rules.permits(label)}
    if not rules.ancestors:
        chosen = most_specific(chosen, hierarchy)
    kept = best(chosen, sure, rules.top_k, hierarchy)
    return Tags(predictions.photo_id, sorted_tags(kept, sure, hierarchy))


def _least(label: str, head: HeadRules, rules: TagRules) -> float:
    """How probable a word must be: as a person has it, else as the head."""
    asked = rules.thresholds.get(rules.alias.get(label, label))
    return head.thresholds.get(label, 2.0) if asked is None else asked


def _beside_each_other(
    likely: Mapping[str, float], head: HeadRules, seconds: Callable[[str], bool]
) -> set[str]:
    """The words that may stand beside each other."""
    chosen = set(likely)
    for group in head.one_of:
        surest = sorted(chosen & group, key=lambda label: (-likely[label], label))
        chosen -= set(surest[1:])
    chosen -= {
        label
        for label, others in head.not_beside.items()
        if label in chosen and chosen & others and not seconds(label)
    }
    return chosen - {
        label for label, others in head.only_with.items() if not (chosen - {label}) & others
    }


def _with_kinds(
    called: Mapping[str, float], rules: TagRules, hierarchy: Hierarchy
) -> dict[str, float]:
    """The words with what they are kinds of, which is as sure as the surest of them. What is broad
    says nothing beside them, and nobody searches for what is dull."""
    sure, silent = dict(called), hierarchy.broad | hierarchy.dull
    for label, probability in called.items():
        for above in hierarchy.shown_above(label):
            if above not in silent and probability >= rules.thresholds.get(above, 0.0):
                sure[above] = max(sure.get(above, 0.0), probability)
    return sure
