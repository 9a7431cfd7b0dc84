"""Everyday words come from what the classifier's model saw: real queue, decoders and weights, and
heads whose words are made for two photos."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from tagd.assembly.derivation import EverydayTelling
from tagd.catalogue.db import mode
from tagd.catalogue.db.mode import Mode
from tagd.catalogue.plans import stale
from tagd.catalogue.reports import overview
from tagd.catalogue.tagging.runs import Run
from tagd.catalogue.tagging.undone import UndoScope
from tagd.decoding.decode import DecodeLimits, decode
from tagd.domain import EVERYDAY, DecodedPhoto, Embedding, Priority
from tagd.models.pool import ModelPool
from tagd.models.runtime.outputs import WITH_EMBEDDING
from tagd.policy.preferences import Preferences
from tagd.revise.plan import plan
from tagd.revise.rederive import rederive_if_changed
from tagd.revise.undo import undo
from tagd.tagging.classify import Classifier
from tagd.tagging.everyday import Everyday
from tagd.tagging.taggers import Taggers
from tests.catalogue import rows
from tests.desk import LITE0, LITE1, LITE2
from tests.heads import save_head, towards
from tests.night import CASCADE, NEW, NOON, OLD, Night

CAT, COFFEE = "cat.png", "coffee.jpg"
WORDS = {"cat": "n02121808", "beach": "n09428293"}  # of what looks like the cat, and the coffee
HEADLESS = Preferences(model=LITE1)
HEADS = tuple(f"everyday-{model}" for model in (LITE0, LITE2))


class Looking:
    """The models of the classifier, and which of them were asked beside it."""

    def __init__(self, pool: ModelPool, night: Night) -> None:
        self.pool = pool
        self.asked: list[str] = []
        self._classifier = Classifier(pool, OLD, night.desk.machine)

    def embed(self, model: str, photos: Sequence[DecodedPhoto]) -> Sequence[Embedding]:
        self.asked += [model] * len(photos)
        return self._classifier.embed(model, photos)


class Words:
    """The tagger of everyday words at a desk, by heads in a folder of the test's."""

    def __init__(self, night: Night, pool: ModelPool, folder: Path) -> None:
        self._night = night
        self._pool = pool
        self.folder = folder
        self.looking = Looking(pool, night)
        self.strength = 16.0
        self.save()

    def save(self, *, foreign: bool = False, **options: Any) -> None:
        """Save heads, of other base models where `foreign`, and take them up."""
        for model in (LITE0, LITE2):
            its = self._embeddings(model)
            save_head(
                self.folder / f"everyday-{model}.npz",
                {"cat": towards(its[CAT], self.strength), "beach": towards(its[COFFEE])},
                base=model,
                base_fingerprint="f" * 64 if foreign else self._pool.fingerprint_of(model),
                labels=list(WORDS.values()),
                **options,
            )
        self.take_up()

    def take_up(self, precision: float = 0.9) -> None:
        """Work with the heads that there are, as after another start."""
        desk = self._night.desk
        desk.taggers = Taggers(
            [Everyday(self.looking, self.folder)], clock=lambda: self._night.seconds
        )
        desk.telling = {}
        telling = EverydayTelling(desk.derivation(), precision, self.folder)
        desk.telling = {EVERYDAY: telling}
        self.digest = telling.digest

    def given(self) -> dict[str, str]:
        """The everyday tags of each file, and the head that gave them."""
        with self._night.desk.catalogue.read() as tx:
            found = rows(
                tx,
                "SELECT file.path, label.key, model.name FROM tag"
                " JOIN file ON file.photo_id = tag.photo_id JOIN label ON label.id = label_id"
                " JOIN model ON model.id = model_id JOIN tagger ON tagger.id = tagger_id"
                f" WHERE tagger.key = '{EVERYDAY}' AND tag.state <> 'rejected' ORDER BY 1, 2",
            )
        words = {label: word for word, label in WORDS.items()}
        return {
            Path(str(path)).name: f"{words[str(label)]} by {model}"
            for path, label, model in found
            if label in words
        }

    def _embeddings(self, model: str) -> Mapping[str, NDArray[np.float32]]:
        loaded = self._pool.get(model)
        paths = [self._night.desk.photos / name for name in (CAT, COFFEE)]
        decoded = [decode(path, (loaded.geometry,), DecodeLimits()) for path in paths]
        images = np.stack([each.inputs[loaded.geometry] for each in decoded])
        seen = loaded.session.run(images, WITH_EMBEDDING).embedding
        assert seen is not None
        return dict(zip((CAT, COFFEE), seen, strict=True))


@pytest.fixture
def words(night: Night, pool: ModelPool, tmp_path: Path) -> Words:
    return Words(night, pool, tmp_path / "heads")


def by(model: str) -> dict[str, str]:
    """What the head of this model gives the two photos."""
    return {CAT: f"cat by everyday-{model}", COFFEE: f"beach by everyday-{model}"}


def runs(night: Night) -> list[tuple[object, ...]]:
    with night.desk.catalogue.read() as tx:
        return rows(tx, "SELECT command, tagged FROM v_runs ORDER BY run")


