"""`[tags]` and `[taggers]` as what makes tags of predictions, with names that models brought."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property, partial
from typing import TYPE_CHECKING

from tagd.config.rules import tag_rules
from tagd.domain import EVERYDAY, Tags
from tagd.labels import heads, reasons
from tagd.labels.derivation import Derivation
from tagd.labels.heads import HeadRules
from tagd.models.zoo.labelset import CUSTOM
from tagd.models.zoo.shelf import Shelf

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from tagd.config.keys import Config
    from tagd.domain import Predictions


def derivation_of(config: Config) -> Derivation:
    """How predictions become tags, and what the tags are called."""
    named = partial(_name, Shelf(config.model.folder), config.tags.language)
    derivation = Derivation.by(tag_rules(config), named)
    if not config.taggers.everyday:
        return derivation
    everyday = EverydayTelling(derivation, config.taggers.precision)
    return replace(derivation, further={EVERYDAY: everyday}, further_digest=everyday.digest)


class EverydayTelling:
    """What becomes of what the heads of everyday words said, by rules that they bring along. They
    are read when they are first needed: most commands derive nothing."""

    def __init__(
        self, derivation: Derivation, precision: float, folder: Path | None = None
    ) -> None:
        self._derivation = derivation
        self._precision = precision
        self._folder = folder

    def tags_of(self, predictions: Predictions, seconds: Callable[[str], bool]) -> Tags:
        """Return the tags of one photo. Raises `ModelError` where the heads cannot be read."""
        of_head = self.rules.get(predictions.model)
        if of_head is None:
            return Tags(predictions.photo_id, ())  # of a head that is not here any more
        rules, hierarchy = self._derivation.rules, self._derivation.hierarchy
        known = hierarchy.knowing(predictions.labels)
        return heads.given(predictions, of_head, rules, known, seconds)

    def probabilities(self, predictions: Predictions) -> Mapping[str, float]:
        """Return how probable each word of the head is. Raises `ModelError` as `tags_of` does."""
        of_head = self.rules.get(predictions.model)
        return {} if of_head is None else of_head.probabilities(predictions)

    def why_not(self, label: str, probability: float, model: str) -> str:
        """Return why a word is no tag, in words. Raises `ModelError` as `tags_of` does."""
        of_head = self.rules.get(model)
        if of_head is None:
            return f"{model} is not here any more"
        return reasons.why_no_word(label, probability, of_head, self._derivation.rules)

    def digest(self) -> str:
        """Changes with anything that makes other tags of the same predictions."""
        return " ".join(f"{name} {rules.digest()}" for name, rules in sorted(self.rules.items()))

    @cached_property
    def rules(self) -> Mapping[str, HeadRules]:
        """The rules of each head, by its name."""
        from tagd.models.runtime.heads import SHIPPED, shipped  # noqa: PLC0415  lazy: numpy

        return {
            head.name: HeadRules.read(
                head.thresholds_at(self._precision),
                head.about.get("rules", {}),
                dict(zip(head.words, head.labels, strict=True)),
            )
            for head in shipped(EVERYDAY, self._folder or SHIPPED)
        }


def _name(shelf: Shelf, language: str, label: str) -> str | None:
    """What a model that brought its own labels calls this one; None for any other label."""
    if not label.startswith(CUSTOM):
        return None
    # Looked up each time: a model may be taken in while we run. There are few such labels.
    return shelf.names(language).get(label) or label.partition("/")[2]
