"""A tag is learnt from what people said of photos, and given or suggested: a real catalogue."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection

from tagd.assembly.derivation import derivation_of
from tagd.catalogue.db.engine import Catalogue
from tagd.catalogue.tagging import embeddings, examples, personal
from tagd.catalogue.tagging.corrections import Action
from tagd.catalogue.tagging.examples import Base
from tagd.catalogue.tagging.runs import Run
from tagd.catalogue.tagging.undone import UndoScope
from tagd.config import Config
from tagd.domain import Embedding
from tagd.learning import teach
from tagd.learning.scorer import Scorer
from tagd.learning.teach import Means, TooFew
from tagd.revise.undo import undo
from tests.catalogue import FINGERPRINT, fresh, rows
from tests.learning import (
    BOAT_LABEL,
    BOATS,
    OTHER_BASE,
    OTHERS,
    Library,
    add_photos,
    ids,
    learned,
    names,
    say,
    seen,
    suggested,
    told,
)


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with fresh(tmp_path) as catalogue:
        yield Library(catalogue, tmp_path)


def test_what_is_like_the_examples_is_suggested(library: Library) -> None:
    found = library.learn()
    assert suggested(library.catalogue) == names(library.hidden)
    assert learned(library.catalogue) == set()
    [head] = found.heads
    assert (head.given, head.rejected, head.background) == (8, 0, BOATS - 8 + OTHERS)
    assert head.precision >= 0.9
    assert head.recall >= 0.75
    assert found.outcome.changed == frozenset()
    assert min(sure for _, sure in found.likely) > 0.5


def test_where_a_person_says_so_photos_get_the_tag(library: Library) -> None:
    library.learn(gives=True)
    assert learned(library.catalogue) == names(library.hidden)
    assert suggested(library.catalogue) == set()
    with library.catalogue.read() as tx:
        shown = rows(
            tx,
            "SELECT DISTINCT tag, source, tagger, model, confidence < 1 FROM v_photo_tags"
            " WHERE source = 'learned'",
        )
        history = rows(
            tx,
            "SELECT DISTINCT who, change, tag, command FROM v_history WHERE source = 'learned'",
        )
    assert shown == [("our boat", "learned", "learned", "lite0", 1)]
    assert history == [("learned", "added", "our boat", "tagd learn")]


def test_below_the_precision_it_only_suggests_whatever_was_said(library: Library) -> None:
    rejected = library.hidden[:7]  # boats, and not ours: nothing tells them apart
    say(library.catalogue, Action.REJECT, rejected)
    found = library.learn(gives=True)
    assert found.heads[0].precision < 0.9
    assert learned(library.catalogue) == set()
    assert not suggested(library.catalogue) & names(rejected)


def test_what_a_person_rejected_is_neither_given_nor_suggested(library: Library) -> None:
    say(library.catalogue, Action.REJECT, library.hidden[:1])
    library.learn(gives=True)
    assert library.hidden[0].name not in learned(library.catalogue) | suggested(library.catalogue)


def test_what_is_broader_and_was_rejected_forbids_it_too(library: Library) -> None:
    say(library.catalogue, Action.REJECT, library.hidden[:1], "n04530566")
    library.learn(gives=True, above=lambda _: ("n04530566",))
    assert learned(library.catalogue) == names(library.hidden[1:])


def test_a_rejection_takes_the_tag_back_and_confirming_keeps_it(library: Library) -> None:
    library.learn(gives=True)
    say(library.catalogue, Action.REJECT, library.hidden[:1])
    say(library.catalogue, Action.CONFIRM, library.hidden[1:2])
    library.learn()
    assert library.hidden[0].name not in learned(library.catalogue)
    with library.catalogue.read() as tx:
        judged = examples.judged(tx, told_row(tx))
        confirmed = ids(tx, library.hidden[1:2])
        assert set(judged.given) >= set(confirmed)
        assert set(judged.rejected) == set(ids(tx, library.hidden[:1]))
    assert library.hidden[1].name in learned(library.catalogue)


def told_row(tx: Connection) -> int:
    return next(each.label_id for each in personal.every(tx) if each.label == BOAT_LABEL)


def test_a_suggestion_that_is_confirmed_is_a_tag_and_an_example(library: Library) -> None:
    library.learn()
    run = say(library.catalogue, Action.CONFIRM, library.hidden[:2])
    assert suggested(library.catalogue) == names(library.hidden[2:])
    assert learned(library.catalogue) == names(library.hidden[:2])
    with library.catalogue.read() as tx:
        assert len(examples.judged(tx, told_row(tx)).given) == 10
    scope = UndoScope(run=run)
    undo(library.catalogue, scope, derivation_of(Config()), Run.of("tagd undo"))
    assert suggested(library.catalogue) == names(library.hidden)


def test_what_was_taken_back_is_not_given_again_unless_asked(library: Library) -> None:
    library.learn(gives=True)
    with library.catalogue.read() as tx:
        [(run,)] = rows(tx, "SELECT id FROM run WHERE command = 'tagd learn'")
    undo(library.catalogue, UndoScope(run=int(run)), derivation_of(Config()), Run.of("tagd undo"))
    assert learned(library.catalogue) == set()
    library.learn()
    assert learned(library.catalogue) == set()
    library.learn(gives=True)
    assert learned(library.catalogue) == names(library.hidden)


def test_tags_that_do_not_follow_any_more_go(library: Library) -> None:
    library.learn(gives=True)
    say(library.catalogue, Action.REMOVE, library.given)
    say(library.catalogue, Action.ADD, library.others[:8])
    library.learn()
    assert not learned(library.catalogue) & names(library.hidden)
    with library.catalogue.read() as tx:
        gone = rows(
            tx, "SELECT DISTINCT path FROM v_history WHERE change = 'removed' AND who = 'learned'"
        )
    assert {Path(str(path)).name for (path,) in gone} == names(library.hidden)


def test_learning_twice_changes_nothing(library: Library) -> None:
    library.learn(gives=True)
    with library.catalogue.read() as tx:
        before = rows(tx, "SELECT * FROM tag"), rows(tx, "SELECT * FROM history")
    found = library.learn()
    assert found.outcome.changed == frozenset()
    with library.catalogue.read() as tx:
        assert (rows(tx, "SELECT * FROM tag"), rows(tx, "SELECT * FROM history")) == before


def test_too_few_examples_are_refused_and_change_nothing(library: Library) -> None:
    library.learn(gives=True)
    say(library.catalogue, Action.REMOVE, library.given[:6])
    before = learned(library.catalogue)
    with pytest.raises(TooFew, match="3 are needed"):
        library.learn()
    assert learned(library.catalogue) == before != set()
    with library.catalogue.read() as tx:
        [of] = personal.every(tx)
        assert teach.is_short(tx, of)
        assert not teach.is_due(tx, of)


def test_examples_that_are_deleted_have_it_learnt_anew_from_the_rest(library: Library) -> None:
    library.learn(gives=True)
    with library.catalogue.write() as tx:
        gone = ids(tx, library.given[:3])
        tx.exec_driver_sql(f"DELETE FROM photo WHERE id IN ({', '.join(map(str, gone))})")
    with library.catalogue.read() as tx:
        [of] = personal.every(tx)
        assert teach.is_due(tx, of)
    found = library.learn()
    assert found.heads[0].given == 5
    assert learned(library.catalogue) <= names(library.hidden)


def test_it_is_due_once_examples_have_changed(library: Library) -> None:
    library.learn()
    with library.catalogue.read() as tx:
        [of] = personal.every(tx)
        assert not teach.is_due(tx, of)
    say(library.catalogue, Action.ADD, library.hidden[:1])
    with library.catalogue.read() as tx:
        assert teach.is_due(tx, of)


def test_a_new_photo_is_scored_with_its_other_tags(library: Library) -> None:
    library.learn(gives=True)
    scorer = Scorer(Run.of("tagd run"))
    new = add_photos(library.catalogue, library.folder, [3, 0, 3], 900, take_in=scorer.take_in)
    assert learned(library.catalogue) == names([*library.hidden, new[0], new[2]])
    told(library.catalogue, gives=False)
    more = add_photos(library.catalogue, library.folder, [3], 950, take_in=scorer.take_in)
    assert suggested(library.catalogue) == names(more)


def test_where_nothing_is_learnt_scoring_does_nothing(library: Library) -> None:
    scorer = Scorer(Run.of("tagd run"))
    add_photos(library.catalogue, library.folder, [3], 900, take_in=scorer.take_in)
    assert learned(library.catalogue) | suggested(library.catalogue) == set()


def test_photos_that_another_model_saw_have_a_head_of_their_own(library: Library) -> None:
    more = add_photos(
        library.catalogue, library.folder, [3] * 6 + [0] * 60, 500, fingerprint=OTHER_BASE
    )
    looked: list[int] = []

    def look(catalogue: Catalogue, wanted: dict[Base, list[int]]) -> None:
        for base, photos in wanted.items():
            if base.fingerprint != OTHER_BASE:
                continue
            looked.extend(photos)
            found = {
                row: Embedding(f"{row:032x}", "eeee", OTHER_BASE, seen(row, 3)) for row in photos
            }
            with catalogue.write() as tx:
                embeddings.keep_beside(tx, found, time.time())

    found = library.learn(gives=True, look=look)
    assert {head.fingerprint for head in found.heads} == {FINGERPRINT, OTHER_BASE}
    assert [head.given for head in found.heads] == [8, 8]
    assert learned(library.catalogue) == names([*library.hidden, *more[:6]])
    looked.clear()
    library.learn(look=look)
    assert looked == []  # what was seen is kept


def test_another_model_means_learning_anew_from_the_same_examples(library: Library) -> None:
    library.learn(gives=True)
    with library.catalogue.write() as tx:
        photos = ids(tx, library.boats) + ids(tx, library.others)
        found = {
            row: Embedding(f"{row:032x}", "eeee", OTHER_BASE, seen(row, 3 if number < BOATS else 0))
            for number, row in enumerate(photos)
        }
        embeddings.keep(tx, found, time.time())
    with library.catalogue.read() as tx:
        [of] = personal.every(tx)
        assert teach.is_due(tx, of)
    assert learned(library.catalogue) == names(library.hidden)  # until then those of the old one
    library.learn()
    assert learned(library.catalogue) == names(library.hidden)


def test_forgetting_takes_the_tag_back_and_leaves_what_a_person_said(library: Library) -> None:
    library.learn(gives=True)
    of = told(library.catalogue)
    assert teach.forget(library.catalogue, of, Means(Run.of("forget"))) == len(library.hidden)
    assert learned(library.catalogue) == suggested(library.catalogue) == set()
    with library.catalogue.read() as tx:
        assert rows(tx, "SELECT count(*) FROM v_photo_tags WHERE source = 'person'") == [(8,)]
        assert personal.every(tx) == []
        assert personal.heads(tx) == {}
