"""`search`, `show`, `tags`, `status` and `failed`, through the command on a real catalogue."""

from __future__ import annotations

import csv
import io
import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from tagd.catalogue.db.engine import open_owner
from tagd.catalogue.search.parser import parse
from tagd.catalogue.search.query import PathTerm
from tests.acceptance.home import Home
from tests.reading import BROKEN, PHOTOS, fill

FORBIDDEN = {"torch", "numpy", "alembic", "watchdog", "PIL", "timm", "transformers", "structlog"}
FORBIDDEN |= {"pydantic_settings", "pillow_heif"}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    made = Home(tmp_path_factory.mktemp("read") / "home")
    with closing(open_owner(made.database)) as catalogue:
        fill(catalogue, made.photos)
    return made


def test_search_prints_a_line_a_photo(home: Home) -> None:
    told = home.run("search", "cat -dog")
    assert (told.returncode, told.stderr) == (0, "")
    assert told.stdout == f"{home.photos}/猫 1.jpg\tanimal, cat\n"


def test_search_shows_an_odd_name_escaped_and_gives_it_whole_to_xargs(home: Home) -> None:
    shown = home.run("search", "espresso").stdout
    assert shown == f"{home.photos}/odd\\xff\\n.jpg\tespresso\n"
    whole = subprocess.run(
        home.command("search", "espresso", "-0"),
        capture_output=True,
        env=home.environment,
        check=True,
    ).stdout
    assert whole == os.fsencode(home.photos / "odd\udcff\n.jpg") + b"\0"


def test_search_as_json(home: Home) -> None:
    found = home.json("search", "animal", "--limit", "1", "--offset", "1")
    (photo,) = found
    assert photo["path"] == f"{home.photos}/猫 1.jpg"
    assert photo["tags"][0] == {
        "tag": "animal",
        "label": "n00015388",
        "confidence": 0.95,
        "source": "model",
        "state": "active",
        "model": "efficientnet-lite0",
        "tagger": "classifier",
    }


def test_search_finds_a_tag_in_another_language(home: Home) -> None:
    assert [each["path"] for each in home.json("search", "犬")] == [f"{home.photos}/both.jpg"]


def test_nothing_found_is_status_1_as_grep_has_it(home: Home) -> None:
    told = home.run("search", "zebra")
    assert (told.returncode, told.stdout, told.stderr) == (1, "", "nothing found\n")
    assert home.json("search", "zebra") == []


def test_a_typing_error_is_answered_with_what_may_be_meant(home: Home) -> None:
    told = home.run("search", "dog esspresso")
    assert (told.returncode, told.stdout) == (1, "")
    assert told.stderr.splitlines() == [
        "tagd: there is no tag 'esspresso'",
        "  dog esspresso",
        "      ^",
        "  did you mean espresso?",
    ]
    told = home.run("search", "dog esspresso", "--json")
    assert told.returncode == 1
    assert json.loads(told.stdout) == {
        "error": "there is no tag 'esspresso'",
        "at": 4,
        "suggestions": ["espresso"],
    }


def test_the_beginning_of_names_that_no_photo_has_is_a_typing_error_too(home: Home) -> None:
    told = home.run("search", "brid")  # as bridge, of which there is no photo
    assert told.returncode == 1
    assert "there is no tag 'brid'" in told.stderr
    assert "bird" in told.stderr


def test_a_kind_is_found_by_what_is_below_it(home: Home) -> None:
    (found,) = home.json("search", "beverage")
    assert [tag["tag"] for tag in found["tags"]] == ["espresso"]


def test_search_in_another_order(home: Home) -> None:
    found = home.json("search", "cat", "--sort", "confidence", "--limit", "5")
    assert [Path(each["path"]).stem for each in found] == ["猫 1", "both"]


def test_export_as_a_table_for_spreadsheets(home: Home) -> None:
    told = subprocess.run(
        home.command("export", "--format", "csv", "cat"),
        capture_output=True,
        env=home.environment,
        check=True,
    ).stdout
    assert told.startswith("\ufeffpath,tags,state,".encode())
    both, cat = csv.DictReader(io.StringIO(told.decode("utf-8-sig")))
    assert cat["path"] == f"{home.photos}/猫 1.jpg"
    assert (both["tags"], both["camera_model"]) == ("animal; dog; cat", "D750")
    with closing(sqlite3.connect(home.database)) as other:
        other.execute("UPDATE photo SET camera_make = '=1+1' WHERE camera_make = 'NIKON'")
        other.commit()
        assert "'=1+1" in home.run("export", "cat").stdout
        other.execute("UPDATE photo SET camera_make = 'NIKON'")
        other.commit()


