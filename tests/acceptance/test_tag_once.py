"""`tagd tag`: one shot, alone or beside a running daemon."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
from collections.abc import Callable
from contextlib import closing

from tagd.catalogue.db.engine import open_owner
from tests import photos
from tests.acceptance.home import Home
from tests.support import PATIENCE_SECONDS, wait_until


def test_tags_what_is_there_and_leaves_it_alone_the_second_time(home: Home) -> None:
    photos.distinct(4, home.photos)
    (home.photos / "broken.jpg").write_text("no photo at all\n" * 9)

    first = home.run("tag", home.photos)
    assert first.returncode == 1
    assert "4 photos tagged" in first.stdout
    assert "broken.jpg" in first.stdout + first.stderr

    told = home.json("status", "--verbose")["stages"]
    assert told["photos"] == 5
    assert all(took > 0 for took in told["milliseconds_a_photo"].values())
    assert "decode" in home.run("status", "-v").stdout

    (home.photos / "broken.jpg").unlink()
    inferences = home.inferences()
    summary = home.json("tag", home.photos)
    assert (summary["tagged"], summary["unchanged"], summary["failed"]) == (0, 4, [])
    assert home.inferences() == inferences


def test_beside_a_running_daemon_it_submits_and_watches(home: Home) -> None:
    outside = home.root / "elsewhere"
    outside.mkdir()
    paths = photos.distinct(3, outside)
    with home.daemon():
        assert home.json("tag", outside)["tagged"] == 3
        stored = {path for (path,) in home.rows("SELECT path FROM v_files WHERE state = 'tagged'")}
        assert {str(path) for path in paths} <= stored

        shutil.copy(paths[0], outside / "copy.jpg")
        (outside / "broken.jpg").write_text("no photo at all\n" * 9)
        told = home.run("tag", outside, "--json")
    summary = json.loads(told.stdout)
    assert (summary["tagged"], summary["unchanged"], summary["duplicates"]) == (0, 3, 1)
    assert [each["path"] for each in summary["failed"]] == [str(outside / "broken.jpg")]


def interrupted(home: Home, when: Callable[[], bool]) -> tuple[int, str]:
    """The status, and what `tagd tag` says of Ctrl-C then."""
    command = home.command("tag", home.photos)
    with subprocess.Popen(
        command, stderr=subprocess.PIPE, text=True, env=home.environment
    ) as process:
        wait_until(when)
        process.send_signal(signal.SIGINT)
        _, told = process.communicate(timeout=PATIENCE_SECONDS)
    return process.returncode, told


def test_ctrl_c_says_what_waits_and_how_it_goes_on(home: Home) -> None:
    photos.distinct(60, home.photos)
    open_owner(home.database).close()
    status, told = interrupted(home, lambda: "tagged" in home.states().values())
    left = list(home.states().values()).count("queued")
    assert status == 130
    assert f"{left} photos wait: the same command again goes on" in told
    assert home.json("tag", home.photos)["tagged"] == left


def test_ctrl_c_beside_a_daemon_says_that_this_one_goes_on(home: Home) -> None:
    photos.distinct(2, home.photos)
    with closing(open_owner(home.database, "tagd run")):
        status, told = interrupted(home, lambda: list(home.states().values()) == ["queued"] * 2)
    assert status == 130
    assert "2 photos wait, and tagd run (process" in told


def test_a_path_that_is_not_there_is_an_error(home: Home) -> None:
    told = home.run("tag", home.root / "nowhere")
    assert told.returncode == 2
    assert "nowhere" in told.stderr
    assert "Traceback" not in told.stderr


def test_changed_rules_and_language_come_first_and_cost_no_inference(home: Home) -> None:
    photos.distinct(3, home.photos)
    assert home.run("tag", home.photos).returncode == 0
    inferences = home.inferences()
    tagged = {tag for (tag,) in home.rows("SELECT tag FROM v_tags")}
    assert tagged

    home.configure("[tags]\nlanguage = 'ja'\nmin_confidence = 1\n[tags.thresholds]\nanimal = 0\n")
    assert home.run("tag", home.photos).returncode == 0
    assert [tag for (tag,) in home.rows("SELECT tag FROM v_tags")] == ["動物"]

    home.configure("[tags]\nlanguage = 'en'\n")
    with home.daemon():
        assert {tag for (tag,) in home.rows("SELECT tag FROM v_tags")} == tagged
    assert home.inferences() == inferences


def test_a_photo_that_may_not_be_read_is_told_at_once_and_tried_again_later(home: Home) -> None:
    good, secret = photos.distinct(2, home.photos)
    secret.chmod(0)
    command = home.command("tag", home.photos, "--json")
    if os.geteuid() == 0:  # who may read anything, unless that is taken away
        command = ["setpriv", "--bounding-set=-dac_override,-dac_read_search", *command]
    done = subprocess.run(
        command, capture_output=True, text=True, env=home.environment, cwd=home.root, check=False
    )
    assert done.returncode == 1, done.stderr
    summary = json.loads(done.stdout)
    assert summary["tagged"] == 1
    [failure] = summary["failed"]
    assert failure["path"] == str(secret)
    assert "tries it again" in failure["reason"]
    assert home.rows("SELECT state, attempts, error_code FROM job") == [
        ("waiting", 1, "unreadable")
    ]
    assert home.rows("SELECT path FROM v_files WHERE state = 'tagged'") == [(str(good),)]
