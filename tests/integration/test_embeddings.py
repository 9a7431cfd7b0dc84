"""What models see is kept with what they say, filled in for photos that were tagged without, and
removed again: a real queue, real decoders and real weights."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import Connection

from tagd.catalogue.db.engine import open_owner
from tagd.catalogue.tagging import embedded, embeddings
from tagd.catalogue.tagging.embedded import Source
from tagd.domain import Embedding, Priority
from tagd.errors import ModelError
from tagd.ops import backup
from tagd.revise.restore import go_back
from tagd.tagging.classify import Classifier
from tagd.writeback.queue import Writes
from tests.catalogue import NOW, rows
from tests.desk import LITE0, LITE2, Desk
from tests.night import CASCADE, NEW, NOON, OLD, Night

CAT, COFFEE = "cat.png", "coffee.jpg"
SEEN = "SELECT photo_id, name, length(vector) FROM embedding JOIN model ON model.id = model_id"


def seen(desk: Desk) -> list[tuple[str, int]]:
    """The models that saw photos, in the order of these, and the length of what they saw."""
    with desk.catalogue.read() as tx:
        return [(name, length) for _, name, length in rows(tx, f"{SEEN} ORDER BY 1")]


def lacking(desk: Desk) -> int:
    with desk.catalogue.read() as tx:
        return embedded.lacking(tx)


def fingerprint(tx: Connection) -> str:
    [kept] = embedded.kept(tx)
    return kept.source.fingerprint


def fingerprint_of(desk: Desk) -> str:
    """The fingerprint of the model on this disk."""
    found = desk.machine(0).find(LITE0)
    assert found
    assert found.fingerprint
    return found.fingerprint


def said(desk: Desk) -> list[tuple[object, ...]]:
    """All that models and people said of photos, and when."""
    with desk.catalogue.read() as tx:
        return [
            *rows(tx, "SELECT * FROM tagging ORDER BY id"),
            *rows(tx, "SELECT * FROM tag ORDER BY photo_id, label_id"),
            *rows(tx, "SELECT * FROM history ORDER BY id"),
            *rows(tx, "SELECT tagging_id, applied_id FROM photo_tagger ORDER BY photo_id"),
        ]


@pytest.fixture
def before(night: Night) -> Night:
    """Photos that were tagged while nobody asked for embeddings."""
    night.desk.keeps_embeddings = False
    night.desk.tag(OLD, CAT, COFFEE)
    night.check(OLD)
    night.desk.keeps_embeddings = True
    return night


def test_what_the_last_model_sees_is_kept_with_what_it_says(night: Night) -> None:
    night.desk.tag(OLD, CAT, COFFEE)
    assert seen(night.desk) == [(LITE0, 1284)] * 2
    assert lacking(night.desk) == 0
    with night.desk.catalogue.read() as tx:
        [kept] = embedded.kept(tx)
        ids = [str(photo_id) for (photo_id,) in rows(tx, "SELECT content_hash FROM photo")]
        by_id = embeddings.load(tx, [*ids, "unknown"], kept.source.fingerprint)
        everything = embeddings.everything(tx, kept.source.fingerprint)
        by_page = list(embeddings.pages(tx, kept.source.fingerprint, limit=1))
        nothing = embeddings.everything(tx, "another")
    assert (kept.source.model, kept.photos, kept.bytes) == (LITE0, 2, 2568)
    assert by_id.keys() == set(ids)
    assert everything.rows.shape == (2, 1280)
    assert len({row.tobytes() for row in everything.rows}) == 2
    assert np.array_equal(everything.rows, np.concatenate([each.rows for each in by_page]))
    assert everything.photos.tolist() == [int(each.photos[0]) for each in by_page]
    assert len(nothing.photos) == 0


def test_of_a_cascade_it_is_what_the_last_one_saw_that_was_heard(night: Night) -> None:
    night.desk.tag(CASCADE, CAT)
    assert seen(night.desk) == [(LITE2, 1284)]


def test_where_it_is_off_none_is_asked_for(before: Night) -> None:
    assert seen(before.desk) == []
    assert lacking(before.desk) == 2


def test_photos_that_were_tagged_without_are_filled_in_and_nothing_else_changes(
    before: Night,
) -> None:
    what, retagger = said(before.desk), before.retagger(OLD)
    retagger.tick()
    assert before.queue() == [(Priority.EMBED, 2)]
    before.work(OLD)
    assert seen(before.desk) == [(LITE0, 1284)] * 2
    assert lacking(before.desk) == 0
    assert said(before.desk) == what
    before.seconds += 100
    retagger.tick()
    assert before.queue() == []


def test_nothing_is_written_into_photos_for_that(before: Night) -> None:
    before.desk.writes = Writes(lambda _: True)
    before.retagger(OLD).tick()
    before.work(OLD)
    assert before.queue() == [], "no job of any kind"
    (before.desk.photos / "copy.png").write_bytes((before.desk.photos / CAT).read_bytes())
    before.desk.tag(OLD, "copy.png")
    assert before.queue() == [(Priority.NEW, 2)], "as for a copy that is found"


def test_what_is_filled_in_is_what_the_tagging_would_have_kept(before: Night) -> None:
    before.retagger(OLD).tick()
    before.work(OLD)
    with before.desk.catalogue.write() as tx:
        filled = embeddings.everything(tx, fingerprint(tx)).rows
        tx.exec_driver_sql("DELETE FROM photo")
    for name in (CAT, COFFEE):
        (before.desk.photos / name).touch()
    before.desk.tag(OLD, CAT, COFFEE)
    with before.desk.catalogue.read() as tx:
        tagged = embeddings.everything(tx, fingerprint(tx)).rows
    # The order may differ, and so the last bits, by what was asked together.
    assert sorted(filled.sum(axis=1)) == pytest.approx(sorted(tagged.sum(axis=1)), rel=1e-3)


def test_they_are_filled_in_within_the_hours_and_the_pace_of_retagging(before: Night) -> None:
    before.now = NOON
    retagger = before.retagger(OLD, per_hour=1)
    retagger.tick()
    assert before.queue() == []
    before.now = before.now.replace(hour=3)
    before.seconds += 100
    retagger.tick()
    assert before.queue() == [(Priority.EMBED, 1)]
    before.now = NOON
    retagger.tick()
    assert before.queue() == [], "taken out as the window closes"


def test_new_photos_go_first(before: Night) -> None:
    (before.desk.photos / "new.png").write_bytes((before.desk.photos / CAT).read_bytes())
    before.desk.submit("new.png")
    before.retagger(OLD).tick()
    assert before.queue() == [(Priority.NEW, 1)]


def test_stale_photos_get_theirs_as_they_are_tagged_again(before: Night) -> None:
    before.retagger(NEW).tick()
    assert before.queue() == [(Priority.RETAG, 2)]
    before.work(NEW)
    assert seen(before.desk) == [(LITE2, 1284)] * 2
    assert lacking(before.desk) == 0


def test_another_models_replaces_it(night: Night) -> None:
    night.desk.tag(OLD, CAT)
    night.retagger(NEW).tick()
    night.work(NEW)
    assert seen(night.desk) == [(LITE2, 1284)]


def test_a_model_that_is_restored_is_asked_again_for_it(night: Night) -> None:
    night.desk.tag(OLD, CAT)
    night.retagger(NEW).tick()
    night.work(NEW)
    go_back(night.desk.catalogue, night.desk.derivation(), LITE0)
    assert lacking(night.desk) == 1
    night.seconds += 100
    night.retagger(OLD).tick()
    night.work(OLD)
    assert seen(night.desk) == [(LITE0, 1284)]
    assert lacking(night.desk) == 0


def test_what_is_there_for_the_model_already_is_not_asked_again(night: Night) -> None:
    night.desk.tag(OLD, CAT)
    night.check(OLD)
    with night.desk.catalogue.write() as tx:
        tx.exec_driver_sql("UPDATE photo_tagger SET embedded_id = NULL")
    night.retagger(OLD).tick()
    assert night.queue() == []
    assert lacking(night.desk) == 0


def test_photos_of_a_model_that_is_not_here_are_left(before: Night) -> None:
    with before.desk.catalogue.write() as tx:
        tx.exec_driver_sql("UPDATE model SET fingerprint = 'of a model that was replaced'")
        tx.exec_driver_sql("UPDATE photo_tagger SET desired_id = applied_id")
    retagger = before.retagger(OLD)
    for _ in range(3):
        retagger._feed()
        before.seconds += 20
    assert before.queue() == []
    assert lacking(before.desk) == 2


def test_a_model_that_fails_costs_its_embeddings_alone(
    before: Night, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> list[Embedding]:
        raise ModelError("no memory")

    before.retagger(OLD).tick()
    with monkeypatch.context() as trouble:
        trouble.setattr(Classifier, "embed", fail)
        before.work(OLD)
    assert lacking(before.desk) == 2
    assert [words for words in before.desk.said if "no memory" in words]
    before.work(OLD)
    assert before.queue() == []


def test_more_than_one_page_is_gone_through_by_and_by(
    before: Night, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded, "_SPAN", 1)
    with before.desk.catalogue.write() as tx:
        tx.exec_driver_sql("UPDATE model SET fingerprint = 'gone'")
        tx.exec_driver_sql(
            "INSERT INTO model (id, name, fingerprint, first_used_at) VALUES (9, ?, ?, 0)",
            (LITE0, fingerprint_of(before.desk)),
        )
        tx.exec_driver_sql("UPDATE tagging SET model_id = 9 WHERE photo_id = 2")
        tx.exec_driver_sql("UPDATE photo_tagger SET desired_id = applied_id")
    retagger = before.retagger(OLD)
    for _ in range(2):
        retagger._feed()
    assert before.queue() == [(Priority.EMBED, 1)], "beyond one whose model is not here"


def test_switched_off_they_go_and_their_room_with_them(night: Night) -> None:
    night.desk.tag(OLD, CAT, COFFEE)
    what = said(night.desk)
    retagger = night.retagger(OLD, keeps_embeddings=False)
    retagger.tick()
    assert seen(night.desk) == []
    assert said(night.desk) == what
    night.seconds += 100
    retagger.tick()
    assert night.queue() == [], "and none is asked for"
    assert lacking(night.desk) == 2, "to be filled in, once they are wanted again"


def test_backups_leave_them_out_and_they_are_filled_in_again(night: Night, tmp_path: Path) -> None:
    night.desk.tag(OLD, CAT, COFFEE)
    made = backup.back_up(night.desk.catalogue.path, tmp_path / "backups", 1, NOW)
    backup.verify(made.path)
    with open_owner(made.path, "a test") as restored, restored.read() as tx:
        assert embedded.kept(tx) == []
        assert embedded.lacking(tx) == 2
        assert rows(tx, "SELECT count(*) FROM tagging") == [(2,)]
    assert seen(night.desk) == [(LITE0, 1284)] * 2, "the catalogue's own stay"


def test_a_photo_and_its_embedding_are_recorded_together_or_not_at_all(
    night: Night, monkeypatch: pytest.MonkeyPatch
) -> None:
    night.desk.submit(CAT)
    real = embeddings.keep

    def keep(tx: object, found: dict[int, Embedding], now: float) -> None:
        broken = {
            row: Embedding(each.photo_id, each.model, each.fingerprint, np.full(3, np.nan))
            for row, each in found.items()
        }
        real(tx, broken, now)  # type: ignore[arg-type]

    with monkeypatch.context() as trouble:
        trouble.setattr(embeddings, "keep", keep)
        night.desk.worker(OLD).turn()
    with night.desk.catalogue.read() as tx:
        assert rows(tx, "SELECT count(*) FROM tagging") == [(0,)]
        assert rows(tx, "SELECT count(*) FROM embedding") == [(0,)]


def test_a_photo_that_is_forgotten_takes_its_own_with_it(night: Night) -> None:
    night.desk.tag(OLD, CAT, COFFEE)
    with night.desk.catalogue.write() as tx:
        tx.exec_driver_sql("DELETE FROM file")
        tx.exec_driver_sql("DELETE FROM photo WHERE id = 1")
        assert rows(tx, "SELECT count(*) FROM embedding") == [(1,)]


def test_a_network_that_has_none_is_not_asked_again(before: Night) -> None:
    with before.desk.catalogue.write() as tx:
        [source] = set(embedded.lacked_by_files(tx, [1, 2]).values())
        none = Embedding("", source.model, source.fingerprint, None)
        embeddings.keep(tx, {1: none, 2: none}, NOW)
        assert embedded.lacking(tx) == 0
        assert embedded.kept(tx) == []
    assert source == Source(LITE0, source.fingerprint)


def test_which_photos_lack_one_is_read_from_an_index(before: Night) -> None:
    with before.desk.catalogue.read() as tx:
        plan = rows(
            tx,
            "EXPLAIN QUERY PLAN SELECT photo_id FROM photo_tagger WHERE tagger_id = 1 AND"
            " tagging_id IS NOT NULL AND embedded_id IS NOT tagging_id AND photo_id > 5",
        )
    assert "COVERING INDEX ix_photo_tagger_unembedded (photo_id>?)" in str(plan)
