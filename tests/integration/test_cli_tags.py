"""`tagd tags` and `tagd tags rederive`, through the command on a real catalogue."""

from __future__ import annotations

import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from tagd.catalogue.db.engine import open_owner
from tests.acceptance.home import Home
from tests.reading import fill

RULES = "[tags]\ndeny = ['animal']\nprefix = 'auto/'\nalias = { cat = 'Minka', '犬' = 'Minka' }\n"


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """Photos that the default rules have tagged, and rules that say otherwise."""
    made = Home(tmp_path / "home")
    with closing(open_owner(made.database)) as catalogue:
        fill(catalogue, made.photos)
    assert made.run("tags", "rederive").returncode == 0
    made.configure(RULES)
    return made


def listed(home: Home) -> dict[str, int]:
    return {each["tag"]: each["files"] for each in home.json("tags")}


def test_a_dry_run_shows_the_difference_and_changes_nothing(home: Home) -> None:
    before = listed(home)
    told = home.run("tags", "rederive", "--dry-run")
    assert (told.returncode, told.stderr) == (0, "")
    header, *rows, summary, names = [line.split() for line in told.stdout.splitlines()]
    assert header == ["tag", "gained", "lost"]
    assert sorted(rows) == [
        ["auto/Minka", "+2"],
        ["auto/animal", "-2"],
        ["auto/cat", "-2"],
        ["auto/dog", "-1"],
    ]
    assert " ".join(summary) == "2 of 4 photos would gain or lose tags"
    assert " ".join(names[1:]) == "tags would get another name"
    assert listed(home) == before


def test_rederiving_does_what_the_dry_run_said(home: Home) -> None:
    shown = home.json("tags", "rederive", "--dry-run")
    done = home.json("tags", "rederive")
    assert done == shown
    assert (done["photos"], done["changed"]) == (4, 2)
    assert done["gained"] == {"auto/Minka": 2}
    assert listed(home)["auto/Minka"] == 2
    assert not {"animal", "auto/animal", "auto/cat"} & listed(home).keys()
    again = home.run("tags", "rederive")
    assert again.stdout == "0 of 4 photos gained or lost tags\n"


def test_search_does_without_the_prefix_and_in_any_language(home: Home) -> None:
    home.run("tags", "rederive")
    for words in ("espresso", "エスプレッソ", "auto/espresso", "minka"):
        assert home.run("search", words).returncode == 0, words


def test_beside_whoever_works_only_the_difference_is_shown(home: Home) -> None:
    with closing(open_owner(home.database, "tagd run")):
        shown = home.run("tags", "rederive", "--dry-run")
        assert "2 of 4 photos would" in shown.stdout
        told = home.run("tags", "rederive")
    assert told.returncode == 1
    assert "tagd run" in told.stderr
    assert "Start it again" in told.stderr
    assert "Traceback" not in told.stderr


def test_without_a_catalogue_none_is_made(tmp_path: Path) -> None:
    empty = Home(tmp_path / "empty")
    for arguments in (["tags"], ["tags", "rederive"], ["tags", "rederive", "--dry-run"]):
        told = empty.run(*arguments)
        assert told.returncode == 1
        assert "there is no catalogue" in told.stderr
    assert not empty.database.exists()


def test_the_configuration_may_be_named_in_any_place(home: Home) -> None:
    begin = home.command("tags")[:-3]  # python -m tagd
    option = ["--config", str(home.config)]
    for arguments in (
        [*option, "tags", "rederive", "--dry-run"],
        ["tags", *option, "rederive", "--dry-run"],
        ["tags", "rederive", *option, "--dry-run"],
    ):
        told = subprocess.run(
            [*begin, *arguments], capture_output=True, text=True, env=home.environment, check=False
        )
        assert "2 of 4 photos would" in told.stdout, (arguments, told.stderr)


def test_an_ambiguous_name_is_refused_with_its_candidates(home: Home) -> None:
    home.configure("[tags]\ndeny = ['crane']\n")
    for arguments in (["config", "check"], ["tags", "rederive"], ["tag", home.photos]):
        told = home.run(*arguments)
        assert told.returncode == 2
        assert "crane (n02012849) or construction crane (n03126707)" in told.stderr


def test_what_a_model_calls_its_own_labels_stays(home: Home) -> None:
    with closing(open_owner(home.database)) as catalogue, catalogue.write() as tx:
        tx.exec_driver_sql("INSERT INTO label (key, name) VALUES ('custom:mine/Kuro', 'Kuro')")
    assert home.run("tags", "rederive").returncode == 0
    [(name,)] = home.rows("SELECT name FROM label WHERE key = 'custom:mine/Kuro'")
    assert name == "auto/Kuro"
