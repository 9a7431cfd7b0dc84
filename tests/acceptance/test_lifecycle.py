"""Start, stop, die and start again: nothing is lost and nothing is recorded twice."""

from __future__ import annotations

import os
import random
import signal
import time

import pytest

from tests import photos
from tests.acceptance.home import START_SECONDS, Home
from tests.support import wait_until

ONE_BY_ONE = "[worker]\nbatch_size = 1\ndecoders = 1\n"


def tagged(home: Home) -> int:
    return sum(state == "tagged" for state in home.states().values())


def assert_each_recorded_exactly_once(home: Home, count: int) -> None:
    assert home.rows("SELECT count(*), count(DISTINCT path) FROM v_files") == [(count, count)]
    assert tagged(home) == count
    assert home.rows("SELECT count(*) FROM job") == [(0,)]
    # One decision a photo is in force, and each of its tags stands once.
    assert home.rows(
        "SELECT count(*) FROM (SELECT 1 FROM tagging GROUP BY photo_id HAVING count(*) > 1)"
    ) == [(0,)]
    assert home.rows(
        "SELECT count(*) FROM (SELECT 1 FROM v_photo_tags GROUP BY path, label, source"
        " HAVING count(*) > 1)"
    ) == [(0,)]
    assert home.rows("PRAGMA integrity_check") == [("ok",)]


def kill_at_random_moments(home: Home, count: int, kills: int, seed: int) -> None:
    """Start the daemon and SIGKILL it once it has tagged a few more of `count`, `kills` times."""
    rng = random.Random(seed)
    for _ in range(kills):
        process = home.start()
        enough = min(tagged(home) + rng.randrange(1, 12), count)
        wait_until(lambda: tagged(home) >= enough, START_SECONDS, "some progress")  # noqa: B023
        # Anywhere within a turn, not just after a commit: a few milliseconds on.
        moment = time.monotonic() + rng.random() * 0.05
        wait_until(lambda: time.monotonic() >= moment, 1)  # noqa: B023
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def test_killed_in_the_middle_of_the_work(home: Home) -> None:
    photos.distinct(60, home.photos)
    kill_at_random_moments(home, 60, kills=3, seed=1)
    with home.daemon():
        wait_until(lambda: tagged(home) == 60, START_SECONDS, "all are tagged")
    assert_each_recorded_exactly_once(home, 60)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_killed_at_twenty_random_moments_of_three_hundred_photos(home: Home) -> None:
    photos.distinct(300, home.photos)
    kill_at_random_moments(home, 300, kills=20, seed=2)
    with home.daemon():
        wait_until(lambda: tagged(home) == 300, START_SECONDS, "all are tagged")
    assert_each_recorded_exactly_once(home, 300)


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_it_in_the_middle_of_the_work_and_nothing_is_lost(
    home: Home, sign: signal.Signals
) -> None:
    photos.distinct(150, home.photos)
    home.configure(ONE_BY_ONE)
    process = home.start()
    wait_until(lambda: tagged(home) >= 3, START_SECONDS, "it is in the middle of the work")
    os.killpg(process.pid, sign)  # a terminal's Ctrl-C goes to the decoders as well
    assert process.wait(START_SECONDS) == 0, home.log.read_text()
    assert tagged(home) < 150, "it does not work off first what waits"
    # What was at work is back in the queue at once: no lease has to run out first.
    assert home.rows("SELECT DISTINCT state, attempts FROM job") == [("waiting", 0)]
    assert home.run("tag", home.photos).returncode == 0
    assert_each_recorded_exactly_once(home, 150)


def test_a_signal_while_it_still_starts(home: Home) -> None:
    process = home.start()
    wait_until(home.database.exists, START_SECONDS, "the catalogue is there")
    process.send_signal(signal.SIGTERM)
    assert process.wait(START_SECONDS) == 0, home.log.read_text()


def test_a_hand_that_stays_on_ctrl_c_is_no_failure(home: Home) -> None:
    process = home.start()
    wait_until(home.database.exists, START_SECONDS, "the catalogue is there")

    def ends() -> bool:
        process.send_signal(signal.SIGINT)
        return process.poll() is not None

    wait_until(ends, START_SECONDS, "it ends")
    assert process.returncode == 0, home.log.read_text()


def test_a_second_daemon_says_who_holds_the_catalogue(home: Home) -> None:
    with home.daemon() as first:
        second = home.run("run")
        assert second.returncode == 1
        assert str(first.pid) in second.stderr
        assert "Traceback" not in second.stderr


def test_what_happened_while_it_was_away_is_found(home: Home) -> None:
    paths = photos.distinct(5, home.photos)
    assert home.run("tag", home.photos).returncode == 0
    inferences = home.inferences()
    paths[0].rename(home.photos / "renamed.jpg")
    paths[1].unlink()
    photos.cat().rotate(40).save(home.photos / "new.jpg")
    with home.daemon():
        home.wait_state("renamed.jpg", "tagged")
        home.wait_state("00001.jpg", "missing")
        home.wait_state("new.jpg", "tagged")
    assert "00000.jpg" not in home.states()
    assert home.inferences() == inferences + 1
