"""README tells the truth: its queries run, its files and commands exist."""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from typer.main import get_command

from tagd.catalogue.db.engine import open_owner
from tagd.cli import app_for
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


@pytest.fixture
def own_home(tmp_path: Path) -> dict[str, str]:
    """A home in which README's catalogue is, with one tag in it."""
    path = tmp_path / ".local" / "share" / "tagd" / "catalogue.db"
    with open_owner(path) as catalogue, catalogue.write() as tx:
        tx.exec_driver_sql("INSERT INTO label VALUES (1, 'n02121808', 'cat')")
        tx.exec_driver_sql(
            "INSERT INTO photo (id, content_hash, format, width, height, orientation)"
            " VALUES (1, 'a', 'JPEG', 1, 1, 1)"
        )
        tx.exec_driver_sql(
            "INSERT INTO file (path_key, path, photo_id, state, state_since, size, mtime_ns,"
            " ctime_ns, inode, seen_at) VALUES (x'2f61', '/a', 1, 'tagged', 0, 1, 1, 1, 1, 0)"
        )
        tx.exec_driver_sql("INSERT INTO tag VALUES (1, 1, 'model', 1, 'active', 0.9, NULL, 0)")
    return {**os.environ, "HOME": str(tmp_path)}


def test_the_shell_reads_it_as_printed(own_home: dict[str, str]) -> None:
    if shutil.which("sqlite3") is None and "CI" not in os.environ:
        pytest.skip("no sqlite3 shell; .ci/run installs one")
    [line] = re.findall(r"```sh\n(.*?)```", README, re.DOTALL)
    told = subprocess.run(
        line, shell=True, env=own_home, capture_output=True, text=True, check=True
    )
    assert told.stdout == "cat|1\n"


def test_pandas_reads_it_as_printed(own_home: dict[str, str]) -> None:
    [program] = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    told = subprocess.run(
        [sys.executable, "-c", program], env=own_home, capture_output=True, text=True, check=True
    )
    assert "cat" in told.stdout


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
    commands = set(getattr(get_command(app_for()), "commands"))  # noqa: B009 - typer's group, untyped
    named = set(re.findall(r"\btagd (\w+)", README)) - {"gives", "chooses", "runs", "needs"}
    assert commands <= named
    words = {line.split()[1] for line in re.findall(r"^ {4}(tagd .*)$", README, re.MULTILINE)}
    assert words <= commands


def test_every_file_linked_exists() -> None:
    links = re.findall(r"\]\(((?!http)[^)]+)\)", README)
    assert links
    for link in links:
        assert (PROJECT / link).exists(), link


def test_make_run_knows_the_home_folder_whatever_the_shell_does(tmp_path: Path) -> None:
    told = subprocess.run(
        ["make", "--dry-run", "--always-make", "run", "PHOTOS=~/My Pictures"],
        cwd=PROJECT,
        env={**os.environ, "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert f'tagd run "{tmp_path}/My Pictures"' in told.stdout
