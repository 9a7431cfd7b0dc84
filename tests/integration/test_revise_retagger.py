"""Tags that catch up with other models: a real queue, real decoders and real weights."""

from __future__ import annotations

import shutil

import pytest

from tagd.assembly.derivation import derivation_of
from tagd.catalogue.files.photos import rename
from tagd.catalogue.plans import stale
from tagd.catalogue.queue import jobs
from tagd.catalogue.reports import overview
from tagd.catalogue.tagging import earlier
from tagd.config import Config
from tagd.decoding.limits import DecodeLimits
from tagd.decoding.pool import DecoderPool
from tagd.domain import JobKind, Priority
from tagd.errors import WeightsMissing
from tagd.hours import hours_of
from tagd.policy.context import Machine
from tagd.policy.preferences import Cascade, Preferences, Rule
from tagd.revise.plan import plan
from tagd.revise.restore import go_back
from tagd.revise.retagger import REST_SECONDS
from tagd.revise.staleness import refresh
from tagd.tagging.failures import Outcome
from tests.catalogue import rows
from tests.desk import LITE0, LITE1, LITE2
from tests.night import CASCADE, NEW, NIGHT, NOON, OLD, Night


def test_another_model_makes_photos_stale_and_they_catch_up(night: Night) -> None:
    night.desk.tag(OLD, "cat.png", "coffee.jpg")
    assert night.stale() == {}
    retagger = night.retagger(NEW)
    retagger.tick()
    assert night.stale() == dict.fromkeys(("cat.png", "coffee.jpg"), (LITE0, LITE2, 0))
    assert night.queue() == [(Priority.RETAG, 2)]
    assert night.said == ["tags are to catch up"]
    assert night.models() == dict.fromkeys(("cat.png", "coffee.jpg"), LITE0), "until then"
    night.work(NEW)
    assert night.models() == dict.fromkeys(("cat.png", "coffee.jpg"), LITE2)
    assert night.stale() == {}
    night.seconds += 100
    retagger.tick()
    assert night.queue() == []


