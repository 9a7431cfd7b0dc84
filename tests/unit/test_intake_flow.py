"""From events to what is written: each is checked against the disk."""

from __future__ import annotations

from pathlib import Path

import pytest

from tagd.domain import EventKind, PathEvent, Priority, SettledFile, Signature
from tagd.fs import signature_of
from tagd.intake.flow import Flow
from tagd.intake.probe import Devices
from tagd.intake.recognise import Recogniser
from tagd.intake.settle import Settler
from tagd.intake.submit import Renamed, Vanished
from tests.intake import write


class Afraid(Recogniser):
    """Meets what nobody foresaw in files that are called evil."""

    def is_photo(self, path: Path, signature: Signature) -> bool:
        if path.stem == "evil":
            raise OverflowError("too large for anybody")
        return super().is_photo(path, signature)


class Around:
    """What a flow asks of those around it."""

    def __init__(self) -> None:
        self.scanned: list[Path] = []
        self.stands = True
        self.now = 0.0
        self.noted: list[Path] = []
        self.flow = Flow(
            Settler(1.0, lambda: self.now),
            Afraid(),
            Devices(),
            self.scanned.append,
            lambda _: self.stands,
            self.note,
        )

    def note(self, path: Path, error: Exception) -> None:
        self.noted.append(path)


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


def test_a_file_that_nobody_foresaw_costs_itself_alone(around: Around, tmp_path: Path) -> None:
    evil, good = write(tmp_path / "evil.jpg"), write(tmp_path / "good.jpg")
    changes = around.flow.changes([PathEvent(EventKind.WRITTEN, each) for each in (evil, good)])
    assert [each.path for each in changes if isinstance(each, SettledFile)] == [good]
    assert around.noted == [evil]


def test_one_that_settles_is_not_tried_again_and_again(around: Around, tmp_path: Path) -> None:
    evil, good = write(tmp_path / "evil.jpg"), write(tmp_path / "good.jpg")
    for each in (evil, good):
        assert around.flow.found(each, signature_of(each.stat()), Priority.RESCAN) == []
    around.now = 2.0
    changes = around.flow.settled()
    assert [each.path for each in changes if isinstance(each, SettledFile)] == [good]
    assert around.noted == [evil]
    assert around.flow.settler.next_due() is None
