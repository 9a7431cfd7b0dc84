"""A member of the catalogue's group, with no more than the right to read, may query it always."""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.catalogue import REPOSITORY, Peer
from tests.support import others_may_enter

OWNER, READER, GROUP = 61_001, 61_002, 61_003

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="only root can act as two other users"),
    pytest.mark.skipif(
        not others_may_enter(REPOSITORY), reason="other users may not enter this checkout"
    ),
]


@pytest.fixture(params=[0o750])
def folder(request: pytest.FixtureRequest) -> Iterator[Path]:
    """A folder of the owner's, whose group is one that both users are in."""
    outside = Path(tempfile.mkdtemp())
    outside.chmod(0o755)
    inside = outside / "tagd"
    inside.mkdir()
    os.chown(inside, OWNER, GROUP)
    inside.chmod(request.param)
    yield inside
    shutil.rmtree(outside)


@pytest.fixture
def path(folder: Path) -> Path:
    return folder / "catalogue.db"


@pytest.fixture
def owner(path: Path) -> Iterator[Peer]:
    with Peer("owner", path, user=OWNER, groups=[GROUP]) as peer:
        assert peer.ask("open") == "open"
        # Where the folder is not setgid, an administrator gives the catalogue its group once.
        os.chown(path, OWNER, GROUP)
        assert peer.ask("close") == "closed"
        assert peer.ask("open") == "open"
        assert peer.ask("put", "fruit", "apple") == "put"
        yield peer


@pytest.fixture
def reader(path: Path) -> Iterator[Peer]:
    with Peer("reader", path, user=READER, groups=[GROUP]) as peer:
        yield peer


def shell_says(path: Path) -> str:
    """What the sqlite3 shell, or failing that Python's own, says to that user."""
    statement = "SELECT value FROM fact WHERE key = 'fruit'"
    command = ["sqlite3", str(path), statement]
    if shutil.which("sqlite3") is None:
        code = f"c = sqlite3.connect({str(path)!r}); print(c.execute({statement!r}).fetchone()[0])"
        command = [sys.executable, "-c", f"import sqlite3; {code}"]
    done = subprocess.run(
        command,
        user=READER,
        group=READER,
        extra_groups=[GROUP],
        capture_output=True,
        text=True,
        check=False,
        cwd="/",
    )
    return done.stdout.strip() + done.stderr.strip()


@pytest.mark.parametrize("folder", [0o750, 0o2750], ids=["plain", "setgid"], indirect=True)
def test_while_it_runs(path: Path, owner: Peer, reader: Peer) -> None:
    assert reader.ask("open") == "open"
    assert reader.ask("get", "fruit") == "apple"
    assert shell_says(path) == "apple"
    owner.ask("put", "fruit", "pear")
    assert reader.ask("get", "fruit") == "pear"
    assert shell_says(path) == "pear"
    for beside in ("", "-wal", "-shm"):
        status = path.with_name(path.name + beside).stat()
        assert stat.S_IMODE(status.st_mode) == 0o640
        assert status.st_gid == GROUP


def test_after_it_stopped_cleanly(path: Path, owner: Peer, reader: Peer) -> None:
    owner.ask("close")
    assert not path.with_name(f"{path.name}-wal").exists()
    assert reader.ask("open") == "open"
    assert reader.ask("get", "fruit") == "apple"
    assert shell_says(path) == "apple"


def test_after_a_kill(path: Path, owner: Peer, reader: Peer) -> None:
    owner.ask("put", "fruit", "quince")
    owner.kill()
    assert reader.ask("open") == "open"
    assert reader.ask("get", "fruit") == "quince"
    assert shell_says(path) == "quince"


def test_after_a_stop_that_a_reader_stood_in_the_way_of(
    path: Path, owner: Peer, reader: Peer
) -> None:
    # The other user's own connection, with a read of his under way until he is killed.
    code = (
        "import os, sqlite3, sys\n"
        f"os.setgroups([{GROUP}]); os.setgid({READER}); os.setuid({READER})\n"
        f"c = sqlite3.connect({f'file:{path}?mode=ro'!r}, uri=True, isolation_level=None)\n"
        "c.execute('BEGIN')\n"
        "print(c.execute('SELECT count(*) FROM fact').fetchone(), flush=True)\n"
        "sys.stdin.read(); c.close()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "(1,)\n"
        owner.ask("put", "fruit", "fig")
        assert owner.ask("close") == "closed"
        assert reader.ask("open") == "open"
        assert reader.ask("get", "fruit") == "fig"
        assert shell_says(path) == "fig"
        other.communicate()
    assert reader.ask("get", "fruit") == "fig"
    assert shell_says(path) == "fig"
    assert owner.ask("open") == "open"
    assert reader.ask("get", "fruit") == "fig"


def test_a_writer_that_outlives_the_owner_leaves_it_readable(
    path: Path, owner: Peer, reader: Peer
) -> None:
    with Peer("writer", path, user=OWNER, groups=[GROUP]) as writer:
        writer.ask("open")
        writer.ask("put", "fruit", "date")
        owner.ask("close")
        writer.ask("put", "fruit", "lime")
        writer.ask("close")
    assert reader.ask("open") == "open"
    assert reader.ask("get", "fruit") == "lime"
    assert shell_says(path) == "lime"


def test_it_cannot_write(path: Path, owner: Peer, reader: Peer) -> None:
    owner.ask("close")
    with Peer("writer", path, user=READER, groups=[GROUP]) as intruder:
        intruder.ask("open")
        assert intruder.ask("put", "fruit", "mould").startswith("CatalogueUnsuitable")
    assert shell_says(path) == "apple"


def test_somebody_else_is_told_in_words(path: Path, owner: Peer) -> None:
    with Peer("reader", path, user=READER) as stranger:
        answer = stranger.ask("open")
    assert answer.startswith("CatalogueUnsuitable")
    assert str(path) in answer
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
