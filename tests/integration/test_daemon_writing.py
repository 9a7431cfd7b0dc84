"""The threads that write tags: held up and let go on as often as it is asked; and what a kill cut
short in a folder that is elsewhere by the next start."""

from __future__ import annotations

from pathlib import Path

import pytest
import structlog

from tagd.catalogue import inscriptions
from tagd.catalogue.engine import Catalogue
from tagd.catalogue.inscriptions import Begun
from tagd.catalogue.runs import Run
from tagd.config import Config
from tagd.daemon.writing import Writing
from tagd.domain import Place
from tagd.metadata.ledger import Intent, Seen
from tagd.ops.pulse import Pulses
from tagd.pipeline.ledger import CatalogueLedger
from tests.inscriptions import Desk
from tests.intake import Bench
from tests.support import wait_until


def begun(desk: Desk, photo: Path) -> Intent:
    """A write that a kill cut short as it made its copy."""
    intent = Intent.to_write(photo, Seen.of(photo.lstat()), b"the very bytes")
    CatalogueLedger(desk.catalogue, 1, Place.EMBEDDED, "wish", desk.run).begin(intent)
    intent.part.write_bytes(b"the very")
    return intent


def writing_of(catalogue: Catalogue, run: Run, write: str) -> Writing:
    return Writing(
        Config.model_validate({"metadata": {"write": write}}),
        catalogue,
        run,
        pulses=Pulses(60),
        log=structlog.get_logger(),
        on_fault=lambda error: None,
    )


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
