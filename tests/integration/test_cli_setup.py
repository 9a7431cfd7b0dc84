"""`init`, `config check`, `doctor`, and what holds for every command, through the command."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from tagd import __version__
from tagd.catalogue.db.engine import open_owner
from tagd.config import load
from tagd.config.example import text as example
from tests.acceptance.home import Home
from tests.support import PATIENCE_SECONDS


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


def plain(home: Home, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """The command without --config at its end."""
    return subprocess.run(
        [sys.executable, "-m", "tagd", *arguments],
        capture_output=True,
        text=True,
        env={**home.environment, **variables},
        cwd=home.root,
        timeout=PATIENCE_SECONDS,
        check=False,
    )


def test_version_and_help(home: Home) -> None:
    assert plain(home, "--version").stdout == f"tagd {__version__}\n"
    told = plain(home, "-h").stdout
    for command in (
        *("run", "tag", "search", "show", "tags", "status"),
        *("failed", "doctor", "init", "config"),
    ):
        assert f"\n  {command} " in told


def test_init_writes_the_example_where_tagd_looks_for_it(home: Home) -> None:
    target = home.root / "config" / "tagd" / "config.toml"
    first = plain(home, "init")
    assert first.returncode == 0, first.stderr
    assert str(target) in first.stdout
    assert target.read_text(encoding="utf-8") == example()

    target.write_text("[tags]\ntop_k = 3\n")
    second = plain(home, "init")
    assert second.returncode == 2
    assert "--force" in second.stderr
    assert target.read_text() == "[tags]\ntop_k = 3\n"

    assert plain(home, "init", "--force").returncode == 0
    assert target.read_text(encoding="utf-8") == example()


def test_init_writes_where_it_is_told(home: Home) -> None:
    target = home.root / "new" / "my.toml"
    assert plain(home, "init", "--config", str(target)).returncode == 0
    assert target.read_text(encoding="utf-8") == example()


@pytest.mark.parametrize(
    ("variables", "is_japanese"),
    [
        ({"LC_ALL": "", "LANG": "ja_JP.UTF-8"}, True),
        ({"LC_ALL": "ja_JP.eucJP", "LANG": "en_US.UTF-8"}, True),
        ({"LC_ALL": "", "LC_MESSAGES": "en_US.UTF-8", "LANG": "ja_JP.UTF-8"}, False),
        ({"LC_ALL": "", "LANG": "de_DE.UTF-8"}, False),
    ],
)
def test_init_names_tags_in_the_language_of_the_locale(
    home: Home, variables: dict[str, str], is_japanese: bool
) -> None:
    target = home.root / "my.toml"
    done = plain(home, "init", "--config", str(target), **variables)
    assert done.returncode == 0, done.stderr
    assert ("日本語" in done.stdout) == is_japanese
    assert load(target, home.environment).tags.language == ("ja" if is_japanese else "en")
    chosen = {"tags": {"language": "ja"}} if is_japanese else None
    assert target.read_text(encoding="utf-8") == example(chosen)


def test_the_first_start_under_a_japanese_locale_offers_japanese_names(home: Home) -> None:
    japanese = {"LC_ALL": "", "LANG": "ja_JP.UTF-8"}
    folder = home.root / "empty"
    folder.mkdir()
    first = plain(home, "tag", str(folder), **japanese)
    assert 'init` writes language = "ja"' in first.stderr
    assert "日本語" in first.stderr
    again = plain(home, "tag", str(folder), **japanese)
    assert "日本語" not in again.stderr


def test_nothing_is_offered_to_one_who_has_chosen(home: Home) -> None:
    home.configure('[tags]\nlanguage = "en"\n')
    (home.root / "empty").mkdir()
    told = plain(home, *home.command("tag", home.root / "empty")[3:], LC_ALL="ja_JP.UTF-8")
    assert told.returncode == 0, told.stderr
    assert "日本語" not in told.stderr


def test_config_check(home: Home) -> None:
    well = home.run("config", "check")
    assert well.returncode == 0, well.stderr
    assert str(home.config) in well.stdout

    home.photos.rmdir()
    home.configure('[model]\nname = "efficientnet-lite9"\n')
    missing = home.run("config", "check")
    assert missing.returncode == 1
    assert "model.name: no model is called 'efficientnet-lite9'" in missing.stderr
    assert "Did you mean efficientnet-lite" in missing.stderr
    assert f"watch.folders: there is no {home.photos}" in missing.stderr


def test_a_mistake_has_exit_status_2_in_any_place_of_the_option(home: Home) -> None:
    home.config.write_text("[watch]\nsetle_seconds = 2\n")
    before = plain(home, "--config", str(home.config), "status")
    between = plain(home, "config", "check", "--config", str(home.config))
    by_variable = plain(home, "tags", TAGD_CONFIG=str(home.config))
    for told in (before, between, by_variable):
        assert told.returncode == 2
        assert told.stdout == ""
        assert told.stderr == (
            f"tagd: {home.config}, line 2: unknown key watch.setle_seconds = 2\n"
            "  did you mean settle_seconds?\n"
        )


def test_a_variable_that_nothing_reads_is_named(home: Home) -> None:
    told = plain(home, "config", "check", TAGD_FOO="1", TAGD_LANGUAGE="ja", TAGD_DEBUG="")
    assert told.stderr.splitlines()[:2] == [
        "tagd: nothing reads the variable TAGD_FOO; keys are TAGD_SECTION__KEY",
        "tagd: nothing reads the variable TAGD_LANGUAGE; did you mean TAGD_TAGS__LANGUAGE?",
    ]


def test_a_second_daemon_is_told_how_to_end_the_first(home: Home) -> None:
    with closing(open_owner(home.database, "tagd run")):
        told = home.run("run")
    assert told.returncode == 1
    assert " stop` ends it" in told.stderr


def test_help_and_version_are_commands_too(home: Home) -> None:
    assert plain(home, "version").stdout == plain(home, "--version").stdout
    assert plain(home, "help", "tags", "rederive").stdout.startswith("Usage: ")


def test_the_option_after_the_command_outranks_the_one_before(home: Home) -> None:
    told = plain(
        home,
        "--config",
        str(home.root / "not there"),
        "config",
        "check",
        "--config",
        str(home.config),
    )
    assert told.returncode == 0, told.stderr


def test_an_error_shows_where_it_came_from_when_asked(home: Home) -> None:
    quiet = home.run("tags")
    assert quiet.returncode == 1
    assert quiet.stderr.startswith(f"tagd: there is no catalogue at {home.database} yet\n")
    loud = plain(home, "--debug", "tags", "--config", str(home.config))
    assert loud.returncode == 1
    assert "Traceback" in loud.stderr
    assert "CatalogueMissing" in loud.stderr


def test_a_wrong_command_line_has_exit_status_2(home: Home) -> None:
    for arguments in (["serach"], ["show"], ["tags", "--colour"]):
        told = plain(home, *arguments)
        assert told.returncode == 2
        assert "Traceback" not in told.stderr


def test_a_mistyped_folder_is_not_waited_for(home: Home) -> None:
    told = home.run("run", home.root / "Picturs")
    assert told.returncode == 2
    assert "does not exist" in told.stderr


def test_doctor_names_problems(home: Home) -> None:
    home.photos.rmdir()
    home.configure('[model]\nname = "efficientnet-lite9"\n')
    home.database.parent.mkdir(parents=True)
    home.database.write_text("no database\n" * 400)
    told = home.run("doctor", "--json")
    assert told.returncode == 1, told.stderr
    findings = json.loads(told.stdout)
    problems = {each["name"]: each for each in findings if each["level"] == "problem"}
    assert set(problems) == {"folder", "integrity", "schema", "weights", "model"}
    assert "not there" in problems["folder"]["what"]
    assert "efficientnet-lite" in problems["weights"]["advice"]
    assert {"clock", "sqlite", "state folder", "watches", "decoder"} <= {
        each["name"] for each in findings
    }


@pytest.mark.slow
def test_doctor_finds_all_well_on_this_machine(home: Home) -> None:
    told = home.run("doctor")
    assert told.returncode == 0, told.stdout + told.stderr
    assert "ms a photo" in told.stdout
    assert "SHA-256" in told.stdout
    assert not home.database.exists(), "looking makes no catalogue"


def test_ctrl_c_is_130(home: Home) -> None:
    """While it reads a configuration that never comes, so that it is surely in the middle."""
    pipe = home.root / "pipe.toml"
    os.mkfifo(pipe)
    process = subprocess.Popen(
        [sys.executable, "-m", "tagd", "status", "--config", str(pipe)],
        env=home.environment,
        stderr=subprocess.PIPE,
        text=True,
    )
    with pipe.open("w"):  # opens once the command is there to read
        process.send_signal(signal.SIGINT)
        _, stderr = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 130
    assert "Traceback" not in stderr
