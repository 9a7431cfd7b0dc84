"""A photo that lacks something is tagged all the same, once it stands still, and says so."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from PIL import Image

from tagd.catalogue.files import photos
from tagd.models.pool import ModelPool
from tagd.policy.preferences import Preferences
from tagd.tagging.failures import Outcome
from tests.catalogue import rows
from tests.desk import Desk
from tests.photos import cat, coffee
from tests.support import wait_until


@pytest.fixture
def desk(tmp_path: Path, pool: ModelPool) -> Iterator[Desk]:
    with ExitStack() as stack:
        yield Desk(tmp_path, pool, stack)


def test_a_jpeg_without_its_end_is_tagged_and_half_a_jpeg_is_not(desk: Desk) -> None:
    buffer = io.BytesIO()
    cat().save(buffer, "JPEG", quality=85)
    data = buffer.getvalue()
    (desk.photos / "no-end.jpg").write_bytes(data[:-2])
    (desk.photos / "half.jpg").write_bytes(data[: len(data) // 2])
    desk.submit("no-end.jpg", "half.jpg")
    worker = desk.worker(Preferences())
    wait_until(lambda: worker.turn() >= 0 and len(desk.reports) >= 4, 60)
    last = {report.path.name: report.outcome for report in desk.reports}
    assert last == {"no-end.jpg": Outcome.TAGGED, "half.jpg": Outcome.FAILED}
    assert [report.outcome for report in desk.reports].count(Outcome.POSTPONED) == 2
    with desk.catalogue.read() as tx:
        said = dict(rows(tx, "SELECT path, state || ': ' || reason FROM v_files"))
    assert "tagged: its data end early" in str(said[str(desk.photos / "no-end.jpg")])
    assert "failed: its data end early" in str(said[str(desk.photos / "half.jpg")])


def _jpeg(picture: Image.Image) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=85)
    return buffer.getvalue()


@pytest.mark.parametrize(
    "other",
    [b"Dear diary", b"", _jpeg(coffee())[:9000], b"8BPS" + bytes(100)],
    ids=["text", "nothing", "half a photo", "a kind that is not read"],
)
def test_what_takes_a_photos_name_and_is_none_has_none_of_its_tags(
    desk: Desk, other: bytes
) -> None:
    photo = desk.photos / "cat.jpg"
    photo.write_bytes(_jpeg(cat()))
    desk.tag(Preferences(), "cat.jpg")
    tags = "SELECT tag FROM v_photo_tags"
    with desk.catalogue.read() as tx:
        before = rows(tx, tags)
    assert before
    photo.write_bytes(other)
    desk.submit("cat.jpg")
    worker = desk.worker(Preferences())
    wait_until(lambda: worker.turn() >= 0 and desk.reports[-1].outcome is Outcome.FAILED)
    with desk.catalogue.read() as tx:
        assert rows(tx, tags) == []
        assert rows(tx, "SELECT state, photo_id FROM v_files") == [("failed", None)]
    photo.write_bytes(_jpeg(cat()))
    desk.submit("cat.jpg")
    wait_until(lambda: worker.turn() >= 0 and desk.reports[-1].outcome is Outcome.RECOGNISED)
    with desk.catalogue.read() as tx:
        assert rows(tx, tags) == before, "what was said of a photo is not lost with its file"


def test_a_photo_that_is_not_read_any_more_keeps_its_tags(desk: Desk) -> None:
    """As with a decoder that is not installed any more."""
    (desk.photos / "cat.jpg").write_bytes(_jpeg(cat()))
    desk.tag(Preferences(), "cat.jpg")
    with desk.catalogue.write() as tx:
        [(file_id, photo_id)] = rows(
            tx, "SELECT file.id, content_hash FROM file JOIN photo ON photo.id = photo_id"
        )
        photos.let_go(tx, file_id, [photo_id])
        photos.let_go(tx, file_id, [])
        assert rows(tx, "SELECT photo_id FROM v_files") == [(photo_id,)]
