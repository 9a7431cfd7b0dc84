"""Rules as a person writes them become rules about labels. Pure.

A tag may be named in any language, by a synonym, or by its synset id. Aliases and parents may also
name what is not there yet: that is a tag of a person's own.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from tagd.labels import own
from tagd.labels.everyday import labels
from tagd.labels.hierarchy import Hierarchy
from tagd.labels.rules import TagRules
from tagd.labels.vocabulary import OWN, Vocabulary, fold, own_label

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

CUSTOM = "custom:"  # what the labels begin with that a model of a person's own brought along


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with what was written under `key`, and what to do about it."""

    key: str
    reason: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Wording:
    """The rules of `TagRules` that name tags, with names in the place of labels."""

    thresholds: Mapping[str, float] = field(default_factory=dict)
    allow: Sequence[str] = ()
    deny: Sequence[str] = ()
    alias: Mapping[str, str] = field(default_factory=dict)
    parents: Mapping[str, Sequence[str]] = field(default_factory=dict)


class NoSuchTag(ValueError):
    """A name that means no tag, or one of the several `candidates`. `hint` says what to do."""

    def __init__(self, reason: str, hint: str = "", candidates: Sequence[str] = ()) -> None:
        super().__init__(reason)
        self.hint = hint
        self.candidates = tuple(candidates)


def meant(text: str, language: str = "en") -> str:
    """Return the one label that a person means by a name in any language, a synonym or a synset id.

    A word that several bear means the one that is called so where it is an everyday word, or where
    the others are kinds of it, or it of them: sofa, though a studio couch is one too. Raises
    `NoSuchTag` otherwise, with the candidates, named in `language`, where there are several, such
    as crane.
    """
    vocabulary = Vocabulary.load()
    if text.startswith((OWN, CUSTOM)):
        return text
    return the_one(vocabulary.labels_named(text), text, language)


def the_one(found: Sequence[str], text: str, language: str) -> str:
    """Return which of the labels found for a text is meant by it, as `meant` has it."""
    vocabulary, hierarchy = Vocabulary.load(), Hierarchy.load()
    if not found:
        near = " or ".join(vocabulary.suggest(text))
        raise NoSuchTag(f"there is no tag {text!r}", near and f"did you mean {near}?")
    if len(found) == 1:
        return found[0]
    everyday = frozenset(labels().values())
    for label in found:
        related = {label, *hierarchy.ancestors(label), *hierarchy.descendants(label)}
        clear = label in everyday or related.issuperset(found)
        if clear and _is_called(label, text):
            return label
    candidates = " or ".join(f"{vocabulary.name(each, language)} ({each})" for each in found)
    hint = f"write the id of the one that you mean, such as {found[0]}"
    raise NoSuchTag(f"{text!r} may mean {candidates}", hint, found)


def _is_called(label: str, text: str) -> bool:
    vocabulary = Vocabulary.load()
    names = (vocabulary.name(label, language) for language in vocabulary.languages)
    return fold(text) in {fold(name) for name in names}


def read(wording: Wording, plain: TagRules) -> tuple[TagRules, list[Fault]]:
    """Read the plain rules with those that name tags. Where there are faults, the rules do not
    hold."""
    if wording == Wording():
        return plain, []
    reader = _Reader(plain.language)
    # Parents and what aliases lead to come first: they say which tags of a person's own there are.
    parents = reader.parents(wording.parents)
    alias, names = reader.alias(wording.alias)
    reader.refuse_circles(parents, alias)
    thresholds = reader.thresholds(wording.thresholds, alias)
    rules = replace(
        plain,
        thresholds=thresholds,
        allow=frozenset(reader.known("allow", wording.allow, alias)),
        deny=frozenset(reader.known("deny", wording.deny, alias)),
        alias=alias,
        parents=parents,
        names=names,
    )
    return rules, reader.faults


