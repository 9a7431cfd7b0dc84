"""`[tags]` as what makes tags of predictions, with the names that models brought along."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from tagd.config.rules import tag_rules
from tagd.labels.derivation import Derivation
from tagd.models.zoo.labelset import CUSTOM
from tagd.models.zoo.shelf import Shelf

if TYPE_CHECKING:
    from tagd.config.keys import Config


def derivation_of(config: Config) -> Derivation:
    """How predictions become tags, and what the tags are called."""
    named = partial(_name, Shelf(config.model.folder), config.tags.language)
    return Derivation.by(tag_rules(config), named)


def _name(shelf: Shelf, language: str, label: str) -> str | None:
    """What a model that brought its own labels calls this one; None for any other label."""
    if not label.startswith(CUSTOM):
        return None
    # Looked up each time: a model may be taken in while we run. There are few such labels.
    return shelf.names(language).get(label) or label.partition("/")[2]
