"""The pool of decoder processes: requests in, outcomes out, in any order, none lost.

One thread of its own speaks with all decoders. A decoder that dies or hangs costs the photo that it
was working on one try, and nothing else: what waited behind it goes to another.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from tagd.decoding.dispatcher import Dispatcher, PoolSettings
from tagd.decoding.exchange import Desk
from tagd.decoding.process import DEPTH, DecodeOutcome, DecodeRequest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from types import TracebackType
    from typing import Self

    from tagd.decoding.decode import DecodeLimits

__all__ = ["DecodeOutcome", "DecodeRequest", "DecoderPool"]


class DecoderPool:
    """Thread-safe. One decoder is kept warm; up to `decoders` run while there is work for them, and
    those in excess end after `idle_seconds`.

    `most_outstanding` bounds what has been submitted and not taken, and so the memory that waiting
    results hold. `on_event` is told, from the pool's own thread, of decoders that died, hung or did
    not start; `beat` is called from there at least every few seconds.
    """

    def __init__(
        self,
        *,
        decoders: int,
        limits: DecodeLimits,
        on_event: Callable[[str], None],
        beat: Callable[[], None] = lambda: None,
        idle_seconds: float = 60.0,
        photos_per_decoder: int = 5_000,
        most_outstanding: int = 512,
    ) -> None:
        if decoders < 1:
            raise ValueError(f"decoders must be 1 or more, not {decoders}")
        settings = PoolSettings(decoders, limits, idle_seconds, photos_per_decoder)
        self._dispatcher = Dispatcher(settings, on_event, beat)
        self._desk = Desk(most_outstanding, DEPTH * decoders, self._dispatcher.poke)
        self._thread = threading.Thread(
            target=self._dispatcher.run, args=(self._desk,), name="decoders", daemon=True
        )
        self._thread.start()

    def submit(self, request: DecodeRequest) -> None:
        """Hand a photo in, at once. Raises RuntimeError beyond `most_outstanding`, for a ticket
        that is outstanding, and after `close`."""
        self._desk.submit(request)

    def take(self, most: int, timeout: float, linger: float = 0.0) -> list[DecodeOutcome]:
        """Up to `most` outcomes, as soon as there is one; none after `timeout` seconds, when woken
        and when closed. The first one waits for the rest of `most`, as far as they have been
        submitted, up to `linger` seconds.

        Raises DecoderUnavailable each time another decoder has failed to start while none runs.
        What has been submitted stays so, and is decoded should a decoder start in the end.
        """
        return self._desk.take(most, timeout, linger)

    @property
    def outstanding(self) -> int:
        """How many photos have been submitted and not taken."""
        return self._desk.outstanding

    @property
    def pids(self) -> tuple[int, ...]:
        """The decoder processes at this moment."""
        return self._dispatcher.pids

    @property
    def is_held_up(self) -> bool:
        """Whether photos of some place have just taken too long."""
        return self._dispatcher.slow.any(time.monotonic())

    @property
    def silent(self) -> tuple[Path, ...]:
        """The network file systems that have just taken too long."""
        return self._dispatcher.slow.mounts(time.monotonic())

    def wake(self) -> None:
        """Let a waiting `take` return; the next one, where none waits."""
        self._desk.wake()

    def discard(self) -> None:
        """Forget everything that is outstanding; what is in flight is dropped when it comes."""
        self._desk.discard()

    def close(self, timeout: float = 5.0) -> None:
        """End every decoder; those at work are killed. What is outstanding gets no outcome."""
        self._desk.close()
        self._dispatcher.stop()
        self._thread.join(timeout)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
