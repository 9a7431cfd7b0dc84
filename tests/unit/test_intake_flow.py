"""From events to what is written: each is checked against the disk."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tagd.domain import EventKind, PathEvent, Priority, SettledFile
from tagd.fs import signature_of
from tagd.intake.flow import Flow
from tagd.intake.probe import Devices
from tagd.intake.recognise import Recogniser
from tagd.intake.settle import Settler
from tagd.intake.submit import Renamed, Vanished
from tests.intake import write


class Around:
    """What a flow asks of those around it."""

    def __init__(self) -> None:
        self.scanned: list[Path] = []
        self.stands = True
        self.flow = Flow(
            Settler(1.0, time.monotonic),
            Recogniser(),
            Devices(),
            self.scanned.append,
            lambda _: self.stands,
        )


@pytest.fixture
def around() -> Around:
    return Around()


def test_a_folder_that_moved_is_renamed_and_then_scanned(around: Around, tmp_path: Path) -> None:
    event = PathEvent(EventKind.MOVED, tmp_path / "a", tmp_path / "b", is_folder=True)
    assert around.flow.changes([event]) == [Renamed(tmp_path / "a", tmp_path / "b", is_folder=True)]
    assert around.scanned == [tmp_path / "b"]


@pytest.mark.parametrize("kind", [EventKind.ARRIVED, EventKind.CHANGED])
def test_a_folder_that_appears_is_scanned(around: Around, tmp_path: Path, kind: EventKind) -> None:
    assert around.flow.changes([PathEvent(kind, tmp_path, is_folder=True)]) == []
    assert around.scanned == [tmp_path]


def test_a_deletion_means_something_only_while_the_watched_folder_stands(
    around: Around, tmp_path: Path
) -> None:
    event = PathEvent(EventKind.GONE, tmp_path / "a.jpg")
    assert around.flow.changes([event]) == [Vanished(tmp_path / "a.jpg", is_folder=False)]
    around.stands = False
    assert around.flow.changes([event]) == []


def test_a_deletion_of_what_is_there_means_nothing(around: Around, tmp_path: Path) -> None:
    path = write(tmp_path / "a.jpg")
    assert around.flow.changes([PathEvent(EventKind.GONE, path)]) == []
    assert around.flow.changes([PathEvent(EventKind.GONE, tmp_path, is_folder=True)]) == []


def test_a_write_of_what_is_gone_already_means_nothing(around: Around, tmp_path: Path) -> None:
    assert around.flow.changes([PathEvent(EventKind.WRITTEN, tmp_path / "a.jpg")]) == []


def test_a_photo_renamed_to_something_else_has_vanished(around: Around, tmp_path: Path) -> None:
    write(tmp_path / "a.jpg.bak")
    event = PathEvent(EventKind.MOVED, tmp_path / "a.jpg", tmp_path / "a.jpg.bak")
    assert around.flow.changes([event]) == [Vanished(tmp_path / "a.jpg", is_folder=False)]


def test_what_happens_to_a_file_is_told_in_its_order(around: Around, tmp_path: Path) -> None:
    path = write(tmp_path / "b.jpg")
    signature = signature_of(path.stat())
    events = [
        PathEvent(EventKind.WRITTEN, tmp_path / "a.jpg"),
        PathEvent(EventKind.MOVED, tmp_path / "a.jpg", path),
        PathEvent(EventKind.WRITTEN, tmp_path / "notes.txt"),
    ]
    assert around.flow.changes(events) == [
        Renamed(tmp_path / "a.jpg", path, is_folder=False, signature=signature),
        SettledFile(path, signature, Priority.NEW),
    ]
