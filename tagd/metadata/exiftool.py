"""ExifTool, where it is installed: for files whose structure tagd does not edit itself.

One child is kept open. It works on copies in a folder of its own, under names of our own making, so
that it never comes near a photo and no name can be taken for an option.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import selectors
import shutil
import subprocess
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

if TYPE_CHECKING:
    from types import TracebackType

_SECONDS: Final = 60.0
_CHUNK: Final = 1 << 16


class ExifToolTrouble(Exception):
    """ExifTool died, took too long, or said why it could not."""


def detect() -> Path | None:
    """The installed program."""
    found = shutil.which("exiftool")
    return Path(found) if found else None


class ExifTool:
    """The child, started when first needed, and again when it has died. Threads take turns."""

    def __init__(self, program: Path, *, seconds: float = _SECONDS) -> None:
        self._program = program
        self._seconds = seconds
        self._child: subprocess.Popen[bytes] | None = None
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()
        self._scratch = tempfile.TemporaryDirectory(prefix="tagd-exiftool-")
        self._complaints = Path(self._scratch.name) / "complaints"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def packet(self, data: bytes) -> bytes | None:
        """The XMP packet of a file, None where there is none. Raises ExifToolTrouble."""
        with self._lock:
            source = self._put("in", data)
            return self._run(["-b", "-XMP", str(source)]) or None

    def with_packet(self, data: bytes, packet: bytes | None) -> bytes:
        """The same file with this packet. Raises ExifToolTrouble."""
        with self._lock:
            block = self._put("packet.xmp", packet or b"")
            return self._edited(data, [f"-XMP<={block}" if packet else "-XMP:all="])

    def close(self) -> None:
        """End the child and take its folder away."""
        self._end()
        self._scratch.cleanup()

    def _put(self, name: str, data: bytes) -> Path:
        place = Path(self._scratch.name) / name
        place.write_bytes(data)
        return place

    def _edited(self, data: bytes, arguments: list[str]) -> bytes:
        source = self._put("in", data)
        target = source.with_name("out")
        target.unlink(missing_ok=True)
        self._run([*arguments, "-o", str(target), str(source)])
        if not target.exists():
            complaint = self._complaints.read_text("utf-8", "replace").partition(" - ")[0].strip()
            raise ExifToolTrouble(f"ExifTool: {complaint or 'it wrote nothing'}")
        return target.read_bytes()

    def _run(self, arguments: list[str]) -> bytes:
        """What it printed. Each argument is a line."""
        number = next(self._numbers)
        self._complaints.write_bytes(b"")
        child = self._started()
        assert child.stdin is not None
        lines = "\n".join([*arguments, f"-execute{number}", ""])
        try:
            child.stdin.write(lines.encode())
            child.stdin.flush()
            return self._answer(child, f"{{ready{number}}}".encode())
        except (OSError, ExifToolTrouble) as error:
            self._end()
            raise ExifToolTrouble(f"ExifTool: {error}") from error

    def _started(self) -> subprocess.Popen[bytes]:
        if self._child is not None and self._child.poll() is not None:
            self._end()
        if self._child is None:
            try:
                with self._complaints.open("ab") as complaints:
                    self._child = subprocess.Popen(  # noqa: S603  the program found on the PATH
                        [self._program, "-stay_open", "True", "-@", "-"],
                        stdin=subprocess.PIPE,
                        stdout=subprocess.PIPE,
                        stderr=complaints,
                    )
            except OSError as error:
                raise ExifToolTrouble(f"ExifTool: cannot be started ({error})") from error
        return self._child

    def _answer(self, child: subprocess.Popen[bytes], end: bytes) -> bytes:
        assert child.stdout is not None
        deadline = time.monotonic() + self._seconds
        said = b""
        with selectors.DefaultSelector() as selector:
            selector.register(child.stdout, selectors.EVENT_READ)
            while not said.rstrip(b"\r\n").endswith(end):
                if not selector.select(max(0.0, deadline - time.monotonic())):
                    raise ExifToolTrouble(f"no answer within {self._seconds:.0f} s")
                more = os.read(child.stdout.fileno(), _CHUNK)
                if not more:
                    raise ExifToolTrouble("it died")
                said += more
        return said.rstrip(b"\r\n").removesuffix(end)

    def _end(self) -> None:
        child, self._child = self._child, None
        if child is None:
            return
        child.kill()
        for pipe in (child.stdin, child.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
        child.wait()
