"""What the tests of metadata share: tags to write, other programs to read them with."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import shutil
import struct
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tagd.metadata.edit import Wish
from tagd.metadata.keywords import TagRecord
from tagd.metadata.ledger import MemoryLedger
from tagd.metadata.writer import Writer

SAID = "2026-11-21T12:00:00Z"
ACCESS_ACL, DEFAULT_ACL = "system.posix_acl_access", "system.posix_acl_default"
needs_exiftool = pytest.mark.skipif(
    shutil.which("exiftool") is None, reason="ExifTool is not installed: libimage-exiftool-perl"
)
needs_exiv2 = pytest.mark.skipif(shutil.which("exiv2") is None, reason="exiv2 is not installed")


def tagging(*path: str) -> TagRecord:
    """A tag as a model would have said it."""
    return TagRecord(path, "timm/lite0", "0123abcd", 0.973, SAID)


CAT = tagging("animal", "cat")
COFFEE = tagging("食べ物", "コーヒー ☕")
TAGS = Wish((CAT, COFFEE))
OTHER_TAGS = Wish((COFFEE, tagging("dog")))
NOTHING = Wish()


def writer(**options: Any) -> Writer:
    """A writer whose intents live as long as it does."""
    return Writer(MemoryLedger(), **options)


def told_by_exiftool(paths: Iterable[Path], *arguments: str) -> dict[str, dict[str, Any]]:
    """What ExifTool reads from each file, by the file's name."""
    command = ["exiftool", "-j", "-G1", "-a", "-struct", *arguments, *map(str, paths)]
    said = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    return {Path(each.pop("SourceFile")).name: each for each in json.loads(said)}


def edited_by_exiftool(data: bytes, *arguments: str, folder: Path) -> bytes:
    """What ExifTool makes of a file with these bytes."""
    place = folder / "edited"
    place.write_bytes(data)
    subprocess.run(["exiftool", "-q", "-overwrite_original", *arguments, place], check=True)
    return place.read_bytes()


@contextlib.contextmanager
def little_file_system(place: Path) -> Iterator[Path]:
    """A disk of 256 KiB; skips the test where none can be had."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount a small disk to fill")
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=256k", "tagd-test", str(place)]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("mounting is not allowed here")
    try:
        yield place
    finally:
        subprocess.run(["umount", str(place)], check=True)


def acl(*, owner: int, one_user: int) -> bytes:
    """An ACL that lets the owner and one user more do this, and nobody else anything."""
    nobody = 0xFFFFFFFF  # as Linux packs it, linux/posix_acl_xattr.h: tag, permissions, id
    allowed = ((1, owner, nobody), (2, one_user, 4321), (4, 0, nobody))
    entries = (*allowed, (16, one_user, nobody), (32, 0, nobody))
    return struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *each) for each in entries)


def set_acl(path: Path, kind: str, packed: bytes) -> None:
    """Set an ACL; skips the test where the file system has none."""
    try:
        os.setxattr(path, kind, packed)
    except OSError as error:
        if error.errno != errno.EOPNOTSUPP:
            raise
        pytest.skip("this file system has no ACLs")


def without_files(told: dict[str, Any], *prefixes: str) -> dict[str, Any]:
    """What was told, without names and dates of the file itself."""
    left_out = ("System:", "File:", "ExifTool:", "Composite:", *prefixes)
    return {name: value for name, value in told.items() if not name.startswith(left_out)}
