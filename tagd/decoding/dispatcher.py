"""The dispatcher: the one thread that speaks with every decoder process."""

from __future__ import annotations

import contextlib
import selectors
import socket
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from tagd.decoding.process import DEPTH, DecodeOutcome, DecodeRequest, DecoderProcess
from tagd.decoding.protocol import ProtocolError
from tagd.decoding.slow_places import SlowPlaces
from tagd.errors import (
    DecoderDied,
    DecoderHung,
    DecoderUnavailable,
    Deferred,
    NeedsRoom,
    PhotoError,
    StorageHung,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from tagd.decoding.decode import DecodeLimits
    from tagd.decoding.exchange import Desk

_START_SECONDS: Final = 30.0
_LEAVE_SECONDS: Final = 2.0
_KILL_SECONDS: Final = 2.0
_FIRST_BACK_OFF: Final = 0.1
_LONGEST_BACK_OFF: Final = 30.0
_FAILURES_BEFORE_ALARM: Final = 3
_BEAT_SECONDS: Final = 5.0  # at least so often it says that it lives


@dataclass(frozen=True, slots=True)
class PoolSettings:
    """Plain values; seconds. A decoder ends after `photos_per_decoder`, as its memory fragments and
    a new one costs a fifth of a second."""

    decoders: int
    limits: DecodeLimits
    idle_seconds: float = 60.0
    photos_per_decoder: int = 5_000


class Dispatcher:
    """Starts decoders when there is work, gives it to them, and buries them. `run` is its thread's;
    everything else but `poke` and `stop` is called from there."""

    def __init__(
        self,
        settings: PoolSettings,
        on_event: Callable[[str], None],
        beat: Callable[[], None] = lambda: None,
    ) -> None:
        self._settings = settings
        self._on_event = on_event
        self._beat = beat
        self._decoders: list[DecoderProcess] = []
        self._selector = selectors.DefaultSelector()
        self._poked, self._poker = socket.socketpair()
        self._poked.setblocking(False)
        self._poker.setblocking(False)
        self._selector.register(self._poked, selectors.EVENT_READ, None)
        self._is_stopping = False
        self._held: DecodeRequest | None = None  # to be alone, and others are at work
        self._failures = 0
        self._start_again_at = 0.0
        self.pids: tuple[int, ...] = ()
        self.slow = SlowPlaces()

    def poke(self) -> None:
        """Note that there is something to see to."""
        # Full means that it has been poked enough, closed that nothing is seen to any more.
        with contextlib.suppress(OSError):
            self._poker.send(b"!")

    def stop(self) -> None:
        """Let `run` come to its end."""
        self._is_stopping = True
        self.poke()

    def run(self, desk: Desk) -> None:
        """Until stopped."""
        try:
            while not self._is_stopping:
                self._beat()
                self._start(desk, time.monotonic())
                self._assign(desk, time.monotonic())
                for key, _ in self._selector.select(self._wait(time.monotonic())):
                    self._see_to(desk, key)
                self._end_overdue(desk, time.monotonic())
        except BaseException as error:  # noqa: BLE001  raised again in every thread that asks
            desk.fail(error)
        finally:
            self._end_all()

    # Starting and assigning

    def _start(self, desk: Desk, now: float) -> None:
        staying = [decoder for decoder in self._decoders if not decoder.is_leaving]
        work = desk.waiting + sum(decoder.load for decoder in staying) + (self._held is not None)
        missing = min(self._settings.decoders, max(1, work)) - len(staying)
        if now < self._start_again_at:
            return
        for _ in range(missing):
            try:
                decoder = DecoderProcess(self._settings.limits, now)
            except OSError as error:
                self._count_failure(desk, f"cannot be started: {error.strerror}", now)
                return
            self._decoders.append(decoder)
            self._note_pids()
            self._selector.register(decoder.channel, selectors.EVENT_READ, decoder)
            self._selector.register(decoder.stderr, selectors.EVENT_READ, decoder)

    def _count_failure(self, desk: Desk, words: str, now: float) -> None:
        self._failures += 1
        delay = min(_FIRST_BACK_OFF * 2 ** min(self._failures - 1, 20), _LONGEST_BACK_OFF)
        self._start_again_at = now + delay
        self._on_event(f"a decoder {words}; the next is started in {delay:.1f} s")
        # Decoders that work may well finish the queue; without any, somebody has to know.
        if self._failures >= _FAILURES_BEFORE_ALARM and not any(
            decoder.is_ready for decoder in self._decoders
        ):
            hint = "`tagd doctor` says what is missing"
            desk.raise_alarm(DecoderUnavailable(f"a decoder process {words}", hint=hint))

    def _assign(self, desk: Desk, now: float) -> None:
        able = [decoder for decoder in self._decoders if self._may_work(decoder)]
        while able:
            decoder = min(able, key=lambda decoder: decoder.load)
            if decoder.load >= DEPTH or (request := self._next(desk)) is None:
                return
            if request.may_wait and self._has_to_wait(request, now):
                desk.deliver(DecodeOutcome(request.ticket, None, _deferred(request)))
                continue
            try:
                decoder.assign(request, now)
            except OSError:
                # It has just died; its end is about to be seen.
                desk.put_back([request])
                able.remove(decoder)

    def _next(self, desk: Desk) -> DecodeRequest | None:
        """Return the request whose turn it is; none while one that is to be alone waits or is at
        work."""
        at_work = [request for decoder in self._decoders for request in decoder.requests]
        if any(request.alone for request in at_work):
            return None
        request, self._held = self._held or desk.next_request(), None
        if request is not None and request.alone and at_work:
            self._held = request
            return None
        return request

    def _has_to_wait(self, request: DecodeRequest, now: float) -> bool:
        """Return whether it lies where photos take too long, and a decoder has one from such a
        place."""
        return self.slow.has(request.path, now) and any(
            self.slow.has(other_request.path, now)
            for decoder in self._decoders
            for other_request in decoder.requests
        )

    def _may_work(self, decoder: DecoderProcess) -> bool:
        return (
            decoder.is_ready
            and not decoder.is_leaving
            and decoder.hung is None
            and decoder.answered + decoder.load < self._settings.photos_per_decoder
        )

    # Listening

    def _see_to(self, desk: Desk, key: selectors.SelectorKey) -> None:
        decoder = key.data
        if decoder is None:
            self._poked.recv(4096)
        elif decoder not in self._decoders:
            return  # its end was seen a moment ago, in this very round
        elif key.fileobj is decoder.channel:
            self._listen(desk, decoder)
        elif not decoder.hear():
            self._selector.unregister(decoder.stderr)

    def _listen(self, desk: Desk, decoder: DecoderProcess) -> None:
        try:
            for request, outcome in decoder.receive(time.monotonic()):
                self.slow.trust(request.path)
                if isinstance(outcome.error, NeedsRoom):
                    desk.put_back([replace(request, alone=True)])
                else:
                    desk.deliver(outcome)
            if decoder.is_ready:
                self._failures = 0
        except EOFError:
            self._bury(desk, decoder)
        except ProtocolError as error:
            decoder.kill()
            self._bury(desk, decoder, f"talked nonsense: {error}")

    # Ending

    def _wait(self, now: float) -> float:
        """Return how long nothing can become overdue, and a beat is not due."""
        times = [due for decoder in self._decoders if (due := self._due(decoder)) is not None]
        if self._start_again_at > now:
            times.append(self._start_again_at)
        return max(0.0, min([*times, now + _BEAT_SECONDS]) - now)

    def _due(self, decoder: DecoderProcess) -> float | None:
        """Return when the decoder's patience, or ours with it, ends."""
        if decoder.hung is not None:
            return decoder.since + _KILL_SECONDS
        if decoder.is_leaving:
            return decoder.since + _LEAVE_SECONDS
        if not decoder.is_ready:
            return decoder.since + _START_SECONDS
        if decoder.head is not None:
            return decoder.since + self._settings.limits.timeout_seconds
        if decoder.answered >= self._settings.photos_per_decoder:
            return decoder.since
        staying = sum(not decoder.is_leaving for decoder in self._decoders)
        return decoder.since + self._settings.idle_seconds if staying > 1 else None

    def _end_overdue(self, desk: Desk, now: float) -> None:
        for decoder in list(self._decoders):
            due = self._due(decoder)
            if due is None or now < due:
                continue
            if decoder.hung is not None:
                self._bury(desk, decoder)  # not even SIGKILL ends what waits for a device
            elif decoder.head is not None and decoder.is_ready:
                self.slow.doubt(decoder.head.path, now)
                decoder.is_storage_hung = decoder.is_waiting
                decoder.hung, decoder.since = decoder.head, now
                decoder.kill()
            elif decoder.is_ready and not decoder.is_leaving:
                decoder.leave(now)
            else:
                decoder.kill()
                self._bury(desk, decoder)

    def _bury(self, desk: Desk, decoder: DecoderProcess, words: str = "") -> None:
        """Reap a decoder that has ended, and see to what it leaves behind."""
        self._forget(decoder)
        ending = decoder.wait()
        unanswered = decoder.abandoned()
        decoder.release()
        if not decoder.is_ready:
            self._count_failure(desk, words or ending, time.monotonic())
        elif unanswered and (decoder.hung is None or decoder.hung is unanswered[0]):
            error = self._error(decoder, unanswered[0], words or ending)
            self._on_event(f"{error.reason.replace('the decoder', 'a decoder', 1)}: {error.path}")
            desk.deliver(DecodeOutcome(unanswered[0].ticket, None, error))
            unanswered = unanswered[1:]
        # What it had not begun is not to blame, nor what it answered while it was being killed.
        desk.put_back(unanswered)

    def _error(self, decoder: DecoderProcess, request: DecodeRequest, words: str) -> PhotoError:
        if decoder.hung is not None:
            seconds = f"{self._settings.limits.timeout_seconds:g} s"
            if decoder.is_storage_hung and self.slow.is_network(request.path):
                words = f"its network file system did not answer within {seconds}"
                return StorageHung(request.path, words)
            return DecoderHung(request.path, f"the decoder took longer than {seconds}")
        return DecoderDied(request.path, f"the decoder {words}")

    def _forget(self, decoder: DecoderProcess) -> None:
        self._decoders.remove(decoder)
        self._note_pids()
        self._selector.unregister(decoder.channel)
        with contextlib.suppress(KeyError):
            self._selector.unregister(decoder.stderr)

    def _note_pids(self) -> None:
        self.pids = tuple(decoder.pid for decoder in self._decoders)

    def _end_all(self) -> None:
        for decoder in self._decoders:
            if decoder.load or not decoder.is_ready:
                decoder.kill()
            else:
                decoder.leave(time.monotonic())
        for decoder in list(self._decoders):
            self._forget(decoder)
            decoder.wait()
            decoder.release()
        self._selector.close()
        self._poked.close()
        self._poker.close()


def _deferred(request: DecodeRequest) -> Deferred:
    return Deferred(request.path, "photos of its folder take too long; others go first")
