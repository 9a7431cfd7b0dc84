"""The hierarchy with a person's own aliases and parents in it. Pure.

An alias is a kind that others are below of: sunglass and sunglasses under one name are as probable
as both together. What is merely called otherwise is then not given itself (`TagRules.permits`).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tagd.labels.vocabulary import OWN

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tagd.labels.hierarchy import Hierarchy
    from tagd.labels.rules import TagRules


class Circle(ValueError):
    """`above` is to stand above `label`, and stands below it already."""

    def __init__(self, label: str, above: str) -> None:
        super().__init__(f"{above} cannot be above {label}: it is below it")
        self.label = label
        self.above = above


def under(rules: TagRules, hierarchy: Hierarchy) -> Hierarchy:
    """Return the hierarchy as these rules make it; itself where they say nothing of it.

    A tag of a person's own takes its place below whatever all those below it are kinds of: "our
    dogs" is a dog when Chihuahua and corgi are under it. Raises `ValueError` in words where
    something would be a kind of itself.
    """
    if not rules.alias and not rules.parents:
        return hierarchy
    parents = dict(hierarchy.parents)
    for label, above in _said(rules):
        known = replace(hierarchy, parents=parents, _above={})
        if above == label or label in known.ancestors(above):
            raise Circle(label, above)
        if above not in known.ancestors(label):
            parents[label] = (*parents.get(label, ()), above)
    made = rules.mentioned
    for own in sorted(each for each in made if each.startswith(OWN)):
        _settle(own, parents, hierarchy)
    return replace(
        hierarchy,
        parents=parents,
        tags=hierarchy.tags | made - hierarchy.broad,
        wary=hierarchy.wary | _wary(rules.alias, hierarchy),
        _above={},
    )


def _said(rules: TagRules) -> Iterator[tuple[str, str]]:
    """Yield what a person wants below what."""
    yield from rules.alias.items()
    for label, parents in rules.parents.items():
        yield from ((label, above) for above in parents)


def _settle(own: str, parents: dict[str, tuple[str, ...]], shipped: Hierarchy) -> None:
    """Put a person's own tag below whatever all that is below it has in common."""
    known = replace(shipped, parents=parents, _above={})
    below = known.children.get(own, ())
    if not below:
        return
    first, *others = (known.ancestors(each) for each in below)
    common = [each for each in first if all(each in other for other in others)]
    nearer = {own, *known.ancestors(own)}
    fresh = [each for each in common if each not in nearer and own not in known.ancestors(each)]
    parents[own] = (*parents.get(own, ()), *fresh)


def _wary(alias: Mapping[str, str], hierarchy: Hierarchy) -> frozenset[str]:
    """Return the aliases that stand for nothing but classes that answer to pictures of nothing."""
    stands_for: dict[str, list[str]] = {}
    for label, name in alias.items():
        stands_for.setdefault(name, []).append(label)
    return frozenset(
        name
        for name, labels in stands_for.items()
        if hierarchy.wary.issuperset(_members(name, labels, hierarchy))
    )


def _members(name: str, labels: Sequence[str], hierarchy: Hierarchy) -> list[str]:
    return [*labels, *([name] if name in hierarchy.parents else [])]
