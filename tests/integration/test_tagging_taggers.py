"""Two taggers look at the same photos, and neither is in the other's way: real queue, decoders and
weights, and a second tagger that goes by the mean colour."""

from __future__ import annotations

import pytest
from PIL import Image

from tagd.catalogue.reports import overview
from tagd.catalogue.tagging import corrections, undone
from tagd.catalogue.tagging.corrections import Action, Correction
from tagd.catalogue.tagging.runs import Run
from tagd.catalogue.tagging.undone import UndoScope
from tagd.catalogue.written import inscriptions
from tagd.domain import TagSource
from tagd.revise.rederive import rederive
from tagd.revise.restore import go_back
from tagd.revise.undo import undo
from tagd.tagging.taggers import REST_SECONDS, Taggers
from tests.brightness import DARK, Brightness
from tests.catalogue import rows
from tests.desk import LITE0, LITE2, Desk
from tests.night import NEW, OLD, Night

CAT = "cat.png"
RUN = Run("corrections", "tagd reject", 1.0)


@pytest.fixture
def second(night: Night) -> Brightness:
    """The second tagger, at work beside the classifier, and a bright photo beside the cat."""
    second = Brightness()
    night.desk.taggers = Taggers([second], clock=lambda: night.seconds)
    night.desk.telling = {second.key: second}
    Image.new("RGB", (64, 48), (250, 250, 240)).save(night.desk.photos / "paper.png")
    return second


def given(desk: Desk, tagger: str = "brightness") -> dict[str, str]:
    """The tags that a tagger gave, by the file's name."""
    with desk.catalogue.read() as tx:
        found = rows(
            tx,
            "SELECT path, group_concat(tag, ' ') FROM (SELECT * FROM v_photo_tags ORDER BY tag)"
            f" WHERE tagger = '{tagger}' GROUP BY path",
        )
    return {str(path).rpartition("/")[2]: str(tags) for path, tags in found}


def looks(desk: Desk) -> list[tuple[object, ...]]:
    """How often each tagger has looked."""
    with desk.catalogue.read() as tx:
        return rows(
            tx,
            "SELECT tagger.key, count(*) FROM tagging JOIN tagger ON tagger.id = tagger_id"
            " GROUP BY 1 ORDER BY 1",
        )


def test_both_give_tags_in_one_look(night: Night, second: Brightness) -> None:
    night.desk.tag(OLD, CAT, "paper.png")
    assert given(night.desk) == {CAT: "dark", "paper.png": "bright"}
    assert "cat" in given(night.desk, "classifier")[CAT].split()
    assert looks(night.desk) == [("brightness", 2), ("classifier", 2)]
    with night.desk.catalogue.read() as tx:
        shown = overview.show(tx, night.desk.photos / CAT)
        predicted = rows(tx, "SELECT DISTINCT tagger, model FROM v_predictions ORDER BY 1")
        [target] = (
            inscriptions.target(tx, each[0])
            for each in rows(tx, "SELECT id FROM file WHERE path LIKE '%cat.png'")
        )
    assert shown is not None
    assert [stage.tagger for stage in shown.stages] == ["classifier", "brightness"]
    assert predicted == [("brightness", "mean-colour-0.5"), ("classifier", LITE0)]
    assert target is not None
    assert {"dark", "cat"} <= {tag.name for tag in target.tags}, "both are written into files"
    assert any(tag.startswith("dark 0.") for report in night.desk.reports for tag in report.tags)


def test_a_copy_is_looked_at_by_neither_again(night: Night, second: Brightness) -> None:
    night.desk.tag(OLD, CAT)
    (night.desk.photos / "copy.png").write_bytes((night.desk.photos / CAT).read_bytes())
    night.desk.tag(OLD, "copy.png")
    assert second.asked == 1
    assert given(night.desk) == {CAT: "dark", "copy.png": "dark"}


def test_each_is_re_tagged_by_itself(night: Night, second: Brightness) -> None:
    night.desk.tag(OLD, CAT, "paper.png")
    retagger = night.retagger(NEW)
    retagger.tick()
    night.work(NEW)
    assert looks(night.desk) == [("brightness", 2), ("classifier", 4)]
    second.split = 0.1
    retagger.ask_check()
    retagger.tick()
    with night.desk.catalogue.read() as tx:
        stale = rows(tx, "SELECT DISTINCT tagger, tagged_by, wanted FROM v_stale")
    assert stale == [("brightness", "mean-colour-0.5", "mean-colour-0.1")]
    night.work(NEW)
    assert looks(night.desk) == [("brightness", 4), ("classifier", 4)]
    assert given(night.desk) == {CAT: "bright", "paper.png": "bright"}
    assert night.stale() == {}


def test_photos_that_were_tagged_before_it_came_get_its_tags(night: Night) -> None:
    night.desk.tag(OLD, CAT)
    second = Brightness()
    night.desk.taggers, night.desk.telling = Taggers([second]), {second.key: second}
    night.retagger(OLD).tick()
    assert set(night.stale()) == {CAT}
    night.work(OLD)
    assert given(night.desk) == {CAT: "dark"}
    assert looks(night.desk) == [("brightness", 1), ("classifier", 1)]
    night.desk.taggers = Taggers()  # switched off: what it gave stays, and nothing is stale for it
    second.split = 0.1
    night.retagger(OLD).tick()
    assert night.stale() == {}
    assert given(night.desk) == {CAT: "dark"}


