"""`[tags]` as rules about labels: names in any language become what they mean."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tagd.labels.rules import TagRules
from tagd.labels.wording import Wording, read

if TYPE_CHECKING:
    from tagd.config.keys import Config, Tags
    from tagd.labels.wording import Fault


def tag_rules(config: Config) -> TagRules:
    """Return the rules of a configuration that was loaded, and so is without faults."""
    return rules_of(config.tags)[0]


def rules_of(tags: Tags) -> tuple[TagRules, list[Fault]]:
    """Return the rules, and what is wrong with the names in them."""
    plain = TagRules(
        min_confidence=tags.min_confidence,
        top_k=tags.top_k,
        ancestors=tags.ancestors,
        language=tags.language,
        prefix=tags.prefix,
    )
    named = Wording(tags.thresholds, tags.allow, tags.deny, tags.alias, tags.parents)
    return read(named, plain)
