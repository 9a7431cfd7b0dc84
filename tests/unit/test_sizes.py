"""No file is longer than one reads at a sitting, no function longer than one sees at once."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

PROJECT = Path(__file__).parents[2]
SOURCES = [
    path
    for folder in ("tagd", "tests", "migrations", "benchmarks")
    for path in sorted((PROJECT / folder).rglob("*.py"))
]
FILE_LINES, FUNCTION_LINES = 400, 50


def lengths(source: str) -> Iterator[tuple[str, int]]:
    """Each function's lines from its first statement on: a command's options are no length."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[bool(ast.get_docstring(node)) and len(node.body) > 1]
            yield node.name, (node.end_lineno or 0) - first.lineno + 1


def test_what_is_counted() -> None:
    source = 'def long(\n    a,\n    b,\n):\n    """Why."""\n    a()\n\n    return b\n'
    assert list(lengths(source)) == [("long", 3)]


def test_no_file_is_too_long() -> None:
    counted = {str(path): len(path.read_text(encoding="utf-8").splitlines()) for path in SOURCES}
    assert len(counted) > 300
    assert {path: lines for path, lines in counted.items() if lines > FILE_LINES} == {}


def test_no_function_is_too_long() -> None:
    assert [
        (str(path), name, lines)
        for path in SOURCES
        for name, lines in lengths(path.read_text(encoding="utf-8"))
        if lines > FUNCTION_LINES
    ] == []
