"""The writers' threads beside each other: what one has in hand, and what may hold it up."""

from __future__ import annotations

import threading
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from tagd.catalogue.db.engine import Catalogue
from tagd.metadata import safe_write
from tagd.metadata.ledger import Intent
from tagd.writeback import hands
from tagd.writeback.hands import Hands
from tests.inscriptions import Desk, subjects, writing_of
from tests.support import PATIENCE_SECONDS, wait_until


@pytest.fixture
def desk(catalogue: Catalogue, tmp_path: Path) -> Desk:
    return Desk(catalogue, tmp_path)


@pytest.fixture
def nas(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that passes for a network file system; one that is silent for long is so at once."""
    folder = desk.folder / "nas"
    folder.mkdir()

    def mount_of(path: Path) -> Path | None:
        return folder if path.is_relative_to(folder) else None

    monkeypatch.setattr("tagd.daemon.writing.Hands", partial(Hands, mount_of))
    monkeypatch.setattr(hands, "STALLED_SECONDS", 0.1)
    monkeypatch.setattr(hands, "LATER_SECONDS", 0.1)
    return folder


def test_a_network_file_system_that_does_not_answer_holds_up_no_other_folder(
    desk: Desk, nas: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers, finish = threading.Event(), safe_write._finish_copy

    def wait(folder: Any, intent: Intent, *what: Any) -> None:
        assert intent.path.parent != nas or answers.wait(PATIENCE_SECONDS)
        finish(folder, intent, *what)

    monkeypatch.setattr(safe_write, "_finish_copy", wait)
    there = [desk.photo(f"nas/{number}.jpg") for number in range(12)]
    here = [desk.photo(f"{number}.jpg") for number in range(3)]
    writing = writing_of(desk.catalogue, desk.run, "embedded")
    writing.steer(work=True)

    def are_written(photos: list[Path]) -> bool:
        writing.check()
        return all(subjects(each) for each in photos)

    try:
        wait_until(lambda: are_written(here), what="other folders' photos are written")
        assert not any(subjects(each) for each in there)
        wait_until(lambda: any(str(nas) in each for each in writing.troubles))
        answers.set()
        wait_until(lambda: are_written(there), what="and these, once it answers")
        wait_until(lambda: writing.troubles == (), what="all is well")
    finally:
        answers.set()
        assert writing.end(60)


def test_copies_of_one_photo_are_written_without_a_word(desk: Desk) -> None:
    """Each copy that is found anew has the others looked at again."""
    copies = [desk.photo(f"{number}.jpg") for number in range(8)]
    writing = writing_of(desk.catalogue, desk.run, "embedded")
    writing.steer(work=True)

    def are_written() -> bool:
        for each in copies:
            desk.queue(each)
        return all(subjects(each) for each in copies)

    with capture_logs() as log:
        try:
            wait_until(are_written)
            wait_until(lambda: not desk.jobs())
        finally:
            assert writing.end(60)
    assert [each for each in log if each["log_level"] == "warning"] == []
