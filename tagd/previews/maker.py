"""Has previews made: a request each, an answer each, through the decoder processes."""

from __future__ import annotations

import itertools
import threading
from concurrent.futures import Future
from enum import IntEnum
from typing import TYPE_CHECKING, Final

from tagd.decoding.pool import DecodeRequest, DecoderPool
from tagd.errors import DecoderUnavailable, FileChanged, StorageHung

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tagd.decoding.pool import DecodeOutcome
    from tagd.previews.store import PreviewStore

_TAKE_SECONDS: Final = 1.0
_MOST_TAKEN: Final = 16


class Edge(IntEnum):
    """The longer edge of a preview, in pixels."""

    SMALL = 480  # on a wall
    LARGE = 2048  # alone on a screen


class Previews:
    """Thread-safe. `open_pool` starts the decoders, at the first preview that is not there."""

    def __init__(self, store: PreviewStore, open_pool: Callable[[], DecoderPool]) -> None:
        self._store = store
        self._open_pool = open_pool
        self._lock = threading.Lock()
        self._pool: DecoderPool | None = None
        self._tickets = itertools.count()
        self._asked: dict[int, tuple[str, Edge, Future[bytes]]] = {}
        self._under_way: dict[tuple[str, Edge], Future[bytes]] = {}
        self._closing = threading.Event()

    def get(self, photo_id: str, edge: Edge, path: Path, seconds: float) -> bytes:
        """Return the preview of the photo at `path`. Raises `PhotoError` where none can be made of
        it, `FileChanged` where another photo is there by now, and `StorageHung` where that took
        longer than `seconds`."""
        kept = self._store.get(photo_id, edge)
        if kept is not None:
            return kept
        try:
            return self._ask(photo_id, edge, path).result(seconds)
        except TimeoutError as error:
            raise StorageHung(path, f"no preview was made within {seconds:g} s") from error

    def close(self) -> None:
        """End the decoders."""
        self._closing.set()
        with self._lock:
            pool, self._pool = self._pool, None
        if pool is not None:
            pool.close()

    def _ask(self, photo_id: str, edge: Edge, path: Path) -> Future[bytes]:
        """Return what comes of it; the same for all who ask meanwhile."""
        with self._lock:
            if (answer := self._under_way.get((photo_id, edge))) is not None:
                return answer
            if self._pool is None:
                self._pool = self._open_pool()
                taking = threading.Thread(
                    target=self._take, args=(self._pool,), name="previews", daemon=True
                )
                taking.start()
            answer = self._under_way[photo_id, edge] = Future()
            ticket = next(self._tickets)
            self._asked[ticket] = photo_id, edge, answer
            try:
                self._pool.submit(DecodeRequest(ticket, path, (), previews=(edge,)))
            except RuntimeError as error:  # as many wait as ever may
                self._forget(ticket)
                answer.set_exception(StorageHung(path, f"no preview now: {error}"))
            return answer

    def _take(self, pool: DecoderPool) -> None:
        """Hand out what the decoders make, in a thread of its own."""
        while not self._closing.is_set():
            try:
                outcomes = pool.take(_MOST_TAKEN, _TAKE_SECONDS)
            except DecoderUnavailable:
                continue  # what was asked stays so, until a decoder starts
            for outcome in outcomes:
                self._answer(outcome)

    def _answer(self, outcome: DecodeOutcome) -> None:
        with self._lock:
            photo_id, edge, answer = self._forget(outcome.ticket)
        photo = outcome.photo
        if photo is None:
            answer.set_exception(outcome.error)
        elif photo_id not in (photo.photo_id, *photo.former_ids):
            answer.set_exception(FileChanged(photo.path, "another photo is there by now"))
        else:
            self._store.put(photo_id, edge, photo.previews[0])
            answer.set_result(photo.previews[0])

    def _forget(self, ticket: int) -> tuple[str, Edge, Future[bytes]]:
        asked = self._asked.pop(ticket)
        del self._under_way[asked[:2]]
        return asked
