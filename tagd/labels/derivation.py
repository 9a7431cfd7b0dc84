"""From what taggers said to tags with names: the rules in force, as one value."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from itertools import chain, zip_longest
from typing import TYPE_CHECKING, Protocol

from tagd.domain import CLASSIFIER, Tags
from tagd.labels import own
from tagd.labels.derive import best, derive, most_specific
from tagd.labels.hierarchy import Hierarchy
from tagd.labels.vocabulary import OWN, Vocabulary

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from tagd.domain import Predictions
    from tagd.labels.rules import TagRules


class Telling(Protocol):
    """What becomes of what one tagger beside the classifier says."""

    def tags_of(self, predictions: Predictions, seconds: Callable[[str], bool]) -> Tags:
        """Return the tags of one photo. `seconds` tells whether the classifier gives a label too,
        or a kind of it."""

    def probabilities(self, predictions: Predictions) -> Mapping[str, float]:
        """Return how probable each label is that it knows, whether or not it is worth a tag."""

    def why_not(self, label: str, probability: float, model: str) -> str:
        """Return why a label that this model said with this probability is no tag, in words."""


@dataclass(frozen=True, slots=True)
class Derivation:
    """How predictions become tags, and what these are called."""

    rules: TagRules
    hierarchy: Hierarchy  # with what the rules put into it
    vocabulary: Vocabulary
    named: Callable[[str], str | None]  # the names of labels that models brought along
    # What becomes of what taggers beside the classifier said, by their keys; and what changes with
    # anything that makes other tags of that.
    further: Mapping[str, Telling] = field(default_factory=dict)
    further_digest: Callable[[], str] = str

    @classmethod
    def by(cls, rules: TagRules, named: Callable[[str], str | None] = lambda _: None) -> Derivation:
        """Return what these rules make of the hierarchy and the names that tagd brings along."""
        return cls(rules, own.under(rules, Hierarchy.load()), Vocabulary.load(), named)

    def tags_of(self, predictions: Predictions, heads: Mapping[str, float] | None = None) -> Tags:
        """Return the tags that follow from what the classifier says, alone or beside what `heads`
        say of all their words."""
        hierarchy = self.hierarchy.knowing(predictions.labels)
        return derive(predictions, self.rules, hierarchy, heads or {})

    def together(self, said: Mapping[str, Predictions]) -> dict[str, Tags]:
        """Return the tags that follow from what each tagger said of one photo, by tagger; none
        where one is not here any more. At most `top_k` labels in all."""
        found: dict[str, Tags] = {}
        if (predictions := said.get(CLASSIFIER)) is not None:
            found[CLASSIFIER] = self.tags_of(predictions, self._beside(said))
        seconds = partial(self._gives, labels_of(found))
        for key, predictions in said.items():
            if key != CLASSIFIER:
                nothing = Tags(predictions.photo_id, ())
                its = self.further.get(key)
                found[key] = nothing if its is None else its.tags_of(predictions, seconds)
        return found if len(found) < 2 else self._within(found)

    def _beside(self, said: Mapping[str, Predictions]) -> dict[str, float]:
        """Return what taggers beside the classifier say of every word of theirs."""
        return {
            label: probability
            for key, telling in self.further.items()
            if key in said
            for label, probability in telling.probabilities(said[key]).items()
        }

    def _gives(self, labels: Collection[str], label: str) -> bool:
        """Return whether a label is among these, or one of these is a kind of it."""
        return label in labels or any(label in self.above(each) for each in labels)

    def _within(self, found: Mapping[str, Tags]) -> dict[str, Tags]:
        """Return the same, of all taggers together no more than may be, the best of each first; and
        nothing broader than another's, unless a person has that too."""
        labels = labels_of(found)
        hierarchy = self.hierarchy.knowing(labels)
        kept = labels if self.rules.ancestors else most_specific(labels, hierarchy)
        if len(kept) > self.rules.top_k:
            ranked = []
            for tags in found.values():
                sure = {tag.label: tag.confidence for tag in tags.tags if tag.label in kept}
                ranked.append(best(sure, sure, len(sure), hierarchy))
            in_turn = dict.fromkeys(chain.from_iterable(zip_longest(*ranked)))
            kept = set(list(filter(None, in_turn))[: self.rules.top_k])
        return {
            key: Tags(tags.photo_id, tuple(tag for tag in tags.tags if tag.label in kept))
            for key, tags in found.items()
        }

    def above(self, label: str) -> tuple[str, ...]:
        """Return what a label is a kind of, the nearest first."""
        return self.hierarchy.knowing([label]).ancestors(label)

    def kinds_of(self, label: str, among: Collection[str]) -> frozenset[str]:
        """Return those of some labels that are kinds of this one."""
        below = self.hierarchy.knowing([label, *among]).descendants(label)
        return frozenset(among).intersection(below)

    def name_of(self, label: str) -> str:
        """Return what a label is called in the catalogue: in the chosen language, with the prefix.
        A tag of a person's own that the rules do not know was added by hand, and has no prefix."""
        name = (
            self.rules.names.get(label)
            or self.named(label)
            or self.vocabulary.name(label, self.rules.language)
        )
        if label.startswith(OWN) and label not in self.rules.mentioned:
            return name
        return self.rules.prefix + name

    def spells(self, label: str, name: str) -> bool:
        """Return whether tagd writes the label so: in the chosen language or in another."""
        languages = self.vocabulary.languages
        written = {self.vocabulary.name(label, language) for language in languages}
        return name == self.name_of(label) or name.removeprefix(self.rules.prefix) in written

    def digest(self) -> str:
        """Return a hash that changes with anything that makes other tags out of the same
        predictions."""
        return " ".join(filter(None, (self.rules.digest(), self.further_digest())))

    def names_digest(self) -> str:
        """Return a hash that changes with anything that makes other names."""
        return self.rules.names_digest()


def labels_of(found: Mapping[str, Tags]) -> set[str]:
    """Return the labels that any tagger gives."""
    return {tag.label for tags in found.values() for tag in tags.tags}
