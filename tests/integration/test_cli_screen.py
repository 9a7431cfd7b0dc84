"""How things stand, on a terminal of 80 columns and 24 lines, through the command."""

from __future__ import annotations

import time
from contextlib import closing

import pytest

from tagd.catalogue.db.engine import open_owner
from tagd.catalogue.files import photos
from tagd.catalogue.queue import claims, jobs
from tagd.domain import JobKind, Priority, SettledFile, Signature
from tests.acceptance.home import Home
from tests.terminal import COLUMNS, Terminal

BROKEN = [f"a folder with quite a long name/broken {number}.jpg" for number in range(7)]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """One whose photos all failed."""
    made, now = Home(tmp_path_factory.mktemp("screen") / "home"), time.time()
    files = [
        SettledFile(made.photos / name, Signature(1000, 1, 1, number), Priority.NEW)
        for number, name in enumerate(BROKEN)
    ]
    with closing(open_owner(made.database)) as catalogue, catalogue.write() as tx:
        photos.submit(tx, files, now)
        for job in claims.claim(tx, JobKind.TAG, limit=9, lease="t/1", lease_seconds=60, now=now):
            assert jobs.quarantine(tx, job, "not-an-image", "is a text file", now)
    return made


def test_the_screen_ends_at_a_key_and_leaves_the_terminal_as_it_was(home: Home) -> None:
    with Terminal(home.command("status", "--watch"), home.environment) as terminal:
        terminal.wait_for("q or Ctrl-C ends")
        assert terminal.shows("tagged last")
        assert not terminal.echoes()
        terminal.type("q")
        assert terminal.ended() == 0
        assert terminal.echoes()


def test_a_terminal_without_screens_gets_plain_lines(home: Home) -> None:
    dumb = {**home.environment, "TERM": "dumb"}
    with Terminal(home.command("status", "--watch"), dumb) as terminal:
        terminal.wait_for("; pace: ")
        terminal.type("q")
        assert terminal.ended() == 0
        assert "\x1b" not in terminal.text


def test_on_a_terminal_a_failure_is_a_line_and_its_path_can_be_copied(home: Home) -> None:
    with Terminal(home.command("status"), home.environment) as terminal:
        assert terminal.ended() == 0
    failures = [line for line in terminal.text.splitlines() if "broken" in line]
    assert len(failures) == 5
    assert max(map(len, failures)) <= COLUMNS
    with Terminal(home.command("failed"), home.environment) as terminal:
        assert terminal.ended() == 0
    assert {str(home.photos / name) for name in BROKEN} <= set(terminal.text.splitlines())
