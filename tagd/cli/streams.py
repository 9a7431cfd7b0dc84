"""Standard input, output and error that may be closed, on a full disk, or read by nobody."""

from __future__ import annotations

import io
import os
import sys
from typing import TYPE_CHECKING, Final

from tagd.errors import TagdError

if TYPE_CHECKING:
    from typing import TextIO

    from _typeshed import ReadableBuffer

_OUT, _ERR = 1, 2
# What a closed one is opened as: a file that is opened later must not take its number. Output that
# somebody closed is lost, and that is said where any is written; of messages it is not.
_IN_ITS_PLACE: Final = {0: os.O_RDONLY, _OUT: os.O_RDONLY, _ERR: os.O_WRONLY}


class OutputLost(TagdError):
    """What a command says cannot be written where it was to go."""


class _Output(io.FileIO):
    """Tells its own errors from those of other files."""

    def write(self, data: ReadableBuffer, /) -> int:
        try:
            return super().write(data)
        except BrokenPipeError:
            raise
        except OSError as error:
            raise OutputLost(f"cannot write to standard output: {error.strerror}") from error


class _Messages(io.FileIO):
    """Goes on where nobody can be told anything."""

    def write(self, data: ReadableBuffer, /) -> int:
        try:
            return super().write(data)
        except OSError:
            return memoryview(data).nbytes


def prepare() -> None:
    """Have standard output and error be files whose errors are known, and that show a tag or a path
    which the terminal's encoding lacks escaped."""
    for number, flags in _IN_ITS_PLACE.items():
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, flags)  # the lowest number that is free
    if sys.stdout is sys.__stdout__:
        sys.stdout = _text(_Output(_OUT, "w", closefd=False), sys.stdout)
    if sys.stderr is sys.__stderr__:
        sys.stderr = _text(_Messages(_ERR, "w", closefd=False), sys.stderr)


def silence_output() -> None:
    """Let what is still buffered go nowhere, without a word."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, _OUT)
    os.close(nowhere)


def _text(raw: io.FileIO, before: TextIO | None) -> TextIO:
    encoding = None if before is None else before.encoding
    is_error = raw.fileno() == _ERR
    return io.TextIOWrapper(
        io.BufferedWriter(raw),
        encoding,
        "backslashreplace",
        line_buffering=is_error or raw.isatty(),
    )
