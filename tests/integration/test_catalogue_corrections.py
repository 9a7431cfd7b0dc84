"""Models and a person take turns on a real catalogue; who outranks whom, and what undo restores."""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from sqlalchemy import Connection

from tagd.catalogue.db.engine import Catalogue
from tagd.catalogue.tagging import corrections, history, tags
from tagd.catalogue.tagging.corrections import Action, Correction
from tagd.catalogue.tagging.record import known, record
from tagd.catalogue.tagging.runs import Run, last, run_id
from tagd.catalogue.tagging.undone import UndoScope
from tagd.domain import Tags, TagSource
from tagd.labels.derivation import Derivation
from tagd.labels.hierarchy import Hierarchy
from tagd.labels.rules import TagRules
from tagd.labels.vocabulary import Vocabulary
from tagd.revise.rederive import rederive
from tagd.revise.undo import preview, undo
from tests.catalogue import NOW, claim, fresh, predictions, result, rows, settled, submit

ANIMAL, CAT, TABBY, TIGER_CAT, COFFEE = "animal", "cat", "tabby", "tiger cat", "coffee"
ABOVE = {TABBY: (CAT, ANIMAL), TIGER_CAT: (CAT, ANIMAL), CAT: (ANIMAL,)}
LABELS = (ANIMAL, CAT, TABBY, TIGER_CAT, COFFEE)
ONE = "1" * 32


class Spoken(Derivation):
    """A derivation by which a model's answer is its tags: what is put to the test is who outranks
    whom, not how tags follow from probabilities."""

    def tags_of(self, predictions: object, heads: object = None) -> Tags:
        return GIVEN[predictions.fingerprint]  # type: ignore[attr-defined]  # Predictions

    def above(self, label: str) -> tuple[str, ...]:
        return ABOVE.get(label, ())

    def name_of(self, label: str) -> str:
        return label


GIVEN: dict[str, Tags] = {}
DERIVATION = Spoken(TagRules(), Hierarchy.load(), Vocabulary.load(), lambda _: None)


