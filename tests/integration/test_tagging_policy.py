"""Each photo meets the models that were chosen for it: a real queue, decoders and weights."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from tagd.assembly.build import models_of
from tagd.assembly.survey import Survey
from tagd.config import Config
from tagd.domain import Choice, DecodedPhoto
from tagd.errors import ModelError, ModelUnknown, WeightsMissing
from tagd.models.pool import ModelPool
from tagd.policy.preferences import Cascade, Preferences, Rule
from tagd.tagging.classify import Answer, Classifier
from tagd.tagging.failures import Outcome
from tests.desk import LITE0, LITE1, LITE2, Desk
from tests.photos import cat, coffee, distinct


@pytest.fixture
def desk(tmp_path: Path, pool: ModelPool) -> Iterator[Desk]:
    with ExitStack() as stack:
        yield Desk(tmp_path, pool, stack)


def test_the_first_photos_are_decoded_before_a_model_is_asked(desk: Desk) -> None:
    cat().save(desk.photos / "cat.png")
    coffee().save(desk.photos / "coffee.jpg")
    desk.submit("cat.png", "coffee.jpg")
    worker = desk.worker(Preferences())
    worker.begin()
    assert desk.decoders.outstanding == 2
    assert not desk.taggings()
    assert worker.turn() == 2
    assert len(desk.taggings()) == 2


def test_photos_of_one_batch_go_to_the_models_of_their_rules(desk: Desk) -> None:
    cat().save(desk.photos / "cat.png")
    coffee().save(desk.photos / "coffee.jpg")
    cat().crop((0, 0, 200, 200)).save(desk.photos / "small.jpg")
    preferences = Preferences(
        rules=(
            Rule("drawings", type="PNG", models=(LITE1,)),
            Rule("small", max_megapixels=0.05, models=(LITE2,)),
        )
    )
    desk.tag(preferences, "cat.png", "coffee.jpg", "small.jpg")
    found = {name: (models, reason) for name, models, reason, _ in desk.taggings()}
    assert found["cat.png"] == (LITE1, f"drawings: {LITE1}")
    assert found["small.jpg"] == (LITE2, f"small: {LITE2}")
    assert found["coffee.jpg"][0] in {LITE0, f"{LITE0} then {LITE2}"}
    assert found["coffee.jpg"][1].startswith("the embedded cascade: ")


def test_under_a_long_queue_the_quick_model_works_and_the_note_lasts(desk: Desk) -> None:
    distinct(9, desk.photos)
    names = sorted(path.name for path in desk.photos.iterdir())
    preferences = Preferences(cascade=Cascade((LITE0, LITE2), (1.0,)), backlog=2)
    desk.tag(preferences, *names)
    noted = [refine for *_, refine in desk.taggings()]
    assert noted[0] == 1
    assert noted[-1] == 0
    for _, models, reason, refine in desk.taggings():
        assert models == (LITE0 if refine else f"{LITE0} then {LITE2}")
        assert reason.startswith(f"{LITE0} for now, as 2 photos or more wait; then ") is bool(
            refine
        )


def test_what_a_photo_deserves_is_not_replaced_by_a_quick_look(desk: Desk) -> None:
    cat().save(desk.photos / "cat.png")
    preferences = Preferences(cascade=Cascade((LITE0, LITE2), (1.0,)), backlog=1)
    desk.tag(preferences, "cat.png")
    distinct(9, desk.photos)
    shutil.copy(desk.photos / "cat.png", desk.photos / "00-copy.png")
    desk.tag(preferences, "00-copy.png", *(f"{number:05d}.jpg" for number in range(9)))
    looks = [models for name, models, *_ in desk.taggings() if name.endswith("png")]
    assert set(looks) == {f"{LITE0} then {LITE2}"}
    assert [report.outcome for report in desk.reports].count(Outcome.RECOGNISED) == 1


def test_a_photo_is_read_again_when_what_is_chosen_has_changed_meanwhile(desk: Desk) -> None:
    cat().save(desk.photos / "cat.png")
    desk.submit("cat.png")
    desk.hidden = {LITE0, LITE2}
    worker = desk.worker(Preferences())
    assert worker._claim_first()  # decoded for what there is at this moment
    desk.hidden = set()
    for _ in range(50):
        worker.turn()
        if desk.reports:
            break
    [(_, models, reason, _)] = desk.taggings()
    assert models.startswith(LITE0)
    assert reason.startswith("the embedded cascade")


@pytest.mark.parametrize(
    ("preferences", "error"),
    [
        (Preferences(model="resnet-50"), WeightsMissing),
        (Preferences(cascade=Cascade((LITE0, "resnet-50"))), WeightsMissing),
        (Preferences(rules=(Rule("r", path="never", models=("resnet-5",)),)), ModelUnknown),
    ],
)
def test_a_model_that_is_named_must_be_there_from_the_start(
    preferences: Preferences, error: type[Exception], tmp_path: Path
) -> None:
    folder = Config().model.model_copy(update={"folder": tmp_path})
    with closing(models_of(Config().model_copy(update={"model": folder}))) as models:
        classifier = Classifier(models, preferences, Survey(models, None, batch=1))
        with pytest.raises(error, match="resnet-5"):
            classifier.check()


def test_what_never_fits_the_memory_budget_is_an_error_from_the_start(
    desk: Desk, pool: ModelPool
) -> None:
    large = Rule("large", path="never", models=(LITE0, LITE2))
    quick = desk.machine(0).find(LITE0)
    assert quick is not None
    preferences = Preferences(rules=(large,), memory_budget_mb=quick.memory_mb)
    classifier = Classifier(pool, preferences, desk.machine)
    with pytest.raises(ModelError, match=f"large: {LITE0} and {LITE2} need"):
        classifier.check()


def test_a_rule_whose_model_finds_no_room_holds_up_its_own_photos_alone(desk: Desk) -> None:
    cat().save(desk.photos / "cat.png")
    coffee().save(desk.photos / "coffee.jpg")
    preferences = Preferences(rules=(Rule("drawings", type="PNG", models=(LITE1,)),))
    desk.hidden = {LITE1}
    desk.tag(preferences, "cat.png", "coffee.jpg")
    outcomes = {report.path.name: report for report in desk.reports}
    assert outcomes["coffee.jpg"].outcome is Outcome.TAGGED
    assert outcomes["cat.png"].outcome is Outcome.POSTPONED
    assert outcomes["cat.png"].reason.startswith(f"drawings: the weights of {LITE1}")


def test_photos_are_decoded_for_what_their_path_may_lead_to(desk: Desk, pool: ModelPool) -> None:
    preferences = Preferences(rules=(Rule("r", path="sport/*", models=(LITE1,)),))
    classifier = Classifier(pool, preferences, desk.machine)
    there, elsewhere = classifier.reachable([Path("/sport/a.jpg"), Path("/b.jpg")])
    assert set(there) == {LITE0, LITE1, LITE2}
    assert set(elsewhere) == {LITE0, LITE2}
    assert classifier.inputs((LITE0, LITE0)) == (pool.geometry_of(LITE0),)


class Failing(Classifier):
    """Answers one batch, then is in trouble."""

    answered = False

    def classify(
        self,
        photos: Mapping[str, DecodedPhoto],
        choices: Mapping[str, Choice],
        *,
        embed: bool = False,
    ) -> dict[str, Answer]:
        if self.answered:
            raise ModelError("the device stopped working")
        self.answered = True
        return super().classify(photos, choices, embed=embed)


def test_what_was_found_before_trouble_is_recorded(desk: Desk) -> None:
    cat().save(desk.photos / "cat.png")
    desk.tag(Preferences(model=LITE0), "cat.png")  # loads the model: what follows is one quick turn
    distinct(9, desk.photos)
    desk.submit(*(f"{number:05d}.jpg" for number in range(9)))
    worker = desk.worker(Preferences(model=LITE0), Failing)

    def work_off() -> None:
        for _ in range(50):
            worker.turn()

    with pytest.raises(ModelError):
        work_off()
    assert len(desk.taggings()) == len(desk.reports) > 1
