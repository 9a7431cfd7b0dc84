"""Tags that catch up, as a person sees it: the real command, real photos, a kill in the middle."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
from collections import Counter
from contextlib import closing

import pytest

from tests import photos
from tests.acceptance.home import START_SECONDS, TAG_SECONDS, Home
from tests.support import wait_until

LITE0, LITE2 = "efficientnet-lite0", "efficientnet-lite2"
ALWAYS = '[retag]\nwindows = ["00:00-24:00"]\n'
SLOWLY = f"{ALWAYS}per_hour = 10\n"
NEVER = "[retag]\nwindows = []\n"


def wanting(model: str, retag: str = NEVER) -> str:
    return f'[model]\nname = "{model}"\n{retag}'


def by_model(home: Home) -> Counter[str]:
    """How many files have tags of which model."""
    found = home.rows("SELECT model, count(DISTINCT path) FROM v_photo_tags GROUP BY model")
    return Counter(dict(found))


def whole(home: Home) -> list[str]:
    """All rows of all tables."""
    with closing(sqlite3.connect(f"file:{home.database}?mode=ro", uri=True)) as connection:
        return list(connection.iterdump())


def test_killed_in_the_middle_it_goes_on_and_no_photo_is_ever_without_tags(home: Home) -> None:
    photos.distinct(40, home.photos)
    home.configure(wanting(LITE0))
    assert home.run("tag", home.photos).returncode == 0
    tagged = by_model(home)[LITE0]
    home.configure(wanting(LITE2, SLOWLY))
    process = home.start()
    fewest = tagged

    def caught_up(number: int) -> bool:
        nonlocal fewest
        fewest = min(fewest, sum(by_model(home).values()))
        return by_model(home)[LITE2] >= number

    wait_until(lambda: caught_up(3), START_SECONDS, "some have caught up")
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert by_model(home)[LITE2] < tagged
    home.configure(wanting(LITE2, ALWAYS))
    with home.daemon():
        wait_until(lambda: caught_up(tagged - 2), TAG_SECONDS, "all have caught up")
        wait_until(lambda: home.rows("SELECT * FROM v_stale") == [], TAG_SECONDS)
    assert fewest >= tagged - 2  # the other model may find nothing in one or two
    assert by_model(home)[LITE0] == 0
    assert home.inferences() == 80, "each photo once by either model"
    assert home.rows("SELECT count(*) FROM job") == [(0,)]


@pytest.mark.slow
def test_what_will_change_is_shown_and_nothing_changes(home: Home) -> None:
    photos.distinct(6, home.photos)
    home.configure(wanting(LITE0))
    assert home.run("tag", home.photos).returncode == 0
    home.configure(wanting(LITE2, f"{ALWAYS}per_hour = 2\n"))
    rows, content = whole(home), home.database.read_bytes()
    planned = home.run("retag", "--plan")
    assert f"     6  {LITE0}  {LITE2}" in planned.stdout, planned.stderr
    assert "at 2 an hour that takes 3 h 0 min" in planned.stdout
    page = home.root / "page.html"
    both = f"{LITE0},{LITE2}"
    shown = home.run("retag", "--shadow", "4", "--models", both, "--html", page, "--json")
    told = json.loads(shown.stdout)
    assert len(told["photos"]) == 4
    cat = next(each for each in told["tags"] if each["tag"] == "cat")
    assert cat["gained"] + cat["lost"] + cat["kept"] >= 1
    text = page.read_text(encoding="utf-8")
    assert text.count("<img alt=") == 4
    assert "<script" not in text
    printed = home.run("retag", "--shadow", "4", "--models", both).stdout
    assert "of 4 photos; nothing was changed" in printed
    assert (whole(home), home.database.read_bytes()) == (rows, content)


@pytest.mark.slow
def test_cancel_counts_what_a_change_made_stale_that_nobody_looked_for_yet(home: Home) -> None:
    photos.distinct(2, home.photos)
    home.configure(wanting(LITE0))
    assert home.run("tag", home.photos).returncode == 0
    home.configure(wanting(LITE2))
    assert home.json("retag", "--plan")["photos"] == 2
    kept = home.run("retag", "--cancel")
    assert kept.stdout.startswith("2 photos keep their tags"), kept.stderr
    assert home.json("retag", "--plan")["photos"] == 0
    assert by_model(home) == {LITE0: 2}


def test_now_back_and_cancel(home: Home) -> None:
    one, *_ = photos.distinct(3, home.photos)
    home.configure(wanting(LITE0))
    assert home.run("tag", home.photos).returncode == 0
    home.configure(wanting(LITE2))
    now = home.run("retag", one, "--now")
    assert now.stdout.startswith("1 photo tagged"), now.stderr
    assert by_model(home) == {LITE0: 2, LITE2: 1}
    marked = home.run("retag", "--query", "path:0000", "--json")
    assert json.loads(marked.stdout)["marked"] == 3
    status = home.run("status")
    assert "3 photos are to be tagged by other models; [retag] windows names" in status.stdout
    kept = home.run("retag", "--cancel")
    assert kept.stdout.startswith("3 photos keep their tags"), kept.stderr
    others = [each for each in home.photos.iterdir() if each != one]
    none = home.run("retag", *others, "--back-to", LITE0)
    assert none.stdout.startswith("0 photos have the tags of"), none.stderr
    back = home.run("retag", home.photos, "--back-to", LITE0)
    assert back.stdout.startswith(f"1 photo has the tags of {LITE0} again"), back.stderr
    assert by_model(home) == {LITE0: 3}
    assert home.inferences() == 4


@pytest.mark.parametrize(
    ("arguments", "status", "told"),
    [
        ((), 2, "give PATH or --query"),
        (("--plan", "--cancel"), 2, "give PATH or --query"),
        (("--now",), 2, "give PATH or --query"),
        (("--shadow", "3", "--models", LITE0), 2, "two models"),
        (("--query", "xyzzy"), 1, "there is no tag 'xyzzy'"),
        (("--query", "path:nowhere"), 1, "the query finds no photo"),
        (("--back-to", "x"), 1, "nothing is kept of a model 'x'"),
    ],
)
def test_what_it_cannot_do_is_said(
    small: Home, arguments: tuple[str, ...], status: int, told: str
) -> None:
    ran = small.run("retag", *arguments)
    assert ran.returncode == status
    assert told in ran.stderr


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory, warm_cache: os.PathLike[str]) -> Home:
    """A home with a catalogue of one photo."""
    made = Home(tmp_path_factory.mktemp("small") / "home")
    made.environment["XDG_CACHE_HOME"] = os.fspath(warm_cache)
    photos.coffee().save(made.photos / "coffee.jpg")
    assert made.run("tag", made.photos).returncode == 0
    return made


@pytest.mark.slow
def test_a_running_daemon_does_what_is_asked_for_now(home: Home) -> None:
    photos.distinct(3, home.photos)
    home.configure(wanting(LITE0))
    assert home.run("tag", home.photos).returncode == 0
    home.configure(wanting(LITE2))
    with home.daemon():
        wait_until(lambda: len(home.rows("SELECT * FROM v_stale")) == 3, TAG_SECONDS, "a check")
        assert home.run("retag", "--query", "path:00001", "--now").returncode == 0
        assert by_model(home) == {LITE0: 2, LITE2: 1}
    assert home.inferences() == 4


@pytest.mark.slow
def test_at_once_quickly_and_later_well(home: Home) -> None:
    photos.distinct(6, home.photos)
    home.configure(
        f'[policy.cascade]\nmodels = ["{LITE0}", "{LITE2}"]\nsettles_at = [1.0]\n'
        "[retag]\nwindows = []\nrefine_when_idle = true\n"
    )
    with home.daemon():
        wait_until(lambda: home.inferences() == 12, START_SECONDS, "each is looked at twice")
        wait_until(lambda: home.rows("SELECT * FROM v_stale") == [], TAG_SECONDS)
    assert set(by_model(home)) == {LITE2}
    assert home.rows("SELECT count(*) FROM tagging WHERE refine = 1") == [(6,)]


@pytest.mark.slow
def test_a_cron_time_has_it_look(home: Home) -> None:
    home.configure('[retag]\ncron = "* * * * *"\ncheck_minutes = 600\nwindows = []\n')
    photos.coffee().save(home.photos / "coffee.jpg")
    with home.daemon():
        home.wait_state("coffee.jpg", "tagged")
        with closing(sqlite3.connect(home.database, timeout=10)) as connection, connection:
            connection.execute("UPDATE photo_tagger SET desired_id = NULL")
        known = "SELECT count(*) FROM photo_tagger WHERE desired_id IS NOT NULL"
        wait_until(lambda: home.rows(known) == [(1,)], what="the minute comes round")
    assert home.rows(known) == [(1,)]
