"""One file from an address into a folder: resumable, and under its name only when it is whole."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Callable
from http.client import HTTPException
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tagd.errors import ModelError, WeightsRefused
from tagd.models.zoo import store

if TYPE_CHECKING:
    from pathlib import Path

PART = ".part"
CHUNK = 2**20
TIMEOUT_SECONDS = 30.0

Progress = Callable[[int, int | None], None]  # bytes that are here, bytes in all


def fetch(url: str, folder: Path, sha256_prefix: str, progress: Progress) -> Path:
    """Download what lies at `url`, go on where an earlier try ended, and check it.

    Raises `WeightsRefused` when it is not what its hash says, and `ModelError` when it cannot be
    had; what is here by then is kept for the next try.
    """
    target = folder / urlsplit(url).path.rpartition("/")[2]
    part = target.with_name(target.name + PART)
    if not target.exists():
        try:
            _download(url, part, progress)
        except (OSError, HTTPException) as error:
            raise ModelError(
                f"{url}: {reason_of(error)}",
                hint="Try again, it continues where it stopped; or bring the file and import it.",
            ) from error
        part.rename(target)
    found = store.sha256_of(target)
    if not found.startswith(sha256_prefix):
        target.unlink()  # else the next try would take it for whole
        raise WeightsRefused(
            f"{url}: what came is not what was expected: SHA-256 {found[:12]}…, not "
            f"{sha256_prefix}…",
            hint="Nothing was taken in. Try again; if it persists, please report it.",
        )
    return target


def reason_of(error: Exception) -> str:
    """Say why something could not be had from the network, in words."""
    if isinstance(error, urllib.error.HTTPError):
        return f"the server says {error.code} {error.reason}"
    if isinstance(error, urllib.error.URLError):
        return f"cannot be reached ({error.reason}); is this machine offline?"
    return f"the connection was cut ({error or type(error).__name__})"


def _download(url: str, part: Path, progress: Progress) -> None:
    have = part.stat().st_size if part.exists() else 0
    # The addresses are the zoo's own.
    headers = {"Range": f"bytes={have}-"} if have else {}
    request = urllib.request.Request(url, headers=headers)  # noqa: S310
    try:
        answer = urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS)  # noqa: S310
    except urllib.error.HTTPError as error:
        if have and error.code == 416:  # nothing is left to send: the last try had ended whole
            return
        raise
    with answer, part.open("ab" if answer.status == 206 else "wb") as file:
        have = file.tell()
        length = answer.headers.get("Content-Length")
        total = have + int(length) if length else None
        while chunk := answer.read(CHUNK):
            file.write(chunk)
            have += len(chunk)
            progress(have, total)
    if total is not None and have < total:
        raise HTTPException(f"{have} of {total} bytes came")
