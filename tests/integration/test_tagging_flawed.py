"""A photo that lacks something is tagged all the same, once it stands still, and says so."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tagd.models.pool import ModelPool
from tagd.policy.preferences import Preferences
from tagd.tagging.failures import Outcome
from tests.catalogue import rows
from tests.desk import Desk
from tests.photos import cat
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
