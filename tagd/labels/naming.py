"""Which label a person means by a word. Pure.

What these photos have is meant before what they have not: one who rejects the crane of a harbour
means the crane that stands there. A tag of a person's own is meant before what ships with tagd. And
a word that a person gives a photo is taken for that person's own where it calls a tag by a synonym
alone, and is somebody's name as well: Mike is no microphone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tagd.labels.namesakes import is_namesake
from tagd.labels.vocabulary import OWN, Vocabulary, fold, own_label
from tagd.labels.wording import the_one

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from tagd.labels.rules import TagRules


def meant_of(
    text: str, rules: TagRules, called: Mapping[str, str], present: Collection[str]
) -> str:
    """Return the label of what is spoken of. `called`: what the labels of the catalogue are called;
    `present`: those that the photos have. Raises `NoSuchTag` where there is none, or with the
    candidates where several may be meant."""
    found = may_mean(text, rules, called)
    here = found.intersection(present)
    mine = own_of(text, rules, called)
    for some in (mine & here, here, mine):
        if some:
            return _the_one(some, text, rules)
    return _the_one({rules.alias.get(label, label) for label in found}, text, rules)


def given_by(
    text: str, rules: TagRules, called: Mapping[str, str], present: Collection[str]
) -> str:
    """Return the same of a word that a person gives photos. Raises `NoSuchTag` without candidates
    where it is a new word, which becomes a tag of that person's own."""
    if mine := own_of(text, rules, called):
        return _the_one(mine, text, rules)
    found = may_mean(text, rules, called)
    if is_namesake(text):
        found = frozenset(label for label in found if is_name_of(label, text, rules, called))
    if here := found.intersection(present):
        return _the_one(here, text, rules)
    return _the_one({rules.alias.get(label, label) for label in found}, text, rules)


def own_word(text: str, rules: TagRules, called: Mapping[str, str]) -> str:
    """Return the label of a person's own tag that is called so: the one that there is, or a new
    one."""
    mine = own_of(text, rules, called)
    label = own_label(text.removeprefix(OWN))
    return label if label in mine or not mine else min(mine)


def own_of(text: str, rules: TagRules, called: Mapping[str, str]) -> frozenset[str]:
    """Return the tags of a person's own that are called so, in the catalogue or in the rules."""
    wanted, mine = fold(text.removeprefix(OWN)), {*called, *rules.mentioned}
    its = (label for label in mine if label.startswith(OWN))
    return frozenset(label for label in its if fold(label.removeprefix(OWN)) == wanted)


def is_name_of(label: str, text: str, rules: TagRules, called: Mapping[str, str]) -> bool:
    """Return whether a label bears this name, and it is no synonym alone: in any language, in the
    catalogue, with its prefix or without, or in the rules."""
    name = called.get(label, "")
    names = {label, rules.names.get(label, ""), name, name.removeprefix(rules.prefix)}
    return label in Vocabulary.load().named(text) or fold(text) in set(map(fold, names - {""}))


def may_mean(text: str, rules: TagRules, called: Mapping[str, str]) -> frozenset[str]:
    """Return all labels that are called so: in any language, in the catalogue, with its prefix or
    without, or in the rules; by an alias either of its names. A label means itself."""
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


def _the_one(found: Collection[str], text: str, rules: TagRules) -> str:
    """Return which of these it is; of a person's own that differ by case alone, the one so
    written."""
    if (exactly := own_label(text.removeprefix(OWN))) in found:
        return exactly
    return the_one(sorted(found), text, rules.language)
