"""What the tests of a running daemon share: what it says is wrong, what must hold then."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.acceptance.home import TAG_SECONDS, Home
from tests.support import wait_until


def troubles(home: Home) -> list[str]:
    """What `tagd status` says is wrong."""
    found: list[str] = home.json("status")["troubles"]
    return found


def wait_told(home: Home, words: str) -> None:
    """Wait until `tagd status` says these words."""
    wait_until(
        lambda: any(words in each for each in troubles(home)), TAG_SECONDS, f"{words!r} is told"
    )


def wait_well(home: Home, tagged: int) -> None:
    """Wait until so many photos are tagged and nothing is wrong; each is there exactly once."""

    def is_well() -> bool:
        return list(home.states().values()).count("tagged") == tagged and not troubles(home)

    wait_until(is_well, 2 * TAG_SECONDS, f"{tagged} are tagged, and nothing is wrong")
    assert_once(home, tagged)


def assert_once(home: Home, files: int) -> None:
    """So many files, each once, with one decision a photo, and none in the queue."""
    assert home.rows("SELECT count(*), count(DISTINCT path) FROM v_files") == [(files, files)]
    assert home.rows("SELECT count(*) FROM job") == [(0,)]
    assert home.rows(
        "SELECT count(*) FROM (SELECT 1 FROM tagging GROUP BY photo_id HAVING count(*) > 1)"
    ) == [(0,)]
    assert home.rows("PRAGMA integrity_check") == [("ok",)]


def tool(*names: str) -> str:
    """The first of these programs that is installed. Without any the test is skipped, but fails
    where everything is to be tested."""
    for found in filter(None, map(shutil.which, names)):
        return found
    missing = f"{names[0]} is not installed"
    if "CI" in os.environ:
        pytest.fail(missing)
    pytest.skip(missing)


def preload(source: str, folder: Path, **defined: Path) -> Path:
    """A library in C that stands before the system's own, with these paths for its macros."""
    code, library = folder / "preload.c", folder / "preload.so"
    code.write_text(source)
    macros = [f'-D{name}="{path}"' for name, path in defined.items()]
    compiler = tool("gcc", "cc")
    subprocess.run([compiler, "-shared", "-fPIC", *macros, "-o", library, code, "-ldl"], check=True)
    return library
