"""SQLite's ways, as far as they can be told without a database."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote_to_bytes, urlsplit

from hypothesis import given
from hypothesis import strategies as st

from tagd.catalogue.db.connection import uri_of
from tagd.catalogue.db.statements import chunks
from tests.catalogue import REPOSITORY


@given(st.binary(min_size=1).filter(lambda name: b"\0" not in name))
def test_a_uri_holds_any_path(name: bytes) -> None:
    path = Path(os.fsdecode(b"/" + name))
    parts = urlsplit(uri_of(path, "ro"))
    assert (parts.scheme, parts.netloc, parts.query, parts.fragment) == ("file", "", "mode=ro", "")
    assert unquote_to_bytes(parts.path) == os.fsencode(path)


@given(st.lists(st.integers()), st.integers(1, 10))
def test_chunks_are_everything_in_its_order(values: list[int], size: int) -> None:
    parts = list(chunks(iter(values), size))
    assert [value for part in parts for value in part] == values
    assert all(0 < len(part) <= size for part in parts)


def test_reading_loads_nothing_heavy() -> None:
    """Commands that only read answer in half a second from the shell."""
    code = (
        "import sys\n"
        "from tagd.catalogue.db import engine, settings\n"
        "from tagd.catalogue.files import photos\n"
        "from tagd.catalogue.queue import jobs\n"
        "from tagd.catalogue.search import search\n"
        "from tagd.catalogue.tagging import tags\n"
        "heavy = {'numpy', 'torch', 'alembic', 'watchdog', 'PIL', 'pydantic'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"


def test_opening_an_up_to_date_catalogue_loads_no_alembic(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from tagd.catalogue.db import engine\n"
        "from tagd.catalogue.reports import overview\n"
        "path = Path(sys.argv[1])\n"
        "opened = {'reader': engine.open_reader, 'owner': engine.open_owner}[sys.argv[2]]\n"
        "with opened(path) as catalogue, catalogue.read() as tx: overview.status(tx, 0)\n"
        "assert ('alembic' in sys.modules) == (sys.argv[3] == 'alembic'), sys.modules.keys()"
    )
    for arguments in (("owner", "alembic"), ("owner", "nothing"), ("reader", "nothing")):
        command = [sys.executable, "-c", code, str(tmp_path / "catalogue.db"), *arguments]
        subprocess.run(command, cwd=REPOSITORY, check=True)
