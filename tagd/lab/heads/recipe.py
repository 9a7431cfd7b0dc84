"""What a training is to do beside its numbers: which words, what else is known, which rules."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from tagd.errors import ConfigError
from tagd.fs import display

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tagd.lab.heads.examples import Examples


@dataclass(frozen=True, slots=True)
class Absent:
    """Words that the pictures of some sets do not show, where nobody has said so: with a weight,
    as this is likely, and only where the picture shows none of `unless`."""

    words: tuple[str, ...]
    sets: tuple[str, ...]
    weight: float
    unless: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Source:
    """Where the pictures of a set come from, and what is known of their licence."""

    set: str
    name: str
    licence: str


@dataclass(frozen=True, slots=True)
class Recipe:
    """`left_out`: words that are never told. `rules`: as `Head.about` has them."""

    left_out: tuple[str, ...] = ()
    absent: tuple[Absent, ...] = ()
    rules: Mapping[str, Any] = field(default_factory=dict)
    sources: tuple[Source, ...] = ()

    def applied(self, numbers: Examples) -> Examples:
        """Return the numbers without the words that are left out, and with what is known beside."""
        known, truths = numbers.known.copy(), numbers.truths.copy()
        sets = np.array(numbers.sets)
        for absent in self.absent:
            shown = [numbers.words.index(word) for word in absent.unless]
            seen = (truths[:, shown] * known[:, shown] > 0).any(axis=1)
            for place in map(numbers.words.index, absent.words):
                unsaid = np.isin(sets, absent.sets) & ~seen & (known[:, place] == 0)
                known[unsaid, place], truths[unsaid, place] = absent.weight, 0
        words = [word for word in numbers.words if word not in self.left_out]
        return replace(numbers, truths=truths, known=known).of_words(words)


def read_recipe(path: Path) -> Recipe:
    """Return the recipe in a TOML file. Raises `ConfigError`."""
    try:
        said = tomllib.loads(path.read_text(encoding="utf-8"))
        return Recipe(
            left_out=tuple(said.get("left_out", ())),
            absent=tuple(Absent(**_tuples(each)) for each in said.get("absent", ())),
            rules=said.get("rules", {}),
            sources=tuple(Source(**each) for each in said.get("source", ())),
        )
    except (OSError, ValueError, TypeError) as error:
        raise ConfigError(f"{display(path)}: no recipe: {error}") from error


def _tuples(said: Mapping[str, Any]) -> dict[str, Any]:
    """Return the same with tuples for lists."""
    return {key: tuple(value) if isinstance(value, list) else value for key, value in said.items()}
