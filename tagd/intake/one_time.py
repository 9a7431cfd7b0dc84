"""One pass over paths that a person names: `tagd tag PATH…`, with the same check for whole files.

A named file is taken whatever its name; below a named folder the same is taken as in a watched one.
A file that keeps growing is refused in the end.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tagd.domain import Priority
from tagd.fs import path_of
from tagd.intake.exclude import is_kept
from tagd.intake.left_out import sparing_others
from tagd.intake.probe import Devices, is_closed, signature_at, signature_from
from tagd.intake.recognise import Recogniser
from tagd.intake.settle import Settler, stood_still
from tagd.intake.submit import BATCH
from tagd.intake.walk import walk

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tagd.domain import SettledFile, Signature
    from tagd.intake.exclude import Excludes
    from tagd.intake.submit import Submitter

PATIENCE_SECONDS = 30.0  # with files that go on growing


@dataclass(frozen=True, slots=True)
class Submission:
    """`taken` are the files that were submitted, `refused` the others, each with the reason."""

    taken: tuple[Path, ...]
    queued: int
    unchanged: int
    refused: tuple[tuple[Path, str], ...]


@dataclass(frozen=True, slots=True)
class _Find:
    path: Path
    signature: Signature
    is_local: bool
    is_named: bool  # the file itself, not a folder around it


@dataclass(slots=True)
class OneTimeIntake:
    """Submits what is at paths. `pause` waits so many seconds and returns whether to give up."""

    submitter: Submitter
    excludes: Excludes
    settle_seconds: float
    clock: Callable[[], float]
    wall: Callable[[], float]
    pause: Callable[[float], bool]
    patience_seconds: float = PATIENCE_SECONDS
    _devices: Devices = field(init=False, default_factory=Devices)
    _recogniser: Recogniser = field(init=False, default_factory=Recogniser)
    _taken: dict[Path, None] = field(init=False, default_factory=dict)
    _batch: list[SettledFile] = field(init=False, default_factory=list)
    _refused: list[tuple[Path, str]] = field(init=False, default_factory=list)
    _queued: int = field(init=False, default=0)
    _unchanged: int = field(init=False, default=0)

    def submit(self, paths: Sequence[Path]) -> Submission:
        """Submit all files at and below these paths. Raises `CatalogueError`."""
        settler = Settler(self.settle_seconds, self.clock)
        named: set[Path] = set()
        for find in self._files(paths):
            named.update({find.path} if find.is_named else ())
            with sparing_others(find.path, self._leave_out):
                if find.is_local and self._is_whole(find):
                    self._take(settler.whole(find.path, find.signature, Priority.ASKED), named)
                else:
                    settler.saw(find.path, find.signature, Priority.ASKED)
        self._wait(settler, named)
        self._flush()
        return Submission(tuple(self._taken), self._queued, self._unchanged, tuple(self._refused))

    def _is_whole(self, find: _Find) -> bool:
        return stood_still(find.signature, self.settle_seconds, self.wall()) or is_closed(find.path)

    def _files(self, paths: Sequence[Path]) -> Iterator[_Find]:
        for path in paths:
            absolute = Path(os.path.abspath(path))  # noqa: PTH100 - symlinks stay as they are named
            try:
                status = absolute.stat()
            except OSError as error:
                self._refused.append((absolute, (error.strerror or str(error)).lower()))
                continue
            if stat.S_ISREG(status.st_mode) and is_kept(absolute.name):
                self._refused.append((absolute, "an original that is kept beside its photo"))
            elif stat.S_ISDIR(status.st_mode):
                yield from self._below(os.fsencode(absolute))
            elif (find := self._find(os.fsencode(absolute), status, is_named=True)) is not None:
                yield find
            else:
                self._refused.append((absolute, "neither a file nor a folder"))

    def _below(self, folder: bytes) -> Iterator[_Find]:
        for key, status in walk(
            folder,
            folder,
            self.excludes,
            stopping=lambda: self.pause(0),
            on_folder=lambda _: None,
            on_unreadable=self._refuse,
        ):
            if (find := self._find(key, status, is_named=False)) is not None:
                yield find

    def _find(self, key: bytes, status: os.stat_result, *, is_named: bool) -> _Find | None:
        signature = signature_from(status, key, self._devices)
        if signature is None:
            return None
        is_local = not self._devices.of(status.st_dev, key).is_network
        return _Find(path_of(key), signature, is_local, is_named)

    def _refuse(self, folder: bytes, error: OSError) -> None:
        self._refused.append((path_of(folder), (error.strerror or str(error)).lower()))

    def _wait(self, settler: Settler, named: set[Path]) -> None:
        """Wait for files that were touched only just now: somebody may still be writing them."""
        until = self.clock() + self.settle_seconds + self.patience_seconds
        while (due := settler.next_due()) is not None and self.clock() < until:
            if self.pause(max(0.0, due - self.clock())):
                break
            for path in settler.due():
                with sparing_others(path, self._leave_out):
                    self._observe(path, settler, named)
        growing = settler.growing(0.0)
        self._refused.extend((path, "still being written") for path, _ in growing)

    def _observe(self, path: Path, settler: Settler, named: set[Path]) -> None:
        signature = signature_at(path, self._devices)
        if signature is None:
            settler.forget(path)
            self._refused.append((path, "vanished"))
        elif (file := settler.saw(path, signature, Priority.ASKED)) is not None:
            self._take(file, named)

    def _leave_out(self, path: Path, error: Exception) -> None:
        self._taken.pop(path, None)
        self._refused.append((path, f"a mistake of tagd's: {type(error).__name__}: {error}"))

    def _take(self, file: SettledFile, named: set[Path]) -> None:
        if file.path not in named and not self._recogniser.is_photo(file.path, file.signature):
            return
        self._taken[file.path] = None
        self._batch.append(file)
        if len(self._batch) >= BATCH:
            self._flush()

    def _flush(self) -> None:
        done = self.submitter.submit(self._batch, self._leave_out)
        self._queued += done.queued
        self._unchanged += done.unchanged
        self._batch = []
