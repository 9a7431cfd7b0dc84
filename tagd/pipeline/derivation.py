"""From what a model said to tags with names: the rules in force, as one value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tagd.labels.derive import derive

if TYPE_CHECKING:
    from collections.abc import Callable

    from tagd.domain import Predictions, Tags
    from tagd.labels.hierarchy import Hierarchy
    from tagd.labels.rules import TagRules


@dataclass(frozen=True, slots=True)
class Derivation:
    """How predictions become tags. `name_of` gives a label's name in the chosen language."""

    rules: TagRules
    hierarchy: Hierarchy
    name_of: Callable[[str], str]

    def tags_of(self, predictions: Predictions) -> Tags:
        """The tags that follow from these predictions."""
        return derive(predictions, self.rules, self.hierarchy)

    def digest(self) -> str:
        """Changes with anything that makes other tags, or other names, out of the same
        predictions."""
        return self.rules.digest()