class _Reader:
    """One reading: the tags of a person's own that it has met, and what it found wrong."""

    def __init__(self, language: str) -> None:
        self.faults: list[Fault] = []
        self._language = language
        self._own: dict[str, str] = {}  # folded name → label

    def parents(self, said: Mapping[str, Sequence[str]]) -> dict[str, tuple[str, ...]]:
        """Read what is to be below what."""
        found: dict[str, tuple[str, ...]] = {}
        for name, above in said.items():
            for label in self._new_or_known("parents", [name]):
                tags = self._new_or_known("parents", above)
                found[label] = tuple(dict.fromkeys((*found.get(label, ()), *tags)))
        return found

    def alias(self, said: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
        """Read which label stands for which, and which one is only called otherwise."""
        targets = {name: self._new_or_known("alias", [to]) for name, to in said.items()}
        alias: dict[str, str] = {}
        names: dict[str, str] = {}
        for name, label in self._each("alias", said):
            for target in targets[name]:
                if target == label:
                    names[label] = " ".join(said[name].split())
                else:
                    alias[label] = target
        return _to_the_end(alias), names

    def thresholds(self, said: Mapping[str, float], alias: Mapping[str, str]) -> dict[str, float]:
        """Read what single labels need."""
        return {label: said[name] for name, label in self._each("thresholds", said, alias)}

    def known(self, key: str, names: Iterable[str], alias: Mapping[str, str]) -> list[str]:
        """Return the labels of tags that there are."""
        return [label for _, label in self._each(key, dict.fromkeys(names), alias)]

    def refuse_circles(
        self, parents: Mapping[str, tuple[str, ...]], alias: Mapping[str, str]
    ) -> None:
        """Refuse circles: nothing may be a kind of itself."""
        for key, rules in (
            ("parents", TagRules(parents=parents)),
            ("alias", TagRules(parents=parents, alias=alias)),
        ):
            try:
                own.under(rules, Hierarchy.load())
            except own.Circle as circle:
                below, above = map(self._name, (circle.label, circle.above))
                reason = f"{above!r} is a kind of {below!r}, and cannot stand above it too"
                self.faults.append(Fault(key, reason))
                return

    def _each(
        self, key: str, names: Iterable[str], alias: Mapping[str, str] | None = None
    ) -> Iterator[tuple[str, str]]:
        """Yield each name with its label; a tag that is named twice, or no longer given, is a
        fault."""
        first: dict[str, str] = {}
        for name in names:
            try:
                label = self._own.get(fold(name)) or meant(name, self._language)
            except NoSuchTag as fault:
                self.faults.append(Fault(key, str(fault), fault.hint))
                continue
            if label in first:
                reason = f"{first[label]!r} and {name!r} are the same tag"
                self.faults.append(Fault(key, reason, "keep one of them"))
            elif alias and label in alias:
                called = self._name(alias[label])
                reason = f"{name!r} is called {called!r} by tags.alias"
                self.faults.append(Fault(key, reason, f"write {called!r} in its place"))
            else:
                first[label] = name
                yield name, label

    def _new_or_known(self, key: str, names: Iterable[str]) -> list[str]:
        """Return the labels of these names, each of which may be a tag of a person's own."""
        labels = []
        for name in names:
            try:
                labels.append(self._own.get(fold(name)) or meant(name, self._language))
            except NoSuchTag as fault:
                if fault.candidates:
                    self.faults.append(Fault(key, str(fault), fault.hint))
                else:
                    labels.append(self._own.setdefault(fold(name), own_label(name)))
        return labels

    def _name(self, label: str) -> str:
        return Vocabulary.load().name(label, self._language)


def _to_the_end(alias: Mapping[str, str]) -> dict[str, str]:
    """Follow an alias of an alias to the last one. A circle, which is refused, stays as it is."""
    found = {}
    for label, first in alias.items():
        target, met = first, {label}
        while target in alias and target not in met:
            met.add(target)
            target = alias[target]
        found[label] = target
    return found
