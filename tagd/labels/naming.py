"""Which label a person means by a word. Pure.

What these photos have is meant before what they have not: one who rejects the crane of a harbour
means the crane that stands there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tagd.labels.vocabulary import OWN, Vocabulary, fold
from tagd.labels.wording import the_one

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from tagd.labels.rules import TagRules


def meant_of(
    text: str, rules: TagRules, called: Mapping[str, str], present: Collection[str]
) -> str:
    """The label. `called`: what the labels of the catalogue are called; `present`: those that the
    photos have. Raises `NoSuchTag` where there is none, or with the candidates where several may
    be meant.
    """
    found = may_mean(text, rules, called)
    if here := sorted(found.intersection(present)):
        return the_one(here, text, rules.language)
    given = {rules.alias.get(label, label) for label in found}
    return the_one(sorted(given), text, rules.language)


def may_mean(text: str, rules: TagRules, called: Mapping[str, str]) -> frozenset[str]:
    """All labels that are called so: in any language, in the catalogue, with its prefix or without,
    or in the rules; by an alias either of its names. A label means itself."""
    if text in called:
        return frozenset({text})
    vocabulary, wanted = Vocabulary.load(), fold(text)
    names = {label: vocabulary.name(label) for label in rules.mentioned if label.startswith(OWN)}
    found = {label for label, name in names.items() if fold(name) == wanted}
    found |= {label for label, name in rules.names.items() if fold(name) == wanted}
    found |= {
        label
        for label, name in called.items()
        if wanted in {fold(name), fold(name.removeprefix(rules.prefix))}
    }
    found |= vocabulary.resolve(text)
    return frozenset(found | {rules.alias[label] for label in found if label in rules.alias})
