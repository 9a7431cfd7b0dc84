"""`confirm`, `reject`, `add`, `remove`, `undo` and `history`, through the command."""

from __future__ import annotations

import os
import pty
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from tagd.catalogue.engine import open_owner
from tests.acceptance.home import Home
from tests.reading import BROKEN, fill


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """Four photos with tags: a cat, a cat with a dog, an espresso, and nothing."""
    made = Home(tmp_path / "home")
    with closing(open_owner(made.database)) as catalogue:
        fill(catalogue, made.photos)
    return made


def test_a_day_of_talking_about_photos(home: Home) -> None:
    cat, both = home.photos / "猫 1.jpg", home.photos / "both.jpg"
    with closing(open_owner(home.database, "tagd run")):
        told = home.run("reject", cat, both, "動物")
    assert told.stdout.startswith("rejected animal with cat, dog: 2 photos (`")
    assert "undo --run 1`" in told.stdout
    assert home.tags("both.jpg") == []
    given = home.json("add", "--query", "path:.jpg", "  Aunt   Ada ")
    assert (given["label"], given["changed"], given["run"]) == ("own:Aunt Ada", 4, 2)
    assert home.json("remove", home.photos, "aunt ada")["changed"] == 4
    assert home.json("undo", "--run", "1")["said"] == 5
    assert home.tags("both.jpg") == ["animal", "dog", "cat"]
    assert home.json("confirm", both, "n02121808")["changed"] == 1
    assert [each["change"] for each in home.json("history", both)].count("restored") == 3
    runs = home.run("history").stdout.splitlines()
    assert runs[0].split() == ["run", "since", "command", "did"]
    assert len(runs) == 6


def test_what_would_be_taken_back_is_told_by_tag(home: Home) -> None:
    assert home.json("add", home.photos / "plain.jpg", home.photos / "both.jpg", "cat")["run"] == 1
    assert home.json("reject", home.photos / "both.jpg", "dog")["run"] == 2
    for changes in (["--dry-run"], []):
        lines = home.run("undo", "--run", "2", *changes).stdout.splitlines()
        assert [line.split() for line in lines[:2]] == [["tag", "gained", "lost"], ["dog", "+1"]]
        told = home.json("undo", "--run", "1", *changes)
        assert (told["photos"], told["changed"], told["said"]) == (2, 1, 2), (
            "both has it by a model"
        )
        assert (told["gained"], told["lost"]) == ({}, {"cat": 1})
    assert home.tags("both.jpg") == ["animal", "dog", "cat"]


def test_what_cannot_be_done_changes_nothing_and_says_why(home: Home) -> None:
    cat = home.photos / "猫 1.jpg"
    for status, words, arguments in (
        (1, "does not know", ("reject", cat, home.photos / "no.jpg", "cat")),
        (1, "a tag of several words takes quotes: 'Aunt Ada'", ("add", cat, "Aunt", "Ada")),
        (1, "failed, is a text file", ("reject", home.photos / "broken 0.jpg", "cat")),
        (1, "has no tag 'dog'", ("confirm", cat, "dog")),
        (2, "crane (n02012849) or construction crane (n03126707)", ("add", cat, "crane")),
        (2, "did you mean", ("reject", cat, "expresso")),
        (2, "name photos", ("reject", "cat")),
        (1, "there is no run 9", ("undo", "--run", "9")),
        (2, "one of --run", ("undo",)),
        (2, "caf\\xe9 is not UTF-8", ("add", cat, "caf\udce9")),
        (2, "\\xff is not UTF-8", ("undo", "--model", "\udcff")),
    ):
        told = home.run(*arguments)
        assert (told.returncode, told.stdout) == (status, ""), (arguments, told.stderr)
        assert words in told.stderr
        assert "tag of your own" not in told.stderr
        assert "Traceback" not in told.stderr
    assert home.rows("SELECT count(*) FROM v_history WHERE who = 'person'") == [(0,)]


@pytest.mark.parametrize(
    "command",
    [
        ["add", "", "Oops"],
        ["reject", "", "cat"],
        ["confirm", "photos", "", "cat"],
        ["remove", "", "cat"],
        ["tag", ""],
        ["run", ""],
        ["show", ""],
        ["history", ""],
        ["failed", "--retry", ""],
        ["policy", "explain", ""],
        ["restore", ""],
    ],
)
def test_an_empty_path_is_not_the_folder_one_is_in(home: Home, command: list[str]) -> None:
    told = home.run(*command)
    assert (told.returncode, told.stdout) == (2, "")
    assert "this path is empty" in told.stderr.splitlines()[-1]
    assert home.rows("SELECT count(*) FROM v_history WHERE who = 'person'") == [(0,)]
    assert home.json("status")["queue"]["quarantined"] == len(BROKEN)


def test_on_a_terminal_an_ambiguous_name_is_asked_about(home: Home) -> None:
    ours, theirs = pty.openpty()
    os.write(ours, b"7\n2\n")
    told = subprocess.run(
        home.command("add", home.photos / "猫 1.jpg", "crane"),
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=theirs,
        env=home.environment,
        check=False,
    )
    os.close(theirs)
    asked = os.read(ours, 9999).decode()
    os.close(ours)
    assert told.returncode == 0, asked
    assert b"construction crane" in told.stdout
    assert "crane (n02012849)" in asked
