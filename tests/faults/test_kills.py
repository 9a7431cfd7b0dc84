"""Killed in the midst of a backup."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tagd.catalogue.db import copies, settings
from tagd.ops import backup
from tests.catalogue import NOW, REPOSITORY, fresh

KILLED = """
import os, signal, sys
from pathlib import Path
from tagd.catalogue.db import copies
from tagd.ops import backup

def die(*_): os.kill(os.getpid(), signal.SIGKILL)

setattr(copies, sys.argv[3], die)
backup.back_up(Path(sys.argv[1]), Path(sys.argv[2]), 1, 1_700_000_100.0)
"""


@pytest.mark.parametrize("step", ["place", "_sync", "examine"])
def test_a_backup_that_is_killed_costs_neither_the_catalogue_nor_the_one_before(
    tmp_path: Path, step: str
) -> None:
    folder = tmp_path / "backups"
    with fresh(tmp_path) as catalogue:
        with catalogue.write() as tx:
            settings.put(tx, "said", "before")
        first = backup.back_up(catalogue.path, folder, 1, NOW)
        arguments: list[str | Path] = [sys.executable, "-c", KILLED, catalogue.path, folder, step]
        done = subprocess.run(arguments, cwd=REPOSITORY, check=False)
        assert done.returncode == -signal.SIGKILL
        assert first.path.exists(), "it makes room only for one that is sound"
        assert backup.newest_good(catalogue.path, folder) is not None
        copies.examine(catalogue.path)
        with catalogue.write() as tx:
            settings.put(tx, "said", "after")
        last = backup.back_up(catalogue.path, folder, 1, NOW + 200)
    assert [each.name for each in folder.iterdir()] == [last.path.name], "no leftovers"
    backup.verify(last.path)
