"""Standard output that is full, closed or left by its reader, and a user without a home."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tagd.catalogue.db.engine import open_owner
from tagd.config.sources import find
from tagd.errors import ConfigError
from tests.acceptance.home import Home

COMMANDS = ("status", "tags --json", "failed --json", "models list", "--version", "status --help")


@pytest.fixture
def home(tmp_path: Path) -> Home:
    own = Home(tmp_path / "home")
    open_owner(own.database).close()
    return own


def in_shell(home: Home, command: str, streams: str) -> tuple[int, str, str]:
    """Exit status, what came out, and what was said of it."""
    script = f'"$@" {streams}'
    arguments = home.command(*command.split())
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", script, "bash", *arguments],
        capture_output=True,
        text=True,
        env=home.environment,
        cwd=home.root,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize(
    ("streams", "why"), [(">/dev/full", "No space left"), (">&-", "Bad file descriptor")]
)
def test_output_that_is_lost_is_said_in_a_line(home: Home, streams: str, why: str) -> None:
    for command in COMMANDS:
        status, _, errors = in_shell(home, command, streams)
        assert (status, len(errors.splitlines())) == (1, 1), (command, errors)
        assert errors.startswith(f"tagd: cannot write to standard output: {why}")


@pytest.mark.parametrize("streams", ["2>/dev/full", "2>&-", "</dev/null 2>&-"])
def test_messages_that_are_lost_cost_nothing_else(home: Home, streams: str) -> None:
    status, said, _ = in_shell(home, "status", streams)
    assert status == 0
    assert "catalogue" in said
    assert in_shell(home, "show /nowhere.jpg", streams)[0] == 1
    assert in_shell(home, "nonsense", streams)[0] == 2


def test_a_reader_that_leaves_is_nobodys_fault(home: Home) -> None:
    status, _, errors = in_shell(home, "models list --json", "| true")
    assert (status, errors) == (1, "")


def test_nothing_is_left_to_say_it_with(home: Home) -> None:
    assert in_shell(home, "status", ">/dev/full 2>&-")[0] == 1


def test_a_user_without_a_home_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os.path, "expanduser", lambda path: path)  # as for a user without an entry
    with pytest.raises(ConfigError, match="no home folder"):
        find(None, {})
