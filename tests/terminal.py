"""A terminal of 80 columns and 24 lines, for the real command."""

from __future__ import annotations

import fcntl
import os
import pty
import struct
import subprocess
import termios
from collections.abc import Mapping, Sequence
from select import select
from types import TracebackType
from typing import Self

from tests.support import PATIENCE_SECONDS, wait_until

LINES, COLUMNS = 24, 80


class Terminal:
    """Where a command runs; `text` is all that it has written there, with its escape sequences."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        self.text = ""
        self._ours, self._its = pty.openpty()
        fcntl.ioctl(self._its, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
        self.process = subprocess.Popen(
            command,
            stdin=self._its,
            stdout=self._its,
            stderr=self._its,
            env={"TERM": "xterm", **environment},
            start_new_session=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self._ours)
        os.close(self._its)

    def shows(self, text: str) -> bool:
        """Whether it has written this by now."""
        while select([self._ours], [], [], 0)[0]:
            self.text += os.read(self._ours, 65536).decode("utf-8", "replace")
        return text in self.text

    def wait_for(self, text: str) -> None:
        """Return once it has written this."""
        wait_until(lambda: self.shows(text), what=f"{text!r} on the screen")

    def type(self, keys: str) -> None:
        """As a person does."""
        os.write(self._ours, keys.encode())

    def ended(self) -> int:
        """Its exit status, once it has ended; what it wrote last is in `text` then."""
        wait_until(lambda: self.shows("\0") or self.process.poll() is not None)
        self.shows("")
        return self.process.wait(PATIENCE_SECONDS)

    def echoes(self) -> bool:
        """Whether what is typed is seen, as outside of screens."""
        return bool(termios.tcgetattr(self._its)[3] & termios.ECHO)
