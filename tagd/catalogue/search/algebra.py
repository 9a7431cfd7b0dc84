"""What a query means for this catalogue, and which of it to begin with. Pure.

    Query → meant → Node (labels, cameras and models in place of words) → simplified

A node is simplified by what sets of labels say: who asks for cats that are no animals asks for
nothing, and need not walk through all cats to find it out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from tagd.catalogue.search.dates import FOR_EVER, bounds
from tagd.catalogue.search.query import (
    And,
    CameraTerm,
    ConfidenceTerm,
    ModelTerm,
    NearTerm,
    Not,
    Or,
    PathTerm,
    PlacedTerm,
    Query,
    RatingTerm,
    SourceTerm,
    StateTerm,
    SuggestedTerm,
    TagCountTerm,
    TaggerTerm,
    TagTerm,
    TakenTerm,
)
from tagd.domain import FileState

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

Camera = tuple[str | None, str | None]  # make, model


@dataclass(frozen=True, slots=True)
class GivenBy:
    """What one of these taggers gave."""

    taggers: frozenset[int]


Quality = ConfidenceTerm | SourceTerm | GivenBy


class Words(Protocol):
    """What the words of a query stand for, as rows. Each raises `QueryError` for what is unknown
    and looks like a mistake."""

    def tags(self, term: TagTerm | SuggestedTerm) -> frozenset[int]: ...
    def cameras(self, term: CameraTerm) -> frozenset[Camera]: ...
    def models(self, term: ModelTerm) -> frozenset[int]: ...
    def taggers(self, term: TaggerTerm) -> frozenset[int]: ...


@dataclass(frozen=True, slots=True)
class Tagged:
    """Has one of these labels in force (None: any) from a source and as sure as `quality` says."""

    labels: frozenset[int] | None
    quality: tuple[Quality, ...] = ()


@dataclass(frozen=True, slots=True)
class Suggested:
    """One of these labels is suggested, and nobody has said anything of it."""

    labels: frozenset[int]


@dataclass(frozen=True, slots=True)
class Taken:
    """Taken from one moment to before another, as `file.taken` has moments."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class ShotWith:
    """Taken with one of these cameras."""

    cameras: frozenset[Camera]


@dataclass(frozen=True, slots=True)
class SaidBy:
    """What counts for the photo is the word of one of these models."""

    models: frozenset[int]


@dataclass(frozen=True, slots=True)
class Negated:
    """Not so."""

    node: Node


@dataclass(frozen=True, slots=True)
class All:
    """All of them; of none: always."""

    nodes: tuple[Node, ...] = ()


@dataclass(frozen=True, slots=True)
class AnyOf:
    """One of them at least; of none: never."""

    nodes: tuple[Node, ...] = ()


Said = RatingTerm | PlacedTerm | NearTerm  # what stands in the file
Node = (
    Tagged
    | Suggested
    | TagCountTerm
    | Taken
    | ShotWith
    | SaidBy
    | Said
    | PathTerm
    | StateTerm
    | Negated
    | All
    | AnyOf
)
ALWAYS, NEVER = All(), AnyOf()
THERE = Negated(StateTerm(FileState.MISSING))
ANY_TIME = Taken(0, FOR_EVER)


def meant(query: Query, words: Words) -> Node:
    """The query with rows in the place of words. Files that are missing are found only where a
    state is asked for."""
    node = _meant(query, (), words)
    return simplified(node if _asks_for_missing(query) else All((node, THERE)))


def _asks_for_missing(query: Query) -> bool:
    return any(term == StateTerm(FileState.MISSING) for term in _terms(query))


def _terms(query: Query) -> Iterator[Query]:
    """All terms, but for those under a Not."""
    match query:
        case And(terms) | Or(terms):
            for term in terms:
                yield from _terms(term)
        case Not():
            pass
        case _:
            yield query


def _names_a_tag(query: Query) -> bool:
    return any(isinstance(term, TagTerm) for term in _terms(query))


def _meant(query: Query, quality: tuple[Quality, ...], words: Words) -> Node:
    """`quality` is what the terms beside ask of the tags in here: of those that are named, else of
    any tag."""
    match query:
        case TagTerm():
            return Tagged(words.tags(query), quality)
        case ConfidenceTerm() | SourceTerm() | TaggerTerm():
            return Tagged(None, (*quality, _asked(query, words)))
        case Or(terms):
            return AnyOf(tuple(_meant(term, quality, words) for term in terms))
        case And(terms):
            return _all_meant(terms, quality, words)
        case Not(term):
            node: Node = Negated(_meant(term, (), words))
        case SuggestedTerm():
            node = Suggested(words.tags(query))
        case CameraTerm():
            node = ShotWith(words.cameras(query))
        case ModelTerm():
            node = SaidBy(words.models(query))
        case TakenTerm():
            node = Taken(*bounds(query))
        case _:
            node = query
    return All((node, Tagged(None, quality))) if quality else node


