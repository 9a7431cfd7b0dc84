"""`confirm`, `reject`, `add`, `remove`, `undo` and `history`, through the command."""

from __future__ import annotations

import os
import pty
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from tagd.catalogue.db.engine import open_owner
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


def test_a_rejected_tag_is_confirmed_again(home: Home) -> None:
    cat, both = home.photos / "猫 1.jpg", home.photos / "both.jpg"
    assert home.json("reject", both, "cat")["run"] == 1
    told = home.run("remove", both, "cat")
    assert (told.returncode, "has no tag" in told.stderr) == (1, False)
    assert "rejected already" in told.stderr
    told = home.run("confirm", both, "cat")
    assert told.stdout.startswith("confirmed cat again; it was rejected: 1 photo (`")
    assert "cat" in home.tags("both.jpg")
    history = [(each["change"], each["tag"]) for each in home.json("history", both)]
    assert history[-2:] == [("rejected", "cat"), ("confirmed", "cat")]
    assert home.json("undo", "--run", "2")["said"] == 1
    assert "cat" not in home.tags("both.jpg")
    told = home.run("confirm", home.photos, "cat")
    assert "again; it was rejected in 1: 2 photos" in told.stdout
    assert home.json("reject", cat, "espresso")["changed"] == 1, "in advance"
    assert home.json("confirm", cat, "espresso")["lifted"] == 1
    assert "espresso" in home.tags("猫 1.jpg")


def test_words_that_name_people_and_places_become_ones_own(home: Home) -> None:
    cat = home.photos / "猫 1.jpg"
    for word in ("Mike", "Newfoundland", "Jersey"):
        told = home.run("add", cat, word)
        assert told.stdout.startswith(f"added {word}: 1 photo")
        assert f"{word!r} is a tag of your own now" in told.stderr
    told = home.run("add", cat, "hopper")
    assert told.stdout.startswith('added grasshopper (for "hopper"): 1 photo (`')
    assert "undo --run 4` and `" in told.stderr
    assert f"add --own '{cat}' hopper`" in told.stderr
    told = home.run("add", home.photos / "both.jpg", "Robin")
    assert told.stdout.startswith("added robin: 1 photo")
    assert "add --own" in told.stderr
    assert home.json("add", "--own", cat, "Robin")["label"] == "own:Robin"
    plain = home.photos / "plain.jpg"
    for word in ("robin", "own:robin", "ROBIN"):
        assert home.json("add", plain, word)["tag"] == "Robin", "one's own comes first"
    assert home.json("add", plain, "own:Jay")["label"] == "own:Jay"
    assert home.run("add", plain, "cat").stderr == ""


def test_a_search_finds_ones_own_by_its_name(home: Home) -> None:
    cat, both, plain = (home.photos / name for name in ("猫 1.jpg", "both.jpg", "plain.jpg"))
    home.run("add", both, "robin")
    home.run("add", cat, "microphone")
    for word in ("Mike", "my cat", "AC/DC: live (1991)", "Kim OR Pat"):
        assert home.json("add", "--own", plain, word)["changed"] == 1
        assert paths(home, word) == {plain}
        assert paths(home, word.upper()) == {plain}
    assert paths(home, "microphone") == {cat}
    home.run("add", "--own", cat, "Robin")
    assert paths(home, "robin") == {both, cat}
    assert paths(home, "own:Robin") == {cat}
    assert paths(home, "my", "cat") == {plain}
    assert paths(home, "cat dog") == {both}, "this names no tag"


def paths(home: Home, *query: str) -> set[Path]:
    return {Path(each["path"]) for each in home.json("search", *query)}


def test_names_have_an_end_and_obey_nothing_on_a_screen(home: Home) -> None:
    plain, long = home.photos / "plain.jpg", "x" * 256
    told = home.run("add", plain, long)
    assert (told.returncode, told.stdout) == (2, "")
    assert "256 characters" in told.stderr
    assert home.json("add", plain, long[1:])["tag"] == long[1:]
    for command in (["tags"], ["history", plain], ["history"], ["search", "path:plain"]):
        told = home.run(*command)
        assert long[:70] not in told.stdout
        assert "x…" in told.stdout
        assert long[1:] in home.run(*command, "--json").stdout
    told = home.run("undo", "--run", "1")
    assert "x…" in told.stdout
    assert long[:70] not in told.stdout
    assert home.json("add", plain, "evil\u202egpj")["tag"] == "evilgpj"
    assert home.run("add", plain, "\u202e").returncode == 2
    odd = home.photos / "turn\u202egpj.jpg"
    assert "\u202e" not in home.run("show", odd).stderr


def test_an_undo_of_one_photo_leaves_the_others(home: Home) -> None:
    cat, both = home.photos / "猫 1.jpg", home.photos / "both.jpg"
    assert home.json("reject", home.photos, "cat")["run"] == 1
    told = home.run("history", both)
    assert f"undo --run 1 {both}`" in told.stderr
    for changes in (["--dry-run"], []):
        done = home.json("undo", "--run", "1", both, *changes)
        assert (done["photos"], done["gained"]) == (1, {"cat": 1})
    assert "cat" in home.tags("both.jpg")
    assert "cat" not in home.tags("猫 1.jpg")
    assert home.json("undo", "--model", "efficientnet-lite0", cat)["photos"] == 1
    assert home.tags("猫 1.jpg") == []
    assert home.tags("both.jpg") == ["animal", "dog", "cat"]
    told = home.run("undo", "--run", "1", home.photos / "no.jpg")
    assert (told.returncode, "does not know" in told.stderr) == (1, True)


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