class Catalogued:
    """A catalogue with one photo, that models look at and a person talks about."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.catalogue = catalogue
        self.turn = 0
        with catalogue.write() as tx:
            self.ids = tags.label_ids(tx, {label: label for label in LABELS})

    def look(self, *labels: str, model: str = "lite0") -> int:
        """A model looks, in a run of its own; the number of that run."""
        self.turn += 1
        run, now = Run.of("tagd tag"), NOW + self.turn
        with self.catalogue.write() as tx:
            submit(tx, settled("/p/a.jpg", self.turn), now=now)
            [job] = claim(tx, lease=f"worker/{self.turn}", now=now)
            made = result(job, ONE, *labels, fingerprint=f"{model} {self.turn}")
            assert made.tagging is not None
            said = predictions(ONE, model, f"{model} {self.turn}", count=2)
            GIVEN[said.fingerprint] = made.tagging.tags
            made = dataclasses.replace(
                made, tagging=dataclasses.replace(made.tagging, stages=(said,))
            )
            above = DERIVATION.above
            assert record(tx, [made], DERIVATION.name_of, now, above=above, run=run) == [True]
            return run_id(tx, run)

    def correct(self, action: Action, label: str, by: TagSource = TagSource.PERSON) -> int | None:
        """Somebody says something; the number of the run, None where nothing changed."""
        self.turn += 1
        below = frozenset(self.ids[each] for each, above in ABOVE.items() if label in above)
        run, correction = Run.of("tagd say"), Correction(action, self.ids[label], below, by)
        with self.catalogue.write() as tx:
            photos = [photo for (photo,) in rows(tx, "SELECT id FROM photo")]
            changes = corrections.correct(tx, correction, photos, run, NOW + self.turn)
            return run_id(tx, run) if changes else None

    def undo(self, **what: object) -> int:
        """Take it back; the number of the run that did."""
        run = Run.of("tagd undo")
        undo(self.catalogue, UndoScope(**what), DERIVATION, run)  # type: ignore[arg-type]
        with self.catalogue.write() as tx:
            return run_id(tx, run)

    def rows(self, sql: str) -> list[tuple[object, ...]]:
        with self.catalogue.read() as tx:
            return rows(tx, sql)

    def tags(self) -> list[object]:
        """The names of the tags in force."""
        return [name for (name,) in self.rows("SELECT tag FROM v_photo_tags ORDER BY tag")]

    def state(self) -> list[object]:
        """Everything that undo restores."""
        return [
            self.rows(
                "SELECT photo_id, label_id, source, state, confidence, model_id FROM tag"
                " ORDER BY 1, 2, 3"
            ),
            self.rows("SELECT tagging_id FROM photo_tagger"),
        ]


@pytest.fixture
def photo(tmp_path: Path) -> Iterator[Catalogued]:
    with fresh(tmp_path) as catalogue:
        yield Catalogued(catalogue)


class Turns(RuleBasedStateMachine):
    """Any order of looks, words, changed rules and undoing."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.photo = Catalogued(fresh(Path(self.folder.name)))
        self.rejected: set[str] = set()
        self.added: set[str] = set()

    def teardown(self) -> None:
        self.photo.catalogue.close()
        self.folder.cleanup()

    @initialize()
    def first(self) -> None:
        self.photo.look(CAT, ANIMAL)

    @rule(labels=st.sets(st.sampled_from(LABELS)), undone=st.booleans())
    def a_model_looks(self, labels: set[str], undone: bool) -> None:
        before = self.photo.state()
        run = self.photo.look(*sorted(labels))
        if undone:
            self.photo.undo(run=run)
            assert self.photo.state() == before

    @rule(action=st.sampled_from(Action), label=st.sampled_from(LABELS), undone=st.booleans())
    def a_person_says(self, action: Action, label: str, undone: bool) -> None:
        before = self.photo.state()
        run = self.photo.correct(action, label)
        if undone and run is not None:
            self.photo.undo(run=run)
            assert self.photo.state() == before
            return
        match action:
            case Action.ADD:
                self.rejected.discard(label)
                self.added.add(label)
            case Action.CONFIRM:
                self.rejected.discard(label)
            case Action.REJECT:
                self.rejected.add(label)
                self.added -= {
                    label,
                    *(each for each in self.added if label in ABOVE.get(each, ())),
                }
            case Action.REMOVE:
                # It rejected what a model gave, and with that what is a kind of it.
                self.added &= set(map(str, self.photo.tags()))

    @rule()
    def rules_change(self) -> None:
        rederive(self.photo.catalogue, DERIVATION)

    @rule()
    def everything_that_models_gave_is_undone_and_done_again(self) -> None:
        before = self.photo.state()
        run = self.photo.undo(since=0.0)
        assert not self.photo.rows("SELECT 1 FROM tag WHERE source = 'model' AND state = 'active'")
        self.photo.undo(run=run)
        assert self.photo.state() == before

    @invariant()
    def what_a_person_rejected_is_no_tag(self) -> None:
        assert self.rejected.isdisjoint(self.photo.tags())

    @invariant()
    def what_a_person_added_is_a_tag(self) -> None:
        assert self.added <= set(self.photo.tags())

    @invariant()
    def a_label_is_shown_once(self) -> None:
        shown = self.photo.tags()
        assert len(shown) == len(set(shown))


