"""docs/glossary.md and the code speak the same words."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
GLOSSARY = (PROJECT / "docs/glossary.md").read_text(encoding="utf-8")
USED, _, UNUSED = GLOSSARY.partition("## Words that are not used")
TERMS = re.findall(r"^\| ([\w ]+) \| .+ \| `(tagd[\w.]*)` \|$", USED, re.MULTILINE)
# Each word that is not used, with the packages that have no name with it.
AVOIDED = re.findall(r"^\| (\w+) \| [^|]+ \| (`tagd.+`) \|$", UNUSED, re.MULTILINE)


def test_each_word_stands_once_and_where_one_looks_for_it() -> None:
    words = [word for word, _ in TERMS]
    assert len(words) > 30
    assert words == sorted(set(words))


@pytest.mark.parametrize(("word", "place"), TERMS)
def test_it_lives_where_the_glossary_says(word: str, place: str) -> None:
    module, _, name = place.rpartition(".")
    try:
        import_module(place)
    except ImportError:
        assert hasattr(import_module(module), name), place


@cache
def parts(name: str) -> frozenset[str]:
    """The words of a name: `want_of` and `WantOf` are want and of."""
    return frozenset(re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower().split("_"))


def names(package: str) -> Iterator[tuple[str, str]]:
    """Every name that a package makes, with where it is; a variable's is one word."""
    for file in sorted((PROJECT / package.replace(".", "/")).rglob("*.py")):
        place = str(file.relative_to(PROJECT))
        yield file.stem, place
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                yield node.name, f"{place}:{node.lineno}"
            elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                yield node.id.replace("_", ""), f"{place}:{node.lineno}"
            elif isinstance(node, ast.arg):
                yield node.arg.replace("_", ""), f"{place}:{node.lineno}"


@pytest.mark.parametrize(("word", "packages"), AVOIDED)
def test_no_name_has_a_word_that_is_not_used(word: str, packages: str) -> None:
    found = [
        (name, place)
        for package in re.findall(r"`([\w.]+)`", packages)
        for name, place in names(package)
        if word in parts(name)
    ]
    assert found == []
