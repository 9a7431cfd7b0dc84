"""What is at a path, asked so that a file system that does not answer holds nobody up for long."""

from __future__ import annotations

import errno
import threading
import time
from concurrent.futures import Future, wait
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import os
    from collections.abc import Callable
    from pathlib import Path

LONGEST_SECONDS = 5.0  # a disk that has to spin up first mostly answers within it


@dataclass(frozen=True, slots=True)
class _Question:
    since: float  # seconds since 1970
    deadline: float  # by the monotonic clock
    answer: Future[os.stat_result] = field(default_factory=Future)


class Patience:
    """Asks `os.stat` in threads of its own, which nobody can end: so there is one a path at most,
    and it is asked no more until it answers. For one thread, save for `is_owed`."""

    def __init__(self, seconds: float | None = None, wall: Callable[[], float] = time.time) -> None:
        self._seconds = LONGEST_SECONDS if seconds is None else seconds
        self._wall = wall
        self._asked: dict[Path, _Question] = {}

    def ask(self, path: Path) -> _Question:
        """Begin to ask, unless an answer is owed already. Returns at once."""
        question = self._asked.get(path)
        if question is None:
            question = _Question(self._wall(), time.monotonic() + self._seconds)
            self._asked[path] = question
            threading.Thread(
                target=_look, args=(path, question.answer), name="tagd-stat", daemon=True
            ).start()
        return question

    def status(self, path: Path) -> os.stat_result:
        """Return what is there, through links. Raises `OSError`: ETIMEDOUT where no answer came in
        time, which is counted from when it was asked first."""
        question = self.ask(path)
        wait([question.answer], max(0.0, question.deadline - time.monotonic()))
        if not question.answer.done():
            raise OSError(errno.ETIMEDOUT, "its file system does not answer")
        del self._asked[path]
        return question.answer.result()

    def silent_since(self, path: Path) -> float | None:
        """Since when an answer is owed, in seconds since 1970; None where it has not been for long.
        Asks, and waits for nothing."""
        question = self.ask(path)
        if question.answer.done():
            del self._asked[path]
            return None
        return question.since if time.monotonic() > question.deadline else None

    def is_owed(self, path: Path) -> bool:
        """Return whether an answer is waited for. Safe from any thread."""
        question = self._asked.get(path)
        return question is not None and not question.answer.done()


def answers(path: Path) -> bool:
    """Return whether its file system answers in time, whatever it says."""
    patience = Patience()
    with suppress(OSError):
        patience.status(path)
    return not patience.is_owed(path)


def _look(path: Path, answer: Future[os.stat_result]) -> None:
    try:
        answer.set_result(path.stat())
    except Exception as error:  # noqa: BLE001 - raised where it was asked
        answer.set_exception(error)
