"""What the catalogue's tests share: settled files, results of work, and other processes."""

from __future__ import annotations

import functools
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import Connection, text

from tagd.catalogue.db.engine import Catalogue, open_owner
from tagd.catalogue.files import photos
from tagd.catalogue.queue import claims
from tagd.catalogue.tagging.record import TaggedFile, Tagging
from tagd.domain import (
    Job,
    JobKind,
    PhotoFacts,
    Predictions,
    Priority,
    SettledFile,
    Signature,
    Tag,
    Tags,
    Want,
)

REPOSITORY = Path(__file__).parent.parent
NOW = 1_700_000_000.0
LABELS = tuple(f"n{number:08d}" for number in range(100))
FINGERPRINT = "f" * 64


@functools.cache
def _empty() -> bytes:
    """A catalogue with nothing in it: making one takes longer than most tests."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "catalogue.db"
        open_owner(path).close()
        return path.read_bytes()


def fresh(folder: Path) -> Catalogue:
    """A new catalogue in this folder, owned by us."""
    path = folder / "catalogue.db"
    path.write_bytes(_empty())
    return open_owner(path)


@dataclass(frozen=True, slots=True)
class Later:
    """A job's next try, as a worker would decide it."""

    at: float
    counts: bool = True
    crashed: bool = False
    last: bool = False
    tried: Signature | None = None


def signature(number: int = 1, *, ctime: int = 0) -> Signature:
    return Signature(size=1000 + number, mtime_ns=number, ctime_ns=ctime or number, inode=number)


def settled(
    path: str | Path, number: int = 1, priority: Priority = Priority.NEW, *, ctime: int = 0
) -> SettledFile:
    return SettledFile(Path(path), signature(number, ctime=ctime), priority)


def submit(tx: Connection, *files: SettledFile, now: float = NOW) -> photos.Submitted:
    return photos.submit(tx, files, now)


def claim(
    tx: Connection, limit: int = 100, lease: str = "worker/1", now: float = NOW, seconds: float = 60
) -> list[Job]:
    return claims.claim(tx, JobKind.TAG, limit=limit, lease=lease, lease_seconds=seconds, now=now)


def predictions(
    photo_id: str, model: str = "lite0", fingerprint: str = FINGERPRINT, count: int = 64
) -> Predictions:
    logits = np.linspace(9, 1, count, dtype=np.float32)
    return Predictions(photo_id, model, fingerprint, LABELS[:count], logits, log_sum_exp=9.5)


def tagging(photo_id: str, *labels: str, fingerprint: str = FINGERPRINT) -> Tagging:
    tags = tuple(Tag(label, 0.9 - 0.1 * rank) for rank, label in enumerate(labels))
    said = predictions(photo_id, fingerprint=fingerprint)
    asked = Want(f"want of {fingerprint}", "lite0")
    return Tagging("because it was asked for", (said,), Tags(photo_id, tags), asked=asked)


def result(
    job: Job,
    photo_id: str,
    *labels: str,
    tagged: bool = True,
    orientation: int = 1,
    fingerprint: str = FINGERPRINT,
    signature: Signature | None = None,
) -> TaggedFile:
    return TaggedFile(
        job=job,
        photo_id=photo_id,
        facts=PhotoFacts("JPEG", 4000, 3000, orientation, "Nikon", "Z 6", "2024-06-01T12:00:00"),
        signature=signature or Signature(1001, 1, 1, 1),
        tagging=tagging(photo_id, *labels, fingerprint=fingerprint) if tagged else None,
    )


def name_of(label: str) -> str:
    """A display name for a test's label."""
    return {"n00000000": "cat", "n00000001": "tiger cat", "n00000002": "dog"}.get(
        label, f"thing {label[-3:]}"
    )


def rows(tx: Connection, sql: str, **values: object) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in tx.execute(text(sql), values)]


class Peer:
    """Another process with the catalogue, perhaps of another Unix user: see `catalogue_peer.py`."""

    def __init__(
        self, role: str, path: Path, *, user: int | None = None, groups: Sequence[int] = ()
    ) -> None:
        arguments = [role, os.fsdecode(path), json.dumps(user), json.dumps(list(groups))]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.catalogue_peer", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=REPOSITORY,
        )

    def ask(self, *words: str) -> Any:
        """What it answers; an error comes as "CatalogueMissing: …"."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(words) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        assert line, f"the process ended with {self.process.wait()}"
        return json.loads(line)

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()

    def __enter__(self) -> Peer:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
