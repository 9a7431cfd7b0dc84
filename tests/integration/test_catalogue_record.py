"""What came of a batch is recorded at once, exactly once, and under what a person decided."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from tagd.catalogue.db import settings
from tagd.catalogue.db.engine import Catalogue
from tagd.catalogue.db.times import moment
from tagd.catalogue.files import photos
from tagd.catalogue.reports import overview
from tagd.catalogue.tagging import derived, predictions, tags
from tagd.catalogue.tagging.differences import Difference, difference
from tagd.catalogue.tagging.record import InForce, known, record
from tagd.domain import Signature, Tag, Tags, Want
from tests.catalogue import (
    FINGERPRINT,
    LABELS,
    NOW,
    claim,
    name_of,
    result,
    rows,
    settled,
    submit,
)
from tests.catalogue import predictions as said_of

CAT, TIGER_CAT, DOG = LABELS[:3]
ONE, TWO = "1" * 32, "2" * 32


def in_force(tx: Connection) -> list[tuple[object, ...]]:
    return rows(tx, "SELECT path, tag, source, state FROM v_photo_tags ORDER BY path, tag, source")


def count(tx: Connection, table: str) -> object:
    return rows(tx, f"SELECT count(*) FROM {table}")[0][0]


def test_everything_about_a_photo_is_recorded(tx: Connection) -> None:
    submit(tx, settled("/p/a.jpg"))
    [job] = claim(tx)
    read = Signature(1001, 5, 6, 7)
    assert record(tx, [result(job, ONE, CAT, DOG, signature=read)], name_of, NOW + 1) == [True]
    at = "2023-11-14T22:13:21.000Z"
    assert rows(tx, "SELECT * FROM v_photo_tags") == [
        ("/p/a.jpg", "cat", CAT, 0.9, "model", "active", "lite0", at, "classifier"),
        ("/p/a.jpg", "dog", DOG, 0.8, "model", "active", "lite0", at, "classifier"),
    ]
    assert rows(
        tx, "SELECT path, photo_id, state, reason, size, format, width, camera_model FROM v_files"
    ) == [("/p/a.jpg", ONE, "tagged", None, 1001, "JPEG", 4000, "Z 6")]
    assert count(tx, "job") == 0
    assert rows(tx, "SELECT * FROM v_tags ORDER BY tag") == [("cat", 1, CAT), ("dog", 1, DOG)]
    [known_file] = photos.known_files(tx, Path("/p")).values()
    assert known_file.signature == read
    best = rows(tx, "SELECT stage, model, label, name, rank, reason FROM v_predictions")
    assert best[0] == (0, "lite0", CAT, "cat", 1, "because it was asked for")
    assert len(best) == 5
    assert rows(tx, "SELECT model, photos FROM v_models") == [("lite0", 1)]


def test_every_stage_that_was_heard_is_kept(tx: Connection) -> None:
    submit(tx, settled("/p/a.jpg"))
    [job] = claim(tx)
    one = result(job, ONE, CAT)
    assert one.tagging is not None
    second = said_of(ONE, "lite2", "e" * 64)
    both = dataclasses.replace(one.tagging, stages=(*one.tagging.stages, second))
    record(tx, [dataclasses.replace(one, tagging=both)], name_of, NOW)
    assert known(tx, [ONE, TWO]) == {ONE: InForce(f"want of {FINGERPRINT}", 1)}
    assert rows(tx, "SELECT DISTINCT model FROM v_photo_tags") == [("lite2",)]
    loaded = predictions.load(tx, [ONE, TWO])
    assert [each.model for each in loaded[ONE]] == ["lite0", "lite2"]
    again = loaded[ONE][1]
    assert (again.photo_id, again.fingerprint, again.labels) == (ONE, "e" * 64, second.labels)
    assert np.array_equal(again.logits, second.logits)
    assert again.log_sum_exp == second.log_sum_exp
    assert predictions.count(tx) == 1


def test_identical_content_is_tagged_once(tx: Connection) -> None:
    submit(tx, *(settled(f"/p/{name}.jpg", n) for n, name in enumerate("abc", 1)))
    a, b, c = claim(tx)
    assert record(tx, [result(a, ONE, CAT), result(b, ONE, DOG)], name_of, NOW) == [True, True]
    assert record(tx, [result(c, ONE, tagged=False)], name_of, NOW) == [True]
    assert count(tx, "tagging") == 1
    assert [(path, tag) for path, tag, *_ in in_force(tx)] == [
        ("/p/a.jpg", "cat"),
        ("/p/b.jpg", "cat"),
        ("/p/c.jpg", "cat"),
    ]


def test_a_result_whose_claim_is_lost_records_nothing(tx: Connection) -> None:
    submit(tx, *(settled(f"/p/{name}.jpg", n) for n, name in enumerate("abc", 1)))
    a, b, c = claim(tx)
    submit(tx, settled("/p/a.jpg", 9))
    photos.mark_missing(tx, [b.file_id], NOW)
    found = [result(a, ONE, CAT), result(b, ONE, CAT), result(c, TWO, DOG)]
    assert record(tx, found, name_of, NOW) == [False, False, True]
    assert record(tx, found, name_of, NOW) == [False, False, False]
    assert [row[:2] for row in in_force(tx)] == [("/p/c.jpg", "dog")]
    assert rows(tx, "SELECT content_hash FROM photo") == [(TWO,)]
    assert rows(tx, "SELECT size, state FROM file ORDER BY id") == [
        (1009, "queued"),
        (1002, "missing"),
        (1001, "tagged"),
    ]


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_of_two_claims_of_one_job_the_later_one_counts(
    tx: Connection, order: tuple[int, int]
) -> None:
    """A file that changed while it was at work is claimed again, and both may end in one turn."""
    submit(tx, settled("/p/a.jpg"))
    [before] = claim(tx, lease="worker/1")
    submit(tx, settled("/p/a.jpg", 2))
    [after] = claim(tx, lease="worker/2")
    results = [result(before, ONE, CAT), result(after, TWO, DOG)]
    landed = record(tx, [results[place] for place in order], name_of, NOW)
    assert landed == [place == 1 for place in order]
    assert in_force(tx) == [("/p/a.jpg", "dog", "model", "active")]
    assert count(tx, "job") == 0
    assert count(tx, "photo") == 1


def test_tags_that_are_no_longer_there_cannot_be_relied_upon(tx: Connection) -> None:
    submit(tx, settled("/p/a.jpg"))
    assert record(tx, [result(claim(tx)[0], ONE, tagged=False)], name_of, NOW) == [False]
    assert rows(tx, "SELECT state FROM file") == [("queued",)]
    [job] = claim(tx, lease="worker/2")
    assert job.attempts == 0
    assert record(tx, [result(job, ONE, CAT)], name_of, NOW) == [True]


def test_new_tags_take_the_place_of_the_old_ones(tx: Connection) -> None:
    submit(tx, settled("/p/a.jpg"))
    record(tx, [result(claim(tx)[0], ONE, CAT, TIGER_CAT)], name_of, NOW)
    submit(tx, settled("/p/a.jpg", 2))
    [job] = claim(tx)
    newer = result(job, ONE, CAT, DOG, fingerprint="e" * 64, orientation=6)
    assert record(tx, [newer], name_of, NOW + 1) == [True]
    assert [tag for _, tag, *_ in in_force(tx)] == ["cat", "dog"]
    assert count(tx, "tagging") == 2
    assert known(tx, [ONE]) == {ONE: InForce(f"want of {'e' * 64}", 6)}


def test_a_photo_may_have_no_tags(tx: Connection) -> None:
    submit(tx, settled("/p/a.jpg"))
    assert record(tx, [result(claim(tx)[0], ONE)], name_of, NOW) == [True]
    assert rows(tx, "SELECT state FROM v_files") == [("tagged",)]
    assert in_force(tx) == []
    assert known(tx, [ONE]) == {ONE: InForce(f"want of {FINGERPRINT}", 1)}


def test_an_empty_batch(tx: Connection) -> None:
    assert record(tx, [], name_of, NOW) == []
    assert known(tx, []) == {}
    assert predictions.load(tx, []) == {}


# What a person decided


@pytest.fixture
def judged(tx: Connection) -> Connection:
    """A person rejected the cat, confirmed the tiger cat, and added a dog."""
    submit(tx, settled("/p/a.jpg"))
    record(tx, [result(claim(tx)[0], ONE, CAT, TIGER_CAT)], name_of, NOW)
    tags.label_ids(tx, {DOG: "dog"})
    tx.exec_driver_sql("UPDATE tag SET state = 'rejected' WHERE label_id = 1")
    tx.exec_driver_sql("UPDATE tag SET state = 'confirmed' WHERE label_id = 2")
    tx.exec_driver_sql(
        "INSERT INTO tag (photo_id, label_id, source, state, confidence, tagged_at)"
        " SELECT 1, id, 'person', 'active', 1, 0 FROM label WHERE name = 'dog'"
    )
    return tx


DECIDED = [
    ("/p/a.jpg", "dog", "person", "active"),
    ("/p/a.jpg", "tiger cat", "model", "confirmed"),
]


@pytest.mark.parametrize("labels", [(), (CAT,), (CAT, TIGER_CAT)])
def test_a_model_never_overrules_a_person(judged: Connection, labels: tuple[str, ...]) -> None:
    assert in_force(judged) == DECIDED
    submit(judged, settled("/p/a.jpg", 2))
    newer = result(claim(judged)[0], ONE, *labels, fingerprint="e" * 64)
    record(judged, [newer], name_of, NOW)
    assert in_force(judged) == DECIDED
    assert rows(judged, "SELECT path, tag FROM v_rejected_tags") == [("/p/a.jpg", "cat")]


def test_what_a_person_rejected_without_a_model_stays_away_too(tx: Connection) -> None:
    submit(tx, settled("/p/a.jpg"))
    record(tx, [result(claim(tx)[0], ONE)], name_of, NOW)
    tx.exec_driver_sql(
        "INSERT INTO tag (photo_id, label_id, source, state, confidence, tagged_at)"
        " SELECT 1, id, 'person', 'rejected', 1, 0 FROM label WHERE name = 'cat'"
    )
    anew(tx, Tag(CAT, 0.9), Tag(DOG, 0.8))
    assert [tag for _, tag, *_ in in_force(tx)] == ["dog"]


# Deriving anew


def anew(tx: Connection, *wanted: Tag, now: float = NOW) -> Difference:
    """The one photo's tags are to be these; what changed."""
    [photo] = derived.page(tx, limit=10)
    found = difference(photo, Tags(photo.predictions.photo_id, wanted))
    derived.put(tx, [found], name_of, now)
    return found