def test_export_of_everything_a_line_a_file(home: Home) -> None:
    lines = home.run("export", "--format", "jsonl").stdout.splitlines()
    files = {Path(each["path"]).name: each for each in map(json.loads, lines)}
    assert len(files) == len(PHOTOS) + len(BROKEN) + 1
    assert files["both.jpg"]["tags"][0]["tag"] == "animal"
    assert (files[BROKEN[0]]["state"], files[BROKEN[0]]["width"]) == ("failed", None)
    whole = json.loads(home.run("export", "--format", "json").stdout)
    assert {Path(each["path"]).name: each for each in whole} == files
    assert json.loads(home.run("export", "--format", "json", "sofa").stdout) == []


def test_show(home: Home) -> None:
    shown = home.json("show", str(home.photos / "both.jpg"))
    assert shown["state"] == "tagged"
    assert [tag["tag"] for tag in shown["tags"]] == ["animal", "dog", "cat"]
    assert (shown["width"], shown["camera_model"]) == (4000, "D750")
    (stage,) = shown["predictions"]
    assert stage["model"] == "efficientnet-lite0"
    assert stage["reason"] == "the quick model is sure"
    assert stage["best"][0]["name"] == "cat"
    for person in (
        home.run("show", "photos/both.jpg"),
        home.run("show", "photos/../photos/both.jpg"),
    ):
        assert person.returncode == 0, person.stderr
        for word in ("dog  0.70  (efficientnet-lite0)", "4000 × 3000", "NIKON D750", "is sure"):
            assert word in person.stdout


def test_show_of_a_failed_file_and_of_one_with_an_odd_name(home: Home) -> None:
    shown = home.json("show", str(home.photos / BROKEN[0]))
    assert (shown["state"], shown["reason"]) == ("failed", "is a text file")
    odd = home.json("show", str(home.photos / "odd\udcff\n.jpg"))
    assert odd["tags"][0]["tag"] == "espresso"


def test_show_of_a_file_that_is_not_known(home: Home) -> None:
    told = home.run("show", "nowhere.jpg")
    assert told.returncode == 1
    known = f"tagd: the catalogue does not know {home.root}"
    assert told.stderr == f"{known}/nowhere.jpg\n  there is no such file\n"
    (home.root / "new one.jpg").touch()
    told = home.run("history", "new one.jpg")
    assert told.stderr.startswith(f"{known}/new one.jpg\n  `")
    assert told.stderr.endswith(f" tag '{home.root}/new one.jpg'`\n")
    told = home.run("show", "photos")
    assert told.stderr.startswith(f"tagd: {home.photos} is a folder\n  `")
    assert told.stderr.endswith(f" search path:{home.photos}/`\n")


@pytest.mark.parametrize(
    "name", ["odd dir", "it's", "b\udcff (2)", "two\nlines", "-d:*", "ü\x1b[31m"]
)
def test_what_is_suggested_for_a_path_can_be_typed(home: Home, name: str) -> None:
    folder = home.root / "typed" / name
    folder.mkdir(parents=True)
    photo = folder / f"{name}.jpg"
    photo.touch()
    assert parse(typed_as_told(home, folder)) == PathTerm(f"{folder}/")
    assert typed_as_told(home, photo) == str(photo)


def typed_as_told(home: Home, path: Path) -> str:
    """What the command that is suggested for a path hands to tagd."""
    hint = home.run("show", path).stderr.splitlines()[-1]
    command = hint.strip().strip("`")
    bash = ["bash", "-c", f'words=({command}); printf %s "${{words[-1]}}"']
    return os.fsdecode(subprocess.run(bash, capture_output=True, check=True).stdout)


def test_a_link_that_leads_to_itself_is_not_known(home: Home) -> None:
    (home.root / "loop.jpg").symlink_to("loop.jpg")
    for command in (["show"], ["history"], ["write", "--to", "sidecar"], ["read"], ["confirm"]):
        told = home.run(*command, "loop.jpg", *(["cat"] if command == ["confirm"] else []))
        known = f"tagd: the catalogue does not know {home.root}/loop.jpg\n"
        assert told.stderr == f"{known}  there is no such file\n"


