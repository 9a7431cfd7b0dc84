"""A library of 100,000 files."""

from __future__ import annotations

from pathlib import Path

import pytest

from tagd.catalogue.db.engine import Catalogue
from tests.catalogue import rows
from tests.intake import Bench, Live, opened_files
from tests.support import PATIENCE_SECONDS, wait_until

FILES = 100_000


@pytest.mark.slow
def test_an_unchanged_library_is_rescanned_unopened(catalogue: Catalogue, tmp_path: Path) -> None:
    root = tmp_path / "photos"
    for number in range(FILES):
        folder = root / str(number // 500)
        if number % 500 == 0:
            folder.mkdir(parents=True)
        (folder / f"{number}.jpg").touch()
    # Told to stop in the midst of the first scan, it stops.
    with Live(catalogue, root, settle_seconds=0.01) as live:
        wait_until(lambda: live.intake.state().scanning)
        live.intake.stop(PATIENCE_SECONDS)
        assert not live.intake._threads["tagd-scan"].is_alive()
    with catalogue.read() as tx:
        assert rows(tx, "SELECT count(*) FROM file")[0][0] < FILES
    bench = Bench(catalogue, (root,))
    bench.scan()
    with catalogue.read() as tx:
        assert rows(tx, "SELECT count(*) FROM file") == [(FILES,)]
    with opened_files() as opened:
        report = bench.scan()
    assert (report.files, report.submitted, report.young) == (FILES, 0, 0)
    assert [path for path in opened if path.startswith(f"{root}/")] == []