def test_tags_derived_anew(judged: Connection) -> None:
    found = anew(judged, Tag(LABELS[3], 0.9), Tag(CAT, 0.5), Tag(DOG, 0.5), Tag("n99999999", 0.4))
    assert [tag.label for tag in found.gained] == [LABELS[3], DOG, "n99999999"]
    assert (found.lost, found.moved) == ((), ())
    assert [row[1:3] for row in in_force(judged)] == [
        ("dog", "person"),
        ("thing 003", "model"),
        ("thing 999", "model"),
        ("tiger cat", "model"),
    ]
    assert count(judged, "tagging") == 1


def test_nothing_derived_leaves_what_a_person_decided(judged: Connection) -> None:
    assert not anew(judged)
    assert in_force(judged) == DECIDED
    assert rows(judged, "SELECT path, tag FROM v_rejected_tags") == [("/p/a.jpg", "cat")]


def test_only_what_differs_is_written(tx: Connection) -> None:
    submit(tx, settled("/p/a.jpg"))
    record(tx, [result(claim(tx)[0], ONE, CAT, TIGER_CAT)], name_of, NOW)
    found = anew(tx, Tag(CAT, 0.9), Tag(TIGER_CAT, 0.7), Tag(DOG, 0.6), now=NOW + 60)
    assert [tag.label for tag in found.gained] == [DOG]
    assert [tag.label for tag in found.moved] == [TIGER_CAT]
    assert rows(tx, "SELECT tag, confidence, tagged_at FROM v_photo_tags ORDER BY tag") == [
        ("cat", 0.9, "2023-11-14T22:13:20.000Z"),
        ("dog", 0.6, "2023-11-14T22:14:20.000Z"),
        ("tiger cat", 0.7, "2023-11-14T22:13:20.000Z"),
    ]
    assert anew(tx, Tag(DOG, 0.6)).lost == (CAT, TIGER_CAT)
    assert [tag for _, tag, *_ in in_force(tx)] == ["dog"]
    assert not anew(tx, Tag(DOG, 0.6))


