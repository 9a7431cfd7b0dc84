"""Other programs read as they like while the catalogue is written to."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tagd.catalogue.tagging.record import record
from tests.catalogue import LABELS, NOW, claim, fresh, name_of, result, settled, submit

QUERY = (
    "SELECT (SELECT count(*) FROM v_files), (SELECT count(DISTINCT path) FROM v_photo_tags),"
    " (SELECT sum(jobs) FROM v_queue)"
)
SHELL = f'while :; do sqlite3 -readonly "$1" "{QUERY}" || exit 1; done'
PYTHON = f"""
import sqlite3, sys
while True:
    connection = sqlite3.connect("file:" + sys.argv[1] + "?mode=ro", uri=True, timeout=0)
    print(*connection.execute("{QUERY}").fetchone(), sep="|", flush=True)
    connection.close()
"""
COMMANDS = {"shell": ["sh", "-c", SHELL, "sh"], "python": [sys.executable, "-c", PYTHON]}


def reading(kind: str, path: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*COMMANDS[kind], str(path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


@pytest.mark.parametrize("kind", list(COMMANDS))
def test_reading_in_a_loop_while_photos_are_recorded(tmp_path: Path, kind: str) -> None:
    if kind == "shell" and shutil.which("sqlite3") is None:
        pytest.skip("the sqlite3 shell is not installed")
    with fresh(tmp_path) as catalogue, reading(kind, catalogue.path) as reader:
        assert reader.stdout is not None
        seen = [reader.stdout.readline()]
        for turn in range(150):
            with catalogue.write() as tx:
                submit(tx, settled(f"/p/{turn}.jpg", turn))
            with catalogue.write() as tx:
                [job] = claim(tx, lease=f"worker/{turn}")
                assert all(record(tx, [result(job, f"{turn:032x}", LABELS[0])], name_of, NOW))
            if turn % 15 == 0:
                seen.append(reader.stdout.readline())
        assert reader.poll() is None, "a reader never fails"
        reader.kill()
        rest, errors = reader.communicate()
    assert errors == ""
    # A line that the kill cut short says nothing.
    states = [tuple(map(int, line.split("|"))) for line in [*seen, *rest.splitlines()[:-1]]]
    assert states == sorted(states), "what was seen once is never unseen"
    assert len(set(states)) > 5
    # Tags come with the end of their job: whoever looks sees both or neither.
    assert all(files == tagged + queued for files, tagged, queued in states)
