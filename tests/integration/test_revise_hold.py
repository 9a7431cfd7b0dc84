"""When tags may catch up, and what keeps them from it."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from datetime import datetime

import pytest

from tagd.catalogue.queue import claims
from tagd.domain import JobKind, Priority
from tagd.errors import ModelError
from tagd.policy.preferences import Cascade, Preferences, Rule
from tagd.revise.plan import plan
from tagd.revise.retagger import REST_SECONDS
from tests.desk import LITE0, LITE2
from tests.night import CASCADE, NEW, NIGHT, NOON, OLD, Night
from tests.photos import distinct
from tests.support import wait_until


def test_outside_the_windows_nothing_is_queued_and_what_waits_is_taken_out(night: Night) -> None:
    night.desk.tag(OLD, "cat.png", "coffee.jpg")
    night.now = NOON
    retagger = night.retagger(NEW)
    retagger.tick()
    assert night.queue() == []
    night.now = NIGHT
    night.seconds += REST_SECONDS
    retagger.tick()
    assert night.queue() == [(Priority.RETAG, 2)]
    night.now = NOON
    retagger.tick()
    assert night.queue() == []
    assert len(night.stale()) == 2
    night.now = NIGHT
    night.seconds += REST_SECONDS
    retagger.tick()
    assert night.queue() == [(Priority.RETAG, 2)]
    # A restart by day finds what the night left behind.
    night.now = NOON
    night.retagger(NEW).take_up()
    assert night.queue() == []
    assert len(night.stale()) == 2


def test_new_photos_go_first(night: Night) -> None:
    night.desk.tag(OLD, "cat.png")
    night.desk.submit("coffee.jpg")
    retagger = night.retagger(NEW)
    retagger.tick()
    assert night.queue() == [(Priority.NEW, 1)]
    night.work(NEW)
    retagger.tick()
    assert night.queue() == [(Priority.RETAG, 1)]
    # One that comes while others catch up is claimed before them.
    distinct(1, night.desk.photos)
    night.desk.submit("00000.jpg")
    with night.desk.catalogue.write() as tx:
        [first] = claims.claim(tx, JobKind.TAG, limit=1, lease="w/1", lease_seconds=9, now=1.0)
    assert first.path.name == "00000.jpg"


def test_no_more_than_so_many_an_hour_whatever_the_clock_at_the_wall_says(night: Night) -> None:
    names = [path.name for path in distinct(5, night.desk.photos)]
    night.desk.tag(OLD, *names)
    retagger = night.retagger(NEW, per_hour=2)
    for moment in (NIGHT, NIGHT.replace(hour=5), NIGHT.replace(hour=2), NIGHT):
        night.now = moment  # set forward and back
        night.seconds += REST_SECONDS + 1
        retagger.tick()
    assert night.queue() == [(Priority.RETAG, 2)]
    night.work(NEW)
    # Neither does another run, or another configuration, begin a new hour.
    night.seconds += 600
    retagger = night.retagger(NEW, per_hour=2)
    retagger.take_up()
    retagger.tick()
    assert night.queue() == []
    night.seconds += 3000
    retagger.tick()
    assert night.queue() == [(Priority.RETAG, 2)]


def test_what_a_restart_takes_out_of_the_queue_may_follow_in_this_hour(night: Night) -> None:
    night.desk.tag(OLD, *[path.name for path in distinct(3, night.desk.photos)])
    night.retagger(NEW, per_hour=3).tick()
    assert night.queue() == [(Priority.RETAG, 3)]
    night.now = NOON
    night.retagger(NEW, per_hour=3).take_up()
    night.now = NIGHT
    retagger = night.retagger(NEW, per_hour=3)
    retagger.take_up()
    retagger.tick()
    assert night.queue() == [(Priority.RETAG, 3)]


def test_the_check_comes_round_however_the_clock_at_the_wall_is_set(night: Night) -> None:
    night.desk.tag(CASCADE, "cat.png")
    retagger = night.retagger(CASCADE)
    retagger.tick()
    night.desk.hidden = {LITE0}
    retagger = night.retagger(Preferences())
    retagger.tick()
    [(_, wanted, _)] = night.stale().values()
    assert wanted == LITE2, "the best that is here"
    night.now = datetime(2025, 1, 1, 12)
    night.desk.hidden = set()
    night.seconds += 59
    retagger.tick()
    assert night.stale()["cat.png"][1] == LITE2
    night.seconds += 1
    retagger.tick()
    assert night.stale()["cat.png"][1] == f"{LITE0}, then {LITE2}"
    night.desk.hidden = {LITE0}
    retagger.ask_check()
    retagger.tick()
    assert night.stale()["cat.png"][1] == LITE2


@pytest.mark.parametrize(
    "preferences",
    [NEW, Preferences(rules=(Rule("r", type="PNG", models=(LITE2,)),), cascade=Cascade((LITE0,)))],
)
def test_a_model_that_has_gone_is_told_until_it_is_back(
    night: Night, preferences: Preferences
) -> None:
    night.desk.tag(OLD, "cat.png")
    night.desk.hidden = {LITE2}
    retagger = night.retagger(preferences)
    retagger.tick()
    [trouble] = retagger.troubles
    standard, unmet = night.standard(preferences), list[ModelError]()
    if standard.lasting.is_one_for_all:
        with pytest.raises(ModelError, match=LITE2):
            plan(night.desk.catalogue, standard)
    else:
        assert plan(night.desk.catalogue, standard, hear=unmet.append) == []
        assert [error.message in trouble for error in unmet] == [True]
    assert trouble.startswith("tags do not catch up: ")
    assert LITE2 in trouble
    night.seconds += 60
    retagger.tick()
    assert [*retagger.troubles] == [trouble]
    assert night.said == ["some tags cannot catch up"], "once"
    night.desk.hidden = set()
    night.seconds += 60
    retagger.tick()
    assert not [*retagger.troubles]
    assert night.queue() == [(Priority.RETAG, 1)]


def test_a_catalogue_that_is_locked_is_told_until_it_is_not(night: Night) -> None:
    night.desk.tag(OLD, "cat.png")
    retagger = night.retagger(NEW)
    begun = threading.Thread(target=retagger.run)
    with closing(sqlite3.connect(night.desk.catalogue.path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        begun.start()
        wait_until(lambda: bool(retagger.troubles), what="it is told")
        assert "locked by another program" in retagger.troubles[0]
        other.execute("ROLLBACK")
    wait_until(lambda: not retagger.troubles, what="all is well again")
    retagger.stop()
    begun.join(10)
    assert night.said.count("tags cannot catch up") == 1


def test_a_model_that_has_no_room_now_is_not_waited_for(night: Night) -> None:
    night.desk.tag(OLD, "cat.png")
    preferences = Preferences(
        rules=(Rule("r", type="PNG", models=(LITE2,)),), cascade=CASCADE.cascade
    )
    night.check(preferences)
    assert "cat.png" in night.stale()
    night.desk.free_mb = 1
    retagger = night.retagger(preferences)
    retagger.tick()
    assert night.queue() == []
    night.desk.free_mb = None
    night.seconds += REST_SECONDS
    retagger.tick()
    assert night.queue() == [(Priority.RETAG, 1)]
