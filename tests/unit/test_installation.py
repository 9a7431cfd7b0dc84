"""Commands in messages, as a person can type them in this very installation."""

from __future__ import annotations

import ast
import os
import re
import shlex
import subprocess
import sys
import venv
from collections.abc import Iterator
from pathlib import Path

import pytest

from tagd import installation
from tagd.cli import COMMANDS
from tagd.installation import as_typed

TAGD = Path(__file__).parents[2] / "tagd"
BARE = re.compile(rf"(?<!`)(?<!let )(?<!may )\btagd (?:{'|'.join(sum(COMMANDS.values(), ()))})\b")


FENCED = re.compile(r"^```.*?^```", re.DOTALL | re.MULTILINE)  # in a page, as it is typed


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder with an environment `.venv` whose command is this source, as `make run` makes it."""
    folder = tmp_path / "my tagd"
    venv.create(folder / ".venv", with_pip=False, symlinks=True)
    command = folder / ".venv" / "bin" / "tagd"
    paths = [str(TAGD.parent), *filter(None, sys.path)]
    command.write_text(
        f"#!/usr/bin/env -S {sys.executable}\nimport sys\nsys.path[:0] = {paths!r}\n"
        f"sys.executable = {str(command.with_name('python'))!r}\n"
        "from tagd.cli import main\nmain()\n"
    )
    command.chmod(0o755)
    return folder


def said(command: str | Path, *arguments: str, cwd: Path, path: str = os.defpath) -> str:
    """What the command says on stderr where it has no catalogue, its words."""
    told = subprocess.run(
        [command, *arguments],
        cwd=cwd,
        env={"HOME": str(cwd), "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 1, told.stderr
    return told.stderr


def test_a_hint_is_the_path_of_the_command_where_no_shell_finds_it(checkout: Path) -> None:
    command = checkout / ".venv" / "bin" / "tagd"
    assert "`.venv/bin/tagd run` makes one" in said(".venv/bin/tagd", "tags", cwd=checkout)
    there = said(command, "tags", cwd=checkout.parent)
    assert f"`{shlex.quote(str(command))} run` makes one" in there


def test_a_hint_is_the_plain_name_where_a_shell_finds_this_very_command(checkout: Path) -> None:
    command = checkout / ".venv" / "bin" / "tagd"
    elsewhere = checkout.parent / "bin"
    elsewhere.mkdir()
    (elsewhere / "tagd").symlink_to(command)  # as pipx does
    path = f"{elsewhere}:{os.defpath}"
    assert "`tagd run` makes one" in said("tagd", "tags", cwd=checkout.parent, path=path)
    (elsewhere / "tagd").unlink()
    (elsewhere / "tagd").write_text("#!/bin/sh\n")  # another one of this name
    (elsewhere / "tagd").chmod(0o755)
    assert "`.venv/bin/tagd run`" in said(command, "tags", cwd=checkout, path=path)


@pytest.mark.parametrize("given", [["--config", "my.toml"], ["--config=my.toml"]])
def test_a_hint_keeps_the_configuration_that_was_given(checkout: Path, given: list[str]) -> None:
    (checkout / "my.toml").write_text('[catalogue]\npath = "c.db"\n')
    there = shlex.quote(str(checkout / "my.toml"))
    told = said(".venv/bin/tagd", "tags", *given, cwd=checkout)
    assert f"`.venv/bin/tagd --config {there} run`" in told


def test_usage_names_the_command_as_well(checkout: Path) -> None:
    told = subprocess.run(
        [".venv/bin/tagd", "tags", "--nonsense"],
        cwd=checkout,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Try '.venv/bin/tagd tags -h'" in told.stderr


def test_only_commands_are_changed() -> None:
    assert as_typed("tagd writes `tag`, and `tagdir run`") == "tagd writes `tag`, and `tagdir run`"


@pytest.mark.parametrize(
    ("marks", "expected"),
    [
        (["pipx_metadata.json", "bin/pip"], "pipx runpip {name} install"),
        (["bin/pip"], "{prefix}/bin/pip install"),
        ([], "uv pip install --python {prefix}/bin/python"),
    ],
)
def test_who_installs_into_an_environment(marks: list[str], expected: str, tmp_path: Path) -> None:
    for mark in marks:
        (tmp_path / mark).parent.mkdir(exist_ok=True)
        (tmp_path / mark).touch()
    words = installation._installer(tmp_path / "bin" / "python", tmp_path, Path("/usr"))
    assert " ".join(words) == expected.format(prefix=tmp_path, name=tmp_path.name)


def test_who_installs_into_the_systems_python() -> None:
    words = installation._installer(Path("/usr/bin/python3"), Path("/usr"), Path("/usr"))
    assert words[:4] == ("/usr/bin/python3", "-m", "pip", "install")


def test_the_command_that_adds_an_extra_is_one_that_pip_takes() -> None:
    requirement = shlex.split(installation.adding("raw"))[-1]
    assert requirement.startswith("rawpy")
    told = subprocess.run(
        [sys.executable, "-m", "pip", "install", "--dry-run", "--no-index", requirement],
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 0, told.stderr


def constants(file: Path) -> Iterator[tuple[int, str, bool]]:
    """The strings of a file that are no docstrings: line, text, and whether it is a hint alone."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    hints = {
        id(each.value)
        for each in ast.walk(tree)
        if isinstance(each, ast.keyword) and each.arg == "hint"
    }
    documented = {
        id(each.body[0].value)
        for each in ast.walk(tree)
        if isinstance(each, ast.Module | ast.ClassDef | ast.FunctionDef)
        and each.body
        and isinstance(each.body[0], ast.Expr)
    }
    for each in ast.walk(tree):
        if not isinstance(each, ast.Constant) or id(each) in documented:
            continue
        if isinstance(each.value, str):
            yield each.lineno, each.value, id(each) in hints


def test_every_message_has_its_commands_in_backticks() -> None:
    """Else they are not as they can be typed. A constant that is nothing but a command's name is
    that of a run, which is no message."""
    bare = [
        (str(file), line, text)
        for file in sorted(TAGD.rglob("*.py"))
        for line, text, is_hint in constants(file)
        if BARE.search(FENCED.sub("", text))
        and (is_hint or not re.fullmatch(r"tagd( [\w-]+)+ ?", text))
    ]
    assert bare == []
