"""A person and everyday words, by default: given, searched, rejected, written, undone, and for
photos that were tagged before there were any."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import photos
from tests.acceptance.home import Home
from tests.inscriptions import subjects
from tests.support import wait_until

PORTRAIT, CAT, PAGE = "portrait.jpg", "cat.jpg", "page.jpg"
UNTOUCHED = "[taggers]\neveryday = false\n"


@pytest.fixture
def home(tmp_path: Path, warm_cache: Path) -> Iterator[Home]:
    """A home with the default configuration, and three photos."""
    made = Home(tmp_path / "home", cache=warm_cache, everyday=True)
    photos.astronaut().save(made.photos / PORTRAIT)
    photos.cat().save(made.photos / CAT)
    photos.page().save(made.photos / PAGE)
    yield made
    made.end()


def done(home: Home, *arguments: str | Path) -> str:
    told = home.run(*arguments)
    assert told.returncode == 0, told.stderr
    return told.stdout


def found(home: Home, query: str) -> list[str]:
    told = home.run("search", query)
    assert told.returncode in {0, 1}, told.stderr
    return [line.partition("\t")[0].rpartition("/")[2] for line in told.stdout.splitlines()]


def given(home: Home) -> dict[str, list[str]]:
    """The tags that everyday words alone gave, by file."""
    rows = home.rows("SELECT path, tag FROM v_photo_tags WHERE tagger = 'everyday' ORDER BY 2")
    tags: dict[str, list[str]] = {}
    for path, tag in rows:
        tags.setdefault(path.rpartition("/")[2], []).append(tag)
    return tags


def last_run(home: Home) -> int:
    return int(home.rows("SELECT max(run) FROM v_runs")[0][0])


def test_people_and_documents_are_found_at_once(home: Home) -> None:
    done(home, "tag", home.photos)
    assert found(home, "person") == [PORTRAIT]
    assert found(home, "人") == [PORTRAIT]
    assert found(home, "document") == [PAGE]
    assert found(home, "cat") == [CAT]
    assert home.inferences() == 3
    shown = home.json("show", home.photos / CAT)
    [cat] = [tag for tag in shown["tags"] if tag["tag"] == "cat"]
    assert {cat["tagger"], cat["also"][0]["tagger"]} == {"classifier", "everyday"}
    told = done(home, "show", home.photos / PORTRAIT)
    assert "(everyday-efficientnet-lite" in told
    assert "\neveryday  everyday-efficientnet-lite" in told
    standing = home.json("status")
    assert standing["taggers"] == [
        {"tagger": "classifier", "stale": 0},
        {"tagger": "everyday", "stale": 0},
    ]
    assert standing["tagged_last_hour"] == 3, "each photo once"
    assert home.rows("SELECT command, tagged FROM v_runs") == [("tagd tag", 3)]


def test_what_a_person_rejects_no_tagger_gives_again(home: Home) -> None:
    done(home, "tag", home.photos)
    done(home, "reject", home.photos / CAT, "cat")
    rejected = last_run(home)
    done(home, "reject", home.photos / PORTRAIT, "person")
    assert found(home, "cat") == []
    assert found(home, "person") == []
    for precision in ("0.85", "0.95"):
        home.configure(f"[taggers]\nprecision = {precision}\n")
        done(home, "tag", home.photos)
        assert found(home, "cat") == []
        assert found(home, "person") == []
    done(home, "undo", "--run", str(rejected))
    assert found(home, "cat") == [CAT]


def test_they_are_written_into_files_like_all_tags(home: Home) -> None:
    home.configure('[metadata]\nwrite = "embedded"\n')
    done(home, "tag", home.photos)
    assert "person" in subjects(home.photos / PORTRAIT)
    written = last_run(home)
    home.configure('[metadata]\nwrite = "embedded"\n[taggers]\neveryday = false\n')
    done(home, "tag", home.photos)
    assert "person" not in subjects(home.photos / PORTRAIT), "off, they go"
    home.configure('[metadata]\nwrite = "embedded"\n')
    done(home, "tag", home.photos)
    assert "person" in subjects(home.photos / PORTRAIT), "on, they come back"
    assert home.inferences() == 3
    assert written


def test_names_and_rules_are_those_of_all_tags(home: Home) -> None:
    home.configure(
        '[tags]\nlanguage = "ja"\nprefix = "auto/"\ndeny = ["document"]\n'
        'alias = { person = "Eileen" }\nthresholds = { text = 1.0 }\n'
    )
    done(home, "tag", home.photos)
    assert "auto/Eileen" in given(home)[PORTRAIT]
    assert not {"auto/文書", "auto/document"} & set(given(home).get(PAGE, ()))
    assert found(home, "Eileen") == [PORTRAIT]


def test_an_existing_library_gets_its_words_as_one_run_with_no_photo_opened(home: Home) -> None:
    home.configure(UNTOUCHED)
    done(home, "tag", home.photos)
    assert given(home) == {}
    assert found(home, "person") == []
    # They cannot be opened: what a photo needs is kept in the catalogue.
    for name in (PORTRAIT, CAT, PAGE):
        (home.photos / name).unlink()
    photos.coffee().save(home.photos / "coffee.jpg")
    home.configure("")
    [step] = home.json("retag", "--plan")["steps"]
    assert (step["tagger"], step["photos"], step["opened"]) == ("everyday", 3, False)
    assert "no photo is opened" in done(home, "retag", "--plan")
    done(home, "tag", home.photos / "coffee.jpg")
    assert {PORTRAIT, CAT, PAGE} <= given(home).keys()
    assert found(home, "person") == [PORTRAIT]
    assert home.inferences() == 4
    [(run, tagged)] = home.rows("SELECT run, tagged FROM v_runs WHERE command LIKE 'everyday%'")
    assert tagged == 3
    assert home.json("retag", "--plan")["steps"] == []
    before = home.tags(CAT)
    done(home, "undo", "--run", str(run))
    assert found(home, "person") == []
    assert given(home).keys() == {"coffee.jpg"}, "those tagged since keep theirs"
    done(home, "tag", home.photos / "coffee.jpg")
    assert given(home).keys() == {"coffee.jpg"}, "what was taken back is not given again"
    done(home, "undo", "--run", str(last_run(home)))
    assert home.tags(CAT) == before


@pytest.mark.slow
def test_a_daemon_gives_an_existing_library_its_words_and_takes_up_the_switch(home: Home) -> None:
    home.configure(UNTOUCHED)
    done(home, "tag", home.photos)
    home.configure("")
    with home.daemon():
        wait_until(lambda: PORTRAIT in given(home), what="the words have come")
        home.configure(UNTOUCHED)
        done(home, "reload")
        wait_until(lambda: not given(home), what="the words have gone")
    assert home.inferences() == 3
