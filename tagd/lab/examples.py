"""Photos whose class is known: one folder a class."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tagd.errors import ModelError
from tagd.fs import display

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Example:
    """A photo and the name of its class."""

    path: Path
    kind: str


def examples_in(folder: Path, admits: Callable[[Path], bool]) -> list[Example]:
    """Return the photos in the folders below `folder`, the folder's name being the class.

    Raises `ModelError` when there are none.
    """
    try:
        kinds = sorted(each for each in folder.iterdir() if each.is_dir())
        found = [
            Example(path, kind.name)
            for kind in kinds
            for path in sorted(kind.rglob("*"))
            if path.is_file() and admits(path.relative_to(folder))
        ]
    except OSError as error:
        raise ModelError(f"{display(folder)}: cannot be read: {error.strerror}") from error
    if not found:
        raise ModelError(
            f"{display(folder)}: no photos in folders named by their class",
            hint="There must be a folder for each class, such as n02123045 or tabby.",
        )
    return found


def label_of(
    kind: str,
    labels: Collection[str],
    names: Callable[[str], str],
    resolve: Callable[[str], Collection[str]],
) -> str | None:
    """Return the label of a model that a class is, by its id, its name, or a synonym of it; None
    where that is none, or not one alone."""
    if kind in labels:
        return kind
    plain = kind.replace("_", " ").casefold()
    named = {label for label in labels if names(label).casefold() == plain}
    found = named or set(resolve(kind.replace("_", " "))) & set(labels)
    return next(iter(found)) if len(found) == 1 else None


def truths(
    examples: Sequence[Example],
    labels: Collection[str],
    names: Callable[[str], str],
    resolve: Callable[[str], Collection[str]],
) -> list[str | None]:
    """Return the label of each example; None where the model has none for its class."""
    known: dict[str, str | None] = {}
    for kind in {example.kind for example in examples}:
        known[kind] = label_of(kind, labels, names, resolve)
    return [known[example.kind] for example in examples]