def test_a_check_that_could_not_be_made_is_made_soon(
    night: Night, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(_waiting: int) -> Machine:
        raise WeightsMissing("not here for the moment")

    night.desk.tag(OLD, "cat.png")
    retagger = night.retagger(NEW)
    with monkeypatch.context() as trouble:
        trouble.setattr(night.desk, "survey", missing)
        with pytest.raises(WeightsMissing):
            retagger.tick()
    retagger.tick()
    assert night.stale() == {}, "not at every tick"
    night.seconds += REST_SECONDS
    retagger.tick()
    assert set(night.stale()) == {"cat.png"}


def test_what_a_person_decided_stands(night: Night) -> None:
    night.desk.tag(OLD, "coffee.jpg")
    with night.desk.catalogue.write() as tx:
        for tag, state in (("espresso", "rejected"), ("food", "confirmed")):
            named = "(SELECT id FROM label WHERE name = ?)"
            tx.exec_driver_sql(f"UPDATE tag SET state = ? WHERE label_id = {named}", (state, tag))
    night.retagger(NEW).tick()
    night.work(NEW)
    with night.desk.catalogue.read() as tx:
        tags = dict(rows(tx, "SELECT tag, state || ' ' || model FROM v_photo_tags"))
        rejected = rows(tx, "SELECT tag FROM v_rejected_tags")
    assert tags.pop("food") == f"confirmed {LITE0}"
    assert "drink" in tags
    assert set(tags.values()) == {f"active {LITE2}"}
    assert rejected == [("espresso",)]


def test_a_cascade_that_must_be_surer_is_wanted_anew(night: Night) -> None:
    night.desk.tag(Preferences(cascade=Cascade((LITE0, LITE2), (0.01,))), "cat.png")
    assert night.models() == {"cat.png": LITE0}
    night.retagger(CASCADE).tick()
    night.work(CASCADE)
    assert night.models() == {"cat.png": LITE2}


def test_nothing_is_stale_where_nothing_changed_and_nothing_is_asked_twice(night: Night) -> None:
    night.desk.tag(CASCADE, "cat.png", "coffee.jpg")
    looks = night.asked()
    assert night.check(CASCADE), "the first time"
    assert not night.check(CASCADE)
    assert night.stale() == {}
    # Staler than stale: a job for a photo that has what it is to have.
    with night.desk.catalogue.write() as tx:
        ids = [row[0] for row in rows(tx, "SELECT id FROM file")]
        jobs.enqueue(tx, JobKind.TAG, dict.fromkeys(ids, Priority.RETAG), 1.0)
    night.work(CASCADE)
    assert night.asked() == looks


def test_a_quick_look_is_refined_when_nothing_else_waits_at_any_hour(night: Night) -> None:
    quick = Preferences(cascade=CASCADE.cascade, backlog=0)
    night.desk.tag(quick, "cat.png", "coffee.jpg")
    assert set(night.models().values()) == {LITE0}
    night.now = NOON
    with night.desk.catalogue.read() as tx:
        standing = overview.status(tx, 0.0)
    assert (standing.stale, standing.to_refine) == (0, 2)
    night.retagger(quick).tick()
    assert night.queue() == [(Priority.REFINE, 2)]
    night.work(quick)
    assert set(night.models().values()) == {LITE2}
    assert night.stale() == {}


def test_a_copy_of_a_photo_that_was_looked_at_quickly_is_not_looked_at_again(night: Night) -> None:
    quick = Preferences(cascade=CASCADE.cascade, backlog=0)
    night.desk.tag(quick, "cat.png")
    shutil.copy(night.desk.photos / "cat.png", night.desk.photos / "copy.png")
    night.desk.tag(quick, "copy.png")
    assert night.asked() == 1
    assert set(night.stale()) == {"cat.png", "copy.png"}


def test_what_the_night_gave_is_kept_by_day(night: Night) -> None:
    by_night = Rule("night", hours=hours_of("22:00-06:00"), models=(LITE2,))
    preferences = Preferences(rules=(by_night,), cascade=Cascade((LITE0, LITE1), (1.0,)))
    with night.desk.catalogue.read():
        pass
    night.desk.survey._now = lambda: NIGHT
    night.desk.tag(preferences, "cat.png")
    night.desk.survey._now = lambda: NOON
    night.desk.tag(preferences, "coffee.jpg")
    assert night.models() == {"cat.png": LITE2, "coffee.jpg": LITE1}
    assert night.check(preferences)
    assert night.stale() == {}


def test_a_photo_that_moves_under_another_rule_follows_it(night: Night) -> None:
    preferences = Preferences(
        rules=(Rule("r", path="sport/*", models=(LITE1,)),), cascade=CASCADE.cascade
    )
    night.desk.tag(preferences, "cat.png")
    night.check(preferences)
    there = night.desk.photos / "sport" / "cat.png"
    there.parent.mkdir()
    (night.desk.photos / "cat.png").rename(there)
    with night.desk.catalogue.write() as tx:
        rename(tx, night.desk.photos / "cat.png", there, is_folder=False, now=2.0)
    assert night.stale() == {}, "not known yet"
    night.retagger(preferences).tick()
    night.work(preferences)
    assert night.models() == {"cat.png": LITE1}


def test_a_photo_that_fails_keeps_its_tags_and_is_left_alone(night: Night) -> None:
    night.desk.tag(OLD, "cat.png")
    retagger = night.retagger(NEW)
    retagger.tick()
    too_few = DecodeLimits(max_megapixels=0.001)  # as a person may set them meanwhile
    with DecoderPool(decoders=1, limits=too_few, on_event=print) as decoders:
        night.desk.decoders = decoders
        worker = night.desk.worker(NEW)
        for _ in range(50):
            worker.turn()
            if night.desk.reports[-1].outcome is Outcome.FAILED:
                break
    night.seconds += REST_SECONDS
    retagger.tick()
    assert night.models() == {"cat.png": LITE0}
    with night.desk.catalogue.read() as tx:
        [failure] = overview.failed(tx)
        assert stale.queue(tx) == stale.Queue(0, 0, 0)
    assert failure.code == "too-large"


def test_earlier_predictions_come_back_with_no_inference(night: Night) -> None:
    night.desk.tag(CASCADE, "cat.png", "coffee.jpg")
    with night.desk.catalogue.read() as tx:
        before = rows(tx, "SELECT path, tag, confidence, model FROM v_photo_tags ORDER BY 1, 2")
    other = Preferences(model=LITE1)
    night.retagger(other).tick()
    night.work(other)
    looks = night.asked()
    derivation = derivation_of(Config())
    with night.desk.catalogue.read() as tx:
        some = stale.photos_at(tx, [night.desk.photos / "cat.png"])
    outcome = go_back(night.desk.catalogue, derivation, LITE0, photos=some)
    assert (outcome.photos, night.models()) == (1, {"cat.png": LITE2, "coffee.jpg": LITE1})
    outcome = go_back(night.desk.catalogue, derivation, LITE0)
    assert (outcome.photos, night.asked()) == (1, looks)
    with night.desk.catalogue.read() as tx:
        after = rows(tx, "SELECT path, tag, confidence, model FROM v_photo_tags ORDER BY 1, 2")
        assert earlier.count(tx, LITE0) == 0
    assert after == before, "of the cascade in which it was heard"
    # Neither the next check nor another look at the same content undoes that.
    night.check(other)
    assert night.stale() == {}
    shutil.copy(night.desk.photos / "cat.png", night.desk.photos / "copy.png")
    night.desk.tag(other, "copy.png")
    assert night.asked() == looks
    # Nor does the cascade itself, asked for again, cost a look; another model is another thing.
    night.check(CASCADE)
    assert night.stale() == {}
    night.check(NEW)
    assert set(night.stale()) == {"cat.png", "coffee.jpg", "copy.png"}


def test_so_many_earlier_taggings_are_kept(night: Night) -> None:
    night.desk.tag(OLD, "cat.png")
    for preferences in (Preferences(model=LITE1), NEW, OLD):
        night.check(preferences)
        night.retagger(preferences).tick()
        night.work(preferences, keep_runs=2)
    with night.desk.catalogue.read() as tx:
        kept = [row[0] for row in rows(tx, "SELECT id FROM tagging ORDER BY id")]
        said = rows(tx, "SELECT count(DISTINCT tagging_id) FROM prediction")
    assert kept == [2, 3, 4]
    assert said == [(3,)]


def test_cancelled_is_content_until_something_else_is_wanted(night: Night) -> None:
    night.desk.tag(OLD, "cat.png", "coffee.jpg")
    retagger = night.retagger(NEW)
    retagger.tick()
    with night.desk.catalogue.write() as tx:
        assert stale.cancel(tx) == 2
    assert night.queue() == []
    night.seconds += 100
    retagger.tick()
    assert (night.queue(), night.stale()) == ([], {})
    night.check(CASCADE)
    assert len(night.stale()) == 2


def test_a_photo_that_is_asked_for_is_tagged_again_whatever_it_has(night: Night) -> None:
    night.desk.tag(OLD, "cat.png", "coffee.jpg")
    night.check(OLD)
    with night.desk.catalogue.write() as tx:
        photos = stale.photos_at(tx, [night.desk.photos / "cat.png"])
        assert stale.mark(tx, photos) == 1
    assert night.stale() == {"cat.png": ("asked for again", LITE0, 0)}
    night.check(OLD)
    night.retagger(OLD).tick()
    night.work(OLD)
    assert night.asked() == 3
    assert night.stale() == {}


def test_photos_of_before_this_was_noted_are_content_with_the_same_models(night: Night) -> None:
    night.desk.tag(CASCADE, "cat.png")
    night.desk.tag(OLD, "coffee.jpg")
    with night.desk.catalogue.write() as tx:
        tx.exec_driver_sql("UPDATE photo_tagger SET applied_id = NULL, desired_id = NULL")
        tx.exec_driver_sql("UPDATE tagging SET want_id = NULL")
    night.check(NEW)
    assert set(night.stale()) == {"cat.png", "coffee.jpg"}
    night.check(OLD)
    assert set(night.stale()) == {"cat.png"}
    night.check(
        Preferences(rules=(Rule("r", type="JPEG", models=(LITE0,)),), cascade=CASCADE.cascade)
    )
    assert night.stale() == {}


@pytest.mark.parametrize(
    "preferences",
    [NEW, Preferences(rules=(Rule("r", type="PNG", models=(LITE1,)),), cascade=CASCADE.cascade)],
)
def test_the_plan_says_beforehand_what_the_check_will_find(
    night: Night, preferences: Preferences
) -> None:
    night.desk.tag(OLD, "cat.png", "coffee.jpg")
    night.check(OLD)
    standard = night.standard(preferences)
    before = plan(night.desk.catalogue, standard)
    assert night.stale() == {}, "nothing is written"
    night.check(preferences)
    assert sorted(map(str, plan(night.desk.catalogue, standard))) == sorted(map(str, before))
    assert sum(step.photos for step in before) == 2
    assert {step.asked for step in before} == {LITE0}
    assert all(step.seconds for step in before)


def test_an_unfinished_check_begins_again(night: Night) -> None:
    night.desk.tag(OLD, "cat.png", "coffee.jpg")
    assert refresh(night.desk.catalogue, night.standard(NEW), stopping=lambda: True)
    assert night.stale() == {}
    assert night.check(NEW)
    assert len(night.stale()) == 2
