"""Tags into many files at once, or out of them, for a person who waits: `tagd write`.

Several threads do it. Ctrl-C lets every file that is in hand be finished.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeVar

from tagd.catalogue.written import inscriptions
from tagd.errors import CatalogueError, InternalFault
from tagd.work.progress import after

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from tagd.catalogue.db.engine import Catalogue
    from tagd.catalogue.written.inscriptions import Target
    from tagd.errors import PhotoError
    from tagd.metadata.writer import WriteReport
    from tagd.work.progress import Progress

    Work = Callable[[Target], Sequence[WriteReport]]

Item = TypeVar("Item")

THREADS: Final = 4  # three times as quick as one, since each waits for the disk most of the time


@dataclass(frozen=True, slots=True)
class Written:
    """What became, or would become, of the photos' files: how many there are and how many of them
    changed, a report of each write, and (path, reason) of those that could not be written. So many
    are `left` after Ctrl-C."""

    files: int
    changed: int
    reports: tuple[WriteReport, ...]
    failed: tuple[tuple[Path, str], ...]
    left: int


def work_off(
    catalogue: Catalogue,
    files: Sequence[int],
    work: Work,
    on_progress: Callable[[Progress], None] = lambda _: None,
    on_failed: Callable[[Target, PhotoError], None] = lambda _target, _error: None,
) -> Written:
    """Do the work for these files, by row id, whose content is known; one that fails keeps no other
    from it. What comes out is in the order of the files. `on_progress` and
    `on_failed` are called from any thread.
    """
    tally = _Tally(len(files), on_progress)

    def do(file_id: int) -> None:
        with catalogue.read() as tx:
            target = inscriptions.target(tx, file_id)
        if target is None:
            tally.take(file_id, ())
            return
        try:
            tally.take(file_id, work(target))
        except CatalogueError:
            raise
        except Exception as raised:  # noqa: BLE001 - whatever it is, it costs this photo alone
            error = InternalFault.translated(target.path, raised)
            on_failed(target, error)
            tally.fail(file_id, error)

    left = in_threads(files, do)
    return tally.written(files, left)


def in_threads(items: Iterable[Item], do: Callable[[Item], None]) -> int:
    """Do it for every item, several at a time; returns how many were left undone by Ctrl-C, which
    ends this as soon as those in hand are done. What `do` raises does so too, and is raised."""
    todo, enough = deque(items), threading.Event()

    def labour() -> None:
        while not enough.is_set():
            try:
                item = todo.popleft()
            except IndexError:
                return
            try:
                do(item)
            except BaseException:
                enough.set()
                raise

    with ThreadPoolExecutor(THREADS, "writer") as pool:
        hands = [pool.submit(labour) for _ in range(THREADS)]
        try:
            wait(hands)
        except KeyboardInterrupt:
            enough.set()
    for hand in hands:
        hand.result()
    return len(todo)


@dataclass(slots=True)
class _Tally:
    """What came of each file, by its row id. For several threads."""

    total: int
    on_progress: Callable[[Progress], None]
    started: float = field(default_factory=time.monotonic)
    reports: dict[int, Sequence[WriteReport]] = field(default_factory=dict)
    failed: dict[int, PhotoError] = field(default_factory=dict)

    def take(self, file_id: int, reports: Sequence[WriteReport]) -> None:
        self.reports[file_id] = [each for each in reports if each.has_changes]
        self._show(reports[-1].path if reports else "")

    def fail(self, file_id: int, error: PhotoError) -> None:
        self.failed[file_id] = error
        self._show(error.path)

    def written(self, files: Sequence[int], left: int) -> Written:
        """Return the whole, in the order of the files."""
        reports = (each for file_id in files for each in self.reports.get(file_id, ()))
        failed = (self.failed[file_id] for file_id in files if file_id in self.failed)
        return Written(
            files=len(files),
            changed=sum(map(bool, self.reports.values())),
            reports=tuple(reports),
            failed=tuple((each.path, each.advice_at_once) for each in failed),
            left=left,
        )

    def _show(self, current: Path | str) -> None:
        failed = len(self.failed)
        done = len(self.reports) + failed
        seconds = time.monotonic() - self.started
        self.on_progress(after(seconds, done, self.total, failed=failed, current=str(current)))
