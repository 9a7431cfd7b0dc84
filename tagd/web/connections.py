"""Connections that nobody can hold open by being slow: a deadline until a request's headers are
there, and a bound on how many connections there are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from uvicorn.protocols.http.h11_impl import H11Protocol

if TYPE_CHECKING:
    import asyncio

HEADER_SECONDS: Final = 10.0  # until all headers of a request are there
MOST_CONNECTIONS: Final = 200


class PatientProtocol(H11Protocol):
    """uvicorn's, which waits for headers for ever."""

    _deadline: asyncio.TimerHandle | None = None
    opened_at = 0.0  # seconds of the loop's clock

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for a request."""
        self.opened_at = self.loop.time()
        super().connection_made(transport)
        self._await_headers()
        if len(self.connections) > MOST_CONNECTIONS:
            self._make_room()

    def data_received(self, data: bytes) -> None:
        """Take what came. Once the headers are whole, what follows has deadlines of its own."""
        before = self.cycle
        if self._deadline is None and (before is None or before.response_complete):
            self._await_headers()
        super().data_received(data)
        if self.cycle is not before:
            self._stop_waiting()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no more."""
        self._stop_waiting()
        super().connection_lost(exc)

    def _make_room(self) -> None:
        """Hang up on the connection that has said nothing for longest, so that many of these keep
        nobody out; on this one where all are being answered."""
        others = (each for each in self.connections if isinstance(each, PatientProtocol))
        silent = [each for each in others if each.is_silent]
        oldest = min(silent, key=lambda each: each.opened_at, default=self)
        self.connections.discard(oldest)
        oldest.transport.abort()

    @property
    def is_silent(self) -> bool:
        """Whether nothing is being answered here."""
        return self.cycle is None or self.cycle.response_complete

    def _await_headers(self) -> None:
        self._deadline = self.loop.call_later(HEADER_SECONDS, self.transport.abort)

    def _stop_waiting(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
