"""README tells the truth: its queries run, its files and commands exist."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from typer.main import get_command

from tagd.catalogue.engine import open_owner
from tagd.cli import app
from tagd.config import Config, load

PROJECT = Path(__file__).parents[2]
README = (PROJECT / "README.md").read_text(encoding="utf-8")
[SQL] = re.findall(r"```sql\n(.*?)```", README, re.DOTALL)
QUERIES = [query.strip() for query in SQL.split(";") if query.strip()]


def test_there_are_ten_queries() -> None:
    assert len(QUERIES) == 10


@pytest.mark.parametrize("query", QUERIES)
def test_a_query_runs(query: str, tmp_path: Path) -> None:
    path = tmp_path / "catalogue.db"
    open_owner(path).close()
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        names = [column for column, *_ in connection.execute(query).description]
    assert names


@pytest.mark.parametrize("text", re.findall(r"```toml\n(.*?)```", README, re.DOTALL))
def test_a_configuration_is_well(text: str, tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text(text, encoding="utf-8")
    assert load(file, {"HOME": str(tmp_path)}) != Config()


def test_the_views_have_the_columns_that_are_documented(tmp_path: Path) -> None:
    documented = {
        name: columns.split(":")[0].strip().split(", ")
        for name, columns in re.findall(r"^\| `(v_\w+)` \| (.*?) \|$", README, re.MULTILINE)
    }
    path = tmp_path / "catalogue.db"
    open_owner(path).close()
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        views = {
            name: [row[1] for row in connection.execute(f"PRAGMA table_info({name})")]
            for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'view'")
        }
    assert documented == views


def test_every_command_named_exists_and_every_command_is_named() -> None:
    commands = set(getattr(get_command(app), "commands"))  # noqa: B009 - typer's group, untyped
    named = set(re.findall(r"\btagd (\w+)", README)) - {"gives", "chooses", "runs", "needs"}
    assert commands <= named
    words = {line.split()[1] for line in re.findall(r"^ {4}(tagd .*)$", README, re.MULTILINE)}
    assert words <= commands


def test_every_file_linked_exists() -> None:
    links = re.findall(r"\]\(((?!http)[^)]+)\)", README)
    assert links
    for link in links:
        assert (PROJECT / link).exists(), link
