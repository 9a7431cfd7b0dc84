"""One decoder process, seen from the daemon: start it, speak with it, learn how it ended."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections import deque
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tagd.decoding.protocol import (
    READY,
    Message,
    ProtocolError,
    Request,
    frame,
    input_bytes,
    pack_request,
    pixel_bytes,
    room,
    unframe,
    unpack_error,
    unpack_former_ids,
    unpack_photo,
    unpack_preview_sizes,
)
from tagd.domain import DecodedPhoto, Geometry
from tagd.errors import PhotoError
from tagd.metadata.sidecar import BESIDE, SidecarRule

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    from numpy.typing import NDArray

    from tagd.decoding.decode import DecodeLimits
    from tagd.domain import Job, Signature

DEPTH: Final = (
    2  # requests in flight: while one is answered the next is there, so that no time idles
)
_TAIL: Final = 2000  # bytes of the last words of C libraries
_MOST_READS: Final = 16
_EXIT_SECONDS: Final = 1.0
_ONE_THREAD: Final = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MALLOC_ARENA_MAX")


@dataclass(frozen=True, slots=True)
class DecodeRequest:
    """A photo to decode. The ticket is the caller's, and comes back with the outcome. `sidecars`
    says where those of the photo lie, `tried` is as in `decode`. One that `may_wait` comes back as
    Deferred while another photo of a slow place is being decoded; one that is to be `alone` waits
    until no other photo is. `previews`: longer edges in pixels of small pictures to make of it."""

    ticket: int
    path: Path
    geometries: tuple[Geometry, ...]
    sidecars: SidecarRule = BESIDE
    tried: Signature | None = None
    may_wait: bool = False
    alone: bool = False
    previews: tuple[int, ...] = ()

    @classmethod
    def of(
        cls, ticket: int, job: Job, geometries: tuple[Geometry, ...], sidecars: SidecarRule
    ) -> DecodeRequest:
        """Take the photo of this job. What a decoder died of may need more memory than there was
        beside other photos."""
        alone = job.crashes > 0
        path, tried = job.path, job.tried
        return cls(ticket, path, geometries, sidecars, tried, may_wait=True, alone=alone)


@dataclass(frozen=True, slots=True)
class DecodeOutcome:
    """What became of a request: a photo or an error, and the seconds that a decoder spent on it."""

    ticket: int
    photo: DecodedPhoto | None
    error: PhotoError | None
    seconds: float = 0.0


@dataclass(slots=True)
class _Assigned:
    request: DecodeRequest
    offset: int


class DecoderProcess:
    """Not thread-safe. `since` is when what it does at present began: to start, to work on the
    photo at the head of its work, to idle, to leave; seconds of the caller's monotonic clock."""

    def __init__(self, limits: DecodeLimits, now: float) -> None:
        with contextlib.ExitStack() as opened:
            self._shared = _shared_file()
            opened.callback(os.close, self._shared)
            self.channel, theirs = socket.socketpair()
            opened.enter_context(self.channel)
            with theirs:
                self.stderr, their_stderr = os.pipe()
                opened.callback(os.close, self.stderr)
                # A full pipe must not hold a decoder up.
                os.set_blocking(their_stderr, False)
                try:
                    self._process = _start(limits, theirs.fileno(), self._shared, their_stderr)
                finally:
                    os.close(their_stderr)
            self._opened = opened.pop_all()
        self.channel.setblocking(False)
        os.set_blocking(self.stderr, False)
        self.is_ready = False
        self.is_leaving = False
        self.answered = 0
        self.since = now
        self.hung: DecodeRequest | None = None
        self.is_storage_hung = False
        self._work: deque[_Assigned] = deque()
        self._buffer = bytearray()
        self._tail = b""

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    @property
    def load(self) -> int:
        """How many requests are in flight."""
        return len(self._work)

    @property
    def head(self) -> DecodeRequest | None:
        """The request that is being worked on."""
        return self._work[0].request if self._work else None

    @property
    def requests(self) -> tuple[DecodeRequest, ...]:
        """Its requests, in their order."""
        return tuple(work.request for work in self._work)

    def assign(self, request: DecodeRequest, now: float) -> None:
        """Send a request. Raises OSError when the process is gone; then it is not assigned."""
        offset = 0
        if self._work:
            # Beside the pixels of the request before this one, which may not have been read yet.
            before = self._work[-1]
            behind = before.offset + room(before.request.geometries, before.request.previews)
            fits = room(request.geometries, request.previews) <= before.offset
            offset = 0 if fits else behind
        told = Request(
            request.path,
            offset,
            request.geometries,
            request.sidecars,
            request.tried,
            request.alone,
            request.previews,
        )
        # Never blocks: the socket's buffer holds more than DEPTH of the longest messages.
        self.channel.sendall(frame(pack_request(told)))
        if not self._work:
            self.since = now
        self._work.append(_Assigned(request, offset))

    def receive(self, now: float) -> Iterator[tuple[DecodeRequest, DecodeOutcome]]:
        """Receive what has been answered, each with its request. Raises EOFError once the process
        has ended and everything that it said has been read, ProtocolError when it talks
        nonsense."""
        try:
            received = self.channel.recv(1 << 16)
        except BlockingIOError:
            return
        except ConnectionResetError:
            received = b""
        if not received:
            raise EOFError
        self._buffer += received
        while (message := unframe(self._buffer)) is not None:
            if self.is_ready:
                request, outcome = self.head, self._outcome(message, now - self.since)
                assert request is not None
                self.since = now
                yield request, outcome
            elif message == READY:
                self.is_ready, self.since = True, now
            else:
                raise ProtocolError("an answer before it was ready")

    def _outcome(self, message: Message, seconds: float) -> DecodeOutcome:
        if not self._work:
            raise ProtocolError("an answer to nothing")
        request, offset = self._work[0].request, self._work[0].offset
        error = unpack_error(message, request.path)
        photo = None
        if error is None:
            photo_id, signature, facts, readings = unpack_photo(
                message, request.path, request.sidecars
            )
            inputs = self._inputs(request.geometries, offset)
            former = unpack_former_ids(message)
            sizes = unpack_preview_sizes(message, len(request.previews))
            previews = self._previews(sizes, offset + pixel_bytes(request.geometries))
            photo = DecodedPhoto(
                request.path, photo_id, signature, facts, inputs, readings, former, previews
            )
        # Only now: a decoder that talks nonsense is to blame for this very request.
        self._work.popleft()
        self.answered += 1
        self._tail = b""
        return DecodeOutcome(request.ticket, photo, error, seconds)

    def _inputs(
        self, geometries: tuple[Geometry, ...], offset: int
    ) -> dict[Geometry, NDArray[np.uint8]]:
        import numpy as np  # noqa: PLC0415  lazy: who has previews made alone needs none

        inputs = {}
        for geometry in geometries:
            pixels = np.empty((*geometry.crop, 3), np.uint8)
            # Read, not mapped: a decoder that shortens the file must not take the daemon along.
            if os.preadv(self._shared, [pixels.data], offset) != pixels.nbytes:
                raise ProtocolError("fewer pixels than there should be")
            offset += input_bytes(geometry)
            inputs[geometry] = pixels
        return inputs

    def _previews(self, sizes: tuple[int, ...], offset: int) -> tuple[bytes, ...]:
        found = []
        for size in sizes:
            found.append(os.pread(self._shared, size, offset))
            if len(found[-1]) != size:
                raise ProtocolError("less of a preview than there should be")
            offset += size
        return tuple(found)

    def hear(self) -> bool:
        """Take in what C libraries have printed; False once nobody can print any more."""
        for _ in range(_MOST_READS):
            try:
                words = os.read(self.stderr, 1 << 16)
            except BlockingIOError:
                return True
            if not words:
                return False
            self._tail = (self._tail + words)[-_TAIL:]
        return True

    def leave(self, now: float) -> None:
        """Tell an idle process to end."""
        self.is_leaving, self.since = True, now
        # It may be gone already.
        with contextlib.suppress(OSError):
            self.channel.shutdown(socket.SHUT_WR)

    @property
    def is_waiting(self) -> bool:
        """Return whether it waits for something, such as a disk, rather than computing; False where
        the system does not tell. Source: proc(5), the state in /proc/PID/task/TID/stat."""
        try:
            threads = [thread / "stat" for thread in Path(f"/proc/{self.pid}/task").iterdir()]
            states = {thread.read_bytes().rpartition(b") ")[2][:1] for thread in threads}
        except OSError:
            return False
        return bool(states) and states <= {b"S", b"D"}

    def kill(self) -> None:
        """End it at once."""
        self._process.kill()

    def wait(self, seconds: float = _EXIT_SECONDS) -> str:
        """Reap the process, which has ended or is about to (else it is killed), and say how it
        ended."""
        try:
            status = self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            try:
                status = self._process.wait(_EXIT_SECONDS)
            except subprocess.TimeoutExpired:
                return "cannot be ended: it waits for a device"
        self.hear()
        return _ending(status, self._tail)

    def abandoned(self) -> list[DecodeRequest]:
        """Return the requests without an answer, in their order; the first was being worked on."""
        requests = [work.request for work in self._work]
        self._work.clear()
        return requests

    def release(self) -> None:
        """Close what was open between the two."""
        self._opened.close()


