"""Tags written into photos, taken back and read, as functions: values go in, values come out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tagd.app import writeback
from tagd.app.selection import Selection
from tagd.app.work_schemas import read_fields, written_fields
from tagd.app.writeback import WriteMode, WriteRequest, read, require_on, take_back, write
from tagd.catalogue.db.engine import Catalogue, open_owner
from tagd.catalogue.files import photos
from tagd.catalogue.tagging import record
from tagd.config import Config
from tagd.containers import payload_hash
from tagd.domain import Priority, Readings, SettledFile
from tagd.errors import ConfigError, PhotoError, TagdError
from tagd.fs import signature_of
from tagd.metadata.read_back import readings_at
from tests import catalogue as recorded
from tests.inscriptions import CAT, DOG, Desk, annotate, subjects
from tests.photos import distinct

CONFIG = Config()


@pytest.fixture
def catalogue(tmp_path: Path) -> Iterator[Catalogue]:
    """Two photos, in each of which a model has seen a cat."""
    folder = tmp_path / "photos"
    folder.mkdir()
    paths = distinct(2, folder, (48, 32))
    settled = [SettledFile(path, signature_of(path.stat()), Priority.NEW) for path in paths]
    with closing(open_owner(tmp_path / "catalogue.db")) as made:
        with made.write() as tx:
            photos.submit(tx, settled, recorded.NOW)
            results = [
                recorded.result(
                    job,
                    payload_hash(job.path.read_bytes()),
                    CAT,
                    signature=signature_of(job.path.stat()),
                )
                for job in recorded.claim(tx, limit=2)
            ]
            assert all(record.record(tx, results, lambda _: "cat", recorded.NOW))
        yield made


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (folder / "photos").iterdir()}


def test_a_dry_run_tells_what_writing_then_does_and_undoing_takes_back(
    catalogue: Catalogue, tmp_path: Path
) -> None:
    request = WriteRequest(Selection(query="cat"), WriteMode.EMBEDDED, dry_run=True)
    before = content(tmp_path)
    preview = write(catalogue, CONFIG, request)
    assert (preview.done.files, preview.done.changed, preview.run) == (2, 2, None)
    assert content(tmp_path) == before
    done = write(catalogue, CONFIG, replace(request, dry_run=False))
    assert (done.done.changed, done.run) == (2, 1)
    assert written_fields(done)["written"] == written_fields(preview)["written"]
    assert content(tmp_path) != before
    back = take_back(catalogue, CONFIG, 1)
    assert (back.done.changed, back.run) == (2, None)
    assert content(tmp_path) == before


def test_where_nothing_is_ever_written_it_is_to_be_said_where(catalogue: Catalogue) -> None:
    with pytest.raises(ConfigError) as off:
        write(catalogue, CONFIG, WriteRequest(Selection(query="cat")))
    assert off.value.key == "metadata.write"
    require_on(CONFIG, WriteMode.SIDECAR)
    with pytest.raises(TagdError, match="no run 7"):
        take_back(catalogue, CONFIG, 7)


def test_one_that_cannot_be_written_is_told_and_keeps_no_other_from_it(
    catalogue: Catalogue, tmp_path: Path
) -> None:
    gone = min((tmp_path / "photos").iterdir())
    gone.unlink()
    told: list[PhotoError] = []
    request = WriteRequest(Selection(paths=(tmp_path / "photos",)), WriteMode.SIDECAR)
    result = write(catalogue, CONFIG, request, on_failed=told.append)
    assert [path for path, _ in result.done.failed] == [error.path for error in told] == [gone]
    assert result.done.changed == 1


def test_what_was_written_is_read_again_without_a_change(
    catalogue: Catalogue, tmp_path: Path
) -> None:
    photos = Selection(paths=(tmp_path / "photos",))
    write(catalogue, CONFIG, WriteRequest(photos, WriteMode.EMBEDDED))
    done = read(catalogue, CONFIG, photos.paths)
    assert read_fields(done) == {"files": 2, "changed": 0, "run": None}
    assert (done.notes, done.failed) == ((), ())


def test_what_is_written_while_it_is_read_is_not_taken_for_taken_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "photos").mkdir()
    with recorded.fresh(tmp_path) as made:
        desk = Desk(made, tmp_path / "photos")
        photo = desk.photo("cat.jpg")
        annotate(photo, "Berlin")
        desk.tag(photo, DOG)

        def late(*given: Any) -> Readings:
            said = readings_at(*given)
            desk.write()
            return said

        monkeypatch.setattr(writeback, "readings_at", late)
        assert read(made, CONFIG, [photo]).failed == ()
        assert desk.rejected() == []
        assert subjects(photo) == ("Berlin", "dog")