TestTurns = Turns.TestCase
TestTurns.settings = settings(
    max_examples=8,
    stateful_step_count=8,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def test_what_is_no_cat_is_no_tabby(photo: Catalogued) -> None:
    photo.look(ANIMAL, CAT, TABBY)
    photo.correct(Action.REJECT, CAT)
    assert photo.tags() == [ANIMAL]
    photo.look(ANIMAL, CAT, TIGER_CAT, model="lite2")
    assert photo.tags() == [ANIMAL]
    photo.correct(Action.ADD, CAT)
    photo.look(CAT, TIGER_CAT)
    assert photo.tags() == [CAT, TIGER_CAT]


def test_what_was_rejected_is_confirmed_again(photo: Catalogued) -> None:
    photo.look(ANIMAL, CAT, TABBY)
    photo.correct(Action.REJECT, ANIMAL)
    photo.correct(Action.REJECT, COFFEE)
    run = photo.correct(Action.CONFIRM, CAT)
    assert photo.tags() == [CAT]
    photo.look(ANIMAL, COFFEE, TABBY, TIGER_CAT)
    assert photo.tags() == [CAT, TIGER_CAT], "tabby was rejected with all animals"
    photo.undo(run=run)
    assert photo.tags() == []
    photo.correct(Action.CONFIRM, COFFEE)
    assert photo.tags() == [COFFEE], "it was rejected in advance"


def test_removing_what_only_a_person_gave_rejects_nothing(photo: Catalogued) -> None:
    photo.look(TABBY)
    photo.correct(Action.ADD, CAT)
    photo.correct(Action.REMOVE, CAT)
    assert photo.tags() == [TABBY]
    photo.look(CAT)
    assert photo.tags() == [CAT]


def test_what_metadata_says(photo: Catalogued) -> None:
    photo.look(CAT)
    photo.correct(Action.ADD, COFFEE, TagSource.METADATA)
    photo.look()
    assert photo.rows("SELECT tag, source FROM v_photo_tags") == [(COFFEE, "metadata")]
    photo.correct(Action.REJECT, COFFEE, TagSource.METADATA)
    photo.correct(Action.ADD, COFFEE, TagSource.METADATA)
    photo.look(COFFEE)
    assert photo.tags() == []


def test_undone_the_model_before_counts_and_nothing_is_asked_again(photo: Catalogued) -> None:
    photo.look(CAT)
    photo.look(COFFEE, model="lite2")
    run = photo.undo(model="lite2")
    assert photo.tags() == [CAT]
    with photo.catalogue.read() as tx:
        assert known(tx, [ONE])[ONE].asked == "want of lite2 2"
    assert photo.undo(model="lite2") == run + 1, "nothing is left to take back"
    photo.undo(model="lite0")
    assert photo.tags() == []
    with photo.catalogue.write() as tx:
        submit(tx, settled("/p/copy.jpg", 9))
        [job] = claim(tx, lease="worker/9")
        assert record(tx, [result(job, ONE, tagged=False)], str, NOW) == [True]
    assert photo.tags() == []
    photo.undo(run=run)
    assert photo.tags() == [COFFEE, COFFEE], "of both files"


def test_a_preview_tells_what_undo_does_and_writes_nothing(photo: Catalogued) -> None:
    photo.look(CAT)
    run = photo.look(COFFEE)
    before = photo.state()
    shown = preview(photo.catalogue, UndoScope(run=run), DERIVATION)
    assert photo.state() == before
    assert (shown.looks.gained, shown.looks.lost) == ({CAT: 1}, {COFFEE: 1})
    assert undo(photo.catalogue, UndoScope(run=run), DERIVATION, Run.of("undo")) == shown


def test_what_was_said_since_stands(photo: Catalogued) -> None:
    photo.look(CAT)
    first = photo.correct(Action.REJECT, CAT)
    photo.correct(Action.ADD, CAT)
    photo.undo(run=first)
    assert photo.tags() == [CAT]


def test_the_history_tells_who_and_when(photo: Catalogued) -> None:
    photo.look(CAT)
    photo.correct(Action.ADD, CAT)
    photo.correct(Action.REJECT, CAT)
    with photo.catalogue.read() as tx:
        events = history.of_photo(tx, 1)
        shown = rows(tx, "SELECT who, change, tag, run, command FROM v_history ORDER BY run")
    assert [(each.who, each.change, each.tag, each.at - NOW) for each in events] == [
        ("model", "tagged", None, 1),
        ("person", "added", CAT, 2),
        ("person", "rejected", CAT, 3),
    ]
    assert [each[:2] for each in shown] == [
        ("model", "tagged"),
        ("person", "added"),
        ("person", "rejected"),
        ("person", "rejected"),  # the model's tag, and the person's
    ]
    assert photo.rows("SELECT tag, rejected_at FROM v_rejected_tags") == [
        (CAT, "2023-11-14T22:13:23.000Z")
    ]
    with photo.catalogue.read() as tx:
        assert [(each.tagged, each.changed) for each in last(tx, 9)] == [(0, 2), (0, 1), (1, 0)]


def test_changed_rules_are_in_the_history(photo: Catalogued) -> None:
    photo.look(CAT)
    GIVEN["lite0 1"] = dataclasses.replace(GIVEN["lite0 1"], tags=())
    rederive(photo.catalogue, DERIVATION, run=Run.of("tagd tags rederive"))
    shown = photo.rows("SELECT who, change, tag, command FROM v_history ORDER BY run")
    assert shown[1:] == [("model", "removed", CAT, "tagd tags rederive")]


def planned(tx: Connection, sql: str) -> list[str]:
    return [str(row[3]) for row in rows(tx, f"EXPLAIN QUERY PLAN {sql}")]


def test_one_photos_history_is_found_by_its_index(photo: Catalogued) -> None:
    with photo.catalogue.read() as tx:
        plan = planned(tx, "SELECT * FROM v_history WHERE path = '/p/a.jpg'")
        plan += planned(tx, str(history.OF_PHOTO).replace(":photo", "1"))
    assert not [step for step in plan if step.startswith(("SCAN tagging", "SCAN history"))], plan
