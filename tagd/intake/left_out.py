"""Files that met a mistake of ours: each costs itself alone, is said once, and is in `tagd status`
until a scan has gone by it."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tagd.errors import CatalogueError
from tagd.intake.trouble import Trouble, TroubleBoard, TroubleKind, left_out

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    Note = Callable[[Path, Exception], None]

MOST = 20  # said at a time: where there are more they have one cause


@contextmanager
def sparing_others(path: Path, note: Note) -> Iterator[None]:
    """Whatever nobody foresaw about this file is noted, and whoever comes next goes on. What is
    wrong with the catalogue is wrong for all, and is raised."""
    try:
        yield
    except CatalogueError:
        raise
    except Exception as error:  # noqa: BLE001 - one file must not cost the others
        note(path, error)


class LeftOut:
    """Notes them, from any thread, on the board of troubles."""

    def __init__(self, board: TroubleBoard) -> None:
        self._board = board
        self._lock = threading.Lock()
        # Since the last scan began, and since the one before: what a scan finds to be growing is
        # met only after its end.
        self._met: set[Path] = set()
        self._before: set[Path] = set()

    def note(self, path: Path, error: Exception) -> None:
        """Note that this file is left out for now."""
        with self._lock:
            self._met.add(path)
        known = {trouble.path for trouble in self._standing()}
        if path in known or len(known) < MOST:
            self._board.report(left_out(path, error))

    def begin(self, tops: Sequence[Path]) -> None:
        """Note that a scan of these folders begins: what is still wrong there it meets again."""
        with self._lock:
            again = {path for path in self._met if _is_in(path, tops)}
            elsewhere = {path for path in self._before if not _is_in(path, tops)}
            self._met, self._before = self._met - again, elsewhere | again

    def end(self, scanned: Sequence[Path]) -> None:
        """Note that a scan of these folders ended: what it did not meet again is over."""
        with self._lock:
            met = self._met | self._before
        for trouble in self._standing():
            path = trouble.path
            if path is None or path in met:
                continue
            if _is_in(path, scanned):
                self._board.clear(TroubleKind.LEFT_OUT, path)

    def _standing(self) -> list[Trouble]:
        return [
            trouble for trouble in self._board.standing() if trouble.kind is TroubleKind.LEFT_OUT
        ]


def _is_in(path: Path, tops: Sequence[Path]) -> bool:
    return any(path.is_relative_to(top) for top in tops)