@pytest.fixture
def before(night: Night, words: Words) -> Night:
    """Photos that were tagged before there were everyday words, by Lite0."""
    taggers, night.desk.taggers = night.desk.taggers, Taggers()
    night.desk.tag(OLD, CAT, COFFEE)
    night.retagger(OLD).tick()
    night.desk.taggers = taggers
    return night


# In one look


@pytest.mark.parametrize(("preferences", "model"), [(OLD, LITE0), (NEW, LITE2), (CASCADE, LITE2)])
def test_words_come_from_the_model_that_looked_last_with_no_further_pass(
    night: Night, words: Words, preferences: Preferences, model: str
) -> None:
    night.desk.tag(preferences, CAT, COFFEE)
    assert words.given() == by(model)
    assert words.looking.asked == []


def test_both_say_cat_and_it_is_one_tag(night: Night, words: Words) -> None:
    night.desk.tag(OLD, CAT)
    with night.desk.catalogue.read() as tx:
        one = rows(tx, "SELECT count(*) FROM v_photo_tags WHERE tag = 'cat'")
        both = rows(tx, "SELECT DISTINCT tagger FROM v_predictions ORDER BY 1")
        shown = overview.show(tx, night.desk.photos / CAT)
    assert (one, both) == ([(1,)], [("classifier",), (EVERYDAY,)])
    assert shown is not None
    [cat] = [tag for tag in shown.tags if tag.label == WORDS["cat"]]
    [voice] = shown.also[WORDS["cat"]]
    assert {cat.tagger, voice.tagger} == {"classifier", EVERYDAY}
    assert cat.confidence >= voice.confidence
    [report] = night.desk.reports
    assert sum(tag.startswith("cat ") for tag in report.tags) == 1


def test_where_the_base_has_no_head_the_quick_model_looks_as_well(
    night: Night, words: Words
) -> None:
    night.desk.tag(HEADLESS, CAT, COFFEE)
    assert words.given() == by(LITE0)
    assert words.looking.asked == [LITE0, LITE0]
    with night.desk.catalogue.read() as tx:
        kept = rows(tx, "SELECT DISTINCT name FROM embedding JOIN model ON model.id = model_id")
    assert kept == [(LITE1,)], "what is kept is what the classifier's model saw"


