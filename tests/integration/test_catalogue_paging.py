"""Pages of a search in a catalogue in which many files share what an order sorts by."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tagd.catalogue.db.engine import Catalogue
from tagd.catalogue.db.snapshot import snapshot
from tagd.catalogue.search import search
from tests.catalogue import fresh

FILES = 6000  # more than are walked through before something is gathered
COUNT = f"WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {FILES})"
FILLED = (
    "INSERT INTO label (id, key, name) VALUES (1, 'all', 'all'), (2, 'some', 'some'),"
    " (3, 'few', 'few')",
    f"""{COUNT} INSERT INTO photo (id, content_hash, format, width, height, orientation, taken_at)
        SELECT i, i, 'JPEG', 1, 1, 1, iif(i % 4, '2024-0' || (i % 4) || '-01T00:00:00', NULL)
        FROM n""",
    f"""{COUNT} INSERT INTO file
        (path_key, path, photo_id, state, state_since, size, mtime_ns, ctime_ns, inode, seen_at)
        SELECT CAST('/p/' || (i % 7) || '/' || i AS BLOB), '/p/' || (i % 7) || '/' || (i % 1000), i,
        iif(i % 50, 'tagged', 'missing'), 0, 1, 1, 1, i, 0 FROM n""",
    f"""{COUNT} INSERT INTO tag SELECT i, label, 'model', 1, 'active', 0.5 + (i % 3) * 0.2, NULL, 0
        FROM n JOIN (SELECT 1 AS label, 1 AS each UNION SELECT 2, 4 UNION SELECT 3, 997)
        ON i % each = 0""",
)


class Called:
    """Labels by their own names alone."""

    def labels(self, text: str, *, beginning: bool = False) -> frozenset[str]:
        del beginning
        return frozenset({text})

    def is_name(self, text: str) -> bool:
        return text in {"all", "some", "few"}

    def is_tag(self, text: str, *, exactly: bool = False) -> bool:
        del exactly
        return self.is_name(text)

    def suggest(self, text: str) -> list[str]:
        return [text]


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """6,000 files of as many photos, with four times and three confidences between them."""
    opened: Catalogue
    with fresh(tmp_path_factory.mktemp("paging")) as opened:
        with opened.write() as tx:
            for statement in FILLED:
                tx.exec_driver_sql(statement)
        yield opened.path


@pytest.mark.parametrize("sort", search.Sort)
@pytest.mark.parametrize(
    "query",
    [
        *("", "all", "some", "few", "some OR few", "-some", "all taken:2024-03", "path:/p/3/"),
        *("path:99", "state:missing", "conf:>0.8", "some conf:0.6..0.8"),
    ],
)
def test_pages_are_the_whole(catalogue: Path, query: str, sort: search.Sort) -> None:
    with snapshot(catalogue) as tx:
        whole = list(search.ids(tx, query, Called(), sort=sort))
        assert len(whole) == len(set(whole)) > 0
        after, found = None, list[int]()
        for size in (1, 10, 300, 1, FILES):
            page = search.search(tx, query, Called(), sort=sort, limit=size, after=after)
            found += [int(each.position.key[-1]) for each in page if each.position]
            after = page[-1].position if page else after
        assert found == whole


@pytest.mark.parametrize(
    ("query", "is_exact"), [("", True), ("few", True), ("all", True), ("few OR some", True)]
)
def test_what_an_index_has_little_of_is_counted(
    catalogue: Path, query: str, is_exact: bool
) -> None:
    with snapshot(catalogue) as tx:
        whole = list(search.ids(tx, query, Called()))
        assert search.total(tx, query, Called()) == search.Total(len(whole), is_exact)


@pytest.mark.parametrize("query", ["", "all", "some", "few", "-some", "all some"])
def test_the_rest_is_told_about(
    catalogue: Path, query: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "COUNTED", 0)
    with snapshot(catalogue) as tx:
        number = len(list(search.ids(tx, query, Called())))
        about = search.total(tx, query, Called())
    assert not about.is_exact
    assert 0.9 * number - 5 <= about.files <= 1.1 * number + 5


def test_a_page_goes_on_where_files_came_and_went(catalogue: Path) -> None:
    with snapshot(catalogue) as tx:
        first = search.search(tx, "all", Called(), limit=100)
        whole = search.search(tx, "all", Called(), limit=200)
        tx.execute("ROLLBACK")
    with snapshot(catalogue) as tx:
        rest = search.search(tx, "all", Called(), limit=100, after=first[-1].position)
        assert first + rest == whole
