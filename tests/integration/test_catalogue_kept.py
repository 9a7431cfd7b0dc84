"""Kept counts and searches, against what a plain look at all rows says."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from tagd.catalogue.db.snapshot import sqlite
from tagd.catalogue.db.times import moment
from tagd.catalogue.db.triggers import TAKEN
from tagd.catalogue.search import search
from tagd.catalogue.search.query import (
    And,
    CameraTerm,
    ConfidenceTerm,
    ModelTerm,
    NearTerm,
    Not,
    Or,
    PathTerm,
    PlacedTerm,
    Query,
    RatingTerm,
    SourceTerm,
    StateTerm,
    TagCountTerm,
    TaggerTerm,
    TagTerm,
    TakenTerm,
)
from tagd.domain import FileState, TagSource
from tests.catalogue import fresh, rows
from tests.plain_search import holds, plainly

NAMES = {"cat": 1, "dog": 2, "bird": 3}
TAKEN_AT = ("NULL", "'2023-05-06T07:08:09'", "'2024-01-02T03:04:05+09:00'")
MAKES = ("Nikon", "Nikon", None)
MODELS = ("lite0", "large")
PHOTOS, FILES = 3, 5

COUNTED = """
    SELECT label.name, count(DISTINCT file.id) FROM tag
    JOIN file ON file.photo_id = tag.photo_id AND file.state <> 'missing'
    JOIN label ON label.id = tag.label_id
    WHERE tag.state <> 'rejected' GROUP BY label.name ORDER BY 1"""
IN_FORCE = f"""
    SELECT label_id, {TAKEN}, photo_id, max(confidence) FROM tag JOIN photo ON photo.id = photo_id
    WHERE state <> 'rejected' GROUP BY label_id, photo_id ORDER BY 1, 2, 3"""
BARE = """
    SELECT id FROM photo WHERE id NOT IN (SELECT photo_id FROM tag WHERE state <> 'rejected')
    ORDER BY 1"""
DATED = f"""
    SELECT file.id, coalesce((SELECT {TAKEN} FROM photo WHERE id = photo_id), 0)
    FROM file ORDER BY 1"""

photos, labels = st.integers(1, PHOTOS), st.integers(1, len(NAMES))
sources, states = st.sampled_from(["model", "person"]), st.sampled_from(["active", "rejected"])
taken_at = st.sampled_from(TAKEN_AT)
shares = st.sampled_from([0.3, 0.6, 0.9])
files = st.integers(1, FILES)
taggers = st.integers(0, 2)
ratings = st.sampled_from(["NULL", -1, 0, 3, 5])
up, east = st.sampled_from([35.0, 35.1, -80.0]), st.sampled_from([135.0, 179.9, -179.9])
fates = st.sampled_from(["tagged", "missing", "failed", "queued"])
CHANGES = st.one_of(
    st.builds(
        "INSERT INTO tag VALUES ({}, {}, '{}', {}, '{}', {}, NULL, 0)"
        " ON CONFLICT DO NOTHING".format,
        *(photos, labels, sources, taggers, states, shares),
    ),
    st.builds(
        "INSERT INTO tag VALUES ({}, {}, '{}', {}, '{}', {}, NULL, 0) ON CONFLICT DO UPDATE"
        " SET state = excluded.state, confidence = excluded.confidence".format,
        *(photos, labels, sources, taggers, states, shares),
    ),
    st.builds("DELETE FROM tag WHERE photo_id = {} AND label_id = {}".format, photos, labels),
    st.builds("DELETE FROM tag WHERE source = '{}'".format, sources),
    st.builds("UPDATE tag SET state = '{}' WHERE label_id = {}".format, states, labels),
    st.builds("UPDATE tag SET confidence = {} WHERE source = '{}'".format, shares, sources),
    st.builds("UPDATE OR IGNORE tag SET source = '{}' WHERE label_id = {}".format, sources, labels),
    st.builds("UPDATE OR IGNORE tag SET label_id = {} WHERE photo_id = {}".format, labels, photos),
    st.builds("UPDATE file SET photo_id = {} WHERE id = {}".format, photos, files),
    st.builds("UPDATE file SET photo_id = NULL WHERE id = {}".format, files),
    st.builds("UPDATE file SET state = '{}' WHERE id = {}".format, fates, files),
    st.builds(
        "UPDATE file SET state = '{}', photo_id = {} WHERE id = {}".format, fates, photos, files
    ),
    st.builds("DELETE FROM file WHERE id = {}".format, files),
    st.builds("UPDATE photo SET taken_at = {} WHERE id = {}".format, taken_at, photos),
    st.builds("DELETE FROM photo WHERE id = {}".format, photos),
    st.builds(
        "INSERT OR REPLACE INTO said VALUES ({}, {}, {}, {})".format,
        *(files, ratings, st.just("NULL"), st.just("NULL")),
    ),
    st.builds(
        "INSERT OR REPLACE INTO said VALUES ({}, {}, {}, {})".format, files, ratings, up, east
    ),
)
# Two paths that are shown alike, as one with a byte that is no text and one with a backslash; none
# that is asked for as a whole, which is found by its bytes.
SAME_PATHS = st.builds("UPDATE file SET path = '/p/3' WHERE id = {}".format, files)


@pytest.fixture(scope="module")
def tx(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Connection]:
    """Three photos in five files, with three labels and no tags."""
    with fresh(tmp_path_factory.mktemp("kept")) as catalogue, catalogue.write() as tx:
        for name, row in NAMES.items():
            tx.exec_driver_sql("INSERT INTO label VALUES (?, ?, ?)", (row, name, name))
        for row in range(1, PHOTOS + 1):
            tx.exec_driver_sql(
                "INSERT INTO photo (id, content_hash, format, width, height, orientation,"
                " camera_make, camera_model, taken_at)"
                f" VALUES (?, ?, 'JPEG', 1, 1, 1, ?, 'Z', {TAKEN_AT[row - 1]})",
                (row, f"{row}", MAKES[row - 1]),
            )
        tx.exec_driver_sql("INSERT INTO tagger VALUES (2, 'everyday')")
        for row, name in enumerate(MODELS, 1):
            tx.exec_driver_sql(
                "INSERT INTO model (id, name, fingerprint, first_used_at) VALUES (?, ?, ?, 0)",
                (row, name, name),
            )
        for row in range(1, PHOTOS + 1):
            tx.exec_driver_sql(
                "INSERT INTO tagging (id, photo_id, model_id, reason, orientation, tagged_at)"
                " VALUES (?, ?, ?, '', 1, 0)",
                (row, row, row % len(MODELS) + 1),
            )
            tx.exec_driver_sql(
                "INSERT INTO photo_tagger (photo_id, tagger_id, tagging_id) VALUES (?, 1, ?)",
                (row, row),
            )
        for row in range(1, FILES + 1):
            tx.exec_driver_sql(
                "INSERT INTO file (id, path_key, path, photo_id, state, state_since, size,"
                " mtime_ns, ctime_ns, inode, seen_at)"
                " VALUES (?, ?, ?, ?, 'tagged', 0, 1, 1, 1, ?, 0)",
                (row, f"/p/{row}".encode(), f"/p/{row}", row % PHOTOS + 1, row),
            )
        yield tx


def make(tx: Connection, changes: list[str]) -> None:
    """Each change, but for those of photos that are gone."""
    for change in changes:
        with suppress(IntegrityError):
            tx.exec_driver_sql(change)


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(CHANGES, max_size=25))
def test_what_is_kept_is_what_is_counted(tx: Connection, changes: list[str]) -> None:
    with tx.begin_nested() as back:
        make(tx, changes)
        assert rows(tx, "SELECT tag, files FROM v_tags ORDER BY 1") == rows(tx, COUNTED)
        assert rows(tx, "SELECT * FROM found ORDER BY 1, 2, 3") == rows(tx, IN_FORCE)
        assert rows(tx, "SELECT id, taken FROM file ORDER BY 1") == rows(tx, DATED)
        assert rows(tx, "SELECT photo_id FROM untagged ORDER BY 1") == rows(tx, BARE)
        back.rollback()


class Called:
    """Names as they are: nothing is below anything."""

    def labels(self, text: str, *, beginning: bool = False) -> set[str]:
        return {text}

    def is_name(self, text: str) -> bool:
        return True

    def is_tag(self, text: str, *, exactly: bool = False) -> bool:
        return False

    def suggest(self, text: str) -> list[str]:
        return []


TERMS = st.one_of(
    st.builds(TagTerm, st.sampled_from([*NAMES])),
    st.builds(TakenTerm, st.just("2024"), st.none()),
    st.builds(StateTerm, st.sampled_from([FileState.FAILED, FileState.TAGGED])),
    st.builds(CameraTerm, st.sampled_from(["nik", "z", "leica"])),
    st.builds(ModelTerm, st.sampled_from(["lite", "l", "huge"])),
    st.builds(PathTerm, st.sampled_from(["/p/1", "/p", "p/2", "4"])),
    st.builds(TaggerTerm, st.sampled_from(["classifier", "everyday"])),
    st.builds(PlacedTerm, st.booleans()),
    st.sampled_from([RatingTerm(), RatingTerm(3, 5), RatingTerm(-1, -1), RatingTerm(0, 0)]),
    st.sampled_from([TagCountTerm(0, 0), TagCountTerm(1, 1), TagCountTerm(2), TagCountTerm(0, 1)]),
    st.sampled_from([NearTerm(35, 135, 12), NearTerm(35, 180, 20), NearTerm(-80, -179, 9999)]),
    st.builds(
        lambda name, low: And((TagTerm(name), ConfidenceTerm(low))),
        *(st.sampled_from([*NAMES]), shares),
    ),
)
QUERIES = st.recursive(
    TERMS,
    lambda inner: st.one_of(
        st.builds(Not, inner),
        st.lists(inner, min_size=2, max_size=3).map(tuple).map(And),
        st.lists(inner, min_size=2, max_size=3).map(tuple).map(Or),
    ),
    max_leaves=6,
)


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(CHANGES, max_size=15),
    QUERIES,
    st.sampled_from(search.Sort),
    st.sampled_from([None, 1, 50]),
)
def test_a_search_finds_what_a_plain_look_finds(
    tx: Connection, changes: list[str], query: Query, sort: search.Sort, limit: int | None
) -> None:
    with tx.begin_nested() as back:
        make(tx, changes)
        expected = sorted(file.path for file in plainly(tx) if holds(query, file))
        found = search.search(sqlite(tx), str(query), Called(), sort=sort, limit=limit)
        paths = [str(each.path) for each in found]
        if limit == 1:
            assert len(paths) == min(1, len(expected))
            assert set(paths) <= set(expected)
        else:
            assert sorted(paths) == expected
        if sort is search.Sort.PATH:
            assert paths == expected[: limit or None]
        back.rollback()


@given(
    st.one_of(
        st.none(),
        st.datetimes().map(lambda when: when.isoformat()),
        st.datetimes(timezones=st.timezones()).map(lambda when: when.isoformat("T", "seconds")),
        st.dates().map(str),
        st.sampled_from(["", "2024-06-01T12:30", "\N{ARABIC-INDIC DIGIT TWO}024-06-01T12:30:00"]),
    )
)
def test_a_file_is_given_the_moment_that_the_database_counts_with(
    tx: Connection, taken_at: str | None
) -> None:
    counted = f"SELECT {TAKEN} FROM (SELECT ? AS taken_at)"
    assert moment(taken_at) == tx.exec_driver_sql(counted, (taken_at,)).scalar_one()


def test_a_source_is_asked_of_the_tags_beside_it(tx: Connection) -> None:
    with tx.begin_nested() as back:
        tx.exec_driver_sql("INSERT INTO tag VALUES (1, 1, 'model', 1, 'active', 0.9, NULL, 0)")
        tx.exec_driver_sql("INSERT INTO tag VALUES (1, 2, 'person', 0, 'active', 1, NULL, 0)")
        by_person = SourceTerm(TagSource.PERSON)
        asked = [(by_person,), (TagTerm("dog"), by_person), (TagTerm("cat"), by_person)]
        found = [len(search.search(sqlite(tx), str(And(terms)), Called())) for terms in asked]
        assert found == [1, 1, 0]
        back.rollback()


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(CHANGES | SAME_PATHS, max_size=15),
    QUERIES,
    st.sampled_from(search.Sort),
    st.integers(1, 3),
)
def test_pages_that_go_on_from_each_other_are_the_whole(
    tx: Connection, changes: list[str], query: Query, sort: search.Sort, size: int
) -> None:
    with tx.begin_nested() as back:
        make(tx, changes)
        asked, text = sqlite(tx), str(query)
        whole = list(search.ids(asked, text, Called(), sort=sort))
        assert [found for page in pages(tx, text, sort, size) for found in page] == whole
        assert list(search.ids(asked, text, Called(), sort=sort, limit=50)) == whole
        assert search.total(asked, text, Called()) == search.Total(len(whole), is_exact=True)
        among = f"SELECT DISTINCT photo_id FROM file WHERE id IN ({', '.join(map(str, whole))})"
        of_files = rows(tx, f"{among} AND photo_id IS NOT NULL ORDER BY 1")
        assert search.photo_ids(asked, text, Called()) == [row for (row,) in of_files]
        back.rollback()


def pages(tx: Connection, query: str, sort: search.Sort, size: int) -> Iterator[list[int]]:
    """The files page by page, by row id, each page from where the one before it ended."""
    after: search.Position | None = None
    while True:
        page = search.search(sqlite(tx), query, Called(), sort=sort, limit=size, after=after)
        assert len(page) <= size
        yield [int(found.position.key[-1]) for found in page if found.position]
        if len(page) < size:
            return
        after = page[-1].position
