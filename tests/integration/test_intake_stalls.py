"""Watched folders on file systems that do not answer hold up nothing else."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tagd.catalogue.db.engine import Catalogue
from tagd.cli.options import existing_folder
from tagd.intake import patience
from tagd.intake.trouble import TroubleKind
from tagd.ops import checks
from tagd.ops.checks import Level
from tests.intake import Live, Stall, drop, states, write

Options = dict[str, Any]


@pytest.fixture
def nas(tmp_path: Path) -> Path:
    nas = tmp_path / "nas"
    write(nas / "old.jpg", "old")
    return nas


@pytest.fixture
def stall(nas: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stall]:
    """The network file system `nas`, which does not answer; it is waited for only shortly."""
    monkeypatch.setattr(patience, "LONGEST_SECONDS", 0.3)
    with Stall(nas, monkeypatch) as stall:
        yield stall


@pytest.fixture
def live(catalogue: Catalogue, root: Path, nas: Path) -> Live:
    return Live(catalogue, nas, root, polling_seconds=0.05, settle_seconds=0.1)


def silent(live: Live) -> list[Path | None]:
    standing = live.intake.state().troubles
    return [each.path for each in standing if each.kind is TroubleKind.ROOT_SILENT]


def scanners() -> list[threading.Thread]:
    return [each for each in threading.enumerate() if each.name.startswith("tagd-scan nas")]


def test_one_that_is_silent_at_the_start_is_said_and_taken_up_when_it_answers(
    stall: Stall, live: Live, root: Path, nas: Path
) -> None:
    write(root / "old.jpg", "near")
    with live:
        live.until_states({"photos/old.jpg": "queued"})
        assert silent(live) == [nas]
        assert f"{nas} has not answered since 20" in live.until_said(TroubleKind.ROOT_SILENT)
        drop(root / "new.jpg", "new")
        live.until(lambda: "photos/new.jpg" in states(live.catalogue))
        stall.answer()
        live.until(lambda: "nas/old.jpg" in states(live.catalogue))
        live.until(lambda: silent(live) == [])
        assert len(live.said.troubles(TroubleKind.ROOT_SILENT)) == 1


def test_a_scan_that_is_not_answered_holds_up_no_other(
    stall: Stall, live: Live, root: Path, nas: Path
) -> None:
    stall.answer()
    with live:
        live.until_states({"nas/old.jpg": "queued"})
        live.until(lambda: not any(each.is_alive() for each in scanners()))
        stall.stall()
        live.intake.request_rescan()
        live.until(lambda: silent(live) == [nas])
        live.until(lambda: bool(scanners()))
        write(root / "deep/er/new.jpg", "new")
        live.until(lambda: "photos/deep/er/new.jpg" in states(live.catalogue))
        write(root / "unseen.jpg", "unseen")
        before = live.intake.state().last_scan
        live.intake.request_rescan()
        live.until(lambda: live.intake.state().last_scan is not before)
        assert len(scanners()) == 1
        assert live.intake.state().scanning
        stall.answer()
        write(nas / "new.jpg", "new")
        live.until(lambda: silent(live) == [] and "nas/new.jpg" in states(live.catalogue))
        assert states(live.catalogue)["nas/old.jpg"] == "queued"


def test_whoever_names_a_folder_that_does_not_answer_is_not_kept_waiting(
    stall: Stall, nas: Path
) -> None:
    with stall:
        assert existing_folder(str(nas)) == nas
        found = checks.watched_folder(nas)
        assert found.level is Level.PROBLEM
        assert "does not answer" in found.what
    assert existing_folder(str(nas)) == nas
    assert checks.watched_folder(nas).level is not Level.PROBLEM
