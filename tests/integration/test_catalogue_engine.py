"""Opening a catalogue, and transactions that mean what they say."""

from __future__ import annotations

import fcntl
import json
import os
import sqlite3
import stat
import tempfile
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, OperationalError

from tagd.catalogue.db import lock, settings
from tagd.catalogue.db.engine import Catalogue, open_owner, open_reader, open_writer, owner_of
from tagd.errors import (
    CatalogueBusy,
    CatalogueCorrupt,
    CatalogueHeld,
    CatalogueMissing,
    CatalogueUnsuitable,
)
from tests.catalogue import Peer
from tests.intake import NOBODY


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "catalogue.db"


@pytest.fixture
def catalogue(path: Path) -> Iterator[Catalogue]:
    with open_owner(path, "tagd run") as opened:
        yield opened


def pragma(catalogue: Catalogue, name: str, *, write: bool) -> object:
    with catalogue.write() if write else catalogue.read() as tx:
        return tx.exec_driver_sql(f"PRAGMA {name}").scalar()


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_every_connection_is_set_up(catalogue: Catalogue) -> None:
    assert pragma(catalogue, "journal_mode", write=True) == "wal"
    assert pragma(catalogue, "foreign_keys", write=True) == 1
    assert pragma(catalogue, "synchronous", write=True) == 2
    assert pragma(catalogue, "busy_timeout", write=True) == 5000
    assert pragma(catalogue, "journal_size_limit", write=True) == 64 << 20
    assert pragma(catalogue, "wal_autocheckpoint", write=True) == 1000
    assert pragma(catalogue, "auto_vacuum", write=True) == 2
    assert pragma(catalogue, "query_only", write=False) == 1
    with open_writer(catalogue.path) as beside:
        assert pragma(beside, "wal_autocheckpoint", write=True) == 0
        assert pragma(beside, "foreign_keys", write=True) == 1
        assert pragma(beside, "synchronous", write=True) == 2


def test_files_and_folders_that_we_make_are_the_groups_to_read(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        path = tmp_path / "data" / "tagd" / "catalogue.db"
        with open_owner(path):
            assert [mode_of(each) for each in (path.parent, path.parent.parent)] == [0o750] * 2
            for suffix in ("", "-wal", "-shm", ".holder"):
                assert mode_of(path.with_name(path.name + suffix)) == 0o640
            # Who can open it can lock it, and keep every tagd from working.
            assert mode_of(path.with_name("catalogue.db.lock")) == 0o600
    finally:
        os.umask(before)


def test_a_folder_that_is_there_keeps_its_mode(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    with open_owner(tmp_path / "catalogue.db"):
        assert mode_of(tmp_path) == 0o700


@pytest.mark.parametrize(
    "name",
    [b"caf\xe9.db", "写真 album.db".encode(), b"100%?mode=rw#x&y.db", b'it\'s "quoted".db'],
)
def test_any_name_will_do(tmp_path: Path, name: bytes) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name))
    with open_owner(path) as owner:
        with owner.write() as tx:
            settings.put(tx, "a", "b")
        with open_reader(path) as reader, reader.read() as tx:
            assert settings.get(tx, "a") == "b"
    assert name in {os.fsencode(each.name) for each in tmp_path.iterdir()}


def test_a_write_is_rolled_back_as_a_whole(catalogue: Catalogue) -> None:
    def fails_after_writing() -> None:
        with catalogue.write() as tx:
            settings.put(tx, "a", "b")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fails_after_writing()
    with catalogue.read() as tx:
        assert settings.get(tx, "a") is None


def test_a_write_holds_the_right_to_write_from_its_first_moment(catalogue: Catalogue) -> None:
    """A deferred one that has read fails at once when another has written meanwhile."""
    with closing(sqlite3.connect(catalogue.path, timeout=0)) as other:
        with catalogue.write() as tx:
            settings.get(tx, "a")
            with pytest.raises(sqlite3.OperationalError, match="locked"):
                other.execute("INSERT INTO fact VALUES ('x', 'y')")
            settings.put(tx, "a", "b")
        other.execute("INSERT INTO fact VALUES ('x', 'y')")


def test_a_read_sees_one_moment_and_waits_for_nobody(catalogue: Catalogue) -> None:
    with catalogue.read() as before:
        assert settings.get(before, "a") is None
        with catalogue.write() as tx:
            settings.put(tx, "a", "b")
            with catalogue.read() as during:
                assert settings.get(during, "a") is None
        assert settings.get(before, "a") is None
        with catalogue.read() as after:
            assert settings.get(after, "a") == "b"


