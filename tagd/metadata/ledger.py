"""What is about to be written, kept where a kill cannot reach it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol
from uuid import uuid4

import xxhash

from tagd.fs import held_inode, held_time

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

    from tagd.domain import Signature
    from tagd.metadata.keywords import Keywords

_LEFT: Final = re.compile(r"\.tagd-([0-9a-f]{12})\.(?:part|swap)")


@dataclass(frozen=True, slots=True)
class FileIdentity:
    """What says that a file is still the one that was read, wherever it has been renamed to.
    Numbers as the catalogue holds them."""

    inode: int
    size: int
    mtime_ns: int
    links: int

    @classmethod
    def of(cls, stat: os.stat_result) -> FileIdentity:
        """Take it from `os.lstat`."""
        inode, mtime_ns = held_inode(stat.st_ino), held_time(stat.st_mtime_ns)
        return cls(inode, stat.st_size, mtime_ns, stat.st_nlink)


@dataclass(frozen=True, slots=True)
class Intent:
    """One write, before its first byte.

    `seen` is what is there, None for a new file; `digest` is that of the bytes to come, empty for a
    removal; `ours` are the keywords that are tagd's once it is written, for a recovery to record;
    `way` leads back to the bytes before, where that takes little.
    """

    path: Path
    token: str
    seen: FileIdentity | None
    digest: str
    ours: Keywords = field(default_factory=dict)
    way: bytes | None = None

    @classmethod
    def to_write(
        cls,
        path: Path,
        seen: FileIdentity | None,
        data: bytes | None,
        ours: Keywords | None = None,
        way: bytes | None = None,
    ) -> Intent:
        """Return the intent to put `data` there; None to remove the file."""
        digest = "" if data is None else digest_of(data)
        return cls(path, uuid4().hex[:12], seen, digest, ours or {}, way)

    @property
    def part(self) -> Path:
        """Our own copy while it is being made, beside the photo."""
        return self.path.with_name(f".tagd-{self.token}.part")

    @property
    def swap(self) -> Path:
        """Our own copy once it is whole; after the exchange, what was there before."""
        return self.path.with_name(f".tagd-{self.token}.swap")


class Ledger(Protocol):
    """Keeps the intents. What `begin` returned from has to survive a kill."""

    def begin(self, intent: Intent) -> None:
        """Keep it, before anything is written."""

    def done(self, intent: Intent, signature: Signature | None) -> None:
        """Settle it: written, with the file's signature, or not at all (None)."""


class MemoryLedger:
    """A ledger for as long as the process lives."""

    def __init__(self) -> None:
        self._pending: dict[str, Intent] = {}

    def begin(self, intent: Intent) -> None:
        """Begin as `Ledger` says, but for the kill."""
        self._pending[intent.token] = intent

    def done(self, intent: Intent, signature: Signature | None) -> None:  # noqa: ARG002  forgets it
        """Settle as `Ledger` says."""
        del self._pending[intent.token]

    def pending(self) -> Sequence[Intent]:
        """Return what was begun and not settled."""
        return tuple(self._pending.values())


def token_of(name: str) -> str | None:
    """Return the token of the write that a file of this name belongs to; None where it is none of
    ours."""
    found = _LEFT.fullmatch(name)
    return found and found[1]


def digest_of(data: bytes) -> str:
    """XXH3 (128 bits) of all of the bytes, 32 hexadecimal digits."""
    return xxhash.xxh3_128_hexdigest(data)
