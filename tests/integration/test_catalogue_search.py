"""Finding photos, and what commands print of the catalogue."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

import pytest
from sqlalchemy import Connection

from tagd.catalogue.db.snapshot import sqlite
from tagd.catalogue.files import photos
from tagd.catalogue.queue import jobs
from tagd.catalogue.reports import overview
from tagd.catalogue.reports.shown_tags import ShownTag
from tagd.catalogue.search import search
from tagd.catalogue.search.parser import MOST_TERMS
from tagd.catalogue.tagging import tags
from tagd.catalogue.tagging.record import record
from tagd.domain import CLASSIFIER, FileState, JobState, TagSource, TagState
from tagd.errors import QueryError
from tests.catalogue import LABELS, NOW, Later, claim, fresh, name_of, result, settled, submit

CAT, TIGER_CAT, DOG = LABELS[:3]
NOT_UTF8 = Path(os.fsdecode(b"/p/caf\xe9/dog.jpg"))


@pytest.fixture
def tx(tmp_path: Path) -> Iterator[Connection]:
    """Three cats and two dogs, one of them missing; a plain picture, a broken one, one waiting."""
    files: dict[str | Path, tuple[str, ...]] = {
        "/p/cat.jpg": (CAT,),
        "/p/tiger.jpg": (TIGER_CAT, CAT),
        "/p/100%_both.jpg": (CAT, DOG),
        NOT_UTF8: (DOG,),
        "/p/gone.jpg": (CAT,),
        "/p/plain.jpg": (),
    }
    with fresh(tmp_path) as catalogue, catalogue.write() as tx:
        submit(tx, *(settled(path, number) for number, path in enumerate(files, 1)))
        found = zip(sorted(claim(tx), key=lambda job: job.id), files.values(), strict=True)
        batch = [result(job, f"{job.id:032x}", *labels) for job, labels in found]
        assert all(record(tx, batch, name_of, NOW - 30))
        photos.mark_missing(tx, [Path("/p/gone.jpg")], NOW)
        submit(tx, settled("/p/broken.jpg", 7))
        jobs.quarantine(tx, claim(tx)[0], "corrupt", "no image data", NOW - 1)
        submit(tx, settled("/p/waits.jpg", 8), now=NOW - 20)
        yield tx


@dataclass(frozen=True)
class Called:
    """Names as the catalogue has them, and some in another language; nothing is below anything."""

    labels_called: Mapping[str, str]

    def labels(self, text: str, *, beginning: bool = False) -> frozenset[str]:
        if beginning:
            names = self.labels_called
            return frozenset(names[name] for name in names if name.startswith(text))
        return frozenset({self.labels_called.get(text.casefold(), "")} - {""})

    def is_name(self, text: str) -> bool:
        return text.casefold() in self.labels_called

    def is_tag(self, text: str, *, exactly: bool = False) -> bool:
        return not exactly and self.is_name(text)

    def suggest(self, text: str) -> list[str]:
        return get_close_matches(text, self.labels_called)


NAMES = Called({"cat": CAT, CAT: CAT, "猫": CAT, "tiger cat": TIGER_CAT, "dog": DOG, "zebra": "z"})


ALL = ["100%_both", "broken", "dog", "cat", "plain", "tiger", "waits"]


def names(tx: Connection, query: str) -> list[str]:
    return [each.path.stem for each in search.search(sqlite(tx), query, NAMES)]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("cat", ["100%_both", "cat", "tiger"]),
        ("CAT", ["100%_both", "cat", "tiger"]),
        (CAT, ["100%_both", "cat", "tiger"]),
        ("cat dog", ["100%_both"]),
        ("cat -dog", ["cat", "tiger"]),
        ('"tiger cat"', ["tiger"]),
        ('-"tiger  cat" cat', ["100%_both", "cat"]),
        ("猫", ["100%_both", "cat", "tiger"]),
        ("-cat path:/p/", ["broken", "dog", "plain", "waits"]),
        ("tig*", ["tiger"]),
        ("zebra", []),  # a tag that no photo has
        ("-zebra path:plain", ["plain"]),
        ("cat OR dog", ["100%_both", "cat", "dog", "tiger"]),
        ("-(cat OR dog) state:tagged", ["plain"]),
        ("conf:>0.85", ["100%_both", "cat", "dog", "tiger"]),
        ("cat conf:>0.85", ["100%_both", "cat"]),
        ("(cat OR dog) conf:<=0.8", ["100%_both", "tiger"]),
        ("-conf:>0 state:tagged", ["plain"]),
        ("source:person", []),
        ("source:model dog", ["100%_both", "dog"]),
        ("camera:nikon", ["100%_both", "cat", "dog", "plain", "tiger"]),
        ('camera:"Nikon z" -cat', ["dog", "plain"]),
        ("taken:2024 cat", ["100%_both", "cat", "tiger"]),
        ("taken:2024-06-01..", ["100%_both", "cat", "dog", "plain", "tiger"]),
        ("taken:..2024-05", []),
        ("-taken:2024", ["broken", "waits"]),
        ("model:lite dog", ["100%_both", "dog"]),
        ("tagger:classifier dog", ["100%_both", "dog"]),
        ("tagger:everyday", []),
        ("tagger：Ｃｌａｓｓｉｆｉｅｒ dog", ["100%_both", "dog"]),
        ("tags:0", ["plain"]),
        ("tags:2", ["100%_both", "tiger"]),
        ("tags:>=1 -dog", ["cat", "tiger"]),
        ("-tags:0 -tags:>0", ["broken", "waits"]),
        ("rating:none cat", ["100%_both", "cat", "tiger"]),
        ("rating:5", []),
        ("gps:no dog", ["100%_both", "dog"]),
        ("（cat　ＯＲ　dog）　−path：cat", ["100%_both", "dog", "tiger"]),
        ("path：ＤＯＧ", ["dog"]),
        ("state:failed", ["broken"]),
        ("state:queued OR state:failed", ["broken", "waits"]),
        ("state:missing", ["gone"]),
        ("path:DOG", ["dog"]),
        ("path:d?g.JPG", ["dog"]),
        ("path:*og.jpg", ["dog"]),
        ("path:*og", []),
        ("path:/p/c*t.jpg", ["cat"]),
        ("-path:/*", []),
        ("dog path:/p/cat", []),
        ("path:/p/cat.jpg", ["cat"]),
        ("path:100%_", ["100%_both"]),
        ("path:_both -path:/q", ["100%_both"]),
        ('path:"100%_both"', ["100%_both"]),
        ("-path:/p", []),
        ("path:caf\\xe9/", ["dog"]),
        (f"path:{NOT_UTF8.parent}", ["dog"]),
        ("path:/p/caf\\xe9/dog.jpg", ["dog"]),
        ("", ALL),
        (" OR ".join(f"path:x{number}" for number in range(MOST_TERMS)), []),
        (
            "cat " + " ".join(f"-path:x{n}" for n in range(MOST_TERMS - 1)),
            ["100%_both", "cat", "tiger"],
        ),
        (" ".join(f"(path:x{n} OR -path:y{n})" for n in range(MOST_TERMS // 2)), ALL),
    ],
)
def test_queries(tx: Connection, query: str, expected: list[str]) -> None:
    for sort in search.Sort:
        found = search.search(sqlite(tx), query, NAMES, sort=sort, limit=50)
        assert sorted(each.path.stem for each in found) == sorted(expected), sort
    assert sorted(names(tx, query)) == sorted(expected)


def test_a_rejected_tag_is_not_found_and_not_shown(tx: Connection) -> None:
    tx.exec_driver_sql("UPDATE tag SET state = 'rejected' WHERE photo_id = 1")
    assert names(tx, "cat") == ["100%_both", "tiger"]
    assert "cat" in names(tx, "-cat")
    [found] = search.search(sqlite(tx), "path:/p/cat.jpg", NAMES)
    assert found.tags == ()


def test_what_is_found_comes_with_its_tags_in_pages(tx: Connection) -> None:
    [found] = search.search(sqlite(tx), '"tiger cat"', NAMES)
    assert found.path == Path("/p/tiger.jpg")
    assert found.tags == (
        ShownTag(
            "tiger cat", TIGER_CAT, 0.9, TagSource.MODEL, TagState.ACTIVE, "lite0", CLASSIFIER
        ),
        ShownTag("cat", CAT, 0.8, TagSource.MODEL, TagState.ACTIVE, "lite0", CLASSIFIER),
    )
    pages = [
        search.search(sqlite(tx), "cat", NAMES, limit=2, offset=offset) for offset in (0, 2, 4)
    ]
    assert [[each.path.stem for each in page] for page in pages] == [
        ["100%_both", "cat"],
        ["tiger"],
        [],
    ]
    assert [each.path for each in search.search(sqlite(tx), "dog path:caf", NAMES)] == [NOT_UTF8]


def test_one_file_in_full(tx: Connection) -> None:
    shown = overview.show(tx, Path("/p/tiger.jpg"))
    assert shown is not None
    assert (shown.state, shown.photo_id, shown.size) == (FileState.TAGGED, f"{2:032x}", 1001)
    assert shown.facts is not None
    assert (shown.facts.width, shown.facts.camera_model) == (4000, "Z 6")
    assert [tag.name for tag in shown.tags] == ["tiger cat", "cat"]
    [stage] = shown.stages
    assert (stage.model, stage.reason) == ("lite0", "because it was asked for")
    assert stage.predicted_at == NOW - 30
    assert (stage.best[0].label, stage.best[0].name) == (CAT, "cat")
    assert stage.best[0].probability == pytest.approx(0.606531)
    assert shown.jobs == ()


def test_one_file_that_failed_and_one_that_is_not_known(tx: Connection) -> None:
    shown = overview.show(tx, Path("/p/broken.jpg"))
    assert shown is not None
    assert (shown.state, shown.reason, shown.facts) == (FileState.FAILED, "no image data", None)
    assert (shown.tags, shown.stages) == ((), ())
    [job] = shown.jobs
    assert (job.state, job.attempts, job.error) == (JobState.QUARANTINED, 1, "no image data")
    assert overview.show(tx, NOT_UTF8) is not None
    assert overview.show(tx, Path("/p/unknown.jpg")) is None


def test_the_whole_at_a_glance(tx: Connection) -> None:
    status = overview.status(tx, NOW)
    assert status.files == {
        FileState.QUEUED: 1,
        FileState.TAGGED: 5,
        FileState.FAILED: 1,
        FileState.MISSING: 1,
    }
    assert status.queue == {
        JobState.WAITING: 1,
        JobState.LEASED: 0,
        JobState.QUARANTINED: 1,
    }
    assert (status.tagged_last_minute, status.tagged_last_hour) == (6, 6)
    assert status.oldest_waiting == NOW - 20
    assert [failure.reason for failure in status.last_failures] == ["no image data"]
    later = overview.status(tx, NOW + 60)
    assert (later.tagged_last_minute, later.tagged_last_hour) == (0, 6)


def test_failures_the_latest_first(tx: Connection) -> None:
    submit(tx, settled("/p/late.jpg", 9))
    late, other = sorted(claim(tx, lease="worker/9"), key=lambda job: job.path.stem)
    jobs.quarantine(tx, late, "too-large", "too many pixels", NOW + 5)
    jobs.retry_later(tx, other, "unreadable", "no rights", Later(NOW + 5))
    found = overview.failed(tx)
    assert [(each.path.stem, each.code, each.failed_at, each.attempts) for each in found] == [
        ("late", "too-large", NOW + 5, 1),
        ("broken", "corrupt", NOW - 1, 1),
    ]
    assert [each.path.stem for each in overview.failed(tx, limit=1)] == ["late"]


def test_tags_with_their_numbers(tx: Connection) -> None:
    counted = [(each.name, each.files) for each in overview.tag_counts(tx)]
    assert counted == [("cat", 3), ("dog", 2), ("tiger cat", 1)]
    assert sorted(counted) == sorted(
        tuple(row) for row in tx.exec_driver_sql("SELECT tag, files FROM v_tags").all()
    )


def test_two_labels_of_one_name_count_a_file_once(tx: Connection) -> None:
    tags.rename_labels(tx, {DOG: "cat"})
    assert [(each.name, each.files) for each in overview.tag_counts(tx)] == [
        ("cat", 4),
        ("tiger cat", 1),
    ]


@pytest.mark.parametrize(
    ("query", "at", "suggestions"),
    [
        ("dog catt", 4, ("cat",)),
        ("camera:nikom", 0, ("nikon",)),
        ("cat model:lite9", 4, ("lite0",)),
        ("tiggerish", 0, ()),
    ],
)
def test_an_unknown_word_is_answered_with_what_is_near(
    tx: Connection, query: str, at: int, suggestions: tuple[str, ...]
) -> None:
    with pytest.raises(QueryError) as told:
        names(tx, query)
    assert (told.value.at, told.value.suggestions) == (at, suggestions)


def test_the_order_is_the_one_asked_for(tx: Connection) -> None:
    tx.exec_driver_sql("UPDATE photo SET taken_at = '2025-01-02T03:04:05+09:00' WHERE id = 3")
    tx.exec_driver_sql("UPDATE tag SET confidence = 0.95 WHERE photo_id = 2 AND label_id = 1")

    def order(sort: search.Sort) -> list[str]:
        return [
            each.path.stem for each in search.search(sqlite(tx), "cat", NAMES, sort=sort, limit=9)
        ]

    assert order(search.Sort.NEWEST) == ["100%_both", "tiger", "cat"]
    assert order(search.Sort.ADDED) == ["100%_both", "tiger", "cat"]
    assert order(search.Sort.PATH) == ["100%_both", "cat", "tiger"]
    by_confidence = search.search(sqlite(tx), "cat", NAMES, sort=search.Sort.CONFIDENCE, limit=9)
    sure = [next(tag.confidence for tag in each.tags if tag.label == CAT) for each in by_confidence]
    assert sure == sorted(sure, reverse=True)
    assert names(tx, "taken:2025-01-02") == ["100%_both"]


@pytest.mark.parametrize(
    ("query", "index"),
    [
        ("rating:5", "ix_said_rating"),
        ("rating:>=3 cat", "ix_said_rating"),
        ("gps:yes", "ix_said_place"),
        ("near:35.0,135.8,5", "ix_said_place"),
        ("tags:0", "SEARCH file USING COVERING INDEX ix_file_photo_id"),
    ],
)
def test_what_few_files_have_is_gathered_by_its_index(
    tx: Connection, query: str, index: str
) -> None:
    """Among so many that a walk through all of them is no way."""
    asked = sqlite(tx)
    tx.exec_driver_sql(
        "INSERT INTO file (id, path_key, path, state, state_since, size, mtime_ns, ctime_ns, inode,"
        " seen_at) VALUES (1000000, 'last', 'last', 'queued', 0, 1, 1, 1, 99, 0)"
    )
    said: list[str] = []
    asked.set_trace_callback(said.append)
    search.search(asked, query, NAMES, limit=9)
    asked.set_trace_callback(None)
    page = next(text for text in reversed(said) if "ORDER BY file.path" in text)
    plan = [row[-1] for row in asked.execute(f"EXPLAIN QUERY PLAN {page}")]
    assert any(index in step for step in plan), plan
    assert not any(step.startswith("SCAN file") for step in plan), plan