def test_a_read_cannot_write(catalogue: Catalogue) -> None:
    with pytest.raises(CatalogueUnsuitable), catalogue.read() as tx:
        settings.put(tx, "a", "b")


def test_threads_take_turns_at_writing(catalogue: Catalogue) -> None:
    def count_up() -> None:
        for _ in range(50):
            with catalogue.write() as tx:
                settings.put(tx, "count", str(int(settings.get(tx, "count") or 0) + 1))

    threads = [threading.Thread(target=count_up) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with catalogue.read() as tx:
        assert settings.get(tx, "count") == "200"


def test_commits_of_other_processes_are_noticed(catalogue: Catalogue) -> None:
    before = catalogue.data_version()
    assert catalogue.data_version() == before
    with Peer("writer", catalogue.path) as peer:
        assert peer.ask("open") == "open"
        assert catalogue.data_version() == before
        peer.ask("put", "a", "b")
        assert catalogue.data_version() != before


def test_closing_leaves_one_whole_file(path: Path) -> None:
    with open_owner(path) as catalogue, catalogue.write() as tx:
        settings.put(tx, "a", "b")
    assert {each.name for each in path.parent.iterdir()} == {"catalogue.db", "catalogue.db.lock"}
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("delete",)
        assert connection.execute("SELECT * FROM fact").fetchall() == [("a", "b")]


def test_a_kill_between_statement_and_commit_loses_and_leaves_nothing(path: Path) -> None:
    with Peer("owner", path) as peer:
        peer.ask("open")
        peer.ask("put", "a", "kept")
        with pytest.raises(AssertionError, match="ended with -9"):
            peer.ask("put_and_die", "a", "never committed")
    with open_owner(path) as catalogue, catalogue.read() as tx:
        assert settings.get(tx, "a") == "kept"
        assert tx.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"


# Who may open it


def test_a_second_owner_is_told_who_holds_it(catalogue: Catalogue) -> None:
    with Peer("owner", catalogue.path) as peer:
        answer = peer.ask("open")
    assert answer.startswith("CatalogueHeld")
    assert "tagd run" in answer
    assert str(os.getpid()) in answer
    with pytest.raises(CatalogueHeld) as held:
        open_owner(catalogue.path)
    assert held.value.pid == os.getpid()


def test_the_holder_is_known_while_it_lives(path: Path) -> None:
    assert owner_of(path) is None
    with Peer("owner", path) as peer:
        peer.ask("open")
        holder = owner_of(path)
        assert holder is not None
        assert holder.pid == peer.process.pid
        peer.kill()
        assert owner_of(path) is None
    with open_owner(path):
        pass
    assert owner_of(path) is None


def test_a_lock_that_is_open_to_the_group_is_so_no_more(path: Path) -> None:
    lock.lock_file(path).touch(0o640)
    lock.lock_file(path).chmod(0o640)
    with open_owner(path):
        assert mode_of(lock.lock_file(path)) == 0o600


def test_who_is_named_is_a_process_that_lives_or_nobody(path: Path) -> None:
    with Peer("owner", path) as peer:
        peer.ask("open")
        peer.kill()  # what it said of itself stays behind
    told = json.loads(lock.holder_file(path).read_text())
    assert told["pid"] == peer.process.pid
    lock.holder_file(path).write_text(json.dumps({**told, "pid": os.getpid()}))
    with lock.lock_file(path).open() as somebody:
        fcntl.flock(somebody, fcntl.LOCK_EX)
        holder = owner_of(path)
        assert holder is not None
        assert holder.pid is None
        with pytest.raises(CatalogueHeld, match="does not say who it is") as held:
            open_owner(path)
        assert held.value.pid is None


def test_a_member_of_the_group_is_told_as_well(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("it takes root to become another user")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "catalogue.db"
        open_owner(path).close()
        os.chown(path, 0, NOBODY)
        Path(folder).chmod(0o755)
        with open_owner(path, "tagd run"):
            os.setegid(NOBODY)
            os.seteuid(NOBODY)
            try:
                holder = owner_of(path)
                with pytest.raises(PermissionError):
                    lock.lock_file(path).open()
            finally:
                os.seteuid(0)
                os.setegid(0)
    assert holder is not None
    assert (holder.pid, holder.what) == (os.getpid(), "tagd run")


def test_asking_for_the_holder_keeps_nobody_out(path: Path) -> None:
    stop = threading.Event()

    def ask() -> None:
        while not stop.is_set():
            owner_of(path)

    asking = threading.Thread(target=ask)
    asking.start()
    try:
        for _ in range(20):
            open_owner(path).close()
    finally:
        stop.set()
        asking.join()
    assert owner_of(path) is None


def test_a_program_that_was_started_does_not_keep_the_lock(path: Path) -> None:
    catalogue = open_owner(path)
    pid = os.fork()
    if pid == 0:  # pragma: no cover
        threading.Event().wait(30)
        os._exit(0)
    try:
        catalogue.close()
        assert owner_of(path) is None
        open_owner(path).close()
    finally:
        os.kill(pid, 9)
        os.waitpid(pid, 0)


def test_none_there_yet(path: Path) -> None:
    for opened in (open_reader, open_writer):
        with pytest.raises(CatalogueMissing, match=r"catalogue\.db"):
            opened(path)
        path.touch()
    assert not path.stat().st_size
    with open_owner(path), open_reader(path) as reader, reader.read() as tx:
        assert settings.get(tx, "a") is None


def test_a_network_file_system_is_refused(path: Path, tmp_path: Path) -> None:
    mounts = tmp_path / "mountinfo"
    mounts.write_text(
        f"1 1 0:1 / / rw - ext4 /dev/x rw\n2 1 0:2 / {tmp_path} rw - nfs4 nas:/x rw\n"
    )
    for opened in (open_owner, open_writer):
        with pytest.raises(CatalogueUnsuitable, match=r"network file system \(nfs4\)"):
            opened(path, mountinfo=mounts)
    assert not path.exists()


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(CatalogueUnsuitable, match="Not a directory"):
        open_owner(tmp_path / "file" / "catalogue.db")


def test_another_programs_database_is_left_alone(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE bookmarks (url)")
    before = path.read_bytes()
    for opened in (open_owner, open_reader):
        with pytest.raises(CatalogueUnsuitable, match="another program"):
            opened(path)
    assert path.read_bytes() == before


def test_what_is_no_database_is_called_damaged_and_left_alone(path: Path) -> None:
    path.write_bytes(b"not a database at all" * 100)
    for opened in (open_owner, open_reader):
        with pytest.raises(CatalogueCorrupt, match=r"catalogue\.db"):
            opened(path)
    assert path.read_bytes() == b"not a database at all" * 100
    assert owner_of(path) is None


def test_a_stale_journal_is_not_taken_for_that_of_a_new_catalogue(path: Path) -> None:
    """Somebody removed the database after a crash, but not what lay beside it."""
    with Peer("owner", path) as peer:
        peer.ask("open")
        peer.ask("put", "a", "old")
        peer.kill()
    path.unlink()
    assert path.with_name("catalogue.db-wal").stat().st_size
    with open_owner(path) as catalogue, catalogue.read() as tx:
        assert settings.get(tx, "a") is None
        assert tx.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"


# What goes wrong meanwhile


def test_locked_for_too_long(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tagd.catalogue.db.connection.BUSY_SECONDS", 0.05)
    with open_owner(path) as catalogue, closing(sqlite3.connect(path)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(CatalogueBusy, match="another program"), catalogue.write():
            pass
        other.rollback()
        with catalogue.write() as tx:
            settings.put(tx, "a", "b")


def test_a_full_disk(catalogue: Catalogue) -> None:
    with catalogue.write() as tx:
        pages = tx.exec_driver_sql("PRAGMA page_count").scalar_one()
        tx.exec_driver_sql(f"PRAGMA max_page_count = {pages + 2}")
    with pytest.raises(CatalogueUnsuitable, match="no space"), catalogue.write() as tx:
        settings.put(tx, "long", "x" * 100_000)
    with catalogue.write() as tx:
        settings.put(tx, "short", "x")
    with catalogue.read() as tx:
        assert settings.get(tx, "long") is None
        assert settings.get(tx, "short") == "x"


def test_our_own_mistakes_are_not_called_the_catalogues(catalogue: Catalogue) -> None:
    with pytest.raises(OperationalError, match="no such table"), catalogue.read() as tx:
        tx.execute(text("SELECT * FROM nowhere"))
    with pytest.raises(IntegrityError), catalogue.write() as tx:
        tx.execute(text("INSERT INTO job (kind, file_id) VALUES ('tag', 1)"))
    with pytest.raises(FileNotFoundError), catalogue.read():
        Path("/nowhere/at/all").read_bytes()
