"""`[taggers]` as who looks at photos beside the classifier."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tagd.tagging.everyday import Everyday
from tagd.tagging.taggers import Taggers

if TYPE_CHECKING:
    from tagd.config import Config
    from tagd.tagging.classify import Classifier


def taggers_of(config: Config, classifier: Classifier) -> Taggers:
    """Who looks at photos beside the classifier, whose models they go by."""
    return Taggers([Everyday(classifier)] if config.taggers.everyday else [])
