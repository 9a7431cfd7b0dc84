"""A FUSE file system that knows no extended attributes, as many disks of real life."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path


class NoFuse(Exception):
    """Nothing can be mounted here, and why."""


@contextlib.contextmanager
def without_attributes(folder: Path) -> Iterator[Path]:
    """A folder on such a file system, made below `folder`. Raises NoFuse where none is to be had,
    as on a machine without bindfs."""
    if not os.access("/dev/fuse", os.R_OK | os.W_OK):
        raise NoFuse("there is no FUSE here")
    if shutil.which("bindfs") is None:
        raise NoFuse("bindfs is not installed")
    behind, place = folder / "behind", folder / "mounted"
    behind.mkdir()
    place.mkdir()
    command = ["bindfs", "--xattr-none", str(behind), str(place)]
    said = subprocess.run(command, capture_output=True, text=True, check=False)
    if said.returncode:
        raise NoFuse(said.stderr.strip())
    try:
        yield place
    finally:
        subprocess.run(["fusermount", "-u", str(place)], check=True)
