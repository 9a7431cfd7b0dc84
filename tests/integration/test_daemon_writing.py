"""The threads that write tags: held up and let go on as often as it is asked; and what a kill cut
short in a folder that is elsewhere by the next start."""

from __future__ import annotations

import errno
import os
import shutil
import threading
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from tagd.catalogue.db.engine import Catalogue
from tagd.catalogue.files import photos
from tagd.catalogue.tagging.runs import Run
from tagd.catalogue.written import inscriptions, unwritten
from tagd.catalogue.written.inscriptions import Begun
from tagd.daemon.writing import MOST_TROUBLES
from tagd.domain import Place, Priority, SettledFile
from tagd.metadata import recovery, safe_write
from tagd.metadata.ledger import FileIdentity, Intent
from tagd.writeback import ledger
from tagd.writeback.ledger import CatalogueLedger
from tagd.writeback.tag_writer import WriteMode
from tests import catalogue as recorded
from tests.inscriptions import Desk, subjects, writing_of
from tests.intake import Bench
from tests.support import PATIENCE_SECONDS, wait_until


def begun(desk: Desk, photo: Path) -> Intent:
    """A write that a kill cut short as it made its copy."""
    intent = Intent.to_write(photo, FileIdentity.of(photo.lstat()), b"the very bytes")
    with desk.catalogue.read() as tx:
        [(file_id,)] = recorded.rows(tx, f"SELECT id FROM file WHERE path = '{photo}'")
    CatalogueLedger(desk.catalogue, file_id, Place.EMBEDDED, "wish", desk.run).begin(intent)
    intent.part.write_bytes(b"the very")
    return intent


def pending(desk: Desk) -> list[Begun]:
    with desk.catalogue.read() as tx:
        return inscriptions.begun(tx)


@pytest.fixture(autouse=True)
def looks_every_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tagd.daemon.writing.LOOK_SECONDS", 0.0)
    monkeypatch.setattr("tagd.daemon.writing.SPARING", 0)


@pytest.fixture
def desk(catalogue: Catalogue, tmp_path: Path) -> Desk:
    folder = tmp_path / "photos" / "day"
    folder.mkdir(parents=True)
    return Desk(catalogue, folder)


def test_a_kill_and_then_a_folder_that_is_renamed_leave_no_copy_of_ours(desk: Desk) -> None:
    photo = desk.photo()
    intent = begun(desk, photo)
    renamed = desk.folder.rename(desk.folder.with_name("night"))
    writing = writing_of(desk.catalogue, desk.run, "embedded")
    writing.recover()
    writing.meet(renamed / ".tagd-000000000000.part")  # a write of somebody else's
    writing.check()
    assert pending(desk), "until it is known where the folder has gone"
    scanner = Bench(desk.catalogue, (desk.folder.parent,))
    scanner.scan()
    assert scanner.leftovers == [renamed / intent.part.name]
    writing.meet(scanner.leftovers[0])
    writing.check()
    assert pending(desk) == []
    assert [each.name for each in renamed.iterdir()] == ["cat.jpg"]


def test_what_a_kill_left_on_a_disk_that_is_mounted_later_is_set_right(desk: Desk) -> None:
    photo = desk.photo()
    begun(desk, photo)
    away = desk.folder.rename(desk.folder.with_name("away"))
    writing = writing_of(desk.catalogue, desk.run, "embedded")
    writing.recover()
    assert pending(desk)
    away.rename(desk.folder)
    writing.check()
    assert pending(desk) == []
    assert [each.name for each in desk.folder.iterdir()] == ["cat.jpg"]


def test_nothing_is_awaited_of_a_write_that_left_nothing(desk: Desk) -> None:
    intent = begun(desk, desk.photo())
    intent.part.unlink()
    scanner = Bench(desk.catalogue, (desk.folder.parent,))
    scanner.scan()
    desk.folder.rename(desk.folder.with_name("night"))
    writing = writing_of(desk.catalogue, desk.run, "embedded")
    writing.recover()
    scanner.scan()
    writing.check()
    assert pending(desk) == []


