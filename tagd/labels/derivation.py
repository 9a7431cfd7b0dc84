"""From what a model said to tags with names: the rules in force, as one value."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tagd.domain import CLASSIFIER, Tags
from tagd.labels import own
from tagd.labels.derive import derive
from tagd.labels.hierarchy import Hierarchy
from tagd.labels.vocabulary import OWN, Vocabulary

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from tagd.domain import Predictions
    from tagd.labels.rules import TagRules


@dataclass(frozen=True, slots=True)
class Derivation:
    """How predictions become tags, and what these are called."""

    rules: TagRules
    hierarchy: Hierarchy  # with what the rules put into it
    vocabulary: Vocabulary
    named: Callable[[str], str | None]  # the names of labels that models brought along
    # What becomes of what taggers beside the classifier said, by their keys.
    further: Mapping[str, Callable[[Predictions], Tags]] = field(default_factory=dict)

    @classmethod
    def by(cls, rules: TagRules, named: Callable[[str], str | None] = lambda _: None) -> Derivation:
        """What these rules make of the hierarchy and the names that tagd brings along."""
        return cls(rules, own.under(rules, Hierarchy.load()), Vocabulary.load(), named)

    def tags_of(self, predictions: Predictions, tagger: str = CLASSIFIER) -> Tags:
        """The tags that follow from these predictions of a tagger's; none where it is not here."""
        if tagger != CLASSIFIER:
            its = self.further.get(tagger)
            return Tags(predictions.photo_id, ()) if its is None else its(predictions)
        return derive(predictions, self.rules, self.hierarchy.knowing(predictions.labels))

    def above(self, label: str) -> tuple[str, ...]:
        """What a label is a kind of, the nearest first."""
        return self.hierarchy.knowing([label]).ancestors(label)

    def kinds_of(self, label: str, among: Collection[str]) -> frozenset[str]:
        """Those of some labels that are kinds of this one."""
        below = self.hierarchy.knowing([label, *among]).descendants(label)
        return frozenset(among).intersection(below)

    def name_of(self, label: str) -> str:
        """What a label is called in the catalogue: in the chosen language, with the prefix. A tag
        of a person's own that the rules do not know was added by hand, and has no prefix."""
        name = (
            self.rules.names.get(label)
            or self.named(label)
            or self.vocabulary.name(label, self.rules.language)
        )
        if label.startswith(OWN) and label not in self.rules.mentioned:
            return name
        return self.rules.prefix + name

    def spells(self, label: str, name: str) -> bool:
        """Whether tagd writes the label so: in the chosen language or in another."""
        languages = self.vocabulary.languages
        written = {self.vocabulary.name(label, language) for language in languages}
        return name == self.name_of(label) or name.removeprefix(self.rules.prefix) in written

    def digest(self) -> str:
        """Changes with anything that makes other tags out of the same predictions."""
        return self.rules.digest()

    def names_digest(self) -> str:
        """Changes with anything that makes other names."""
        return self.rules.names_digest()
