"""Previews on the disk, by photo id: those that nobody looked at for longest go first."""

from __future__ import annotations

import contextlib
import os
import re
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_PHOTO_ID: Final = re.compile(r"[0-9a-f]{32}")
_AFTER_SWEEP: Final = 0.9  # of the budget is left, so that not each new preview costs a sweep
_TOUCH_SECONDS: Final = 3600.0  # how exactly it is noted when one was looked at


class PreviewStore:
    """Thread-safe. A file that cannot be kept is no trouble: it is made again."""

    def __init__(self, folder: Path, budget_bytes: int) -> None:
        self._folder = folder
        self._budget = budget_bytes
        self._lock = threading.Lock()
        self._used: int | None = None  # bytes; None until they were counted

    def get(self, photo_id: str, edge: int) -> bytes | None:
        """Return what is kept of a photo at this size, None for nothing."""
        path = self._path(photo_id, edge)
        try:
            data = path.read_bytes()
            if time.time() - path.stat().st_mtime > _TOUCH_SECONDS:
                os.utime(path)
        except OSError:
            return None
        return data

    def put(self, photo_id: str, edge: int, data: bytes) -> None:
        """Keep it."""
        path = self._path(photo_id, edge)
        with contextlib.suppress(OSError):
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
                file.write(data)
            Path(file.name).replace(path)
            self._account(len(data))

    def _path(self, photo_id: str, edge: int) -> Path:
        if not _PHOTO_ID.fullmatch(photo_id):
            raise ValueError("no photo id")
        return self._folder / photo_id[:2] / f"{photo_id}-{edge}.webp"

    def _account(self, added: int) -> None:
        with self._lock:
            if self._used is None:
                self._used = sum(size for _, size, _ in self._files())
            else:
                self._used += added
            if self._used > self._budget:
                self._used = self._sweep()

    def _sweep(self) -> int:
        """Remove the oldest until some room is left; returns the bytes that stay."""
        files = sorted(self._files())
        left = sum(size for _, size, _ in files)
        for _, size, path in files:
            if left <= self._budget * _AFTER_SWEEP:
                break
            with contextlib.suppress(OSError):
                path.unlink()
                left -= size
        return left

    def _files(self) -> Iterator[tuple[float, int, Path]]:
        """Yield when each file was last looked at, and its bytes."""
        for path in self._folder.glob("??/*"):
            with contextlib.suppress(OSError):
                status = path.stat()
                yield status.st_mtime, status.st_size, path