def test_without_room_for_it_photos_get_the_classifiers_tags_alone(
    night: Night, words: Words, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(words.looking.pool, "has_room", lambda _: False)
    night.desk.tag(HEADLESS, CAT)
    assert words.given() == {}
    [trouble] = night.desk.taggers.troubles
    assert "no room" in trouble


def test_embeddings_need_not_be_kept(night: Night, words: Words) -> None:
    night.desk.keeps_embeddings = False
    night.desk.tag(OLD, CAT, COFFEE)
    assert words.given() == by(LITE0)
    with night.desk.catalogue.read() as tx:
        assert rows(tx, "SELECT count(*) FROM embedding") == [(0,)]


def test_they_follow_the_classifier_when_it_looks_again(night: Night, words: Words) -> None:
    night.desk.tag(OLD, CAT, COFFEE)
    night.retagger(NEW).tick()
    night.work(NEW)
    assert words.given() == by(LITE2)


def test_a_changed_base_model_refuses_its_head(night: Night, words: Words) -> None:
    words.save(foreign=True)
    night.desk.tag(OLD, CAT)
    assert words.given() == {}
    [trouble] = night.desk.taggers.troubles
    assert f"another {LITE0}" in trouble
    retagger = night.retagger(OLD)
    retagger.tick()
    assert trouble in retagger.troubles
    assert night.stale() == {}


# Catching up


def test_photos_tagged_before_get_their_words_with_no_file_opened(
    before: Night, words: Words
) -> None:
    for name in (CAT, COFFEE):
        (before.desk.photos / name).unlink()
    before.retagger(OLD).tick()
    assert words.given() == by(LITE0)
    assert before.queue() == [], "no job, and so nothing to be opened"
    assert before.stale() == {}
    assert words.looking.asked == []
    assert runs(before) == [(f"{EVERYDAY}, for photos tagged before", 2)]


def test_they_come_at_any_hour_of_work_when_nothing_goes_first(before: Night, words: Words) -> None:
    before.now = NOON
    before.retagger(OLD, work_windows="01:00-06:00").tick()
    assert words.given() == {}, "not in these hours"
    with before.desk.catalogue.write() as tx:
        mode.put(tx, Mode.PAUSED, 1.0)
    before.retagger(OLD).tick()
    assert words.given() == {}, "not while paused"
    with before.desk.catalogue.write() as tx:
        mode.put(tx, Mode.WORKING, 2.0)
    Image.new("RGB", (64, 48), (250, 250, 240)).save(before.desk.photos / "new.png")
    before.desk.submit("new.png")
    before.retagger(OLD).tick()
    assert words.given() == {}, "a new photo goes first"
    before.work(OLD)
    before.retagger(OLD).tick()
    assert words.given() == by(LITE0), "whatever the hours of re-tagging"


def test_that_is_one_run_which_can_be_undone(before: Night, words: Words) -> None:
    before.retagger(OLD).tick()
    derivation = before.desk.derivation()
    taken = undo(before.desk.catalogue, UndoScope(run=1), derivation, Run.of("tagd undo"))
    assert taken.looks.photos == 2
    assert "cat" not in taken.together.lost, "the classifier says so too"
    assert taken.together.lost["beach"] == 1
    assert words.given() == {}
    before.seconds += 100
    before.retagger(OLD).tick()
    assert words.given() == {}, "what was taken back is not given again"
    undo(before.desk.catalogue, UndoScope(run=2), derivation, Run.of("tagd undo"))
    assert words.given() == by(LITE0)


def test_the_plan_tells_how_many_and_that_none_is_opened(before: Night, words: Words) -> None:
    for checks in (False, True):
        if checks:
            before.now = NOON  # not the hour, so that all is found out and nothing done
            before.retagger(OLD, work_windows="01:00-06:00").tick()
            assert set(before.stale()) == {CAT, COFFEE}
        [step] = plan(before.desk.catalogue, before.standard(OLD), further=before.desk.taggers)
        assert (step.tagger, step.photos, step.opened) == (EVERYDAY, 2, False)
        assert step.seconds is not None
        assert step.seconds < 1
    with before.desk.catalogue.write() as tx:
        tx.exec_driver_sql("DELETE FROM embedding")
    [step] = plan(before.desk.catalogue, before.standard(OLD), further=before.desk.taggers)
    assert (step.photos, step.opened) == (2, True)


def test_photos_of_which_no_embedding_is_kept_are_looked_at(night: Night, words: Words) -> None:
    taggers, night.desk.taggers = night.desk.taggers, Taggers()
    night.desk.keeps_embeddings = False
    night.desk.tag(NEW, CAT, COFFEE)
    night.desk.taggers, night.desk.keeps_embeddings = taggers, True
    night.now = NOON
    night.retagger(NEW).tick()
    assert night.queue() == [], "not at this hour"
    night.now = night.now.replace(hour=3)
    night.retagger(NEW).tick()
    assert night.queue() == [(Priority.RETAG, 2)]
    night.work(NEW)
    assert words.given() == by(LITE2), "by what the model sees that tagged them"
    with night.desk.catalogue.read() as tx:
        assert rows(tx, "SELECT count(*) FROM embedding") == [(2,)]
        assert rows(tx, "SELECT count(*) FROM tagging WHERE tagger_id = 1") == [(2,)]
    assert runs(night) == [(f"{EVERYDAY}, for photos tagged before", 2)]


def test_photos_of_a_base_without_a_head_are_looked_at_by_the_quick_model(
    night: Night, words: Words
) -> None:
    taggers, night.desk.taggers = night.desk.taggers, Taggers()
    night.desk.tag(HEADLESS, CAT, COFFEE)
    night.desk.taggers = taggers
    night.retagger(HEADLESS).tick()
    assert night.queue() == [(Priority.RETAG, 2)]
    night.work(HEADLESS)
    assert words.given() == by(LITE0)
    assert words.looking.asked == [LITE0, LITE0]


def test_another_head_has_the_words_alone_told_again(before: Night, words: Words) -> None:
    before.retagger(OLD).tick()
    words.strength = 1.0  # too little for a cat
    words.save()
    for name in (CAT, COFFEE):
        (before.desk.photos / name).unlink()
    before.retagger(OLD).tick()
    assert words.given() == {COFFEE: f"beach by everyday-{LITE0}"}
    with before.desk.catalogue.read() as tx:
        looks = rows(tx, "SELECT tagger_id, count(*) FROM tagging GROUP BY 1")
    assert looks == [(1, 2), (2, 4)]
    assert len(runs(before)) == 2


def test_another_precision_derives_the_words_anew_with_no_look(before: Night, words: Words) -> None:
    before.retagger(OLD).tick()
    with before.desk.catalogue.read() as tx:
        looks = rows(tx, "SELECT count(*) FROM tagging")
        [(sure,)] = rows(tx, "SELECT max(confidence) FROM tag WHERE tagger_id = 2")
    digest = words.digest()
    words.save(thresholds=(0.4, 0.5, min(1.0, float(str(sure)) + 1e-4)))
    words.take_up(precision=0.95)
    assert words.digest() != digest
    derivation = replace(before.desk.derivation(), further_digest=words.digest)
    outcome = rederive_if_changed(before.desk.catalogue, derivation)
    assert outcome is not None
    assert words.given() == {}
    with before.desk.catalogue.read() as tx:
        assert rows(tx, "SELECT count(*) FROM tagging") == looks
        assert not stale.any_stale(tx), "the same heads said the same"


def test_switched_off_their_tags_go_and_come_back(before: Night, words: Words) -> None:
    before.retagger(OLD).tick()
    on = before.desk.derivation()
    rederive_if_changed(before.desk.catalogue, replace(on, further={}))
    assert words.given() == {}
    rederive_if_changed(before.desk.catalogue, replace(on, further_digest=words.digest))
    assert words.given() == by(LITE0)
