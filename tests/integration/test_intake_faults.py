"""How watching fails, and that nothing is lost by it."""

from __future__ import annotations

import ctypes
import errno
import os
import shutil
import tempfile
import threading
from pathlib import Path
from typing import Any

import pytest
from watchdog.observers.inotify_c import InotifyFD

from tagd.catalogue.db.engine import Catalogue, open_owner
from tagd.errors import CatalogueBusy
from tagd.fs import FileSystem, path_of
from tagd.intake import probe, recognise, submit
from tagd.intake.probe import Devices
from tagd.intake.tree import InotifyReader
from tagd.intake.trouble import TroubleKind
from tests.intake import (
    Live,
    drop,
    ids,
    jobs,
    somebody_else,
    states,
    too_large_to_hold,
    write,
)
from tests.support import PATIENCE_SECONDS


def kill(name: str) -> threading.Thread:
    """End a thread from outside, as a mistake in it would."""
    thread = next(each for each in threading.enumerate() if each.name == name)
    assert thread.ident is not None
    ctypes.pythonapi.PyThreadState_SetAsyncExc(
        ctypes.c_ulong(thread.ident), ctypes.py_object(SystemExit)
    )
    return thread


@pytest.mark.parametrize("name", ["tagd-inotify", "tagd-stream", "tagd-scan"])
def test_a_thread_that_dies_is_started_anew(live: Live, root: Path, name: str) -> None:
    thread = kill(name)
    number = 0
    while thread.is_alive():  # it notices once it has something to do
        live.intake.request_rescan()
        drop(root / f"{number}.jpg", str(number))
        number += 1
        thread.join(0.05)
    for later in range(number, number + 5):
        drop(root / f"{later}.jpg", str(later))
    live.until(lambda: len(states(live.catalogue)) == number + 5)
    assert live.said.troubles(TroubleKind.WATCHER_DIED)
    drop(root / "after.jpg", "after")
    live.until(lambda: "photos/after.jpg" in states(live.catalogue))


