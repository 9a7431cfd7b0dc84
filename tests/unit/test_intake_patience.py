"""Paths on file systems that may never answer."""

from __future__ import annotations

import errno
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tagd.intake.patience import Patience
from tests.intake import Stall
from tests.support import PATIENCE_SECONDS, wait_until

LONG_AGO = 1_000_000_000.0


@pytest.fixture
def stall(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stall]:
    """A server below `tmp_path / "nas"`, which answers nobody until told to."""
    (tmp_path / "nas").mkdir()
    with Stall(tmp_path / "nas", monkeypatch) as stall:
        yield stall


def askers() -> int:
    return sum(thread.name == "tagd-stat" for thread in threading.enumerate())


def test_what_answers_is_answered(tmp_path: Path) -> None:
    patience = Patience(PATIENCE_SECONDS)
    assert patience.status(tmp_path).st_ino == tmp_path.stat().st_ino
    with pytest.raises(FileNotFoundError):
        patience.status(tmp_path / "absent")
    assert not patience.is_owed(tmp_path)


def test_what_does_not_answer_is_asked_once_and_heard_when_it_does(
    tmp_path: Path, stall: Stall
) -> None:
    nas, before = tmp_path / "nas", askers()
    patience = Patience(0.05, wall=lambda: LONG_AGO)
    for _ in range(3):
        with pytest.raises(OSError, match="does not answer") as caught:
            patience.status(nas)
        assert caught.value.errno == errno.ETIMEDOUT
        assert patience.silent_since(nas) == LONG_AGO
        assert patience.is_owed(nas)
    assert askers() == before + 1
    assert patience.status(tmp_path).st_ino == tmp_path.stat().st_ino
    stall.answer()
    wait_until(lambda: not patience.is_owed(nas))
    assert patience.status(nas).st_ino == nas.stat().st_ino
    assert patience.silent_since(nas) is None


def test_an_answer_of_its_own_that_it_timed_out_is_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stat(_: Path) -> None:
        raise TimeoutError(errno.ETIMEDOUT, "said the server")

    monkeypatch.setattr(Path, "stat", stat)
    patience = Patience(PATIENCE_SECONDS)
    with pytest.raises(TimeoutError, match="said the server"):
        patience.status(tmp_path)
    assert not patience.is_owed(tmp_path)