def test_a_disk_that_does_not_answer_is_asked_again(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun(desk, desk.photo())
    away = desk.folder.rename(desk.folder.with_name("away"))
    writing = writing_of(desk.catalogue, desk.run, "embedded")
    writing.recover()
    away.rename(desk.folder)
    ask = os.stat

    def stale(path: str | Path, *args: Any, **how: Any) -> os.stat_result:
        if str(path).startswith(str(desk.folder)):
            raise OSError(errno.ESTALE, "Stale file handle", str(path))
        return ask(path, *args, **how)

    with monkeypatch.context() as meanwhile, capture_logs() as log:
        meanwhile.setattr(os, "stat", stale)
        writing.check()
        writing.check()
    assert pending(desk)
    assert len(log) == 1, "it is said once"
    writing.check()
    assert pending(desk) == []


def test_what_could_not_be_set_right_at_the_start_is_tried_again(desk: Desk) -> None:
    photo = desk.photo()
    intent = begun(desk, photo)
    intent.part.unlink()
    intent.part.mkdir()
    writing = writing_of(desk.catalogue, desk.run, "embedded")
    with capture_logs() as log:
        writing.recover()
        writing.check()
        writing.check()
    assert pending(desk)
    assert len(log) == 1, "it is said once"
    intent.part.rmdir()
    photo.write_bytes(b"their own bytes")
    writing.check()
    assert pending(desk) == []
    assert desk.waiting_tags() == 1


def test_a_sidecar_on_a_disk_that_is_mounted_later_is_set_right(desk: Desk, tmp_path: Path) -> None:
    photo, mirror = desk.photo(), tmp_path / "mirror"
    sidecar = mirror / photo.relative_to("/").with_name("cat.jpg.xmp")
    sidecar.parent.mkdir(parents=True)
    sidecar.write_bytes(b"new")
    intent = Intent.to_write(sidecar, None, b"new")
    CatalogueLedger(desk.catalogue, 1, Place.SIDECAR, "wish", desk.run).begin(intent)
    intent.swap.write_bytes(b"old")
    away = mirror.rename(tmp_path / "away")
    writing = writing_of(desk.catalogue, desk.run, "sidecar", mirror)
    writing.recover()
    writing.check()
    assert pending(desk), "it does not lie beside the photo"
    away.rename(mirror)
    writing.check()
    assert pending(desk) == []


def test_a_photo_that_is_back_before_its_write_is_set_right_is_no_longer_missing(
    desk: Desk,
) -> None:
    photo = desk.photo()
    begun(desk, photo)
    away = desk.folder.rename(desk.folder.with_name("away"))
    writing = writing_of(desk.catalogue, desk.run, "embedded")
    writing.recover()
    desk.missing(photo)
    away.rename(desk.folder)
    assert desk.submit(photo) == 0, "its write is awaited"
    writing.check()
    assert pending(desk) == []
    assert desk.waiting_tags() == 1


def test_another_photo_under_the_name_of_one_that_has_moved_is_looked_at(desk: Desk) -> None:
    photo = desk.photo()
    begun(desk, photo)
    other = photo.with_name("other.jpg")
    desk.moved(photo, photo.rename(other))
    photo.write_bytes(b"another photo")
    assert desk.submit(photo) == 0, "its write is awaited"
    assert desk.recover() == []
    assert desk.waiting_tags() == 1


def test_a_write_whose_disk_goes_in_the_midst_of_it_is_set_right_when_it_is_back(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    photo = desk.photo()
    away = desk.folder.with_name("away")

    def unmount(*_: object) -> None:
        shutil.copytree(desk.folder, away)
        shutil.rmtree(desk.folder)
        raise FileNotFoundError(errno.ENOENT, "No such file or directory", str(photo))

    with monkeypatch.context() as once:
        once.setattr(safe_write, "_finish_copy", unmount)
        assert desk.write() == 0
    writing = writing_of(desk.catalogue, desk.run, "embedded")
    [left] = pending(desk)
    writing.check()
    assert pending(desk) == [left]
    away.rename(desk.folder)
    assert len([*desk.folder.iterdir()]) == 2
    writing.check()
    assert pending(desk) == []
    assert [each.name for each in desk.folder.iterdir()] == ["cat.jpg"]


def test_a_write_that_goes_on_is_left_alone(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    photo = desk.photo()
    writing = writing_of(desk.catalogue, desk.run, "embedded")
    finish = safe_write._finish_copy

    def look_first(*what: Any) -> None:
        writing.check()
        finish(*what)

    monkeypatch.setattr(safe_write, "_finish_copy", look_first)
    assert writing.work_off(lambda _progress: None) == 0
    assert subjects(photo) == ("cat",)
    assert writing.written == 1


def test_a_write_of_another_process_is_left_to_it(desk: Desk) -> None:
    """As `tagd write` does it beside the daemon."""
    intent = begun(desk, desk.photo())
    writing_of(desk.catalogue, Run.of("tagd run"), "embedded").check()
    assert pending(desk)
    assert intent.part.exists()


def test_a_sidecar_goes_along_where_nothing_is_written_any_more(desk: Desk) -> None:
    desk.set(write=WriteMode.SIDECAR)
    photo = desk.photo()
    desk.write()
    desk.moved(photo, photo.rename(photo.with_name("other.jpg")))
    writing = writing_of(desk.catalogue, desk.run, "off")
    writing.recover()
    try:
        writing.check()
        writing.steer(work=True)
        assert writing.is_working
        sidecar = photo.with_name("other.jpg.xmp")
        wait_until(lambda: sidecar.exists() and not desk.jobs(), what="it has gone along")

        def rests() -> bool:
            writing.check()
            writing.steer(work=True)
            return not writing.is_working

        wait_until(rests, what="there is nothing to write")
    finally:
        assert writing.end(60)


def test_who_goes_on_before_all_have_ended_has_writers_again(catalogue: Catalogue) -> None:
    """As `tagd pause` and `tagd resume` within a second have it."""
    writing = writing_of(catalogue, Run.of("tagd run"), "sidecar")
    try:
        writing.steer(work=True)
        writing.steer(work=False)  # they are told to end, and do so by and by

        def go_on() -> bool:
            writing.steer(work=True)
            return writing.is_working

        wait_until(lambda: not writing.is_working, what="those that were told to end have ended")
        wait_until(go_on, what="others write")
    finally:
        assert writing.end(60)


def test_a_disk_that_does_not_answer_holds_up_no_start(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    intent = begun(desk, desk.photo())
    answers = threading.Event()

    def wait(what: Any) -> recovery.Recovered:
        assert answers.wait(PATIENCE_SECONDS)
        return recovery.recover(what)

    monkeypatch.setattr(ledger, "recover", wait)
    monkeypatch.setattr("tagd.daemon.writing.START_SECONDS", 0.05)
    monkeypatch.setattr("tagd.daemon.writing.CHECK_SECONDS", 0.05)
    writing = writing_of(desk.catalogue, desk.run, "embedded")
    with capture_logs() as log:
        writing.recover()
        writing.check()
    assert len(log) == 1
    assert pending(desk)
    answers.set()

    def is_settled() -> bool:
        writing.check()
        return pending(desk) == []

    wait_until(is_settled)
    assert not intent.part.exists()


def test_what_nobody_foresaw_about_one_write_keeps_no_other_from_being_set_right(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad, good = begun(desk, desk.photo("bad.jpg")), begun(desk, desk.photo("good.jpg"))

    def fail_one(what: Intent) -> recovery.Recovered:
        if what.path == bad.path:
            raise MemoryError
        return recovery.recover(what)

    monkeypatch.setattr(ledger, "recover", fail_one)
    writing = writing_of(desk.catalogue, desk.run, "embedded")
    with capture_logs() as log:
        writing.recover()
    assert [each.path for each in pending(desk)] == [bad.path]
    assert not good.part.exists()
    assert "MemoryError" in str(log)


def test_many_reasons_are_told_as_a_few_and_a_number(desk: Desk) -> None:
    with desk.catalogue.write() as tx:
        for number in range(MOST_TROUBLES + 5):
            signature = recorded.signature(number)
            photos.submit(tx, [SettledFile(Path(f"/p/{number}.jpg"), signature, Priority.NEW)], 1.0)
        for (file_id,) in recorded.rows(tx, "SELECT id FROM file"):
            unwritten.note(tx, file_id, "x", f"reason {file_id}", 1.0)
    writing = writing_of(desk.catalogue, desk.run, "embedded")
    writing.check()
    *_, last = writing.troubles
    assert len(writing.troubles) == MOST_TROUBLES + 1
    assert "5 more photos" in last