def test_a_page_holds_what_the_last_stage_said(tx: Connection) -> None:
    submit(tx, *(settled(f"/p/{name}.jpg", n) for n, name in enumerate("abc", 1)))
    one, two, _ = claim(tx)
    first = result(one, ONE, CAT)
    assert first.tagging is not None
    said = said_of(ONE, "lite2", "e" * 64)
    both = dataclasses.replace(first.tagging, stages=(*first.tagging.stages, said))
    record(tx, [dataclasses.replace(first, tagging=both), result(two, TWO)], name_of, NOW)
    photo, other = derived.page(tx, limit=10)
    assert (photo.predictions.model, photo.given) == ("lite2", {CAT: 0.9})
    assert photo.predictions.labels == said.labels
    assert np.array_equal(photo.predictions.logits, said.logits)
    assert (other.predictions.photo_id, other.given) == (TWO, {})
    assert [each.row_id for each in derived.page(tx, limit=1)] == [photo.row_id]
    assert [each.row_id for each in derived.page(tx, after=photo.row_id, limit=9)] == [other.row_id]
    assert derived.page(tx, after=other.row_id, limit=9) == []


def test_another_language_renames_labels(judged: Connection) -> None:
    names = {CAT: "猫", TIGER_CAT: "虎猫", "n77777777": "nothing"}
    assert tags.rename_labels(judged, names) == 2
    assert tags.rename_labels(judged, names) == 0
    assert rows(judged, "SELECT tag FROM v_rejected_tags") == [("猫",)]
    assert CAT in tags.label_keys(judged)
    assert "n77777777" not in tags.label_keys(judged)


