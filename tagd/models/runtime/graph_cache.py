"""Where exported graphs lie: one file a model and set of library versions, with its SHA-256 beside.

A graph is made again whenever one of these changes; what no longer fits is never loaded. The sum
tells damage, not forgery: that is kept out by the folder, which nobody else may write into, and by
the graph's owner. Who writes as this user could write a keyed sum, or the catalogue, as well.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import stat
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING

from tagd.errors import ModelError
from tagd.fs import display

if TYPE_CHECKING:
    from pathlib import Path

# Of what `graph_export` writes: raise it when other graphs are to be made, as with other outputs.
FORMAT = 3
LIBRARIES = ("torch", "onnxruntime")  # what else decides how a graph looks and runs


def why_not_trusted(folder: Path) -> str | None:
    """Say why what lies in the folder is not used: who can write there decides what models say.
    None where nobody else can, or it is not there."""
    try:
        status = folder.stat()
    except OSError:
        return None
    if not _is_ours(status):
        return f"{display(folder)} belongs to another user"
    if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        return f"others may write into {display(folder)}: chmod go-w it"
    return None


def _is_ours(status: os.stat_result) -> bool:
    return status.st_uid in {os.geteuid(), 0}


def make_private(folder: Path) -> None:
    """Make the folder for graphs, which nobody else writes into. Raises `ModelError`, OSError."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.mkdir(mode=0o700, exist_ok=True)
    if reason := why_not_trusted(folder):
        raise ModelError(reason)


@dataclass(frozen=True, slots=True)
class GraphFile:
    """The graph of one model, made or not."""

    path: Path

    @classmethod
    def of(cls, folder: Path, fingerprint: str) -> GraphFile:
        """Return the file for a model's fingerprint with the libraries that are installed now."""
        versions = "-".join(version(library).partition("+")[0] for library in LIBRARIES)
        return cls(folder / f"{fingerprint[:32]}-{versions}-{FORMAT}.onnx")

    @property
    def checksum(self) -> Path:
        """Return the file that holds the graph's SHA-256."""
        return self.path.with_suffix(".sha256")

    @property
    def lock(self) -> Path:
        """Locked by whoever is making the graph."""
        return self.path.with_suffix(".lock")

    @property
    def refusal(self) -> Path:
        """Return the file that says why the model has no graph."""
        return self.path.with_suffix(".refused")

    def await_maker(self) -> None:
        """Return once nobody is making the graph. Raises OSError."""
        with self.lock.open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH)

    def read(self) -> bytes | None:
        """Read the graph, or None where there is none, its bytes are not those that were written,
        or others may write there, or made it when they could."""
        if why_not_trusted(self.path.parent):
            return None
        try:
            if not _is_ours(self.path.stat()):
                return None
            graph = self.path.read_bytes()
            expected = self.checksum.read_text(encoding="ascii").strip()
        except OSError:
            return None
        return graph if hashlib.sha256(graph).hexdigest() == expected else None

    def refused(self) -> str | None:
        """Say why the model cannot be exported with these libraries, where that was found out."""
        try:
            return self.refusal.read_text(encoding="utf-8")
        except OSError:
            return None

    def refuse(self, reason: str) -> None:
        """Have nobody try in vain again. Raises OSError."""
        self.refusal.write_text(reason, encoding="utf-8")

    def write(self, graph: bytes) -> None:
        """Put a graph in place, the checksum last: half of a pair is no graph. Raises OSError."""
        self.refusal.unlink(missing_ok=True)
        self.checksum.unlink(missing_ok=True)
        for place, content in (
            (self.path, graph),
            (self.checksum, hashlib.sha256(graph).hexdigest().encode()),
        ):
            unfinished = place.with_suffix(place.suffix + ".new")
            unfinished.write_bytes(content)
            unfinished.rename(place)