def _start(limits: DecodeLimits, channel: int, shared: int, stderr: int) -> subprocess.Popen[bytes]:
    arguments = map(str, (channel, shared, *astuple(limits)))
    return subprocess.Popen(  # noqa: S603  nothing of it comes from outside
        # -P: a file named json.py in the current folder must not be taken for the library.
        [sys.executable, "-P", "-m", "tagd.decoding.child", *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=stderr,
        pass_fds=(channel, shared),
        env=_environment(),
    )


def _environment() -> dict[str, str]:
    """Return our environment with our import path: tagd need not be installed to be run."""
    path = os.pathsep.join(folder for folder in sys.path if Path(folder).is_absolute())
    return {**os.environ, **dict.fromkeys(_ONE_THREAD, "1"), "PYTHONPATH": path}


def _shared_file() -> int:
    """Make a file without a name, in memory where the system has such."""
    if hasattr(os, "memfd_create"):
        return os.memfd_create("tagd-decoder", os.MFD_CLOEXEC)
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())


def _ending(status: int, tail: bytes) -> str:
    """Say how a process ended, in words, with the last line that it printed."""
    if status < 0:
        name = signal.Signals(-status).name if -status in set(signal.Signals) else f"{-status}"
        words = f"was killed by {name}"
    else:
        words = f"ended with status {status}"
    lines = tail.decode("utf-8", "replace").strip().splitlines()
    last = "".join(letter for letter in lines[-1] if letter.isprintable())[:200] if lines else ""
    return f"{words} ({last})" if last else words