def test_each_is_undone_by_itself(night: Night, second: Brightness) -> None:
    night.desk.tag(OLD, CAT, "paper.png")
    before = given(night.desk, "classifier")
    run = Run.of("tagd undo")
    scope = UndoScope(model="mean-colour-0.5")
    taken = undo(night.desk.catalogue, scope, night.desk.derivation(), run)
    assert taken.looks.photos == 2
    assert given(night.desk) == {}
    assert given(night.desk, "classifier") == before
    night.retagger(OLD).tick()
    assert night.queue() == [], "what was taken back is not asked again"
    with night.desk.catalogue.read() as tx:
        [(number,)] = rows(tx, "SELECT run FROM v_runs WHERE command = 'tagd undo'")
        assert undone.count(tx, UndoScope(run=int(number))) == 2
    back = UndoScope(run=int(number))
    undo(night.desk.catalogue, back, night.desk.derivation(), Run.of("tagd undo again"))
    assert given(night.desk) == {CAT: "dark", "paper.png": "bright"}


def test_a_rejection_is_of_the_label_whoever_gives_it(night: Night, second: Brightness) -> None:
    second.names = {DARK: "n02121808"}  # domestic cat, which the classifier says as well
    second.split = 0.99
    night.desk.tag(OLD, CAT)
    with night.desk.catalogue.write() as tx:
        one = rows(tx, "SELECT tagger, round(confidence, 3) FROM v_photo_tags WHERE tag = 'cat'")
        assert [tagger for tagger, _ in one] == ["brightness"], "one row, by the surest"
        both = rows(
            tx,
            "SELECT count(*) FROM tag JOIN label ON label.id = label_id"
            " WHERE key = 'n02121808' AND state = 'active'",
        )
        assert both == [(2,)]
        [(label, photo)] = rows(
            tx, "SELECT label.id, photo.id FROM label, photo WHERE label.key = 'n02121808'"
        )
        correction = Correction(Action.REJECT, int(label))
        changes = corrections.correct(tx, correction, [int(photo)], RUN, 1.0)
        assert len(changes) == 2
    second.split = 0.9
    retagger = night.retagger(NEW)
    retagger.tick()
    night.work(NEW)
    assert "cat" not in given(night.desk, "classifier")[CAT].split()
    assert given(night.desk) == {}
    with night.desk.catalogue.write() as tx:
        back = corrections.reversal_of(tx, 1)
        corrections.apply(tx, back, TagSource.PERSON, Run("back", "tagd undo", 2.0), 2.0)
        state = rows(tx, "SELECT DISTINCT state FROM tag WHERE label_id = " + str(label))
    assert state == [("active",)]


def test_one_that_fails_costs_its_own_tags_alone(night: Night, second: Brightness) -> None:
    second.failing = RuntimeError("the colours ran out")
    night.desk.tag(OLD, CAT)
    assert "cat" in given(night.desk, "classifier")[CAT].split()
    assert given(night.desk) == {}
    [trouble] = night.desk.taggers.troubles
    assert "brightness" in trouble
    assert "the colours ran out" in trouble
    retagger = night.retagger(OLD)
    retagger.tick()
    assert set(night.stale()) == {CAT}
    assert trouble in retagger.troubles
    assert night.queue() == [], "it rests"
    second.failing = None
    night.seconds += 2 * REST_SECONDS
    retagger.tick()
    night.work(OLD)
    assert given(night.desk) == {CAT: "dark"}
    assert night.desk.taggers.troubles == ()
    assert night.stale() == {}


def test_one_whose_model_is_missing_leaves_what_it_gave(night: Night, second: Brightness) -> None:
    night.desk.tag(OLD, CAT)
    second.missing = "its model is not on this disk"
    night.retagger(OLD).tick()
    assert given(night.desk) == {CAT: "dark"}
    [trouble] = night.desk.taggers.troubles
    assert trouble.endswith("its model is not on this disk")
    second.missing = ""
    night.retagger(OLD).tick()
    assert not night.desk.taggers.troubles


def test_rules_are_applied_anew_to_each_ones_words(night: Night, second: Brightness) -> None:
    night.desk.tag(OLD, CAT, "paper.png")
    before, asked = given(night.desk, "classifier"), second.asked
    second.names = {DARK: "own:gloomy"}
    derivation = night.desk.derivation()
    outcome = rederive(night.desk.catalogue, derivation, run=Run.of("tagd tags rederive"))
    assert (dict(outcome.gained), dict(outcome.lost)) == ({"gloomy": 1}, {"dark": 1})
    assert given(night.desk) == {CAT: "gloomy", "paper.png": "bright"}
    assert given(night.desk, "classifier") == before
    assert second.asked == asked


def test_earlier_words_of_each_come_back_by_themselves(night: Night, second: Brightness) -> None:
    night.desk.tag(OLD, CAT)
    second.split = 0.1
    retagger = night.retagger(NEW)
    retagger.tick()
    night.work(NEW)
    assert given(night.desk) == {CAT: "bright"}
    outcome = go_back(night.desk.catalogue, night.desk.derivation(), "mean-colour-0.5")
    assert outcome.photos == 1
    assert given(night.desk) == {CAT: "dark"}
    assert night.models() == {CAT: f"{LITE2},mean-colour-0.5"}


def test_of_each_ones_earlier_looks_so_many_are_kept(night: Night, second: Brightness) -> None:
    night.desk.tag(OLD, CAT)
    for split in (0.4, 0.3, 0.2, 0.1):
        second.split = split
        retagger = night.retagger(OLD)
        retagger.tick()
        night.work(OLD, keep_runs=1)
    assert looks(night.desk) == [("brightness", 2), ("classifier", 1)]
