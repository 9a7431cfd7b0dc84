"""What people type into `search` and `export`, through the command on a real catalogue."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from tagd.catalogue.db.engine import open_owner
from tests.acceptance.home import Home
from tests.reading import fill


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    made = Home(tmp_path_factory.mktemp("search") / "home")
    with closing(open_owner(made.database)) as catalogue:
        fill(catalogue, made.photos)
    return made


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("nikon", "camera:nikon finds 4 files"),
        ("both.jpg", "path:both.jpg finds 1 file"),
        ('"broken 1"', 'path:"broken 1" finds 1 file'),
        ("2999", ""),
        ("nowhere-at-all", ""),
    ],
)
def test_a_word_that_is_no_tag_is_found_elsewhere(home: Home, word: str, said: str) -> None:
    told = home.run("search", word)
    assert told.returncode == 1
    assert said in told.stderr
    assert said or "finds" not in told.stderr


def test_a_query_may_begin_with_a_minus(home: Home) -> None:
    for typed in (["-dog"], ["-- -dog"], ["-dog", "--limit", "9"]):
        found = home.json("search", *typed)
        assert "both.jpg" not in {Path(each["path"]).name for each in found}
        assert "plain.jpg" in {Path(each["path"]).name for each in found}
    assert home.run("search", "cat", "-dog").stdout == home.run("search", "cat -dog").stdout
    assert home.run("export", "-cat", "-hawk").stdout.count("espresso") == 1


@pytest.mark.parametrize(
    ("typed", "said"),
    [(["--sort", "size"], "'size' is not one of 'path'"), (["--limit", "x"], "a whole number")],
)
def test_a_wrong_value_is_told_in_our_words(home: Home, typed: list[str], said: str) -> None:
    told = home.run("search", "cat", *typed)
    assert told.returncode == 2
    assert f"'{typed[0]}': {said}" in told.stderr.replace("must be ", "")


def test_a_plural_finds_what_one_of_them_is_called(home: Home) -> None:
    one, many = home.run("search", "dog"), home.run("search", "dogs")
    assert many.stdout == one.stdout
    assert "both.jpg" in many.stdout
