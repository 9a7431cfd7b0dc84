"""Every package begins with a map of itself, on which each of its modules has a place."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from tagd.cli import COMMANDS

TAGD = Path(__file__).parents[2] / "tagd"
PACKAGES = sorted(file.parent for file in TAGD.rglob("__init__.py"))


def modules_of(package: Path) -> set[str]:
    """The modules and packages directly in it that are not private."""
    files = {file.stem for file in package.glob("*.py")}
    folders = {file.parent.name for file in package.glob("*/__init__.py")}
    return {name for name in files | folders if not name.startswith("_")}


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: str(package.relative_to(TAGD)))
def test_a_packages_docstring_names_each_of_its_modules(package: Path) -> None:
    source = (package / "__init__.py").read_text(encoding="utf-8")
    named = set(re.findall(r"\w+", ast.get_docstring(ast.parse(source)) or ""))
    if package == TAGD / "cli":
        named |= COMMANDS.keys()  # it joins these, so that no second list of them is needed
    assert modules_of(package) - named == set()