def test_an_overflow_of_the_kernels_queue_loses_nothing(
    live: Live, root: Path, tmp_path: Path
) -> None:
    limit = int(Path("/proc/sys/fs/inotify/max_queued_events").read_text())
    write(root / "old/a.jpg", "a")
    live.tagged("photos/old/a.jpg")
    for number in range(50):
        write(tmp_path / f"staged/{number}.jpg", str(number))
    watcher = live.intake._stream.watcher
    assert watcher is not None
    assert watcher._tree is not None
    with watcher._tree.reader._lock:  # the reader cannot read on
        for number in range(limit // 2 + 100):
            (root / f".{number}").touch()
            (root / f".{number}").unlink()
        (root / "old").rename(root / "new")
        for number in range(50):
            (tmp_path / f"staged/{number}.jpg").rename(root / f"{number}.jpg")
    live.until_said(TroubleKind.OVERFLOW)
    live.until(lambda: len(jobs(live.catalogue)) == 50)
    live.until(lambda: states(live.catalogue).get("photos/new/a.jpg") == "tagged")
    assert live.intake.state().overflows == 1
    drop(root / "new/b.jpg", "b")
    live.until(lambda: "photos/new/b.jpg" in states(live.catalogue))


def test_a_folder_deleted_and_made_again_is_watched_again(live: Live, root: Path) -> None:
    drop(root / "a.jpg")
    live.tagged("photos/a.jpg")
    for number in range(3):
        shutil.rmtree(root)
        root.mkdir()
        drop(root / f"{number}.jpg", str(number))
        live.until(lambda name=f"photos/{number}.jpg": name in states(live.catalogue))  # type: ignore[misc]
    live.until(lambda: live.intake.state().watches == 1)
    assert live.said.troubles(TroubleKind.ROOT_REPLACED) or live.said.troubles(
        TroubleKind.ROOT_ABSENT
    )


def test_a_folder_that_vanishes_is_waited_for_and_none_of_its_files_is_missing(
    live: Live, root: Path
) -> None:
    drop(root / "a.jpg")
    live.tagged("photos/a.jpg")
    away = root.parent / "unplugged"
    root.rename(away)
    assert "waiting for it" in live.until_said(TroubleKind.ROOT_ABSENT)
    live.intake.request_rescan()
    assert states(live.catalogue) == {"photos/a.jpg": "tagged"}
    write(away / "b.jpg", "b")
    away.rename(root)
    live.until_states({"photos/a.jpg": "tagged", "photos/b.jpg": "queued"})
    live.until(lambda: live.intake.state().troubles == ())
    drop(root / "c.jpg", "c")
    live.until(lambda: "photos/c.jpg" in states(live.catalogue))


def test_an_unmounted_disk_calls_none_missing(live: Live, root: Path) -> None:
    drop(root / "a.jpg")
    live.tagged("photos/a.jpg")
    live.intake.request_rescan()
    away = root.parent / "unplugged"
    root.rename(away)
    root.mkdir()
    assert "is empty" in live.until_said(TroubleKind.ROOT_DOUBTED)
    assert states(live.catalogue) == {"photos/a.jpg": "tagged"}
    root.rmdir()
    away.rename(root)
    live.until(lambda: not live.intake.state().troubles)
    assert states(live.catalogue) == {"photos/a.jpg": "tagged"}
    assert jobs(live.catalogue) == {}


def test_a_folder_that_is_not_there_yet_is_waited_for(catalogue: Catalogue, root: Path) -> None:
    later = root / "later"
    with Live(catalogue, later) as live:
        live.until_said(TroubleKind.ROOT_ABSENT)
        assert len(live.said.troubles(TroubleKind.ROOT_ABSENT)) == 1
        write(later / "a.jpg")
        live.until_states({"photos/later/a.jpg": "queued"})
        drop(later / "b.jpg", "b")
        live.until(lambda: "photos/later/b.jpg" in states(catalogue))
        live.until(lambda: live.intake.state().troubles == ())


def test_folders_that_may_not_be_read_are_named_once_and_watched_later() -> None:
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        write(home / "photos/a.jpg", "a")
        closed = write(home / "photos/closed/b.jpg", "b").parent
        with somebody_else(home), open_owner(home / "catalogue.db") as catalogue:
            closed.chmod(0)
            (home / "photos").chmod(0)
            with Live(catalogue, home / "photos") as live:
                assert "Permission denied" in live.until_said(TroubleKind.ROOT_ABSENT)
                (home / "photos").chmod(0o700)
                live.until_states({"photos/a.jpg": "queued"})
                assert f"{closed} cannot be read" in live.until_said(TroubleKind.UNREADABLE)
                for _ in range(3):
                    live.intake.check()
                closed.chmod(0o700)
                live.intake.request_rescan()
                live.until(lambda: "photos/closed/b.jpg" in states(catalogue))
                live.until(lambda: live.intake.state().watches == 2)
                live.until(lambda: live.intake.state().troubles == ())
                assert len(live.said.troubles(TroubleKind.ROOT_ABSENT)) == 1
                assert live.said.troubles(TroubleKind.ROOT_REPLACED) == []


def test_running_out_of_watches_is_said_and_the_rest_is_polled(
    catalogue: Catalogue, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(5):
        (root / str(number)).mkdir()
    limit = 3
    add = InotifyReader.add_callback

    def limited(self: InotifyReader, *arguments: Any) -> Any:
        if len(self._watch_for_wd) >= limit:
            raise OSError(errno.ENOSPC, "inotify watch limit reached")
        return add(self, *arguments)

    monkeypatch.setattr(InotifyReader, "add_callback", limited)
    with Live(catalogue, root, polling_seconds=0.05) as live:
        words = live.until_said(TroubleKind.TOO_FEW_WATCHES)
        assert "3 of 6 folders are watched" in words
        trouble = live.intake.state().troubles[0]
        assert "fs.inotify.max_user_watches" in trouble.hint
        assert "sysctl" in trouble.hint
        assert live.intake.state().polling == (root,)
        live.first_scan()
        for number in range(5):
            drop(root / f"{number}/a.jpg", str(number))
        live.until(lambda: len(states(catalogue)) == 5)
        write(root / "late/b.jpg", "late")
        live.until(lambda: len(states(catalogue)) == 6)
        limit = 1_000
        live.intake.request_rescan()
        live.until(lambda: live.intake.state().watches == 7)
        live.until(lambda: live.intake.state().polling == ())
        live.until(lambda: live.intake.state().troubles == ())


def test_without_inotify_everything_is_polled(
    catalogue: Catalogue, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: Any) -> int:
        raise OSError(errno.EMFILE, "inotify instance limit reached")

    monkeypatch.setattr(InotifyFD, "_create_inotify_fd", refused)
    write(root / "before.jpg", "before")
    with Live(catalogue, root, polling_seconds=0.05) as live:
        assert "no inotify instance" in live.until_said(TroubleKind.NO_INOTIFY)
        assert "max_user_instances" in live.intake.state().troubles[0].hint
        live.until_states({"photos/before.jpg": "queued"})
        drop(root / "a.jpg", "a")
        live.until(lambda: "photos/a.jpg" in states(catalogue))


@pytest.fixture
def on_a_server(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything seems to lie on a network file system."""
    monkeypatch.setattr(probe, "file_system_of", lambda path: FileSystem(path, "nfs4"))


@pytest.mark.usefixtures("on_a_server")
def test_a_network_file_system_is_polled(catalogue: Catalogue, root: Path) -> None:
    write(root / "album/a.jpg", "a")
    write(root / ".hidden/b.jpg", "b")
    (root / "loop").symlink_to(root, target_is_directory=True)
    with Live(catalogue, root, polling_seconds=0.05) as live:
        live.first_scan()
        assert live.intake.state().watches == 0
        assert live.intake.state().polling == (root,)
        live.until_states({"photos/album/a.jpg": "queued"})
        live.tagged("photos/album/a.jpg")
        before = ids(catalogue)
        (root / "album").rename(root / "renamed")
        live.until_states({"photos/renamed/a.jpg": "tagged"})
        assert list(ids(catalogue).values()) == list(before.values())
        drop(root / "renamed/b.jpg", "b")
        live.until(lambda: len(states(catalogue)) == 2)
        (root / "renamed/a.jpg").unlink()
        live.until(lambda: states(catalogue)["photos/renamed/a.jpg"] == "missing")


@pytest.mark.usefixtures("on_a_server")
def test_a_poller_that_dies_is_started_anew(catalogue: Catalogue, root: Path) -> None:
    with Live(catalogue, root, polling_seconds=0.05) as live:
        live.first_scan()
        watcher = live.intake._stream.watcher
        assert watcher is not None
        emitter = watcher._pollers._pollers[root].emitters[0]

        def broken() -> None:
            raise RuntimeError("a mistake in the poller")

        emitter._take_snapshot = broken  # type: ignore[assignment]
        assert "a mistake in the poller" in live.until_said(TroubleKind.WATCHER_DIED)
        drop(root / "a.jpg")
        live.until_states({"photos/a.jpg": "queued"})
        shutil.rmtree(root)
        live.until_said(TroubleKind.ROOT_ABSENT)
        write(root / "b.jpg", "b")
        live.until(lambda: "photos/b.jpg" in states(catalogue))


def test_a_catalogue_that_cannot_be_written_costs_a_scan(
    live: Live, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drop(root / "a.jpg", "a")
    live.tagged("photos/a.jpg")
    real, refused = submit.apply, threading.Event()

    def busy(*_: Any) -> Any:
        refused.set()
        raise CatalogueBusy("locked by another program", hint="Close it.")

    monkeypatch.setattr(submit, "apply", busy)
    (root / "a.jpg").rename(root / "b.jpg")
    drop(root / "c.jpg", "c")
    live.until(refused.is_set)
    said = live.until_said(TroubleKind.CATALOGUE)
    assert "locked by another program" in said
    assert "\n" not in said, "what to do about it stands beside it"
    monkeypatch.setattr(submit, "apply", real)
    live.until_states({"photos/b.jpg": "tagged", "photos/c.jpg": "queued"})
    live.until(lambda: live.intake.state().troubles == ())


def test_what_is_deleted_right_after_its_folder_was_renamed_is_missing(
    live: Live, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rename comes with new watches, and with it the deletion is found by a scan alone."""
    write(root / "old/a.jpg", "a")
    write(root / "old/b.jpg", "b")
    live.tagged("photos/old/a.jpg", "photos/old/b.jpg")
    real, deleted = submit.apply, threading.Event()

    def slow(tx: Any, changes: Any, now: float) -> Any:
        if any(isinstance(each, submit.Renamed) for each in changes):
            assert deleted.wait(PATIENCE_SECONDS)
            live.intake._stopping.wait(0.3)  # a scan that did not wait for us would be over
        return real(tx, changes, now)

    monkeypatch.setattr(submit, "apply", slow)
    (root / "old").rename(root / "new")
    (root / "new/a.jpg").unlink()
    deleted.set()
    live.until_states({"photos/new/a.jpg": "missing", "photos/new/b.jpg": "tagged"})


def test_a_folder_without_a_watch_gets_one(live: Live, root: Path) -> None:
    (root / "a").mkdir()
    live.until(lambda: live.intake.state().watches == 2)
    watcher = live.intake._stream.watcher
    assert watcher is not None
    assert watcher._tree is not None
    watcher._tree.drop(os.fsencode(root / "a"))
    drop(root / "a/unseen.jpg")
    live.intake.request_rescan()
    live.until(lambda: "photos/a/unseen.jpg" in states(live.catalogue))
    live.until(lambda: live.intake.state().watches == 2)
    drop(root / "a/seen.jpg", "seen")
    live.until(lambda: "photos/a/seen.jpg" in states(live.catalogue))


def test_a_file_that_nobody_foresaw_is_said_once_and_costs_itself_alone(
    catalogue: Catalogue, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(root / "evil.jpg", "evil")
    # Settled sooner than the next scan, which would else pass by it as perhaps growing.
    with Live(catalogue, root, rescan_minutes=0.001, settle_seconds=0.02) as live:
        with too_large_to_hold(monkeypatch, "evil.jpg"):
            write(root / "evil.jpg", "evil again")
            said = live.until_said(TroubleKind.LEFT_OUT)
            assert f"{root}/evil.jpg" in said
            assert "OverflowError" in said
            drop(root / "good.jpg", "good")
            live.until(lambda: "photos/good.jpg" in states(catalogue))
            before = live.intake.state().last_scan
            live.until(lambda: live.intake.state().last_scan is not before)
            (trouble,) = live.intake.state().troubles
            assert trouble.path == root / "evil.jpg"
        live.until(lambda: live.intake.state().troubles == ())
        assert len(live.said.troubles(TroubleKind.LEFT_OUT)) == 1
        assert live.said.troubles(TroubleKind.FAILED) == []


def test_a_server_that_does_not_answer_holds_up_nothing_else(
    catalogue: Catalogue, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nas, answers, asked = tmp_path / "nas", threading.Event(), threading.Event()
    write(nas / "unknown", "unknown")
    write(nas / "known.jpg", "known")
    real = recognise.head_of

    def head_of(path: Path) -> bytes:
        if path.is_relative_to(nas):
            asked.set()
            assert answers.wait(PATIENCE_SECONDS)
        return real(path)

    def file_system(devices: Devices, device: int, path: bytes) -> FileSystem:
        far = path_of(path).is_relative_to(nas)
        return FileSystem(nas, "nfs4") if far else FileSystem(root, "")

    monkeypatch.setattr(recognise, "head_of", head_of)
    monkeypatch.setattr(Devices, "of", file_system)
    with Live(catalogue, root, nas, polling_seconds=0.05, settle_seconds=0.1) as live:
        live.until(asked.is_set)
        for number in range(3):
            drop(root / f"{number}.jpg", str(number))
        live.until_states({f"photos/{number}.jpg": "queued" for number in range(3)})
        write(root / "deep/er/4.jpg", "4")
        live.until(lambda: "photos/deep/er/4.jpg" in states(catalogue))
        answers.set()
        live.until(lambda: {"nas/unknown", "nas/known.jpg"} <= set(states(catalogue)))