def test_copies_that_tell_different_times_have_one(tx: Connection) -> None:
    def record_both(number: int, *times: str) -> None:
        submit(tx, settled("/p/b.jpg", number), settled("/p/a.jpg", number))
        both = [result(job, ONE, CAT, orientation=number) for job in claim(tx)]
        told = [
            dataclasses.replace(each, facts=dataclasses.replace(each.facts, taken_at=time))
            for each, time in zip(both, times, strict=True)
        ]
        assert all(record(tx, told, name_of, NOW))

    early, late = "2024-06-01T12:00:00", "2024-06-02T12:00:00"
    for number, times in enumerate([(early, early), (late, early), (early, late), (late, early)]):
        record_both(number + 1, *times)
        [(its,)] = rows(tx, "SELECT taken_at FROM photo")
        assert rows(tx, "SELECT DISTINCT taken FROM file") == [(moment(str(its)),)]
        assert rows(tx, "SELECT taken FROM found") == [(moment(str(its)),)]


# Rolling back


def test_nothing_of_a_batch_that_was_rolled_back_is_remembered(catalogue: Catalogue) -> None:
    with catalogue.write() as tx:
        submit(tx, settled("/p/a.jpg"))
        [job] = claim(tx)

    def fails_after_recording() -> None:
        with catalogue.write() as tx:
            record(tx, [result(job, ONE, CAT)], name_of, NOW)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fails_after_recording()
    with catalogue.write() as tx:
        # The labels that were taken in then are gone: their ids must not be used.
        tags.label_ids(tx, {"n88888888": "first"})
        assert record(tx, [result(job, ONE, CAT, DOG)], name_of, NOW) == [True]
        assert [tag for _, tag, *_ in in_force(tx)] == ["cat", "dog"]
        assert rows(tx, "PRAGMA foreign_key_check") == []


def test_nothing_of_a_commit_that_failed_is_remembered(catalogue: Catalogue) -> None:
    def fails_at_the_commit() -> None:
        with catalogue.write() as tx:
            tx.exec_driver_sql("PRAGMA defer_foreign_keys = ON")
            tags.label_ids(tx, {CAT: "cat"})
            tx.exec_driver_sql("INSERT INTO tag VALUES (404, 1, 'model', 1, 'active', 1, NULL, 0)")

    with pytest.raises(IntegrityError):
        fails_at_the_commit()
    with catalogue.write() as tx:
        ids = tags.label_ids(tx, {DOG: "dog", CAT: "cat"})
        assert dict(rows(tx, "SELECT key, id FROM label")) == ids


def test_facts_are_kept(tx: Connection) -> None:
    assert settings.get(tx, "derived_with") is None
    for value in ("one", "two"):
        settings.put(tx, "derived_with", value)
        assert settings.get(tx, "derived_with") == value


def test_who_looked_at_these_files_is_told_apart_from_who_looks_as_a_rule(tx: Connection) -> None:
    submit(tx, settled("/a.jpg", 1), settled("/b.jpg", 2), settled("/c.jpg", 3))
    first, *others = claim(tx)
    record(tx, [result(first, ONE, LABELS[0])], name_of, NOW)
    look = overview.last_look(tx)
    paths = [Path(f"/{name}.jpg") for name in "abc"]
    assert overview.looked_with_since(tx, paths, look) == []
    wants = [Want("a rule's", "mine"), Want("a cascade's", "lite0, then lite2")]
    for job, photo_id, want in zip(others, (TWO, "3" * 32), wants, strict=True):
        made = result(job, photo_id, LABELS[0])
        assert made.tagging
        asked = dataclasses.replace(made.tagging, asked=want)
        record(tx, [dataclasses.replace(made, tagging=asked)], name_of, NOW)
    assert overview.looked_with_since(tx, paths, look) == ["lite0, then lite2", "mine"]
    assert overview.looked_with_since(tx, paths[:2], look) == ["mine"]
