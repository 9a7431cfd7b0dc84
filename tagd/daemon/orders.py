"""Orders to the supervisor: from the control socket and from signals, carried out one by one by the
one thread that may start and stop anything."""

from __future__ import annotations

import queue
import threading
from concurrent.futures import Future
from typing import TYPE_CHECKING

from tagd.ops.control import REPLY_SECONDS, Command, Reply

if TYPE_CHECKING:
    from collections.abc import Callable

_Order = tuple[Command, Future[Reply]]


class Orders:
    """A queue of orders. `give` may be called from any thread, `post` from a signal handler too:
    a SimpleQueue's `put` is made for that."""

    def __init__(self) -> None:
        self.stopping = threading.Event()  # the end was asked for, or has become necessary
        self._waiting: queue.SimpleQueue[_Order] = queue.SimpleQueue()

    def stop(self) -> None:
        """End; from a signal handler as well."""
        self.stopping.set()
        self.post(Command.STOP)  # whoever waits for an order need wait no longer

    def post(self, command: Command) -> Future[Reply]:
        """Hand an order in."""
        answer: Future[Reply] = Future()
        self._waiting.put((command, answer))
        return answer

    def give(self, command: Command) -> Reply:
        """Hand an order in and wait for what comes of it."""
        try:
            # Less than the client waits, so that it hears this.
            return self.post(command).result(REPLY_SECONDS - 5)
        except TimeoutError:
            return Reply(ok=False, message=f"{command} is taking long", hint="see the daemon's log")

    def carry_out(self, obey: Callable[[Command], Reply], timeout: float) -> None:
        """Wait so long for an order at most, and carry it out."""
        try:
            command, answer = self._waiting.get(timeout=timeout)
        except queue.Empty:
            return
        try:
            answer.set_result(obey(command))
        except BaseException as error:
            answer.set_exception(error)
            raise
