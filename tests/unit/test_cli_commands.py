"""Which commands there are, and that no more of them is imported than is asked for."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module
from typing import cast

import pytest
import typer
from typer.core import TyperGroup
from typer.main import get_command, get_group

from tagd.cli import COMMANDS, app_for


def names(app: typer.Typer) -> list[str]:
    return list(cast(TyperGroup, get_command(app)).commands)


@pytest.mark.parametrize("file", COMMANDS)
def test_a_file_adds_the_commands_that_are_listed(file: str) -> None:
    app = typer.Typer()
    app.callback()(lambda: None)  # else a single command has no name of its own
    import_module(f"tagd.cli.{file}").register(app)
    assert sorted(get_group(app).commands) == sorted(COMMANDS[file])


@pytest.mark.parametrize("words", [[], ["--help"], ["serach", "cat"]])
def test_all_commands_are_there_where_none_is_named(words: list[str]) -> None:
    everything = [command for commands in COMMANDS.values() for command in commands]
    assert sorted(names(app_for(words))) == sorted(everything)


def test_a_value_that_is_a_commands_name_hides_no_command() -> None:
    assert names(app_for(["--config", "tag", "search", "cat"])) == ["run", "tag", "search", "show"]


def test_a_search_imports_what_it_needs_alone() -> None:
    """What it does without takes two thirds of its time."""
    code = (
        "import sys; from tagd.cli import app_for; app_for(['search'])\n"
        "from tagd.app import search\n"
        "heavy = {'sqlalchemy', 'alembic', 'numpy', 'torch', 'rich', 'tagd.tagging'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