def _asked(term: ConfidenceTerm | SourceTerm | TaggerTerm, words: Words) -> Quality:
    return GivenBy(words.taggers(term)) if isinstance(term, TaggerTerm) else term


def _all_meant(terms: Iterable[Query], quality: tuple[Quality, ...], words: Words) -> Node:
    qualities, others = [], []
    for term in terms:
        if isinstance(term, ConfidenceTerm | SourceTerm | TaggerTerm):
            qualities.append(_asked(term, words))
        else:
            others.append(term)
    quality = (*quality, *qualities)
    nodes = [_meant(each, quality if _names_a_tag(each) else (), words) for each in others]
    if quality and not any(map(_names_a_tag, others)):
        nodes.append(Tagged(None, quality))
    return All(tuple(nodes))


def simplified(node: Node) -> Node:
    """The same in fewer words; `NEVER` where it says that nothing can be found."""
    match node:
        case All(nodes):
            return _all(map(simplified, nodes))
        case AnyOf(nodes):
            return _any_of(map(simplified, nodes))
        case Negated(inner):
            return _negated(simplified(inner))
        case Tagged(labels) if labels is not None and not labels:
            return NEVER
        case Suggested(labels) if not labels:
            return NEVER
        case ShotWith(cameras) if not cameras:
            return NEVER
        case SaidBy(models) if not models:
            return NEVER
    return node


def _negated(node: Node) -> Node:
    match node:
        case Negated(inner):
            return inner
        case All(()):
            return NEVER
        case AnyOf(()):
            return ALWAYS
    return Negated(node)


def _any_of(nodes: Iterable[Node]) -> Node:
    flat: dict[Node, None] = {}
    tagged: dict[tuple[Quality, ...], frozenset[int]] = {}
    for node in nodes:
        for each in node.nodes if isinstance(node, AnyOf) else (node,):
            if isinstance(each, Tagged) and each.labels is not None:
                tagged[each.quality] = tagged.get(each.quality, frozenset()) | each.labels
            else:
                flat[each] = None
    if ALWAYS in flat:
        return ALWAYS
    found = (*(Tagged(labels, quality) for quality, labels in tagged.items()), *flat)
    return found[0] if len(found) == 1 else AnyOf(found)


def _all(nodes: Iterable[Node]) -> Node:
    flat: dict[Node, None] = {}
    for node in nodes:
        flat |= dict.fromkeys(node.nodes if isinstance(node, All) else (node,))
    without = frozenset[int]().union(*filter(None, map(_excluded, flat)))
    found = [each for each in flat if _excluded(each) is None]
    found = [_less(each, without) for each in found]
    found = [each for each in found if not _follows(each, found)]
    if NEVER in found:
        return NEVER
    if without:
        found.append(Negated(Tagged(without)))
    return found[0] if len(found) == 1 else All(tuple(found))


def _excluded(node: Node) -> frozenset[int] | None:
    """The labels that a node forbids altogether."""
    match node:
        case Negated(Tagged(labels, ())):
            return labels
    return None


def _less(node: Node, without: frozenset[int]) -> Node:
    """A node beside labels that are forbidden."""
    match node:
        case Tagged(labels, quality) if labels is not None:
            return Tagged(labels - without, quality) if labels - without else NEVER
    return node


def _follows(node: Node, beside: Collection[Node]) -> bool:
    """Whether a node says no more than another beside it: an animal, where a cat is asked for."""
    match node:
        case Tagged(labels, ()):
            return any(
                isinstance(each, Tagged)
                and each != node
                and (labels is None or (each.labels is not None and each.labels <= labels))
                for each in beside
            )
    return False


def terms_of(node: Node) -> tuple[Node, ...]:
    """What must hold together."""
    return node.nodes if isinstance(node, All) else (node,)


def time_of(node: Node) -> Taken:
    """When everything was taken that a node finds."""
    taken = [term for term in terms_of(node) if isinstance(term, Taken)]
    return Taken(
        max((each.start for each in taken), default=ANY_TIME.start),
        min((each.end for each in taken), default=ANY_TIME.end),
    )


def named_labels(node: Node) -> frozenset[int] | None:
    """The labels that a query asks for; None where it asks for no certain ones."""
    match node:
        case Tagged(labels):
            return labels
        case All(nodes) | AnyOf(nodes):
            named = [labels for labels in map(named_labels, nodes) if labels is not None]
            return frozenset[int]().union(*named) if named else None
    return None
