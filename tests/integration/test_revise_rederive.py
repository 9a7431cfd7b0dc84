"""Changed rules, on a real catalogue: what comes, what goes, what stays, and what a kill leaves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from sqlalchemy import Connection

from tagd.catalogue.db import settings
from tagd.catalogue.db.engine import Catalogue, open_reader
from tagd.catalogue.tagging.record import TaggedFile, Tagging, record
from tagd.catalogue.tagging.runs import Run
from tagd.domain import PhotoFacts, Signature
from tagd.labels.derivation import Derivation
from tagd.labels.rules import TagRules
from tagd.labels.wording import Wording, read
from tagd.revise import rederive as anew
from tagd.work.progress import Progress
from tests.catalogue import NOW, claim, fresh, rows, settled, submit
from tests.labels import predicted

TABBY, TIGER_CAT, ESPRESSO, TENCH = "n02123045", "n02123159", "n07920052", "n01440764"
PHOTOS: dict[str, Mapping[str, float]] = {
    "cat": {TABBY: 0.9, TIGER_CAT: 0.05},
    "cats": {TABBY: 0.3, TIGER_CAT: 0.3, ESPRESSO: 0.2},
    "coffee": {ESPRESSO: 0.5, TENCH: 0.3},
    "nothing": {ESPRESSO: 0.1, TENCH: 0.1},
}
DEFAULT = {
    ("cat", "tabby cat"),
    ("cat", "cat"),
    ("cat", "animal"),
    ("cats", "cat"),
    ("cats", "animal"),
    ("coffee", "espresso"),
    ("coffee", "coffee"),
    ("coffee", "drink"),
    ("coffee", "food"),
}


def by(plain: TagRules | None = None, **said: object) -> Derivation:
    rules, faults = read(Wording(**said), plain or TagRules())  # type: ignore[arg-type]
    assert faults == []
    return Derivation.by(rules)


@pytest.fixture
def catalogue(tmp_path: Path) -> Iterator[Catalogue]:
    """Four photos, tagged by the default rules."""
    derivation = by()
    with fresh(tmp_path) as opened:
        anew.rederive_if_changed(opened, derivation)
        with opened.write() as tx:
            submit(tx, *(settled(f"/p/{name}", n) for n, name in enumerate(PHOTOS, 1)))
            found = []
            for number, job in enumerate(claim(tx)):
                one = predicted(PHOTOS[job.path.name], f"{number:032x}")
                tagging = Tagging("made", (one,), derivation.tags_of(one))
                made = PhotoFacts("JPEG", 40, 30)
                found.append(
                    TaggedFile(job, one.photo_id, made, Signature(1, 1, 1, number + 1), tagging)
                )
            assert all(record(tx, found, derivation.name_of, NOW))
        yield opened


def tags(catalogue: Catalogue, source: str = "model") -> set[tuple[str, str]]:
    with catalogue.read() as tx:
        found = rows(
            tx,
            "SELECT substr(path, 4), tag FROM v_photo_tags WHERE source = :source",
            source=source,
        )
    return {(path, tag) for path, tag in found}


def judge(tx: Connection, photo: str, tag: str, state: str) -> None:
    done = tx.exec_driver_sql(
        "UPDATE tag SET state = ? WHERE photo_id = (SELECT photo_id FROM file WHERE path = ?)"
        " AND label_id = (SELECT id FROM label WHERE name = ?)",
        (state, f"/p/{photo}", tag),
    )
    assert done.rowcount == 1


def test_nothing_is_done_where_nothing_changed(catalogue: Catalogue) -> None:
    assert tags(catalogue) == DEFAULT
    assert anew.rederive_if_changed(catalogue, by()) is None
    outcome = anew.rederive(catalogue, by())
    assert (outcome.photos, outcome.changed, outcome.renamed) == (4, 0, 0)
    assert tags(catalogue) == DEFAULT


def test_rules_come_into_force_and_the_difference_is_told(catalogue: Catalogue) -> None:
    ours = by(deny=["animal"], alias={"tabby": "Minka", "tiger cat": "Minka"})
    outcome = anew.rederive_if_changed(catalogue, ours)
    assert outcome is not None
    assert (outcome.photos, outcome.changed) == (4, 2)
    assert outcome.gained == {"Minka": 2}
    assert outcome.lost == {"animal": 2, "tabby cat": 1}
    lost = {("cat", "tabby cat"), ("cat", "animal"), ("cats", "animal")}
    assert tags(catalogue) == DEFAULT - lost | {("cat", "Minka"), ("cats", "Minka")}
    with catalogue.read() as tx:
        [(label, confidence)] = rows(
            tx,
            "SELECT label, confidence FROM v_photo_tags WHERE path = '/p/cats' AND tag = 'Minka'",
        )
    assert label == "own:Minka"
    assert confidence == pytest.approx(0.6)
    assert anew.rederive_if_changed(catalogue, ours) is None
    anew.rederive_if_changed(catalogue, by())
    assert tags(catalogue) == DEFAULT


def test_a_preview_tells_the_same_and_changes_nothing(catalogue: Catalogue) -> None:
    ours = by(TagRules(language="ja", ancestors=False), parents={"tabby": ["ours"]})
    with open_reader(catalogue.path) as reader:
        before = tags(reader)
        shown = anew.preview(reader, ours)
    assert tags(catalogue) == before
    assert shown == anew.rederive(catalogue, ours)
    assert shown.lost["動物"] == 2
    assert shown.renamed > 0


@pytest.mark.parametrize("by_whom", ["person", "metadata"])
def test_what_a_person_gave_too_neither_goes_nor_comes_by_rules(
    catalogue: Catalogue, by_whom: str
) -> None:
    with catalogue.write() as tx:
        tx.exec_driver_sql(
            "INSERT INTO tag (photo_id, label_id, source, state, confidence, tagged_at)"
            " SELECT photo_id, label.id, ?, 'active', 1, 1 FROM file, label"
            " WHERE path = '/p/cat' AND label.name = 'animal'",
            (by_whom,),
        )
    for ours, told in ((by(deny=["animal"]), "lost"), (by(), "gained")):
        shown = anew.preview(catalogue, ours)
        outcome = anew.rederive(catalogue, ours, run=Run.of("tagd tags rederive"))
        assert shown == outcome
        assert (outcome.changed, getattr(outcome, told)) == (1, {"animal": 1}), "of cats alone"
    with catalogue.read() as tx:
        sql = "SELECT change, tag FROM v_history WHERE path = '/p/{}' AND change != 'tagged'"
        assert rows(tx, sql.format("cat")) == []
        assert rows(tx, sql.format("cats")) == [("removed", "animal"), ("added", "animal")]


def test_what_a_person_decided_stays(catalogue: Catalogue) -> None:
    with catalogue.write() as tx:
        judge(tx, "cat", "cat", "rejected")
        judge(tx, "coffee", "drink", "confirmed")
        tx.exec_driver_sql(
            "INSERT INTO tag (photo_id, label_id, source, state, confidence, tagged_at)"
            " SELECT 1, id, 'person', 'active', 1, 0 FROM label WHERE name = 'espresso'"
        )
    decided = {("coffee", "drink")}
    for derivation in (by(deny=["drink"]), by(TagRules(min_confidence=0.99)), by()):
        anew.rederive_if_changed(catalogue, derivation)
        assert ("cat", "cat") not in tags(catalogue)
        assert tags(catalogue) >= decided
        assert tags(catalogue, "person") == {("cat", "espresso")}
    # What is no cat is no tabby cat either.
    assert tags(catalogue) == DEFAULT - {("cat", "cat"), ("cat", "tabby cat")}
    assert anew.preview(catalogue, by()).changed == 0, "nor is it told as a difference"


def test_what_somebody_else_gives_too_neither_comes_nor_goes(catalogue: Catalogue) -> None:
    with catalogue.write() as tx:
        tx.exec_driver_sql(
            "INSERT INTO tag (photo_id, label_id, source, state, confidence, tagged_at)"
            " SELECT 1, id, 'person', 'active', 1, 0 FROM label WHERE name IN ('cat', 'tabby cat')"
        )
    ours, run = by(TagRules(min_confidence=0.99)), Run.of("tagd tags rederive")
    shown = anew.preview(catalogue, ours)
    assert anew.rederive(catalogue, ours, run=run) == shown
    assert shown.lost["cat"] == 1, "of the photo to which nobody added it"
    assert shown.lost["tabby cat"] == 0
    with catalogue.read() as tx:
        told = rows(tx, "SELECT change FROM v_history WHERE path = '/p/cat' AND tag = 'tabby cat'")
    assert told == []
    assert anew.rederive(catalogue, by(), run=run).gained["tabby cat"] == 0
    assert ("cat", "tabby cat") in tags(catalogue, "person")


def test_another_language_touches_no_tag(catalogue: Catalogue) -> None:
    progress: list[Progress] = []
    outcome = anew.rederive_if_changed(
        catalogue, by(TagRules(language="ja")), on_progress=progress.append
    )
    assert outcome is not None
    assert (outcome.photos, progress) == (0, [])
    assert {tag for _, tag in tags(catalogue)} >= {"猫", "動物", "エスプレッソ"}
    assert anew.rederive_if_changed(catalogue, by(TagRules(language="ja"))) is None


def test_a_prefix_is_put_before_all_but_what_a_person_added(catalogue: Catalogue) -> None:
    with catalogue.write() as tx:
        tx.exec_driver_sql("INSERT INTO label (key, name) VALUES ('own:Oma', 'Oma')")
        tx.exec_driver_sql(
            "INSERT INTO tag (photo_id, label_id, source, state, confidence, tagged_at)"
            " SELECT 1, id, 'person', 'active', 1, 0 FROM label WHERE name = 'Oma'"
        )
    anew.rederive_if_changed(
        catalogue, by(TagRules(prefix="auto/"), alias={"tabby": "Minka", "cat": "Kitten"})
    )
    assert {tag for photo, tag in tags(catalogue) if photo == "cat"} == {
        "auto/Minka",
        "auto/Kitten",
        "auto/animal",
    }
    assert tags(catalogue, "person") == {("cat", "Oma")}


def test_stopped_in_the_middle_it_is_finished_whatever_the_rules_are_then(
    catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(anew, "PAGE", 1)
    asked = iter([False, True])
    anew.rederive_if_changed(catalogue, by(deny=["animal"]), stopping=lambda: next(asked))
    assert tags(catalogue) == DEFAULT - {("cat", "animal")}, "one photo is done"
    assert anew.rederive_if_changed(catalogue, by()) is not None, "the old rules again"
    assert tags(catalogue) == DEFAULT


def test_a_kill_between_two_pages_loses_nothing(
    catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(anew, "PAGE", 1)

    def killed(progress: Progress) -> None:
        if progress.done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        anew.rederive_if_changed(catalogue, by(deny=["animal"]), on_progress=killed)
    with catalogue.read() as tx:
        assert settings.get(tx, settings.DERIVED_WITH) == anew.UNFINISHED
    assert anew.rederive_if_changed(catalogue, by(deny=["animal"])) is not None
    assert tags(catalogue) == {pair for pair in DEFAULT if pair[1] != "animal"}


def test_progress_goes_up_to_the_whole(
    catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(anew, "PAGE", 3)
    told: list[Progress] = []
    anew.rederive(catalogue, by(), on_progress=told.append)
    assert [(each.done, each.total) for each in told] == [(3, 4), (4, 4)]
    assert told[-1].eta_seconds == 0
