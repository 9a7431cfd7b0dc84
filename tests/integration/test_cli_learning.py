"""`tagd learn`, as a person types it: a real catalogue, and what models saw in its photos."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path

import pytest

from tagd.catalogue.db.engine import open_owner
from tagd.catalogue.tagging.corrections import Action
from tests.acceptance.home import Home
from tests.learning import add_photos, say

BOATS = 24


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Photos of a boat, ten of which have its name by a person, among others."""
    made = Home(tmp_path_factory.mktemp("learning") / "home")
    with closing(open_owner(made.database)) as catalogue:
        boats = add_photos(catalogue, made.photos, [3] * BOATS)
        add_photos(catalogue, made.photos, [0] * 100, BOATS)
        say(catalogue, Action.ADD, boats[:10])
    return made


def run(home: Home, *arguments: str | Path) -> str:
    done = home.run(*arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


def found(home: Home, query: str) -> list[str]:
    return [Path(line).name for line in run(home, "search", "-0", query).split("\0") if line]


def test_a_tag_is_learnt_suggested_corrected_given_and_forgotten(home: Home) -> None:
    query = 'suggested:"our boat"'
    assert "nothing is learnt" in home.run("learn", "--list").stderr

    told = run(home, "learn", "our boat")
    assert "learned from 10 photos" in told
    assert "precision 0.9" in told
    assert len(found(home, query)) == BOATS - 10
    assert found(home, f"{query} path:00010") == ["00010.jpg"]
    assert len(found(home, f"-{query}")) == 110

    confirmed = run(home, "confirm", home.photos / "00010.jpg", "our boat")
    run(home, "reject", home.photos / "00011.jpg", "our boat")
    assert "confirmed our boat: 1 photo" in confirmed
    assert len(found(home, query)) == BOATS - 12

    told = json.loads(run(home, "learn", "our boat", "--give", "--json"))
    assert (told["heads"][0]["given"], told["heads"][0]["rejected"]) == (11, 1)
    if told["heads"][0]["precision"] >= 0.9:
        assert told["gained"] == len(found(home, "source:learned")) - 1 > 0
        assert "00011.jpg" not in found(home, '"our boat"')
    [listed] = json.loads(run(home, "learn", "--list", "--json"))
    assert (listed["tag"], listed["gives"], listed["waits"]) == ("our boat", True, False)

    gone = json.loads(run(home, "learn", "--forget", "our boat", "--json"))
    assert gone["photos"] == told["gained"]
    assert len(found(home, '"our boat"')) == 11
    assert json.loads(run(home, "learn", "--list", "--json")) == []


@pytest.mark.slow
def test_what_was_given_is_taken_back_as_a_run(home: Home) -> None:
    run(home, "add", home.photos / "00030.jpg", home.photos / "00031.jpg", "one-off")
    told = home.run("learn", "one-off")
    assert told.returncode == 1
    assert "2 photos have it" in told.stderr
    assert "add FILE one-off" in told.stderr
    run(home, "add", home.photos / "00011.jpg", "our boat")
    run(home, "reject", "--query", "path:0003", "our boat")
    learned = json.loads(run(home, "learn", "our boat", "--give", "--json"))
    assert learned["gained"] > 0
    run(home, "undo", "--run", str(learned["run"]))
    assert home.run("search", "source:learned path:0002").returncode == 1
    again = json.loads(run(home, "learn", "our boat", "--json"))
    assert again["gained"] == 0
    run(home, "learn", "--forget", "our boat")


def test_it_goes_to_another_machine(home: Home, tmp_path: Path) -> None:
    run(home, "learn", "our boat")
    run(home, "learn", "--export", tmp_path / "boat.json")
    assert "weights" in (tmp_path / "boat.json").read_text()
    refused = home.run("learn", "--import", tmp_path / "boat.json")
    assert refused.returncode == 1
    assert "is learnt here already" in refused.stderr
    run(home, "learn", "--forget", "our boat")
    taken = run(home, "learn", "--import", tmp_path / "boat.json")
    assert "learned from" in taken
    assert found(home, 'suggested:"our boat"') != []
    (tmp_path / "boat.json").write_text("{}")
    refused = home.run("learn", "--import", tmp_path / "boat.json")
    assert refused.returncode == 1
    assert "holds no learned tags" in refused.stderr


@pytest.mark.parametrize(
    ("arguments", "fragment"),
    [
        ((), "name a tag"),
        (("a", "--list"), "no TAG"),
        (("a", "--forget", "--give"), "do not go together"),
        (("--forget",), "name a tag"),
    ],
)
def test_options_that_make_no_sense_are_refused(
    home: Home, arguments: tuple[str, ...], fragment: str
) -> None:
    done = home.run("learn", *arguments)
    assert done.returncode == 2
    assert fragment in done.stderr


def test_what_is_not_learnt_is_not_forgotten(home: Home) -> None:
    done = home.run("learn", "--forget", "our house")
    assert done.returncode == 2
    assert "is not learnt" in done.stderr
