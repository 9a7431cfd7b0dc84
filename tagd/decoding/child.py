"""A decoder process: reads photos that may be hostile, in limits of its own, until told to end.

Started as `python -m tagd.decoding.child SOCKET SHARED LIMITS…`, where the first two are inherited
file descriptors, and the others the numbers of `DecodeLimits`. Imports no more than decoding needs.
"""

from __future__ import annotations

import contextlib
import gc
import os
import resource
import signal
import socket
import sys
from dataclasses import replace
from pathlib import Path
from typing import Final

from tagd.decoding.confinement import confine
from tagd.decoding.decode import DecodeLimits, read_photo
from tagd.decoding.protocol import (
    READY,
    Message,
    frame,
    pack_error,
    pack_photo,
    unframe,
    unpack_request,
)
from tagd.errors import NeedsRoom, PhotoError, TooLarge

# What decoding takes at most, measured: a 200-megapixel RGBA picture over white 8 bytes a pixel, a
# 12-megapixel HEIF 377 MB.
_SPARE_BYTES: Final = 512 * 1024 * 1024
_BYTES_PER_PIXEL: Final = 10
# The daemon kills what takes too long; the kernel does it for an orphan.
_ALARM_SLACK_SECONDS: Final = 5.0
_MOST_WRITTEN: Final = 256 * 1024 * 1024


def main(arguments: list[str]) -> int:
    """Answer requests until the other end of the socket closes."""
    channel = socket.socket(fileno=int(arguments[0]))
    shared = int(arguments[1])
    limits = DecodeLimits(*map(float, arguments[2:]))
    _confine(limits)
    gc.freeze()  # what importing made stays, and no collection has to look at it
    # An orphan finds no one to answer to, and ends.
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        _serve(channel, shared, limits)
    return 0


def _confine(limits: DecodeLimits) -> None:
    # Ctrl-C and a service's stop reach every process of the group; the daemon decides.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    _limit(resource.RLIMIT_AS, _SPARE_BYTES + _BYTES_PER_PIXEL * limits.most_pixels)
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_FSIZE, _MOST_WRITTEN)
    # Where memory runs out, better a photo than the daemon.
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("500", encoding="ascii")
    confine()


def _limit(what: int, most: int) -> None:
    _, hard = resource.getrlimit(what)
    if hard != resource.RLIM_INFINITY:
        most = min(most, hard)
    # macOS refuses RLIMIT_AS.
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(what, (most, hard))


def _serve(channel: socket.socket, shared: int, limits: DecodeLimits) -> None:
    channel.sendall(frame(READY))
    buffer = bytearray()
    while True:
        while (message := unframe(buffer)) is not None:
            channel.sendall(frame(_answer(message, shared, limits)))
        received = channel.recv(1 << 16)
        if not received:
            return
        buffer += received


def _answer(message: Message, shared: int, limits: DecodeLimits) -> Message:
    request = unpack_request(message)
    is_tight = not request.alone and limits.shared_megapixels < limits.max_megapixels
    room = replace(limits, max_megapixels=limits.shared_megapixels) if is_tight else limits
    signal.setitimer(signal.ITIMER_REAL, limits.timeout_seconds + _ALARM_SLACK_SECONDS)
    try:
        photo = read_photo(
            request.path,
            request.geometries,
            room,
            request.sidecars,
            request.tried,
            previews=request.previews,
        )
        position = request.offset
        for part in (*(photo.inputs[geometry] for geometry in request.geometries), *photo.previews):
            position += _write(shared, part, position)
        return pack_photo(photo, request.path, request.sidecars)
    except TooLarge as error:
        return pack_error(NeedsRoom(request.path, error.reason) if is_tight else error)
    except PhotoError as error:
        return pack_error(error)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def _write(shared: int, pixels: bytes, position: int) -> int:
    written = 0
    while written < len(pixels):
        written += os.pwrite(shared, memoryview(pixels)[written:], position + written)
    return written


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