def test_tags(home: Home) -> None:
    assert home.json("tags") == [
        {"tag": "animal", "files": 2},
        {"tag": "cat", "files": 2},
        {"tag": "dog", "files": 1},
        {"tag": "espresso", "files": 1},
    ]
    assert home.run("tags").stdout.splitlines()[:2] == ["tag       files", "animal        2"]


def test_status(home: Home) -> None:
    standing = home.json("status")
    assert standing["daemon"] is None
    assert (standing["model"], standing["device"]) == ("efficientnet-lite0", "cpu")
    assert standing["files"] == {"queued": 1, "tagged": 4, "failed": 7, "missing": 0}
    assert standing["queue"] == {"waiting": 1, "leased": 0, "quarantined": 7}
    assert len(standing["last_failures"]) == 5
    lines = home.run("status").stdout
    for word in ("not running", "4 tagged", "7 failed", "and 2 more", "efficientnet-lite0 on cpu"):
        assert word in lines


def test_status_names_who_works(home: Home) -> None:
    with closing(open_owner(home.database, "tagd run")):
        daemon = home.json("status")["daemon"]
    assert (daemon["pid"], daemon["what"]) == (os.getpid(), "tagd run")


def test_failed_lists_reasons_and_retries(tmp_path: Path) -> None:
    own = Home(tmp_path / "home")
    with closing(open_owner(own.database)) as catalogue:
        fill(catalogue, own.photos)
    failures = own.json("failed")
    assert {each["path"] for each in failures} == {str(own.photos / name) for name in BROKEN}
    assert {(each["code"], each["reason"]) for each in failures} == {
        ("not-an-image", "is a text file")
    }
    first = str(own.photos / BROKEN[0])
    assert first in own.run("failed", first).stdout
    assert BROKEN[1] not in own.run("failed", first).stdout

    for mistyped in (["failed", "broken.jpg"], ["failed", "--retry", "broken.jpg"]):
        told = own.run(*mistyped)
        known = f"tagd: the catalogue does not know {own.root}/broken.jpg\n"
        assert (told.returncode, told.stdout) == (1, "")
        assert told.stderr == f"{known}  there is no such file\n"
    own.photos.rename(own.root / "away")
    assert len(own.json("failed", str(own.photos))) == len(BROKEN), "known, if not there"

    told = own.run("failed", "--retry", first)
    assert (told.returncode, told.stdout) == (0, "1 photo will be tried again\n")
    assert " run` will do it" in told.stderr
    assert own.rows("SELECT state FROM v_files WHERE path = ?", first) == [("queued",)]
    assert own.json("failed", "--retry") == {"retried": 6}
    assert own.run("failed").stderr == "nothing failed\n"


def test_a_reader_that_leaves_is_no_error(home: Home) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    told = subprocess.run(
        home.command("search", "animal"),
        stdout=writer,
        stderr=subprocess.PIPE,
        env=home.environment,
        check=False,
    )
    os.close(writer)
    assert told.stderr == b""
    assert told.returncode == 1


def test_a_terminal_without_utf_8_gets_escapes_and_json_stays_utf_8(home: Home) -> None:
    environment = {**home.environment, "PYTHONIOENCODING": "ascii"}
    told = subprocess.run(
        home.command("search", "cat -dog"), capture_output=True, env=environment, check=True
    )
    assert b"\\u732b 1.jpg" in told.stdout
    told = subprocess.run(
        home.command("search", "cat -dog", "--json"),
        capture_output=True,
        env=environment,
        check=True,
    )
    assert "猫 1.jpg" in told.stdout.decode("utf-8")


@pytest.mark.parametrize(
    "arguments",
    [["status"], ["search", "animal"], ["show", "photos/both.jpg"], ["failed"], ["tags"]],
)
def test_reading_imports_nothing_heavy(home: Home, arguments: list[str]) -> None:
    # Variables for keys need a library of their own to be read; most people set none.
    environment = {name: home.environment[name] for name in home.environment if "__" not in name}
    told = subprocess.run(
        [sys.executable, "-X", "importtime", *home.command(*arguments)[1:]],
        capture_output=True,
        text=True,
        env=environment,
        cwd=home.root,
        check=True,
    )
    imported = {line.rpartition("|")[2].strip() for line in told.stderr.splitlines()}
    assert "tagd.cli" in imported, "the modules are listed"
    assert not {name for name in imported if name.partition(".")[0] in FORBIDDEN}
