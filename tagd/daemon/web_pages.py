"""The process that serves the pages in the browser: its socket is ours, so that the address stays
when it ends, and it may end however it likes without touching the worker.

One thread, the supervisor's, calls.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tagd.errors import TagdError, in_a_line
from tagd.ops.access import Access
from tagd.ops.listening import is_loopback, listen, url

if TYPE_CHECKING:
    import socket
    from collections.abc import Sequence

    from structlog.typing import FilteringBoundLogger

    from tagd.config import Config

_FIRST_DELAY, _LONGEST_DELAY = 1.0, 60.0  # seconds until it is started again
_LASTING_SECONDS = 60.0  # what ran so long had started well
_STOP_SECONDS = 1.0


class WebPages:
    """`command` starts the process; none where nobody is to have pages."""

    def __init__(self, command: Sequence[str], log: FilteringBoundLogger) -> None:
        self._command = command
        self._log = log
        self._socket: socket.socket | None = None
        self._address: tuple[str, int] | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._started_at = self._start_again_at = 0.0
        self._delay = _FIRST_DELAY
        self._trouble = ""

    def start(self, config: Config) -> None:
        """Serve, or serve anew, as this configuration says. What is in the way is a warning."""
        self._end_process()
        if not self._command:
            return
        try:
            self._listen(config)
        except TagdError as error:
            self._trouble = in_a_line(error)
            self._log.warning(self._trouble)
            return
        self._trouble = ""
        if self._socket is not None:
            self._start_process()

    def check(self) -> None:
        """Called about every second: start the process again that has ended."""
        now = time.monotonic()
        if self._process is not None and (status := self._process.poll()) is not None:
            if now - self._started_at > _LASTING_SECONDS:
                self._delay = _FIRST_DELAY
            self._trouble = f"the pages in the browser ended ({status}), and are started again"
            self._log.warning(self._trouble)
            self._start_again_at = now + self._delay
            self._delay = min(2 * self._delay, _LONGEST_DELAY)
            self._end_process()
        elif self._process is None and self._socket is not None and now >= self._start_again_at:
            self._start_process()
        elif self._process is not None and now - self._started_at > self._delay:
            self._trouble = ""

    def stop(self) -> None:
        """Serve nothing any more."""
        self._end_process()
        self._hang_up()

    @property
    def troubles(self) -> tuple[str, ...]:
        """Why there are no pages, where there should be."""
        return (self._trouble,) if self._trouble else ()

    def _listen(self, config: Config) -> None:
        """Have a socket at the address of the configuration. Raises `WebError`."""
        address = config.web.address
        if address == self._address and self._socket is not None:
            return
        self._hang_up()
        if address is None:
            return
        access = Access.of(config.catalogue.path, config.web.password_file)
        self._socket, self._address = listen(*address, access), address
        here = url(self._socket)
        access.note_address(here)
        if "INVOCATION_ID" in os.environ:  # systemd's journal has other readers
            self._log.info(f"photos can be looked at: {here}; `tagd web open` prints a link")
        else:
            link = access.add_link()
            self._log.info(
                f"to look at the photos, open {here}/open/{link} (once; within the hour)"
            )
        if not is_loopback(address[0]):
            self._log.warning(
                "pages are served to other machines unencrypted: use a proxy with TLS"
            )

    def _hang_up(self) -> None:
        if self._socket is not None:
            self._socket.close()
        self._socket = self._address = None

    def _start_process(self) -> None:
        assert self._socket is not None
        number = self._socket.fileno()
        self._process = subprocess.Popen(  # noqa: S603  our own words
            [*self._command, "--socket", str(number)],
            stdin=subprocess.PIPE,  # never written to: its end tells the process that we are gone
            pass_fds=(number,),
            env={**os.environ, "PYTHONPATH": _import_path()},
        )
        self._started_at = time.monotonic()

    def _end_process(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        assert process.stdin is not None
        process.stdin.close()
        process.terminate()
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _import_path() -> str:
    """Ours: tagd need not be installed to be run."""
    return os.pathsep.join(each for each in sys.path if Path(each).is_absolute())
