"""Parts of statements, each with the values of its question marks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True)
class Sql:
    """Part of a statement, with the values of its question marks."""

    text: str
    values: tuple[object, ...] = ()


def joined(parts: Iterable[Sql], between: str) -> Sql:
    """Several parts in a row."""
    listed = list(parts)
    values = tuple(value for part in listed for value in part.values)
    return Sql(between.join(part.text for part in listed), values)


def in_parentheses(inner: Sql) -> Sql:
    """A part that stands for itself, whatever is beside it."""
    return Sql(f"({inner.text})", inner.values)
