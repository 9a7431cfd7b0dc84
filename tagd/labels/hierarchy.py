"""What is a kind of what, and which of it people search for.

WordNet's hypernyms, less those that would read as nonsense under a photo (`data/display.tsv` lists
them). A label has several parents at times, so this is a directed graph without cycles, not a tree.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from itertools import filterfalse
from typing import TYPE_CHECKING

from tagd.labels import tables
from tagd.labels.tables import DATA, HIDDEN, USEFUL, is_synset, many, rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path


@dataclass(frozen=True)
class Hierarchy:
    """Labels and their parents. A label that it does not know, as of a model of one's own, stands
    alone: it has neither parents nor children, and is a leaf."""

    parents: Mapping[str, tuple[str, ...]]
    classes: tuple[str, ...]  # ImageNet-1k's, in their order
    tags: frozenset[str]  # useful as tags above a leaf
    broad: frozenset[str] = frozenset()  # useful where nothing below them is likely
    dull: frozenset[str] = frozenset()  # of `tags` and `broad`: nobody searches for them
    wary: frozenset[str] = frozenset()  # classes that answer to pictures of nothing
    hidden: frozenset[str] = frozenset()  # never tags, though nothing is below them
    _above: dict[str, tuple[str, ...]] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def load(cls) -> Hierarchy:
        """Return the one that ships with tagd; read once."""
        return _shipped()

    def knowing(self, labels: Iterable[str]) -> Hierarchy:
        """Return this hierarchy, and where it lacks one of these synsets all those of ImageNet's
        larger sets too."""
        unknown = filterfalse(self.parents.__contains__, labels)
        return self._whole if any(map(is_synset, unknown)) else self

    @cached_property
    def _whole(self) -> Hierarchy:
        every = tables.synsets()
        parents = {label: row.parents for label, row in every.items()}
        useful = {label for label, row in every.items() if row.use == USEFUL}
        hidden = {label for label, row in every.items() if row.use == HIDDEN}
        return replace(
            self,
            parents={**parents, **self.parents},
            tags=self.tags | useful,
            hidden=self.hidden | hidden,
            _above={},
        )

    @cached_property
    def children(self) -> Mapping[str, tuple[str, ...]]:
        """What lies directly below a label; those with nothing below are absent."""
        found: dict[str, list[str]] = {}
        for label, parents in self.parents.items():
            for parent in parents:
                found.setdefault(parent, []).append(label)
        return {parent: tuple(sorted(children)) for parent, children in found.items()}

    @cached_property
    def shown(self) -> frozenset[str]:
        """The labels above the leaves that may become tags."""
        return self.tags | self.broad

    def ancestors(self, label: str) -> tuple[str, ...]:
        """Return everything above a label, the nearest first; each once, whatever the ways to
        it."""
        return tuple(_reach(label, self.parents))

    def descendants(self, label: str) -> tuple[str, ...]:
        """Return everything below a label, the nearest first."""
        return tuple(_reach(label, self.children))

    def shown_above(self, label: str) -> tuple[str, ...]:
        """Return the ancestors of a label that may become tags, the nearest first."""
        known = self._above.get(label)
        if known is None:
            known = tuple(each for each in self.ancestors(label) if each in self.shown)
            self._above[label] = known
        return known

    def may_be_tag(self, label: str) -> bool:
        """Return whether a label is a leaf, or one of those above that people search for."""
        if label in self.shown:
            return True
        return label not in self.children and label not in self.hidden


def _reach(start: str, steps: Mapping[str, Iterable[str]]) -> list[str]:
    """Return all that can be reached from `start`, breadth first, without it."""
    found: dict[str, None] = {}
    edge = list(steps.get(start, ()))
    while edge:
        fresh = [each for each in dict.fromkeys(edge) if each not in found]
        found.update(dict.fromkeys(fresh))
        edge = [further for each in fresh for further in steps.get(each, ())]
    return list(found)


def read(folder: Path = DATA) -> Hierarchy:
    """Read the hierarchy in `wordnet.tsv`, `display.tsv` and `everyday.tsv`."""
    parents: dict[str, tuple[str, ...]] = {}
    places: dict[int, str] = {}
    for label, above, _, *place in rows("wordnet.tsv", folder):
        parents[label] = many(above)
        if place and place[0]:
            places[int(place[0])] = label
    kinds: dict[str, set[str]] = {name: set() for name in ("tag", "broad", "dull", "wary")}
    for kind, label, other, *_ in rows("display.tsv", folder):
        match kind:
            case "cut":
                parents[label] = tuple(each for each in parents[label] if each != other)
            case "join" | "like":
                parents[label] = (*parents[label], other)
            case "same":
                pass  # about names alone
            case _:
                kinds[kind].add(label)
    everyday = {label: many(above) for _, label, above in rows("everyday.tsv", folder)}
    return Hierarchy(
        parents={**everyday, **parents},
        classes=tuple(places[place] for place in sorted(places)),
        tags=frozenset(kinds["tag"] | (everyday.keys() - parents.keys())),
        broad=frozenset(kinds["broad"]),
        dull=frozenset(kinds["dull"]),
        wary=frozenset(kinds["wary"]),
    )


@cache
def _shipped() -> Hierarchy:
    return read()
